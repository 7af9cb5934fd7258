import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { connect, DatabaseError } from "../../src/database/connect.ts";
import { isDatabaseUp } from "../../src/database/health.ts";
import { migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { temporaryFolder } from "../server-process.ts";

let folder: ReturnType<typeof temporaryFolder>;
const formerUmask = process.umask();

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  process.umask(formerUmask);
  folder[Symbol.dispose]();
});

const openFile = (path: string) => connect({ databaseUrl: `file:${path}`, databaseAuthToken: undefined });
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** Why a path cannot be opened. */
function fault(path: string): string {
  try {
    openFile(path).$client.close();
  } catch (error) {
    expect(error).toBeInstanceOf(DatabaseError);
    return (error as Error).message;
  }
  return "opened";
}

describe("a new database file", () => {
  test("is its owner's alone, with its folder, WAL and shared memory, even under a umask of 0", async () => {
    process.umask(0);
    const data = join(folder.path, "deep", "data");
    const file = join(data, "secretsfly.db");
    const db = openFile(file);
    await db.run(sql`create table t (n integer)`);
    expect([mode(data), mode(join(folder.path, "deep"))]).toEqual(["700", "700"]);
    expect([mode(file), mode(`${file}-wal`), mode(`${file}-shm`)]).toEqual(["600", "600", "600"]);
    db.$client.close();
  });

  test("is found by a relative path, an absolute one and file:///", () => {
    const file = join(folder.path, "a.db");
    for (const path of [file, `//${file}`]) openFile(path).$client.close();
    expect(existsSync(file)).toBe(true);
    expect(fault(`${folder.path}/./b/../b.db`)).toBe("opened");
  });
});

describe("a file that is there", () => {
  test("and is a database is tightened, with its WAL and shared memory, and keeps its content", async () => {
    process.umask(0);
    const file = join(folder.path, "old.db");
    const old = new Database(file);
    old.run("pragma journal_mode = wal");
    old.run("create table t as select 1 as n");
    for (const part of [file, `${file}-wal`, `${file}-shm`]) chmodSync(part, 0o644);
    const db = openFile(file);
    await db.run(sql`insert into t values (2)`);
    expect([mode(file), mode(`${file}-wal`), mode(`${file}-shm`)]).toEqual(["600", "600", "600"]);
    expect(await db.all<{ n: number }>(sql`select n from t`)).toHaveLength(2);
    old.close();
    db.$client.close();
  });

  test("and is no database is refused and left as it is", () => {
    const file = join(folder.path, "notes.txt");
    writeFileSync(file, "these are notes and no database\n".repeat(100));
    chmodSync(file, 0o644);
    expect(fault(file)).toBe(`cannot open the database ${file}: the file is no SQLite database`);
    expect(mode(file)).toBe("644");
    expect(readFileSync(file, "utf8")).toStartWith("these are notes");
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  test("and is empty becomes a database", () => {
    const file = join(folder.path, "empty.db");
    writeFileSync(file, "", { mode: 0o644 });
    openFile(file).$client.close();
    expect(mode(file)).toBe("600");
  });

  test("in an open folder leaves the folder to its owner", () => {
    const open = join(folder.path, "open");
    mkdirSync(open);
    chmodSync(open, 0o755);
    openFile(join(open, "a.db")).$client.close();
    expect(mode(open)).toBe("755");
  });
});

describe("a path that cannot be", () => {
  test("is told with its reason: a folder, a part that is a file, a place where nothing can be made", () => {
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    symlinkSync(join(folder.path, "nowhere", "far"), join(folder.path, "dangling"));
    const faults = [
      folder.path,
      join(file, "secretsfly.db"),
      join(file, "deep", "secretsfly.db"),
      "/proc/secretsfly/secretsfly.db",
      join(folder.path, "dangling"),
    ].map((path) => fault(path).replace(path, "PATH"));
    expect(faults.slice(0, 3)).toEqual([
      "cannot open the database PATH: it is a folder",
      "cannot open the database PATH: a part of the path is no folder",
      "cannot open the database PATH: a part of the path is no folder",
    ]);
    for (const text of faults.slice(3)) expect(text).toStartWith("cannot open the database PATH: ");
    expect(faults.join()).not.toContain("    at ");
  });
});

describe("the health of a database", () => {
  test("is up with its tables, and down without them and when it is closed", async () => {
    const db = openFile(join(folder.path, "a.db"));
    expect(await isDatabaseUp(db)).toBe(false);
    await migrate(db.$client, migrations, 0);
    expect(await isDatabaseUp(db)).toBe(true);
    db.$client.close();
    expect(await isDatabaseUp(db)).toBe(false);
  });
});
