import { createHash } from "node:crypto";
import { asc, eq } from "drizzle-orm";
import { type Context, open } from "../../src/cryptography/aead.ts";
import { toText } from "../../src/cryptography/bytes.ts";
import { auditEvents, projects, secrets, secretVersions, views } from "../../src/database/schema.ts";
import type { AuditEvent } from "../../src/vault/audit.ts";
import { versionContext } from "../../src/vault/secrets.ts";
import { authenticate } from "../../src/vault/token-access.ts";
import { isWritable, type WritableEnvironment } from "../../src/vault/unlock.ts";
import { openBody, openSource, type RawSecret, visibleSecrets } from "../../src/vault/views.ts";
import { bearer, type TestApp } from "../harness.ts";

/** What is on disk, opened with a write token, and compared with what it should be. */

type Places = readonly string[];
type App = Pick<TestApp, "vault" | "db">;

/** What a write token may: its project × environment, unlocked. */
export async function openPlace({ vault }: App, writeToken: string): Promise<WritableEnvironment> {
  const access = await authenticate(vault, writeToken, { address: "", requestId: "" });
  const place = await access.unlock();
  if (!isWritable(place)) throw new Error("a write token is needed to look inside");
  return place;
}

/** One version as it is stored; value null is a deletion. */
interface StoredVersion {
  version: number;
  value: string | null;
  note: string;
}

/** Every stored version of a name, oldest first, decrypted. */
export async function history(app: App, writeToken: string, name: string): Promise<StoredVersion[]> {
  const place = await openPlace(app, writeToken);
  return (await ownRows(app, place)).get(name)?.versions ?? [];
}

interface OwnRow {
  id: number;
  version: number;
  deleted: boolean;
  versions: StoredVersion[];
}

async function ownRows(app: App, place: WritableEnvironment): Promise<Map<string, OwnRow>> {
  const rows = await app.db
    .select({ secret: secrets, version: secretVersions, environmentId: secrets.environmentId })
    .from(secretVersions)
    .innerJoin(secrets, eq(secrets.id, secretVersions.secretId))
    .where(eq(secrets.projectId, place.projectId))
    .orderBy(asc(secretVersions.version));
  const found = new Map<string, OwnRow>();
  for (const { secret, version } of rows.filter((row) => row.environmentId === place.environment.id)) {
    const { id, name, deleted } = secret;
    const openText = async (sealed: Uint8Array<ArrayBuffer>, purpose: "secret-value" | "secret-note") => {
      const context: Context = versionContext(purpose, place, name, version.version);
      return toText(await open(place.keys.valueKey, sealed, context));
    };
    const row = found.get(name) ?? { id, deleted, version: secret.version, versions: [] };
    row.versions.push({
      version: version.version,
      value: version.sealedValue && (await openText(version.sealedValue, "secret-value")),
      note: version.sealedNote ? await openText(version.sealedNote, "secret-note") : "",
    });
    found.set(name, row);
  }
  return found;
}

/**
 * Compares everything that is stored of some project × environments, each given by a write token (a parent
 * before its children): versions without gaps, the newest one in the view, the parent's view in the
 * child's, counts, and a body that says the same. Returns what does not agree.
 */
export async function disagreements(app: App, places: Places): Promise<string[]> {
  const faults: string[] = [];
  const visible = new Map<string, RawSecret[]>();
  const parents = new Map(
    (await app.db.select().from(projects)).map(({ id, parentId }) => [id, parentId] as const),
  );
  for (const token of places) {
    const place = await openPlace(app, token);
    const at = `project ${place.projectId} ${place.environment.name}`;
    const expect = (what: string, actual: unknown, expected: unknown) => {
      if (!Bun.deepEquals(actual, expected)) faults.push(`${at}: ${what}`);
    };
    const [view] = (await app.db.select().from(views).where(eq(views.projectId, place.projectId))).filter(
      ({ environmentId }) => environmentId === place.environment.id,
    );
    if (!view) throw new Error(`${at} has no view`);
    const source = await openSource(place, view);
    const own: RawSecret[] = [];
    for (const [name, { id, version, deleted, versions }] of await ownRows(app, place)) {
      const numbers = versions.map((row) => row.version);
      expect(
        `${name} has versions ${numbers}`,
        numbers,
        numbers.map((_, i) => i + 1),
      );
      expect(`${name} is not at its newest version`, version, numbers.at(-1));
      const newest = versions.at(-1);
      expect(`${name} is deleted or not`, deleted, newest?.value === null);
      if (newest && newest.value !== null) {
        own.push({ id, name, value: newest.value, note: newest.note, version, projectId: place.projectId });
      }
    }
    own.sort((a, b) => (a.name < b.name ? -1 : 1));
    expect("the view's own secrets are not the newest versions", source.own, own);
    const inherited = visible.get(`${parents.get(place.projectId)} ${place.environment.name}`) ?? [];
    expect("the view does not inherit what the parent shows", source.inherited, inherited);
    const seen = visibleSecrets(source);
    visible.set(`${place.projectId} ${place.environment.name}`, seen);
    expect("counts", [view.ownCount, view.inheritedCount], [own.length, seen.length - own.length]);
    const body = JSON.parse(toText(await openBody(place, view))) as { secrets: { name: string }[] };
    expect(
      "the body names other secrets",
      body.secrets.map(({ name }) => name),
      seen.map(({ name }) => name),
    );
  }
  return faults;
}

/** The audit as it is stored, oldest first. */
export function auditOf({ db }: Pick<TestApp, "db">): Promise<AuditEvent[]> {
  return db.select().from(auditEvents).orderBy(asc(auditEvents.id));
}

/**
 * Recomputes the chain by its description alone, without the program's own code. Returns the id of the
 * first event that does not follow from those before; undefined for a whole chain.
 */
export function firstBrokenEvent(events: readonly AuditEvent[]): number | undefined {
  let previous: Uint8Array = new Uint8Array(32);
  for (const [i, e] of events.entries()) {
    const fields = [e.id, e.at, e.actor, e.action, e.projectId, e.projectName];
    fields.push(e.environment, e.name, e.address, e.requestId);
    const hash = createHash("sha256").update(previous).update(JSON.stringify(fields)).digest();
    if (e.id !== i + 1 || !hash.equals(e.hash)) return e.id;
    previous = hash;
  }
  return undefined;
}

/** `PUT /api/secrets/NAME`. */
export function put(
  app: Pick<TestApp, "request">,
  token: string,
  name: string,
  value: string,
  note?: string,
): Promise<Response> {
  return sendJson(app, token, "PUT", `/api/secrets/${name}`, { value, ...(note !== undefined && { note }) });
}

/** A request with a JSON body and a service token. */
export function sendJson(
  app: Pick<TestApp, "request">,
  token: string,
  method: string,
  path: string,
  body: unknown,
): Promise<Response> {
  const headers = { ...bearer(token), "Content-Type": "application/json" };
  return app.request(path, { method, headers, body: JSON.stringify(body) });
}
