import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toldHead } from "../../src/vault/audit-head.ts";
import { record } from "../../src/vault/write.ts";
import { createFileApp, type TestApp, type TestBrowser } from "../harness.ts";
import { databaseIn, temporaryFolder as processFolder, startFileServer } from "../server-process.ts";
import { auditOf } from "../vault/inspect.ts";
import { cli, temporaryFolder } from "./harness.ts";

/** What a terminal obeys, or hides: a title, a colour by C1, a change of direction, a delete, an invisible space. */
const hostile = "a\u001b]0;x\u0007\u009b31m\u202eb\u007f\u200b\u2028\r\nc";

/** Serves while its database is looked at. */
let app: TestApp;
let admin: TestBrowser;
let shop: number;

beforeAll(async () => {
  app = await createFileApp();
  admin = app.browser();
  shop = (await admin.createRoot("shop")).id;
  await admin.save(shop, "dev", { A: "v-1", B: "v-2" });
  await record(
    app.vault,
    { id: "session:1", address: "::1", requestId: "r" },
    { action: "project.edit", project: { id: 99, name: hostile }, environment: 'quoted "\\', name: "ünï 🔑" },
  );
});
afterAll(() => app.close());

const audit = (...args: string[]) => cli(["audit", ...args]);

/** A copy of the database at rest, changed as by somebody who can write to it. */
async function copyWith(...statements: string[]): Promise<string> {
  const file = join(temporaryFolder(), "copy.db");
  const database = new Database(app.file);
  database.run(`vacuum into '${file}'`);
  database.close();
  const copy = new Database(file);
  for (const statement of statements) copy.run(statement);
  copy.close();
  return file;
}

describe("audit verify", () => {
  test("says of a whole chain how long it is, from when to when, and its head, while a server has it open", async () => {
    const events = await auditOf(app);
    const head = await toldHead(app.db);
    const { stdout, stderr, exitCode } = await audit("verify", app.file);
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(stdout.split("\n")).toEqual([
      `whole: ${events.length} events, each follows from the one before`,
      "first:  2026-01-01T00:00:00.000Z",
      "newest: 2026-01-01T00:00:00.000Z",
      `head:   ${head}`,
      "",
    ]);
    const page = await admin.open("/admin/audit");
    expect(page).toContain(`secretsfly audit verify --head ${head}`);
  });

  test("looks at DATABASE_URL where no file is named, and finds a head that was kept", async () => {
    const head = (await toldHead(app.db)) ?? "";
    await admin.save(shop, "dev", { C: "v-3" });
    for (const kept of [head, head.replace(/^\d+:/, "")]) {
      const options = { env: { DATABASE_URL: `file:${app.file}` } };
      const { stdout, exitCode } = await cli(["audit", "verify", "--head", kept], options);
      expect([stdout.split("\n")[1], exitCode]).toEqual([
        "head found: the events up to it are what they were",
        0,
      ]);
    }
  });

  test("as JSON says the same", async () => {
    const events = await auditOf(app);
    const { stdout, exitCode } = await audit("verify", "--json", app.file);
    expect([JSON.parse(stdout), exitCode]).toEqual([
      {
        whole: true,
        events: events.length,
        firstAt: "2026-01-01T00:00:00.000Z",
        newestAt: "2026-01-01T00:00:00.000Z",
        head: (await toldHead(app.db)) ?? "",
        hash: events.at(-1)?.hash.toHex() ?? "",
        fault: null,
        missingHead: null,
      },
      0,
    ]);
  });

  test("names the first event that was changed or is missing, and fails; no head is told", async () => {
    const changed = await audit("verify", await copyWith("update audit_events set name = 'X' where id = 4"));
    expect(changed.exitCode).toBe(1);
    expect(changed.stdout).toStartWith("broken: event 4 was changed (");
    expect(changed.stdout).not.toContain("head:");
    const file = await copyWith("delete from audit_events where id in (2, 3)");
    const removed = await audit("verify", "--json", file);
    expect(removed.exitCode).toBe(1);
    expect(JSON.parse(removed.stdout)).toMatchObject({
      whole: false,
      head: null,
      fault: { eventId: 2, what: "events 2 to 3 are missing" },
    });
  });

  test("with a head that was kept finds that the end was cut off", async () => {
    const head = (await toldHead(app.db)) ?? "";
    const file = await copyWith("delete from audit_events where id > 3");
    expect((await audit("verify", file)).exitCode).toBe(0);
    const { stdout, exitCode } = await audit("verify", "--head", head, file);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("head not found: the chain ends with event 3: the events up to ");
    const json = JSON.parse((await audit("verify", "--json", "--head", head, file)).stdout);
    expect(json).toMatchObject({ whole: false, fault: null });
    expect(json.missingHead).toContain("the chain ends with event 3");
  });

  test("is not shaken by times that are none", async () => {
    const { stdout, exitCode } = await audit("verify", await copyWith("update audit_events set at = 9e18"));
    expect([exitCode, stdout.split("\n")[1]]).toEqual([1, "first:  at no time"]);
  });

  test("finds a whole chain each time while a server appends to it", async () => {
    let isOver = false;
    const writing = (async () => {
      for (let i = 0; !isOver; i++) await admin.save(shop, "dev", { BUSY: `v-${i}` });
    })();
    const reports = await Promise.all([1, 2, 3].map(() => audit("verify", "--json", app.file)));
    isOver = true;
    await writing;
    expect(reports.map(({ stdout }) => JSON.parse(stdout).fault)).toEqual([null, null, null]);
  });

  test("changes nothing, and leaves nothing beside a file at rest", async () => {
    const file = await copyWith("pragma journal_mode = wal");
    const before = readFileSync(file);
    expect((await audit("verify", file)).exitCode).toBe(0);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(join(file, ".."))).toEqual(["copy.db"]);
  });

  test("says what is wrong with a place or a head, and repeats nothing of it", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "text.db"), "no database at all, only text".repeat(100));
    new Database(join(folder, "empty.db")).run("create table t (a)");
    const newer = await copyWith("insert into migrations values (99, '0099_of_tomorrow', 1)");
    const older = await copyWith(
      "delete from migrations where position = (select max(position) from migrations)",
    );
    const faults: [string[], string][] = [
      [
        ["--head", "12:abc", app.file],
        "--head: a head is ID:HASH, or HASH alone, with 64 hexadecimal digits",
      ],
      [[join(folder, "none.db")], `cannot open the database ${folder}/none.db: there is no such file`],
      [[folder], `cannot open the database ${folder}: it is a folder`],
      [
        [join(folder, "text.db")],
        `cannot open the database ${folder}/text.db: the file is no SQLite database`,
      ],
      [[join(folder, "empty.db")], `${folder}/empty.db is no database of secretsfly`],
      [
        [newer],
        `${newer} was written by a newer secretsfly (it has the migration 0099_of_tomorrow); use that version`,
      ],
      [[older], `${older} was written by an older secretsfly; start this version's server on it once`],
    ];
    for (const [args, message] of faults) {
      const { stdout, stderr, exitCode } = await audit("verify", ...args);
      expect([stdout, exitCode]).toEqual(["", 2]);
      expect(stderr).toStartWith(`secretsfly: ${message}`);
    }
    expect(existsSync(join(folder, "none.db"))).toBe(false);
    const { stderr, exitCode } = await cli(["audit", "verify"], { env: { DATABASE_URL: "nonsense" } });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("DATABASE_URL: must be file:PATH")]);
    const silent = await cli(["audit", "verify"], { env: { DATABASE_URL: "http://127.0.0.1:1" } });
    expect([silent.exitCode, silent.stderr]).toEqual([
      2,
      "secretsfly: 127.0.0.1:1 cannot be read: it does not answer (ECONNREFUSED)\n",
    ]);
  });
});

/** Checks the chain of an export by its description alone. Returns how many lines follow from each other. */
function followed(text: string): number {
  let before = Buffer.alloc(32);
  const lines = text.split("\n").slice(0, -1);
  const broken = lines.findIndex((line) => {
    const { hash, ...e } = JSON.parse(line);
    const place = [e.projectId, e.projectName, e.environment, e.name];
    const fields = JSON.stringify([e.id, e.at, e.actor, e.action, ...place, e.address, e.requestId]);
    before = createHash("sha256").update(before).update(fields).digest();
    return before.toString("hex") !== hash;
  });
  return broken === -1 ? lines.length : broken;
}

describe("audit export", () => {
  test("prints each event as it is stored, of which alone the chain can be checked", async () => {
    const { stdout, stderr, exitCode } = await audit("export", app.file);
    expect([stderr, exitCode]).toEqual(["", 0]);
    const lines = stdout.split("\n").slice(0, -1);
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      (await auditOf(app)).map(({ hash, ...event }) => ({ ...event, hash: hash.toHex() })),
    );
    expect(followed(stdout)).toBe(lines.length);
    expect(followed(stdout.replace('"name":"B"', '"name":"C"'))).toBeLessThan(lines.length);
  });

  test("prints nothing that a terminal obeys or hides, whatever a name holds", async () => {
    const { stdout } = await audit("export", app.file);
    expect(stdout).toContain("\\u001b]0;x\\u0007\\u009b31m\\u202eb\\u007f\\u200b\\u2028\\r\\nc");
    expect(stdout.replaceAll("\n", "")).not.toMatch(
      /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u,
    );
  });

  test("writes a file for its owner alone, or none", async () => {
    const folder = temporaryFolder();
    const output = join(folder, "audit.jsonl");
    writeFileSync(output, "what was there before", { mode: 0o644 });
    const { stdout, exitCode } = await audit("export", "-o", output, app.file);
    expect([stdout, exitCode]).toEqual(["", 0]);
    expect(followed(readFileSync(output, "utf8"))).toBe((await auditOf(app)).length);
    expect(statSync(output).mode & 0o777).toBe(0o600);
    mkdirSync(join(folder, "folder"));
    const refused = await audit("export", "-o", join(folder, "folder"), app.file);
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      `secretsfly: ${folder}/folder cannot be written: it is a folder\n`,
    ]);
    const nowhere = await audit("export", "-o", output, join(folder, "none.db"));
    expect([nowhere.exitCode, nowhere.stderr]).toEqual([2, expect.stringContaining("there is no such file")]);
    expect(followed(readFileSync(output, "utf8"))).toBe((await auditOf(app)).length);
    expect(readdirSync(folder).sort()).toEqual(["audit.jsonl", "folder"]);
  });

  test("prints a broken chain as it is", async () => {
    const file = await copyWith("update audit_events set name = 'X', hash = 7 where id = 4");
    const { stdout, exitCode } = await audit("export", file);
    expect([followed(stdout), exitCode]).toEqual([3, 0]);
    expect(JSON.parse(stdout.split("\n")[3] ?? "")).toMatchObject({ id: 4, name: "X", hash: "" });
  });
});

test("a server logs the head at its start and, as it has moved, at its stop; both are in the chain", async () => {
  using folder = processFolder();
  await using server = await startFileServer(folder.path);
  await server.browser().createRoot("shop");
  const { stderr } = await server.stop();
  const heads = stderr
    .split("\n")
    .flatMap((line) => /"head":"([^"]+)","msg":"the head of the audit"/.exec(line)?.[1] ?? []);
  expect(heads.map((head) => head.split(":")[0])).toEqual(["1", "2"]);
  for (const head of heads) {
    const { exitCode, stdout } = await audit("verify", "--head", head, databaseIn(folder.path));
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`head:   ${heads[1]}\n`)]);
  }
});
