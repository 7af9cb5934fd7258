import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { takeAlone } from "../../src/database/exclusive.ts";
import { openForReading } from "../../src/database/open-for-reading.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { temporaryFolder } from "../server-process.ts";

let folder: ReturnType<typeof temporaryFolder>;
let file: string;

beforeEach(async () => {
  folder = temporaryFolder();
  // SQLite takes a path as an address here: nothing of it may be read as anything but a name.
  file = join(folder.path, "a b%20?mode=memory#é.db");
  const writer = new SqliteClient(file);
  await writer.execute("create table t (a)");
  await writer.execute("insert into t values (1)");
  writer.close();
});
afterEach(() => folder[Symbol.dispose]());

const rows = (database: Database) => database.query("select a from t order by a").values().flat();

describe("a database that is opened for reading", () => {
  test("is read at rest, and nothing stays beside it", () => {
    const before = readdirSync(folder.path);
    const database = openForReading(file);
    expect(rows(database)).toEqual([1]);
    database.close();
    expect(readdirSync(folder.path)).toEqual(before);
  });

  test("cannot be written to", () => {
    const database = openForReading(file);
    expect(() => database.run("insert into t values (2)")).toThrow("readonly");
    database.close();
  });

  test("is read while another writes: what it has committed, in its WAL too", async () => {
    const writer = new SqliteClient(file);
    await writer.execute("insert into t values (2)");
    const reader = new SqliteClient(file, "read");
    expect((await reader.execute("select count(*) from t")).rows[0]?.[0]).toBe(2);
    await writer.execute("insert into t values (3)");
    expect((await reader.execute("select count(*) from t")).rows[0]?.[0]).toBe(3);
    reader.close();
    await writer.execute("insert into t values (4)");
    writer.close();
    expect(rows(new Database(file, { readonly: true }))).toEqual([1, 2, 3, 4]);
  });

  test("is read where no side files can be made, as on a read-only disk", () => {
    mkdirSync(`${file}-shm`);
    const database = openForReading(file);
    expect(rows(database)).toEqual([1]);
    database.close();
  });

  test("is not read while somebody has it alone, as if it were at rest", () => {
    using _ = takeAlone(file);
    expect(() => openForReading(file)).toThrow("database is locked");
  });

  test("is not made where there is none", () => {
    expect(() => openForReading(join(folder.path, "none.db"))).toThrow("unable to open");
    expect(readdirSync(folder.path)).not.toContain("none.db");
  });
});
