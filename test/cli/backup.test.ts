import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { toldHead } from "../../src/vault/audit-head.ts";
import { bearer, createFileApp, fetchMap, type TestApp } from "../harness.ts";
import { copyWith } from "../maintenance/copies.ts";
import { databaseIn, temporaryFolder as processFolder, startFileServer } from "../server-process.ts";
import { cli, commandLine, startCli, temporaryFolder } from "./harness.ts";
import { draftSize, enlarge, killWhen } from "./large-database.ts";
import { asNobody, canBeNobody } from "./nobody.ts";

let app: TestApp;
let masterKey: string;

beforeAll(async () => {
  app = await createFileApp();
  const admin = app.browser();
  const shop = await admin.createRoot("shop");
  masterKey = shop.masterKey;
  await admin.save(shop.id, "prod", { A: "v-1" });
});
afterAll(() => app.close());

const from = (file: string) => ({ env: { DATABASE_URL: `file:${file}` } });
const backup = (args: string[], file = app.file) => cli(["backup", ...args], from(file));

describe("backup", () => {
  test("while a server writes is one moment of it, each time, and nobody waits for it", async () => {
    using folder = processFolder();
    await using server = await startFileServer(folder.path);
    const admin = server.browser();
    const { id, masterKey: key } = await admin.createRoot("busy");
    const tokens = { write: await admin.createToken(id, "prod", "write") };
    const headers = { ...bearer(tokens.write), "Content-Type": "application/json" };
    let [written, isOver] = [0, false];
    const writeOnce = async (value: string) => {
      // Both at once: a backup with one of them alone would be of no moment.
      const body = JSON.stringify({ set: { LEFT: value, RIGHT: value } });
      const { status } = await server.request("/api/secrets", { method: "PATCH", headers, body });
      expect(status).toBeLessThan(300);
      written += 1;
    };
    const write = async () => {
      for (let i = 0; !isOver; i++) await writeOnce(String(i));
    };
    // The first backup may be of a moment before the first of the writes beside it.
    await writeOnce("first");
    const writing = Promise.all([write(), write()]);
    const target = temporaryFolder();
    const made: { file: string; head: string; writes: number }[] = [];
    /** How a backup went, and how many writes ended meanwhile. */
    const backUpTo = async (file: string) => {
      const before = written;
      const args = ["backup", "--json", "--force", file];
      const { stdout, exitCode } = await cli(args, from(databaseIn(folder.path)));
      expect(exitCode).toBe(0);
      return { ...JSON.parse(stdout), writes: written - before };
    };
    for (const name of ["1.db", "2.db", "3.db"]) {
      const file = join(target, name);
      let one = await backUpTo(file);
      // A slow disk may let none end by chance, but not each time.
      for (let more = 0; more < 9 && one.writes === 0; more++) one = await backUpTo(file);
      made.push(one);
    }
    isOver = true;
    await writing;
    for (const { file, head, writes } of made) {
      expect([writes > 0, statSync(file).mode & 0o777]).toEqual([true, 0o600]);
      const verified = await cli(["verify", "--master-key-stdin", file], { stdin: key });
      expect([verified.exitCode, verified.stdout]).toEqual([0, expect.stringContaining("busy (1): opened")]);
      // The audit goes on from where the backup was made.
      const noted = await cli(["audit", "verify", "--head", head, databaseIn(folder.path)]);
      expect([noted.exitCode, noted.stdout]).toEqual([0, expect.stringContaining("head found")]);
      const opened = await createFileApp({ DATABASE_URL: `file:${file}`, AVAILABLE_ENVIRONMENTS: "prod" });
      const { LEFT, RIGHT } = await fetchMap(opened, tokens.write);
      opened.close();
      expect([LEFT !== undefined, LEFT]).toEqual([true, RIGHT]);
    }
    expect(readdirSync(target).sort()).toEqual(["1.db", "2.db", "3.db"]);
  });

  test("says where it is, how large, whether it is whole, and the head of the audit", async () => {
    const file = join(temporaryFolder(), "b.db");
    const { stdout, stderr, exitCode } = await backup([file]);
    const head = await toldHead(app.db);
    const size = (statSync(file).size / 1024 / 1024).toFixed(1);
    expect([stdout, stderr, exitCode]).toEqual([
      `written: ${file} (${size} MiB), whole\nhead of the audit: ${head}\n`,
      "",
      0,
    ]);
    const again = await backup(["--json", "--force", file]);
    expect(JSON.parse(again.stdout)).toEqual({
      ...{ file, bytes: statSync(file).size, whole: true },
      ...{ head: (await toldHead(app.db)) ?? "", faultCount: 0, faults: [] },
    });
  });

  test("of a database with faults is written, tells them, and fails", async () => {
    const folder = temporaryFolder();
    const faulty = copyWith(app.file, folder, "pragma foreign_keys = off", "delete from root_keys");
    const file = join(folder, "b.db");
    const { stdout, exitCode } = await backup([file], faulty);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('with the faults of the database, which "secretsfly verify" tells\n');
    expect(stdout).toContain("  shop (1): a root project without a root key\n");
    const kept = await backup(["--force", file], faulty);
    expect([kept.stdout, kept.exitCode]).toEqual(["", 1]);
    expect(kept.stderr).toStartWith(`secretsfly: ${file} is kept: the database has faults`);
  });

  test("that may not be written, or of what is no database, says why, writes nothing, and ends with 2", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "b.db");
    await backup([file]);
    const before = readFileSync(file);
    const newer = copyWith(app.file, folder, "insert into migrations values (99, '0099_of_tomorrow', 1)");
    const faults: [string[], string, string][] = [
      [[file], app.file, `${file} is there already: name another file, or say --force\n`],
      [[app.file], app.file, `${app.file} belongs to the database itself`],
      [[join(folder, "c.db")], join(folder, "none.db"), "cannot open the database"],
      [
        ["--force", file],
        newer,
        `${newer} was written by a newer secretsfly (it has the migration 0099_of_tomorrow)`,
      ],
    ];
    for (const [args, database, message] of faults) {
      const { stdout, stderr, exitCode } = await backup(args, database);
      expect([stdout, exitCode]).toEqual(["", 2]);
      expect(stderr).toStartWith(`secretsfly: ${message}`);
    }
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["b.db", newer.slice(folder.length + 1)].sort());
  });

  test("that does not fit says so, leaves nothing, keeps what was there, and ends with 1", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "b.db");
    await backup([file]);
    const before = readFileSync(file);
    const { cmd, ...options } = commandLine(["backup", "--force", file], from(app.file));
    // A limit on the size of files stands in for a full disk.
    const script = 'trap "" XFSZ; ulimit -f 64; exec "$@"';
    const child = Bun.spawn(["sh", "-c", script, "sh", ...cmd], {
      ...options,
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(await new Response(child.stderr).text()).toStartWith(`secretsfly: ${file} cannot be written: `);
    expect(await child.exited).toBe(1);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(["b.db"]);
  });

  test.skipIf(!canBeNobody)("into a folder that may not be written to says so, and ends with 1", async () => {
    const folder = temporaryFolder();
    const closed = join(folder, "closed");
    mkdirSync(closed, { mode: 0o555 });
    chmodSync(folder, 0o755);
    const file = copyWith(app.file, folder);
    chmodSync(file, 0o644);
    const { cmd, ...options } = commandLine(["backup", join(closed, "b.db")], from(file));
    const child = Bun.spawn([...asNobody, ...cmd], { ...options, stdout: "pipe", stderr: "pipe" });
    expect(await new Response(child.stderr).text()).toBe(
      `secretsfly: ${closed}/b.db cannot be written: permission denied\n`,
    );
    expect(await child.exited).toBe(1);
  });

  test("that is killed in its middle leaves none or a whole one, and the next one is made", async () => {
    const folder = temporaryFolder();
    const large = copyWith(app.file, folder);
    enlarge(large, 40);
    const target = temporaryFolder();
    const file = join(target, "b.db");
    for (const size of [0, 1e6, 20e6]) {
      const child = startCli(["backup", file], from(large));
      await killWhen(child, () => (draftSize(file) ?? -1) >= size);
      // On a slow machine it may have been faster than who kills it.
      if (existsSync(file)) expect((await cli(["verify", file])).exitCode).toBe(0);
      rmSync(file, { force: true });
    }
    const { exitCode } = await backup(["--force", file], large);
    expect(exitCode).toBe(0);
    const verified = await cli(["verify", "--master-key-stdin", file], { stdin: masterKey });
    expect(verified.exitCode).toBe(0);
  });
});
