import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { rowProgress } from "../../src/cli/row-progress.ts";
import { bearer, createFileApp, type TestApp } from "../harness.ts";
import { copyWith } from "../maintenance/copies.ts";
import { makeServerKey, type ServerKey } from "../maintenance/server-copies.ts";
import { startDoor } from "../maintenance/server-door.ts";
import { databaseIn, temporaryFolder as processFolder, runServer, startServer } from "../server-process.ts";
import { type Sqld, startSqld } from "../sqld.ts";
import { cli, startCli, temporaryFolder } from "./harness.ts";

/** What is moved, and a server that wants a token, empty at the start of each test. */
let app: TestApp;
let shop: { id: number; masterKey: string };
let token: string;
let backup: string;
let server: Sqld;
let key: ServerKey;
const shelf = processFolder();

beforeAll(async () => {
  app = await createFileApp();
  const admin = app.browser();
  shop = await admin.createRoot("shop");
  await admin.save(shop.id, "prod", { A: "of the machine" });
  token = await admin.createToken(shop.id, "prod");
  backup = copyWith(app.file, shelf.path);
  key = makeServerKey(shelf.path);
});
afterAll(() => {
  app.close();
  shelf[Symbol.dispose]();
});
beforeEach(async () => {
  server = await startSqld({ args: ["--auth-jwt-key-file", key.publicFile] });
});
afterEach(() => server[Symbol.asyncDispose]());

const place = () => new URL(server.url).host;
const on = () => ({ DATABASE_URL: server.url, DATABASE_AUTH_TOKEN: key.token() });
const run = (...args: string[]) => cli(args, { env: on() });

describe("a database that moves to a server", () => {
  test("and back is served from each place with the same tokens, and one audit", async () => {
    const restored = await run("restore", backup);
    const head = /^head of the audit: (\d+:[0-9a-f]{64})$/m.exec(restored.stdout)?.[1] ?? "";
    expect([restored.stdout, restored.stderr, restored.exitCode]).toEqual([
      `restored: ${place()}\nhead of the audit: ${head}\nstart the server, and unseal with the master key\n`,
      "",
      0,
    ]);
    const verified = await cli(["verify", "--master-key-stdin"], { env: on(), stdin: shop.masterKey });
    expect([verified.stdout.split("\n")[0], verified.exitCode]).toEqual([`whole: ${place()}`, 0]);
    expect(verified.stdout).toContain("shop (1): opened");

    using there = processFolder();
    await using moved = await startServer(there.path, on());
    const fetched = await moved.request("/api/secrets?format=map", { headers: bearer(token) });
    expect(await fetched.json()).toEqual({ A: "of the machine" });
    const admin = moved.browser();
    expect((await admin.unseal(shop.id, shop.masterKey)).status).toBe(303);
    expect((await admin.save(shop.id, "prod", { B: "of the server" })).status).toBe(303);

    const file = join(temporaryFolder(), "back.db");
    const made = await run("backup", "--json", file);
    expect(JSON.parse(made.stdout)).toMatchObject({ file, bytes: statSync(file).size, whole: true });
    const noted = await run("audit", "verify", "--head", head);
    expect([noted.exitCode, noted.stdout]).toEqual([0, expect.stringContaining("head found")]);
    await moved.stop();

    using here = processFolder();
    const local = { DATABASE_URL: `file:${databaseIn(here.path)}` };
    expect((await cli(["restore", file], { env: local })).exitCode).toBe(0);
    await using back = await startServer(here.path, local);
    const again = await back.request("/api/secrets?format=map", { headers: bearer(token) });
    expect(await again.json()).toEqual({ A: "of the machine", B: "of the server" });
    const kept = await cli(["audit", "verify", "--head", head], { env: local });
    expect(kept.stdout).toContain("head found");
  });

  test("is told for programs, and of an older version", async () => {
    const older = copyWith(
      backup,
      temporaryFolder(),
      "drop table audit_blinding",
      "delete from migrations where tag = '0002_audit_blinding'",
    );
    const { stdout } = await run("restore", "--json", older);
    expect(JSON.parse(stdout)).toEqual({
      ...{ file: place(), former: null, older: true, head: expect.stringMatching(/^\d+:[0-9a-f]{64}$/) },
      ...{ faultCount: 0, faults: [] },
    });
    await using other = await startSqld();
    const said = await cli(["restore", older], { env: { DATABASE_URL: other.url } });
    expect(said.stdout).toContain("\nan older version wrote it: it was brought up to this one\n");
  });

  test("is not, where that may not be, with 2; with 1, where the server does not take it", async () => {
    const newer = copyWith(
      backup,
      temporaryFolder(),
      "insert into migrations values (99, '0099_of_tomorrow', 1)",
    );
    const faulty = copyWith(backup, temporaryFolder(), "pragma foreign_keys = off", "delete from root_keys");
    const reading = { ...on(), DATABASE_AUTH_TOKEN: key.token({ a: "ro" }) };
    const refused: [string, Record<string, string>, number, string][] = [
      [newer, on(), 2, "was written by a newer secretsfly"],
      [faulty, on(), 2, "has faults: a root project without a root key"],
      [join(shelf.path, "none.db"), on(), 2, "there is no such file"],
      [
        backup,
        { DATABASE_URL: server.url },
        2,
        `${place()} cannot be used: it wants a token: set DATABASE_AUTH_TOKEN`,
      ],
      [backup, { DATABASE_URL: "http://127.0.0.1:1" }, 2, "127.0.0.1:1 cannot be used: it does not answer"],
      [
        backup,
        reading,
        1,
        `${place()} cannot be filled: the token that DATABASE_AUTH_TOKEN holds may read and not write`,
      ],
    ];
    for (const [file, env, code, message] of refused) {
      const { stdout, stderr, exitCode } = await cli(["restore", file], { env });
      expect([stdout, exitCode]).toEqual(["", code]);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain("eyJ");
    }
    expect((await run("restore", backup)).exitCode).toBe(0);
    const twice = await run("restore", "--force", backup);
    expect([twice.exitCode, twice.stderr]).toEqual([
      2,
      expect.stringContaining(
        `there is a database on ${place()} already (with projects), and a restore replaces none`,
      ),
    ]);
  });

  test("by a restore that is killed at any moment is refused by all, and begun anew", async () => {
    let all = 0;
    {
      await using other = await startSqld();
      await using door = startDoor(other.url);
      expect((await cli(["restore", backup], { env: { DATABASE_URL: door.url } })).exitCode).toBe(0);
      all = door.requests;
    }
    const unfinished = `holds a restore that did not come to its end: run "secretsfly restore" again, which clears it and begins anew\n`;
    using folder = processFolder();
    // The rows are coming, they are read again, and what is there is verified.
    for (const moment of [Math.floor(all / 4), Math.floor(all / 2), all - 2]) {
      const { promise: reached, resolve } = Promise.withResolvers<void>();
      await using door = startDoor(server.url, (request) => {
        if (request < moment) return "passes";
        resolve();
        return new Promise(() => {});
      });
      const child = startCli(["restore", backup], { env: { ...on(), DATABASE_URL: door.url } });
      await Promise.race([reached, child.exited]);
      child.kill("SIGKILL");
      await child.exited;
      expect(child.signalCode).toBe("SIGKILL");
      const asked = [["verify"], ["audit", "verify"], ["backup", join(folder.path, "b.db")]];
      for (const { stderr, exitCode } of await Promise.all(asked.map((args) => run(...args))))
        expect([stderr, exitCode]).toEqual([`secretsfly: ${place()} ${unfinished}`, 2]);
      const started = await runServer(folder.path, on());
      expect([started.stderr, started.exitCode]).toEqual([`secretsfly: this database ${unfinished}`, 1]);
    }
    expect((await run("restore", backup)).exitCode).toBe(0);
    expect((await run("verify")).stdout).toStartWith(`whole: ${place()}\n`);
  });
});

describe("how far a copy is", () => {
  test("is told now and then, and not at all where it is soon over", () => {
    let now = 0;
    const told: string[] = [];
    const progress = rowProgress(
      () => now,
      (line) => told.push(line),
    );
    for (let rows = 0; rows <= 1000; rows += 100) {
      now += 1000;
      progress("copied", rows, 1000);
    }
    progress("compared", 0, 1000);
    expect(told).toEqual(["200", "500", "800"].map((rows) => `${rows} of 1000 rows copied`));
    now += 3000;
    progress("compared", 700, 1000);
    expect(told.at(-1)).toBe("700 of 1000 rows compared");
  });
});
