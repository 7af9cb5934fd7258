import type { AuditEvent } from "../../src/vault/audit.ts";
import type { Evidence, StoredVersion } from "./evidence.ts";
import { type Effect, type KnownWrite, type ProjectState, placeKey } from "./ledger.ts";

/** An event in a line: what a write is expected to have told, and nothing that comes by chance. */
export function lineOf(event: AuditEvent): string {
  const { action, projectId, projectName, environment, name } = event;
  if (action.startsWith("secret.")) return `${action} ${projectId} ${environment} ${name}`;
  return [action, projectName, environment, name].filter((part) => part !== null).join(" ");
}

/** Events that tell of a write; the others tell of a look, or of somebody's coming and going. */
export function isWrite({ action }: AuditEvent): boolean {
  return /^(secret\.(set|delete)|project\.(create|edit|move|delete)|master-key\.rotate|service-token\.(create|revoke))$/.test(
    action,
  );
}

/** What a secret is after an event; null: deleted; undefined: nothing is asked of it. */
export type Content = { value: string; note: string } | null | undefined;

/**
 * The state that the audit tells of, event after event: each event of a secret takes that secret's next version with
 * it. Versions without an event, and events without a version, are what does not add up in the end.
 */
export class Replay {
  /** By place and name: the versions that were told of so far. */
  readonly #told = new Map<string, Map<string, StoredVersion[]>>();
  readonly projects: Map<number, ProjectState>;
  readonly masterKeys = new Map<number, string>();
  readonly revoked = new Set<string>();
  readonly faults: string[] = [];

  /** @param projects - those that were there at the start */
  constructor(
    private readonly evidence: Evidence,
    projects: ReadonlyMap<number, ProjectState>,
  ) {
    this.projects = new Map(projects);
  }

  /** The newest version that was told of; undefined where a name never was there, or its project is gone. */
  newest(place: string, name: string): StoredVersion | undefined {
    return this.#told.get(place)?.get(name)?.at(-1);
  }

  /** What is there now, by name. */
  own(place: string): Map<string, string> {
    const found = new Map<string, string>();
    for (const [name, versions] of this.#told.get(place) ?? []) {
      const value = versions.at(-1)?.value;
      if (typeof value === "string") found.set(name, value);
    }
    return found;
  }

  /** One event. Returns what its secret is from then on, where it is about one whose project is still there. */
  take(event: AuditEvent): Content {
    const { action, projectId, environment, name } = event;
    if (action === "project.delete" && projectId !== null) this.projects.delete(projectId);
    if (action === "service-token.revoke" && name !== null) this.revoked.add(name);
    if (!action.startsWith("secret.") || projectId === null || environment === null || name === null) return;
    const place = placeKey({ project: projectId, environment });
    // Its versions went with it.
    if (!this.evidence.projects.has(projectId)) return undefined;
    const names = this.#told.get(place) ?? new Map<string, StoredVersion[]>();
    this.#told.set(place, names);
    const told = names.get(name) ?? [];
    names.set(name, told);
    const version = this.evidence.versions.get(place)?.get(name)?.[told.length];
    if (version?.version !== told.length + 1) {
      this.faults.push(`event ${event.id} (${lineOf(event)}) has no version ${told.length + 1}`);
      return undefined;
    }
    told.push(version);
    if ((version.value === null) !== (action === "secret.delete"))
      this.faults.push(`event ${event.id} (${lineOf(event)}) is not what its version did`);
    return version.value === null ? null : { value: version.value, note: version.note };
  }

  /** What a write does to the state as it is now: its events, and what its secrets are afterwards. */
  wanted(effect: Effect): Map<string, Content> {
    if (effect.kind === "events") return new Map(effect.events.map((line) => [line, undefined]));
    const place = placeKey(effect.place);
    const wanted = new Map<string, Content>();
    const set = (name: string, value: string, note = this.#noteOf(place, name)) =>
      wanted.set(`secret.set ${place} ${name}`, { value, note });
    const remove = (name: string) => wanted.set(`secret.delete ${place} ${name}`, null);
    if (effect.kind === "changes") {
      for (const [name, value] of Object.entries(effect.set)) set(name, value, effect.note);
      for (const name of effect.delete) remove(name);
    } else if (effect.kind === "copy") {
      const from = placeKey({ project: effect.place.project, environment: effect.from });
      for (const name of effect.names) {
        const there = this.newest(from, name);
        if (typeof there?.value === "string") set(name, there.value, there.note);
      }
    } else {
      for (const [name, versions] of this.#told.get(place) ?? []) {
        const now = versions.at(-1);
        const then = versions.findLast(({ createdAt }) => createdAt <= effect.at);
        const [was, is] = [then?.value ?? null, now?.value ?? null];
        if (was === null && is !== null) remove(name);
        if (was !== null && (was !== is || then?.note !== now?.note)) set(name, was, then?.note ?? "");
      }
    }
    return wanted;
  }

  /** A note that is not said stays; that of a secret that was deleted is gone. */
  #noteOf(place: string, name: string): string {
    const current = this.newest(place, name);
    return current?.value === null ? "" : (current?.note ?? "");
  }

  /** What else a write has made of the tree. */
  settle({ effect }: KnownWrite, events: readonly AuditEvent[]): void {
    if (effect.kind !== "events") return;
    const id = events.findLast(({ action }) => action !== "project.delete")?.projectId;
    if (effect.project && typeof id === "number") this.projects.set(id, effect.project);
    if (effect.rotated) this.masterKeys.set(effect.rotated.root, effect.rotated.masterKey);
  }

  /** What is stored and was never told of, and what was told of and is not stored. To be asked after the last event. */
  leftOver(): string[] {
    const faults = [...this.faults];
    for (const [place, names] of this.evidence.versions)
      for (const [name, versions] of names) {
        const told = this.#told.get(place)?.get(name)?.length ?? 0;
        if (told !== versions.length)
          faults.push(`${place} ${name} has ${versions.length} versions, and events of ${told}`);
      }
    const stored = Object.fromEntries(this.evidence.projects);
    const known = Object.fromEntries(this.projects);
    if (!Bun.deepEquals(stored, known))
      faults.push(`projects are ${JSON.stringify(stored)} and not ${JSON.stringify(known)}`);
    return faults;
  }
}
