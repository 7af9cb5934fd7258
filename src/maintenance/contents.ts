import { and, eq, isNotNull } from "drizzle-orm";
import { type Context, OpenError } from "../cryptography/aead.ts";
import { toText } from "../cryptography/bytes.ts";
import { secrets, serviceTokens } from "../database/schema.ts";
import {
  Descent,
  isLiveAt,
  openPair,
  type Place,
  placesOf,
  type SealedCounts,
  tokenContext,
  versionPortions,
  versionSlots,
  viewOf,
} from "../vault/sealed-rows.ts";
import { openTokenRecord } from "../vault/token-record.ts";
import { readTree } from "../vault/tree.ts";
import type { UnlockedRoot } from "../vault/unlock.ts";
import type { Vault } from "../vault/vault.ts";
import { byName, type OpenPlace, type RawSecret, visibleSecrets } from "../vault/views.ts";
import type { Faults } from "./faults.ts";
import { compareView, type Known } from "./view-check.ts";

/** Opens all that is sealed in a tree, and compares each view with what the versions say that it must be. */
export class TreeCheck {
  readonly opened: SealedCounts = { environmentKeys: 0, versions: 0, views: 0, serviceTokens: 0 };
  readonly #descent: Descent;

  constructor(
    private readonly vault: Vault,
    private readonly root: UnlockedRoot,
    private readonly faults: Faults,
  ) {
    this.#descent = new Descent(root.rootKey);
  }

  /** One environment after the other, and down each branch: in memory are the views of one branch. */
  async run(): Promise<void> {
    const tree = await readTree(this.vault.db, this.root.rootId);
    const places = await placesOf(this.vault, tree);
    for (const inEnvironment of Map.groupBy(places, ({ environment }) => environment.id).values()) {
      const below = Map.groupBy(inEnvironment, ({ project }) => project.parentId);
      for (const place of below.get(null) ?? []) await this.#enter(place, below, nothing);
    }
  }

  async #enter(
    place: Place,
    below: ReadonlyMap<number | null, readonly Place[]>,
    inherited: Known,
  ): Promise<void> {
    const keys = await this.#attempt("environmentKeys", this.#descent.open(place, place.row));
    // What is below is sealed under this.
    if (!keys) return;
    const own = await this.#openVersions(place, keys);
    await this.#attempt("views", this.#openView(place, keys, own, inherited));
    await this.#openTokens(place, keys);
    const seen: Known = {
      secrets: visibleSecrets({ inherited: inherited.secrets, own: own.secrets }),
      unknown: inherited.unknown.union(own.unknown),
    };
    for (const child of below.get(place.project.id) ?? []) await this.#enter(child, below, seen);
  }

  /** Opens all versions, and keeps the newest of what is not deleted. */
  async #openVersions(place: Place, keys: OpenPlace): Promise<Known> {
    const rows = await this.#secretRows(place);
    const own = new Map<string, RawSecret>();
    for await (const portion of versionPortions(this.vault, place)) {
      const openings = portion.map(({ name, version, sealed }) =>
        this.#attempt("versions", openPair(versionSlots(keys, { name, version }), sealed)),
      );
      for (const [i, pair] of (await Promise.all(openings)).entries()) {
        const row = portion[i] && rows.get(portion[i].name);
        if (!row || portion[i]?.version !== row.version) continue;
        const { id, name, version } = row;
        const [value, note] = pair ?? [];
        if (!value) continue;
        const text = { value: toText(value), note: note ? toText(note) : "" };
        own.set(name, { id, name, ...text, version, projectId: place.project.id });
      }
    }
    const live = [...rows.values()].filter(({ deleted }) => !deleted);
    const unknown = live.map(({ name }) => name).filter((name) => !own.has(name));
    const known = live.flatMap(({ name }) => own.get(name) ?? []);
    return { secrets: known.sort(byName), unknown: new Set(unknown) };
  }

  async #secretRows({ project, environment }: Place): Promise<Map<string, typeof secrets.$inferSelect>> {
    const here = and(eq(secrets.projectId, project.id), eq(secrets.environmentId, environment.id));
    const rows = await this.vault.db.select().from(secrets).where(here);
    return new Map(rows.map((row) => [row.name, row]));
  }

  async #openView(place: Place, keys: OpenPlace, own: Known, inherited: Known): Promise<void> {
    const view = await viewOf(this.vault, place);
    const at = { projectId: place.project.id, environment: place.environment.name };
    for (const { what, name } of await compareView(keys, view, own, inherited))
      this.faults.add(what, { ...at, ...(name !== undefined && { name }) });
  }

  async #openTokens({ project, environment }: Place, keys: OpenPlace): Promise<void> {
    const { db, clock } = this.vault;
    const here = and(
      eq(serviceTokens.projectId, project.id),
      eq(serviceTokens.environmentId, environment.id),
      isLiveAt(clock()),
      isNotNull(serviceTokens.sealedPublicKey),
    );
    for (const token of await db.select().from(serviceTokens).where(here)) {
      const record = await this.#attempt("serviceTokens", openTokenRecord(keys, token), token.name);
      if (record?.differs)
        this.faults.add(
          `a service token whose ${record.differs} was changed`,
          placeOf(tokenContext(keys, token), token.name),
        );
    }
  }

  /** Undefined where it does not open, which is a fault. `name` is what people call it, where that is not its context's. */
  async #attempt<T>(kind: keyof SealedCounts, opening: Promise<T>, name?: string): Promise<T | undefined> {
    try {
      const content = await opening;
      this.opened[kind] += 1;
      return content;
    } catch (error) {
      if (!(error instanceof OpenError)) throw error;
      this.faults.add(`${nouns[error.context.purpose]} does not open`, placeOf(error.context, name));
      return undefined;
    }
  }
}

const nothing: Known = { secrets: [], unknown: new Set() };

const nouns: Readonly<Record<Context["purpose"], string>> = {
  "root-key": "the root key",
  "environment-key": "its environment key, and with it all that is below,",
  "secret-value": "the value",
  "secret-note": "the note",
  "view-source": "the source of its view",
  "view-body": "the body of its view, which apps get,",
  "service-token-view-key": "the key of a service token",
  "service-token-environment-key": "the key of a service token",
  "service-token-read-public-key": "the record of a service token",
  "service-token-write-public-key": "the record of a service token",
};

function placeOf({ purpose, project, environment, name, version }: Context, called = name) {
  // A view's revision is no version of a secret.
  const isVersion = purpose === "secret-value" || purpose === "secret-note";
  return {
    projectId: project,
    environment: environment ?? null,
    name: called ?? null,
    version: isVersion ? (version ?? null) : null,
  };
}
