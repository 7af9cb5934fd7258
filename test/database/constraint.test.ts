import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Client, createClient, LibsqlError } from "@libsql/client/sqlite3";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/libsql/web";
import { isBusy, isUniqueViolation, isWriteConflict } from "../../src/database/constraint.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";
import { temporaryFolder } from "../server-process.ts";

const folder = temporaryFolder();
const bun = new SqliteClient(join(folder.path, "bun.db"));
const libsql = createClient({ url: `file:${join(folder.path, "libsql.db")}` });
afterAll(() => {
  bun.close();
  libsql.close();
  folder[Symbol.dispose]();
});

/** What an engine says when a statement is refused. */
async function refusal(client: Client, statement: string): Promise<unknown> {
  await client.batch(
    [
      "create table if not exists projects (id integer primary key, name text not null, root integer)",
      "create unique index if not exists projects_name on projects (lower(name)) where root is null",
      "create table if not exists keys (id integer primary key references projects (id), place text unique)",
      "create table if not exists keys_old (place text unique)",
      "insert or ignore into projects values (1, 'shop', null)",
      "insert or ignore into keys values (1, 'a')",
      "insert or ignore into keys_old values ('a')",
    ],
    "write",
  );
  await client.execute("pragma foreign_keys = on");
  return client.execute(statement).then(
    () => "accepted",
    (error: unknown) => error,
  );
}

for (const [engine, client] of [
  ["bun:sqlite", bun],
  ["libsql", libsql],
] as const) {
  describe(`what ${engine} says`, () => {
    const cases = [
      { statement: "insert into keys values (1, 'b')", unique: true, table: "keys", conflict: true },
      { statement: "insert into keys (place) values ('a')", unique: true, table: "keys", conflict: true },
      { statement: "insert into keys_old values ('a')", unique: true, table: "keys_old", conflict: true },
      {
        statement: "insert into projects values (2, 'SHOP', null)",
        unique: true,
        table: "projects_name",
        conflict: true,
      },
      { statement: "update projects set name = null", unique: false, conflict: true },
      { statement: "insert into keys values (99, 'c')", unique: false, conflict: true },
      { statement: "insert into nowhere values (1)", unique: false, conflict: false },
      { statement: "no SQL", unique: false, conflict: false },
    ];
    for (const { statement, unique, table, conflict } of cases) {
      test(`of: ${statement}`, async () => {
        const plain = await refusal(client, statement);
        const wrapped = await drizzle({ client })
          .run(sql.raw(statement))
          .then(
            () => "accepted",
            (error: unknown) => error,
          );
        for (const error of [plain, wrapped]) {
          expect(error).toBeInstanceOf(Error);
          expect([isUniqueViolation(error), isWriteConflict(error), isBusy(error)]).toEqual([
            unique,
            conflict,
            false,
          ]);
          for (const other of ["keys", "keys_old", "projects_name", "key"]) {
            expect(isUniqueViolation(error, other)).toBe(other === table);
          }
        }
      });
    }
  });
}

describe("what a server says", () => {
  const sentence = "UNIQUE constraint failed: audit_events.id";
  const shapes: Record<string, Error> = {
    server: new LibsqlError(`SQLITE_CONSTRAINT: SQLite error: ${sentence}`, "SQLITE_CONSTRAINT"),
    batch: new LibsqlError("a step failed", "SQLITE_CONSTRAINT", undefined, undefined, new Error(sentence)),
    wrapped: new Error("Failed query: insert into …", {
      cause: new Error("batch", { cause: new Error(sentence) }),
    }),
  };
  for (const [shape, error] of Object.entries(shapes)) {
    test(`is recognised: ${shape}`, () => {
      expect(isUniqueViolation(error, "audit_events")).toBe(true);
      expect(isUniqueViolation(error, "audit")).toBe(false);
      expect(isWriteConflict(error)).toBe(true);
    });
  }
});

describe("a locked database", () => {
  test("is told apart from a conflict, by its message or its code's name", () => {
    for (const error of [
      new Error("database is locked"),
      new Error("database table is locked: views"),
      new LibsqlError("SQLITE_BUSY: database is locked", "SQLITE_BUSY"),
      new Error("Failed query", { cause: new Error("SQLITE_BUSY") }),
    ]) {
      expect([isBusy(error), isWriteConflict(error), isUniqueViolation(error)]).toEqual([true, false, false]);
    }
  });

  test("and nothing else is", () => {
    for (const error of ["database is locked", undefined, null, {}, new Error("the door is locked")]) {
      expect([isBusy(error), isWriteConflict(error), isUniqueViolation(error)]).toEqual([
        false,
        false,
        false,
      ]);
    }
  });
});
