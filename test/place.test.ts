/** Where the databases of tests are: that a run on a server has them there, that each is one of its own, and who is run. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createFileApp, createTestApp, fetchMap, type TestApp } from "./harness.ts";
import { filesThatOpenDatabases } from "./openers.ts";

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
});
afterEach(() => app.close());

/** Whether this run was started by `bun run test:sqld`. */
const isOnServer = process.env.TEST_SQLD_URL !== undefined;

describe("a database of a test", () => {
  test("is where the run has them, and in a file for who asks for one", async () => {
    expect([app.config.DATABASE_URL.split(":")[0], app.db.$client.protocol]).toEqual(
      isOnServer ? ["http", "http"] : ["file", "file"],
    );
    expect(app.files().length).toBeGreaterThan(0);
    expect(app.files().filter((path) => !existsSync(path))).toEqual([]);
    const onFile = await createFileApp();
    expect(onFile.db.$client.protocol).toBe("file");
    expect(existsSync(onFile.file)).toBe(true);
    onFile.close();
  });

  test("is its own, a copy has what it holds, and a sibling is on the same", async () => {
    const admin = app.browser();
    const { id } = await admin.createRoot("shop");
    await admin.save(id, "prod", { A: "1" });
    const token = await admin.createToken(id, "prod");
    const [other, copy, sibling] = [await createTestApp(), await app.copy(), await app.sibling()];
    await admin.save(id, "prod", { B: "2" });
    expect(await other.stored.read("select name from projects")).toEqual([]);
    expect(await fetchMap(copy, token)).toEqual({ A: "1" });
    expect(await fetchMap(sibling, token)).toEqual({ A: "1", B: "2" });
    for (const each of [sibling, copy, other]) each.close();
  });

  test("is read and changed past the program, foreign keys or not", async () => {
    const bytes = Uint8Array.of(0, 255, 7);
    expect(await app.stored.write("delete from environments where name = ?", "dev")).toBe(1);
    const insert = "insert into secret_versions values (77, 1, ?, null, 1, 'nobody')";
    expect(await app.stored.write(insert, bytes)).toBe(1);
    const query = "select secret_id, sealed_value, sealed_note, created_by from secret_versions";
    const row = { secret_id: 77, sealed_value: bytes, sealed_note: null, created_by: "nobody" };
    expect(await app.stored.read(query)).toEqual([row]);
    expect(await app.stored.readAll([query, "select name from environments"])).toEqual([
      [row],
      [{ name: "prod" }],
    ]);
  });
});

describe("the tests that are run on a server", () => {
  test("are all that open a database wherever the run has them, and no others", async () => {
    const root = join(import.meta.dir, "..");
    const found = new Set(await filesThatOpenDatabases(root));
    // Told by another sign than the imports that they were found by.
    const calls = /\b(?:createTestApp|startServer|describeInBrowser|startCommandServer)\(/;
    const missing: string[] = [];
    for await (const path of new Bun.Glob("test/**/*.test.ts").scan(root)) {
      const code = await Bun.file(join(root, path)).text();
      if (calls.test(code) && !found.has(path)) missing.push(path);
    }
    expect(missing).toEqual([]);
    for (const path of ["test/vault/rotation.test.ts", "test/browser/pages.test.ts", "test/place.test.ts"])
      expect(found).toContain(path);
    for (const path of ["test/maintenance/backup.test.ts", "test/crash/crash.test.ts", "test/config.test.ts"])
      expect(found).not.toContain(path);
  });
});
