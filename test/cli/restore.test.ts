import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { bearer, createFileApp, type TestApp, type TestBrowser } from "../harness.ts";
import { copyWith } from "../maintenance/copies.ts";
import {
  databaseIn,
  temporaryFolder as processFolder,
  type ServerProcess,
  startFileServer,
} from "../server-process.ts";
import { cli, startCli, temporaryFolder } from "./harness.ts";
import { draftSize, enlarge, killWhen } from "./large-database.ts";

const from = (file: string) => ({ env: { DATABASE_URL: `file:${file}` } });
const restore = (args: string[], file: string) => cli(["restore", ...args], from(file));

describe("a machine that is lost", () => {
  /** What an admin sees of a secret, a version after the other: values and notes. */
  const historyOf = async (admin: TestBrowser, id: number) => {
    const page = await admin.open(`/admin/projects/${id}/environments/prod/secrets/URL/history?decrypt=true`);
    return ["first value", "second value", "note of the first", "note of the second"].map((text) =>
      page.includes(text),
    );
  };

  async function fetched(server: ServerProcess, token: string) {
    const response = await server.request("/api/secrets", { headers: bearer(token) });
    return { status: response.status, body: await response.text() };
  }

  test("is back on an empty one with a backup and the master key: tokens, values, history, notes, audit", async () => {
    using lost = processFolder();
    using empty = processFolder();
    const backup = join(temporaryFolder(), "b.db");
    await using old = await startFileServer(lost.path);
    const admin = old.browser();
    const { id, masterKey } = await admin.createRoot("shop");
    const path = `/admin/projects/${id}/environments/prod/secrets`;
    await admin.post(path, { name: "URL", value: "first value", note: "note of the first" });
    await admin.post(path, { name: "URL", value: "second value", note: "note of the second" });
    const token = await admin.createToken(id, "prod");
    const before = await fetched(old, token);
    const history = await historyOf(admin, id);
    const { head } = JSON.parse(
      (await cli(["backup", "--json", backup], from(databaseIn(lost.path)))).stdout,
    );
    await old.stop("SIGKILL");

    const file = databaseIn(empty.path);
    const { stdout, stderr, exitCode } = await restore([backup], file);
    expect([stdout, stderr, exitCode]).toEqual([
      `restored: ${file}\nhead of the audit: ${head}\nstart the server, and unseal with the master key\n`,
      "",
      0,
    ]);
    await using server = await startFileServer(empty.path);
    expect(before).toMatchObject({ status: 200, body: expect.stringContaining("second value") });
    expect(await fetched(server, token)).toEqual(before);
    const later = server.browser();
    expect(await historyOf(later, id)).toEqual([false, false, false, false]);
    expect((await later.unseal(id, masterKey)).status).toBe(303);
    expect(await historyOf(later, id)).toEqual(history);
    expect(history).toEqual([true, true, true, true]);
    const noted = await cli(["audit", "verify", "--head", head, file]);
    expect([noted.exitCode, noted.stdout]).toEqual([0, expect.stringContaining("head found")]);
    expect((await later.save(id, "prod", { NEW: "goes on" })).status).toBe(303);
    const verified = await cli(["verify", "--master-key-stdin", file], { stdin: masterKey });
    expect([verified.exitCode, verified.stdout]).toEqual([0, expect.stringContaining("shop (1): opened")]);
  });
});

describe("restore", () => {
  let app: TestApp;
  let masterKey: string;
  let backup: string;
  const shelf = processFolder();

  beforeAll(async () => {
    app = await createFileApp();
    const admin = app.browser();
    const created = await admin.createRoot("fresh");
    masterKey = created.masterKey;
    await admin.save(created.id, "prod", { A: "of the backup" });
    backup = copyWith(app.file, shelf.path);
  });
  afterAll(() => {
    app.close();
    shelf[Symbol.dispose]();
  });

  test("is refused while a server runs, which goes on with what it has", async () => {
    using folder = processFolder();
    await using server = await startFileServer(folder.path);
    const admin = server.browser();
    const { id } = await admin.createRoot("running");
    const { stdout, stderr, exitCode } = await restore(["--force", backup], databaseIn(folder.path));
    expect([stdout, stderr, exitCode]).toEqual([
      "",
      `secretsfly: ${databaseIn(folder.path)} is in use: stop the server first, and whatever else has it open\n`,
      2,
    ]);
    expect((await admin.save(id, "prod", { A: "still here" })).status).toBe(303);
    expect(readdirSync(dirname(databaseIn(folder.path))).sort()).toEqual(
      ["", "-shm", "-wal"].map((end) => `secretsfly.db${end}`),
    );
    await server.stop();
    const later = await restore(["--json", "--force", backup], databaseIn(folder.path));
    const { former, ...rest } = JSON.parse(later.stdout);
    expect(rest).toEqual({
      ...{ file: databaseIn(folder.path), older: false, head: expect.stringMatching(/^\d+:[0-9a-f]{64}$/) },
      ...{ faultCount: 0, faults: [] },
    });
    expect(former).toStartWith(`${databaseIn(folder.path)}-before-restore-`);
    using kept = new Database(former, { readonly: true });
    expect(kept.query("select name from projects").values()).toEqual([["running"]]);
  });

  test("says what it kept, what has faults, and what an older version wrote", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "secretsfly.db");
    const fresh = await restore(["--json", backup], file);
    expect(JSON.parse(fresh.stdout)).toMatchObject({ file, former: null });
    const refused = await restore([backup], file);
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      `secretsfly: there is a database at ${file} already (with projects): with --force it is kept under another name\n`,
    ]);
    const faulty = copyWith(
      backup,
      folder,
      "pragma foreign_keys = off",
      "delete from root_keys",
      "drop table audit_blinding",
      "delete from migrations where tag = '0002_audit_blinding'",
    );
    const { stdout, exitCode } = await restore(["--force", faulty], file);
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").map((line) => line.replace(/restore-.*/, "restore-TIME"))).toEqual([
      `restored: ${file}, with its faults`,
      "  fresh (1): a root project without a root key",
      `what was there is kept: ${file}-before-restore-TIME`,
      "an older version wrote it: the server brings it up to this one when it starts",
      "start the server, and unseal with the master key",
      "",
    ]);
  });

  test("ends with 2 for what is no backup, and with 1 where it cannot write", async () => {
    const folder = temporaryFolder();
    const newer = copyWith(backup, folder, "insert into migrations values (99, '0099_of_tomorrow', 1)");
    const before = readFileSync(newer);
    const file = join(folder, "secretsfly.db");
    const refused = await restore([newer], file);
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      expect.stringContaining("was written by a newer secretsfly"),
    ]);
    expect(readFileSync(newer).equals(before)).toBe(true);
    const { exitCode, stderr } = await restore([backup], join(newer, "secretsfly.db"));
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("cannot be written")]);
    expect(existsSync(file)).toBe(false);
  });

  test("that is killed at any moment leaves the one or the other in the place, whole", async () => {
    const large = copyWith(backup, temporaryFolder());
    enlarge(large, 30);
    const folder = temporaryFolder();
    const file = join(folder, "secretsfly.db");
    const former = await createFileApp();
    const { id, masterKey: formerKey } = await former.browser().createRoot("former");
    await former.browser().unseal(id, formerKey);
    const isKept = () => readdirSync(folder).some((name) => name.includes("-before-restore-"));
    const size = () => draftSize(file) ?? -1;
    const moments: [string, () => boolean][] = [
      ["once the WAL of what was there is in its file", () => !existsSync(`${file}-wal`)],
      ["when there is a draft", () => size() >= 0],
      ["at the beginning of the copy", () => size() > 1e6],
      ["in the middle of the copy", () => size() > 15e6],
      ["at the end of the copy", () => size() >= statSync(large).size],
      ["when what was there has two names", isKept],
      ["when it is in its place", () => statSync(file).size > 20e6],
    ];
    const found: string[] = [];
    for (const [, isSo] of moments) {
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
      // As a killed server leaves it.
      for (const end of ["", "-wal", "-shm"]) copyFileSync(former.file + end, file + end);
      await killWhen(startCli(["restore", "--force", large], from(file)), isSo);
      found.push(await wholeAt(file, { former: formerKey, fresh: masterKey }));
    }
    former.close();
    expect(found.at(-1)).toBe("fresh");
    const { exitCode } = await restore(["--force", large], file);
    expect([exitCode, await wholeAt(file, { former: formerKey, fresh: masterKey })]).toEqual([0, "fresh"]);
  });

  /** Which of two roots is in a database, whole with its master key; fails for anything else. */
  async function wholeAt(file: string, masterKeys: Record<string, string>): Promise<string> {
    // As the server will open it: with what lies beside it.
    const copy = join(temporaryFolder(), "copy.db");
    for (const end of ["", "-wal", "-journal"])
      if (existsSync(file + end)) copyFileSync(file + end, copy + end);
    using database = new Database(copy);
    const [[name]] = database.query("select name from projects").values() as [[string]];
    const options = { masterKeys: [masterKeys[name] ?? ""], keepsVersions: true, clock: Date.now };
    expect((await verifyDatabase({ file: copy, env: {} }, options)).faults).toEqual([]);
    return name;
  }
});
