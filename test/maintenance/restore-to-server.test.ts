import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { verifyAudit } from "../../src/maintenance/audit.ts";
import { backUp } from "../../src/maintenance/backup.ts";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { type Fixture, fixtureFile, fixtureTags, readFixture } from "../database/fixtures/fixture.ts";
import { failureOf } from "../failure.ts";
import { bearer, createFileApp, fetchMap } from "../harness.ts";
import { startSqld } from "../sqld.ts";
import { clientOf, type Everything, everythingIn, everythingOn, makeServerKey } from "./server-copies.ts";
import { useRestores } from "./server-restores.ts";

const restores = useRestores();
const { run, refusal, changed, to, contents, clock } = restores;

/** Faults of what is on the server, with the master key of the world. */
async function faults(): Promise<unknown> {
  const options = { masterKeys: [restores.world.masterKey], keepsVersions: true, clock };
  return (await verifyDatabase({ file: undefined, env: to() }, options)).faults;
}

describe("a backup is restored into the empty database of a server", () => {
  test("with every row as it was, the counters of ids, and the marks of migrations", async () => {
    const told: unknown[] = [];
    const restored = await run(undefined, { progress: (...step) => told.push(step) });
    expect(restored).toMatchObject({
      file: restores.place,
      former: undefined,
      isOnServer: true,
      isOlder: false,
    });
    const before = everythingIn(restores.backup);
    expect(await contents()).toEqual(before);
    expect(before.sqlite_sequence).not.toEqual([]);
    expect(await faults()).toEqual([]);
    const all = Object.entries(before).filter(([name]) => !["migrations", "sqlite_sequence"].includes(name));
    const rows = all.flatMap(([, found]) => found).length;
    expect(told).toContainEqual(["copied", rows, rows]);
    expect(told.at(-1)).toEqual(["compared", rows, rows]);
  });

  test("and apps fetch with the tokens that they have, and it is written to, with new ids", async () => {
    const { report } = await run();
    const head = report.audit?.toldHead ?? "";
    const app = await createFileApp({
      DATABASE_URL: restores.server.url,
      AVAILABLE_ENVIRONMENTS: "dev,prod",
    });
    const token = restores.world.tokens["worker prod"] ?? "";
    expect(await fetchMap(app, token)).toEqual(await fetchMap(restores.world.app, token));
    const admin = app.browser();
    expect((await admin.unseal(restores.world.ids.shop, restores.world.masterKey)).status).toBe(303);
    expect((await admin.save(restores.world.ids.worker, "prod", { NEW: "of the server" })).status).toBe(303);
    expect(await fetchMap(app, token)).toMatchObject({ NEW: "of the server" });
    // 5 was `passing`.
    expect(await admin.createChild("next", restores.world.ids.shop)).toBe(6);
    app.close();
    expect(await faults()).toEqual([]);
    const where = { file: undefined, env: to() };
    expect(await verifyAudit(where, head)).toMatchObject({ fault: undefined, missingHead: undefined });
  });

  test("also where its tables were made and nothing was put into them", async () => {
    using client = clientOf(restores.server.url);
    await client.execute("create table migrations (position integer primary key)");
    await client.execute("drop table migrations");
    await migrate(client, migrations.slice(0, 2), 5);
    await run();
    expect(await contents()).toEqual(everythingIn(restores.backup));
  });

  test("in many portions: of many rows, and of large ones", async () => {
    const days = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500)";
    const large = changed(
      `${days} insert into service_token_reads select 1, i, i, i, '203.0.113.' || i from n`,
      `update secret_versions set sealed_value = randomblob(300000 + version) where sealed_value is not null`,
    );
    const told: number[] = [];
    await run(large, { progress: (step, rows) => step === "copied" && told.push(rows) });
    using client = clientOf(restores.server.url);
    const before = everythingIn(large);
    expect(await everythingOn(client, Object.keys(before), 15)).toEqual(before);
    // A portion for each five of the large rows, and three for the many.
    expect(told.length).toBeGreaterThan(15);
  });

  test("as it is stored, whatever it is", async () => {
    const odd = changed(
      `insert into service_token_reads values (1, 1, 9223372036854775807, -9223372036854775808, 'a' || char(0) || 'b'),
        (1, 2, 9007199254740993, 1, ''), (1, 3, 1.5, 1, '\u{1f600} ''"'), (1, 4, 1, 1, x'00ff'), (1, 5, 1, 1, char(65279))`,
      "update secret_versions set sealed_note = x'' where version = 1",
    );
    await run(odd);
    expect(await contents()).toEqual(everythingIn(odd));
  });

  test.each(fixtureTags)("of the version of %s, brought up to this one", async (tag) => {
    const fixture: Fixture = readFixture(tag);
    const before = readFileSync(fixtureFile(tag));
    const { isOlder, report } = await run(fixtureFile(tag), { clock: Date.now });
    expect([isOlder, report.faults]).toEqual([tag !== fixtureTags.at(-1), []]);
    const masterKeys = fixture.roots.map(({ masterKey }) => masterKey);
    const options = { masterKeys, keepsVersions: true, clock: Date.now };
    const found = await verifyDatabase({ file: undefined, env: to() }, options);
    expect(found.faults).toEqual([]);
    // The head that was told is of what is there.
    expect(found.audit?.toldHead).toBe(report.audit?.toldHead ?? "none was told");
    const app = await createFileApp({
      DATABASE_URL: restores.server.url,
      AVAILABLE_ENVIRONMENTS: fixture.environments.join(","),
    });
    for (const { token, state, body } of fixture.tokens) {
      const answer = await app.request("/api/secrets", { headers: bearer(token) });
      if (state === "revoked") expect(answer.status).toBe(401);
      if (body !== undefined) expect([answer.status, await answer.text()]).toEqual([200, body]);
    }
    app.close();
    expect(readFileSync(fixtureFile(tag)).equals(before)).toBe(true);
  });

  test("with its faults, if it must", async () => {
    const faulty = changed("pragma foreign_keys = off", "delete from root_keys");
    expect(await refusal(faulty)).toContain(`${faulty} has faults: a root project without a root key`);
    expect(await contents(["sqlite_master"])).toEqual({ sqlite_master: [] });
    const { report } = await run(faulty, { force: true });
    expect(report.faults).toMatchObject([{ what: "a root project without a root key" }]);
    expect(await contents()).toEqual(everythingIn(faulty));
  });

  test("by who has a token for it", async () => {
    const key = makeServerKey(restores.folder);
    await using closed = await startSqld({ args: ["--auth-jwt-key-file", key.publicFile] });
    const { host } = new URL(closed.url);
    const wrong = (token?: string) => refusal(undefined, { env: to(closed.url, token) });
    const other = makeServerKey(restores.folder).token();
    const wanted = `MaintenanceError: ${host} cannot be used: it wants a token: set DATABASE_AUTH_TOKEN`;
    const refused = `MaintenanceError: ${host} cannot be used: it refuses the token that DATABASE_AUTH_TOKEN holds`;
    expect([await wrong(), await wrong(other), await wrong("nonsense")]).toEqual([wanted, refused, refused]);
    expect(await wrong(key.token({ a: "ro" }))).toBe(
      `NotWrittenError: ${host} cannot be filled: the token that DATABASE_AUTH_TOKEN holds may read and not write (nothing was changed there)`,
    );
    const env = to(closed.url, key.token());
    await run(undefined, { env });
    using client = clientOf(closed.url, key.token());
    expect(await everythingOn(client, ["projects"])).toEqual({
      projects: everythingIn(restores.backup).projects ?? [],
    });
    const read = { masterKeys: [restores.world.masterKey], keepsVersions: true, clock };
    const reading = { file: undefined, env: to(closed.url, key.token({ a: "ro" })) };
    expect((await verifyDatabase(reading, read)).faults).toEqual([]);
    const made = await backUp(join(restores.folder, "by-reader.db"), {
      env: reading.env,
      force: false,
      clock,
    });
    expect(everythingIn(made.file)).toEqual(everythingIn(restores.backup));
    expect(String(await failureOf(verifyDatabase({ file: undefined, env: to(closed.url) }, read)))).toBe(
      `MaintenanceError: ${host} cannot be read: it wants a token: set DATABASE_AUTH_TOKEN`,
    );
  });
});

describe("nothing is restored into a server", () => {
  /** All that is there, tables and rows. */
  async function snapshot(): Promise<Everything> {
    using client = clientOf(restores.server.url);
    const { rows } = await client.execute(
      "select name from sqlite_master where type = 'table' order by name",
    );
    return await everythingOn(client, ["sqlite_master", ...rows.map((row) => String(row[0]))]);
  }

  const taken = (why: string) =>
    `MaintenanceError: there is a database on ${restores.place} already (${why}), and a restore replaces none on a server: give it an empty one, by a new folder of sqld or a new database of Turso's`;

  test("that has a database: with projects, of a server that was only started, or somebody else's", async () => {
    const app = await createFileApp({ DATABASE_URL: restores.server.url });
    const started = await snapshot();
    expect(await refusal(undefined, { force: true })).toBe(taken("that a server was started on"));
    expect(await snapshot()).toEqual(started);
    await app.browser().createRoot("shop");
    const used = await snapshot();
    expect(await refusal(undefined, { force: true })).toBe(taken("with projects"));
    expect(await snapshot()).toEqual(used);
    app.close();
    for (const table of ["customers", "projects"]) {
      await using other = await startSqld();
      using client = clientOf(other.url);
      await client.execute(`create table ${table} (id integer primary key)`);
      const message = await refusal(undefined, { env: to(other.url) });
      expect(message).toContain("(with tables that are not secretsfly's)");
    }
  });

  test("from what is no restores.backup, is newer, is damaged, or would not be carried over as it is", async () => {
    const newer = changed("insert into migrations values (99, '0099_of_tomorrow', 1)");
    const lacking = changed("drop table guards");
    const noText = changed("update projects set description = cast(x'ff' as text)");
    const damaged = changed();
    const bytes = readFileSync(damaged);
    bytes.fill(0xff, 3 * 4096 + 8, 12 * 4096);
    writeFileSync(damaged, bytes);
    writeFileSync(join(restores.folder, "text.db"), "only text ".repeat(1000));
    const refused: [string, string][] = [
      [join(restores.folder, "none.db"), "there is no such file"],
      [join(restores.folder, "text.db"), "the file is no SQLite database"],
      [newer, `${newer} was written by a newer secretsfly (it has the migration 0099_of_tomorrow)`],
      [lacking, `${lacking} lacks tables, or is damaged: no server takes it`],
      [damaged, damaged],
      [noText, `${noText} cannot be read to its end: a text in the table projects is no UTF-8`],
    ];
    for (const [file, message] of refused) expect(await refusal(file, { force: true })).toContain(message);
    expect(await snapshot()).toEqual({ sqlite_master: [] });
  });

  test("that takes no row as large as one of it, and nothing is written", async () => {
    const large = changed(
      "update views set sealed_body = randomblob(5000000) where project_id = 1 and environment_id = 1",
    );
    expect(await refusal(large)).toBe(
      `NotWrittenError: ${restores.place} cannot be filled: it takes no row as large as one of this database (nothing was changed there)`,
    );
    expect(await snapshot()).toEqual({ sqlite_master: [] });
    const nearly = changed(
      "update views set sealed_body = randomblob(4990000) where project_id = 1 and environment_id = 1",
    );
    expect((await run(nearly)).report.faults).toEqual([]);
  });

  test("that does not answer, or is none", async () => {
    expect(await refusal(undefined, { env: to("http://127.0.0.1:1") })).toBe(
      "MaintenanceError: 127.0.0.1:1 cannot be used: it does not answer (ECONNREFUSED)",
    );
    using web = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("<p>Hello</p>") });
    expect(await refusal(undefined, { env: to(web.url.origin) })).toBe(
      `MaintenanceError: ${web.url.host} cannot be used: what answers there is no libSQL server`,
    );
  });
});
