import { bearer } from "../harness.ts";
import type { ServerProcess } from "../server-process.ts";
import type { Evidence } from "./evidence.ts";
import { type Place, placeKey } from "./ledger.ts";
import type { Replay } from "./replay.ts";

/** What apps are to get, computed from the versions alone, and what they do get. */

/** By name, with everything that a place inherits, overrides and refers to. */
export function expectedView(state: Replay, place: Place): Record<string, string> {
  const visible = visibleIn(state, place);
  const expanded = [...visible.keys()].sort().map((name) => [name, expand(name, visible)]);
  return Object.fromEntries(expanded);
}

function visibleIn(state: Replay, { project, environment }: Place): Map<string, string> {
  const parentId = state.projects.get(project)?.parentId ?? null;
  const inherited = parentId === null ? [] : visibleIn(state, { project: parentId, environment });
  return new Map([...inherited, ...state.own(placeKey({ project, environment }))]);
}

/** The harness writes no reference to itself, and none that is meant to be text. */
function expand(name: string, visible: ReadonlyMap<string, string>): string {
  return (visible.get(name) ?? "").replace(/\$\{(\w+)\}/g, (text, other: string) =>
    visible.has(other) ? expand(other, visible) : text,
  );
}

/** The views in the file, of every place that has one. */
export function storedViewFaults(state: Replay, evidence: Evidence): string[] {
  return [...evidence.bodies].flatMap(([key, body]) => {
    const [project, environment = ""] = key.split(" ");
    const { secrets } = JSON.parse(body) as { secrets: { name: string; value: string }[] };
    const stored = Object.fromEntries(secrets.map(({ name, value }) => [name, value]));
    const expected = expectedView(state, { project: Number(project), environment });
    return differences(`the view of ${key}`, stored, expected);
  });
}

/** What is served for a token, and by which ETag; `seen` are the ETags of the whole life of this database. */
export async function servedFaults(
  server: Pick<ServerProcess, "request">,
  token: string,
  { key, body, map }: { key: string; body: string; map: Record<string, string> },
  seen: EtagBook,
): Promise<string[]> {
  const faults: string[] = [];
  const headers = bearer(token);
  const response = await server.request("/api/secrets", { headers });
  const text = await response.text();
  if (response.status !== 200) return [`the token of ${key} is answered ${response.status}`];
  if (text !== body) faults.push(`what is served of ${key} is not its view`);
  const etag = response.headers.get("ETag") ?? "";
  const before = seen.newest(key);
  faults.push(...seen.note(key, etag, text));
  if (before) {
    const conditional = { headers: { ...headers, "If-None-Match": before } };
    const { status } = await server.request("/api/secrets", conditional);
    if (status !== (before === etag ? 304 : 200)) faults.push(`${key}: ${status} for an ETag of before`);
  }
  const asMap = await server.request("/api/secrets?format=map", { headers });
  return [...faults, ...differences(`what is served of ${key}`, await asMap.json(), map)];
}

/** ETags and the bodies that they stood for: one may never stand for two. */
export class EtagBook {
  readonly #bodies = new Map<string, bigint | number>();
  readonly #newest = new Map<string, string>();

  /** The ETag that was seen of a place at last. */
  newest(key: string): string | undefined {
    return this.#newest.get(key);
  }

  /** Returns what is wrong with it. */
  note(key: string, etag: string, body: string): string[] {
    const hash = Bun.hash(body);
    const known = this.#bodies.get(etag);
    this.#bodies.set(etag, hash);
    this.#newest.set(key, etag);
    return known === undefined || known === hash ? [] : [`${key}: the ETag ${etag} stands for two bodies`];
  }
}

function differences(
  what: string,
  actual: Record<string, string>,
  expected: Record<string, string>,
): string[] {
  const names = [...new Set([...Object.keys(actual), ...Object.keys(expected)])];
  const wrong = names.filter((name) => actual[name] !== expected[name]);
  if (wrong.length === 0) return [];
  const [name = ""] = wrong;
  const shown = `${JSON.stringify(actual[name])}, not ${JSON.stringify(expected[name])}`;
  return [`${what} differs in ${wrong.length} names; ${name} is ${shown.slice(0, 300)}`];
}
