import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { toText } from "../../src/cryptography/bytes.ts";
import { migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { backUp } from "../../src/maintenance/backup.ts";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { openRoot } from "../../src/vault/root-keys.ts";
import { Descent, openPair, placesOf, versionPortions, versionSlots } from "../../src/vault/sealed-rows.ts";
import { readTree } from "../../src/vault/tree.ts";
import { bearer, createFileApp, type TestApp } from "../harness.ts";
import { databaseIn, startFileServer, temporaryFolder } from "../server-process.ts";
import { actor } from "../vault/rotation-world.ts";
import { type Fixture, fixtureFile, fixtureTags, readFixture } from "./fixtures/fixture.ts";

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

/** An app of this version on a copy of a fixture. */
async function openFixture({ tag, environments }: Fixture): Promise<TestApp> {
  const first = await createFileApp({ AVAILABLE_ENVIRONMENTS: environments.join(",") });
  const app = await first.copy(({ file = "" }) => {
    rmSync(`${file}-wal`, { force: true });
    copyFileSync(fixtureFile(tag), file);
  });
  cleanUps.push(first.close, app.close);
  return app;
}

/** The tables, indexes and the like of a database, as SQLite keeps them. */
function objectsOf(file: string): unknown[] {
  using database = new Database(file);
  const objects = "select type, name, sql from sqlite_master where name not like 'sqlite_%' order by name";
  return database.query(objects).values();
}

/** Whole with the master keys: every version opens, and every view is what they make. */
async function faultsOf(file: string, { roots }: Fixture) {
  const masterKeys = roots.map(({ masterKey }) => masterKey);
  const options = { masterKeys, keepsVersions: true, clock: Date.now };
  const { faults, opened, audit } = await verifyDatabase({ file, env: {} }, options);
  expect(opened?.roots.map(({ isOpened }) => isOpened)).toEqual(roots.map(() => true));
  return { faults, audit };
}

async function headOf(file: string): Promise<string | undefined> {
  const options = { masterKeys: undefined, keepsVersions: true, clock: Date.now };
  return (await verifyDatabase({ file, env: {} }, options)).audit?.toldHead;
}

/** Every version of every secret, opened with the master keys. */
async function historiesOf({ vault, db }: TestApp, { roots }: Fixture): Promise<Map<string, unknown[]>> {
  const found = new Map<string, unknown[]>();
  for (const { id, masterKey } of roots) {
    const { rootKey } = await openRoot(vault, id, masterKey, "masterKey", actor);
    const descent = new Descent(rootKey);
    for (const place of await placesOf(vault, await readTree(db, id))) {
      const keys = await descent.open(place, place.row);
      for await (const portion of versionPortions(vault, place)) {
        for (const row of portion) {
          const [value, note] = await openPair(versionSlots(keys, row), row.sealed);
          const at = `${place.project.id} ${place.environment.name} ${row.name}`;
          const version = {
            version: row.version,
            value: value && toText(value),
            note: note ? toText(note) : "",
          };
          found.set(at, [...(found.get(at) ?? []), version]);
        }
      }
    }
  }
  return found;
}

test("there is a database of each step of the schema, made before the next one was added", () => {
  // A new migration is missing here: `bun test/database/fixtures/make.ts`.
  expect(fixtureTags).toEqual(migrations.map(({ tag }) => tag));
});

describe.each(fixtureTags)("a database of %s", (tag) => {
  const fixture = readFixture(tag);

  test("is one of that step, small, and what its migrations still make", async () => {
    expect(fixture.tag).toBe(tag);
    expect(statSync(fixtureFile(tag)).size).toBeLessThan(150 * 1024);
    using folder = temporaryFolder();
    const steps = migrations.slice(0, migrations.findIndex((migration) => migration.tag === tag) + 1);
    const made = new SqliteClient(join(folder.path, "made.db"));
    await migrate(made, steps, 0);
    made.close();
    const copy = join(folder.path, "copy.db");
    copyFileSync(fixtureFile(tag), copy);
    expect(objectsOf(copy)).toEqual(objectsOf(join(folder.path, "made.db")));
  });

  test("is brought up to this version by a server, whose apps get the bytes that they got", async () => {
    using folder = temporaryFolder();
    mkdirSync(dirname(databaseIn(folder.path)));
    copyFileSync(fixtureFile(tag), databaseIn(folder.path));
    const AVAILABLE_ENVIRONMENTS = fixture.environments.join(",");
    await using server = await startFileServer(folder.path, { AVAILABLE_ENVIRONMENTS });
    for (const { token, state, body } of fixture.tokens) {
      const response = await server.request("/api/secrets", { headers: bearer(token) });
      expect(response.status).toBe(state === "live" ? 200 : 401);
      const text = await response.text();
      if (state === "live") expect(text).toBe(body ?? "");
    }
    const { stderr } = await server.stop();
    const missing = migrations.map((migration) => migration.tag).slice(fixtureTags.indexOf(tag) + 1);
    expect(stderr.includes("migrated the database")).toBe(missing.length > 0);
    for (const applied of missing) expect(stderr).toContain(applied);
  });

  test("keeps its history and notes, opens with its master keys, and is whole with its audit", async () => {
    const app = await openFixture(fixture);
    const histories = await historiesOf(app, fixture);
    const expected = fixture.histories.map(({ projectId, environment, name, versions }) => [
      `${projectId} ${environment} ${name}`,
      versions
        .map((version, i) => ({ version: i + 1, ...version }))
        // A deletion holds nothing.
        .filter(({ value }) => value !== null),
    ]);
    expect(Object.fromEntries(histories)).toEqual(Object.fromEntries(expected));
    const { faults, audit } = await faultsOf(app.file, fixture);
    expect([faults, audit?.fault]).toEqual([[], undefined]);
    using database = new Database(app.file, { readonly: true });
    const { id, hash } = fixture.newestEvent;
    const event = "select lower(hex(hash)) from audit_events where id = ?";
    expect(database.query(event).values(id)).toEqual([[hash]]);
  });

  test("goes on: it is unsealed, written to by an admin and a token, and whole after that", async () => {
    const app = await openFixture(fixture);
    const admin = app.browser();
    for (const { id, name, masterKey } of fixture.roots) {
      expect((await admin.unseal(id, masterKey)).status).toBe(303);
      expect((await admin.save(id, "prod", { NEW: `of ${name}` })).status).toBe(303);
      expect(await admin.open(`/admin/projects/${id}/environments/prod/secrets?decrypt=true`)).toContain(
        `of ${name}`,
      );
    }
    const writers = fixture.tokens.filter(({ rights, state }) => rights === "write" && state === "live");
    expect(writers.length).toBeGreaterThan(0);
    for (const { token } of writers) {
      const body = JSON.stringify({ value: "of a token" });
      const headers = { ...bearer(token), "Content-Type": "application/json" };
      const response = await app.request("/api/secrets/WRITTEN", { method: "PUT", headers, body });
      expect(response.status).toBe(201);
    }
    expect((await faultsOf(app.file, fixture)).faults).toEqual([]);
  });

  test("is verified and backed up as it is, and not changed by that", async () => {
    using folder = temporaryFolder();
    const copy = join(folder.path, "copy.db");
    copyFileSync(fixtureFile(tag), copy);
    expect((await faultsOf(copy, fixture)).faults).toEqual([]);
    const env = { DATABASE_URL: `file:${copy}` };
    const backup = await backUp(join(folder.path, "backup.db"), { env, force: false, clock: Date.now });
    expect((await faultsOf(backup.file, fixture)).faults).toEqual([]);
    expect(objectsOf(backup.file)).toEqual(objectsOf(copy));
    // Of one that has nothing to blind a head with, none is told: it would be another each time.
    const [head, again] = await Promise.all([copy, backup.file].map((file) => headOf(file)));
    const hasBlinding = objectsOf(copy).some((object) => JSON.stringify(object).includes("audit_blinding"));
    expect([head, backup.report.audit?.toldHead]).toEqual([again, head]);
    expect(head !== undefined).toBe(hasBlinding);
    expect(readFileSync(copy).equals(readFileSync(fixtureFile(tag)))).toBe(true);
  });
});
