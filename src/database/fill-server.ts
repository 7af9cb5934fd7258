import type { Client, InStatement } from "@libsql/client";
import { isWriteConflict } from "./constraint.ts";
import type { Counter, Mark } from "./marks.ts";
import { createMigrations, markOf, stepsOf } from "./migrate.ts";
import { migrations } from "./migrations.ts";
import { isUnfinishedRestore, newRestoreMark } from "./restore-mark.ts";
import { insertInto, type Portion } from "./rows.ts";
import type { Table } from "./tables.ts";

/** A database on a server that may be filled: nothing is in it, or nothing that would be missed. */
export interface Vacant {
  kind: "vacant";
  /** The tables that are there, which are made anew. */
  tables: readonly string[];
  /** Of a restore that has not come to its end. */
  mark: string | undefined;
}

/** One that may not, and why, as a part of a sentence: "with …". */
interface Taken {
  kind: "taken";
  why: string;
}

/** Somebody else has changed the database since it was looked at, or since the last portion. */
export class NotAloneError extends Error {
  override readonly name = "NotAloneError";
}

/**
 * Looks whether a database on a server may be filled: where it has no table, where migrations have made its tables and no
 * row is in them, and where a restore has not come to its end. Throws what the server does.
 *
 * @param own - the tables that this version has
 */
export async function lookWhetherVacant(client: Client, own: readonly Table[]): Promise<Vacant | Taken> {
  // What a server or a replication keeps beside our tables is theirs.
  const { rows } = await client.execute(`select name from sqlite_master where type = 'table'
    and name not like 'sqlite\\_%' escape '\\' and name not like 'libsql\\_%' escape '\\' and name not like '\\_%' escape '\\'`);
  const there = new Set(rows.map((row) => String(row[0])));
  if (there.size === 0) return { kind: "vacant", tables: [], mark: undefined };
  const tables = ["migrations", ...own.map(({ name }) => name)].filter((name) => there.has(name));
  if (!there.has("migrations")) return { kind: "taken", why: "with tables that are not secretsfly's" };
  const tags = (await client.execute("select tag from migrations order by position")).rows.map(
    (row) => row[0],
  );
  const mark = tags.find((tag) => isUnfinishedRestore([tag]));
  if (mark !== undefined) return { kind: "vacant", tables, mark: String(mark) };
  if (tables.length < there.size) return { kind: "taken", why: "with tables that are not secretsfly's" };
  for (const name of ["projects", ...filled(tables)]) {
    if (!there.has(name)) continue;
    const found = await client.execute(`select 1 from "${name}" limit 1`);
    if (found.rows.length > 0)
      return { kind: "taken", why: name === "projects" ? "with projects" : "that a server was started on" };
  }
  return { kind: "vacant", tables, mark: undefined };
}

/** What migrations put into tables themselves is nothing that somebody has made. */
const filled = (tables: readonly string[]) =>
  tables.filter((name) => name !== "migrations" && name !== "audit_blinding");

/**
 * Fills a database on a server. From its first write to its last a mark stands there instead of the migrations', by which
 * every version of the program refuses the database; each write looks whether the mark is still its own.
 *
 * Foreign keys are not asked for meanwhile: a project may come before its parent.
 */
export class ServerFilling {
  private constructor(
    private readonly client: Client,
    private readonly mark: string,
  ) {}

  /**
   * Clears what is there, sets the mark and makes the tables by this version's migrations, all or nothing.
   *
   * @throws NotAloneError where it is not as it was when it was looked at, and what the server does
   */
  static async begin(client: Client, { tables, mark: former }: Vacant): Promise<ServerFilling> {
    const filling = new ServerFilling(client, newRestoreMark());
    const isAsItWas = former === undefined ? filled(tables).map(refuseRows) : [refuseUnless(former)];
    await filling.#write([
      ...isAsItWas,
      ...tables.map((name) => `drop table "${name}"`),
      // Fails where somebody has made it meanwhile.
      createMigrations,
      markOf(0, filling.mark, 0),
      ...migrations.flatMap(stepsOf),
      // A migration makes one at random.
      "delete from audit_blinding",
    ]);
    return filling;
  }

  /** Adds rows to a table that has not got them. Throws NotAloneError and what the server does. */
  async add(table: Table, portion: Portion): Promise<void> {
    await this.#write([refuseUnless(this.mark), insertInto(table, portion)]);
  }

  /** Sets the counters that ids come from. Throws NotAloneError and what the server does. */
  async setCounters(counters: readonly Counter[]): Promise<void> {
    const rows = counters.map(({ name, seq }) => ({
      sql: "insert into sqlite_sequence (name, seq) values (?, ?)",
      args: [name, seq],
    }));
    await this.#write([refuseUnless(this.mark), "delete from sqlite_sequence", ...rows]);
  }

  /** Puts the marks of migrations in the place of its own: it is a database from then on. Throws as `add` does. */
  async finish(marks: readonly Mark[]): Promise<void> {
    const rows = marks.map(({ position, tag, appliedAt }) => markOf(position, tag, appliedAt));
    await this.#write([refuseUnless(this.mark), "delete from migrations", ...rows]);
  }

  async #write(statements: InStatement[]): Promise<void> {
    try {
      await this.client.migrate(statements);
    } catch (error) {
      if (isWriteConflict(error) || /already exists|no such table/.test(String(error)))
        throw new NotAloneError("somebody else has changed it meanwhile", { cause: error });
      throw error;
    }
  }
}

/** Fails the write that it is in, since a mark must have a tag. */
const failing = "insert into migrations (position, tag, applied_at) select -1, null, 0";

const refuseRows = (table: string) => `${failing} where exists (select 1 from "${table}")`;

const refuseUnless = (mark: string) => ({
  sql: `${failing} where not exists (select 1 from migrations where tag = ?)`,
  args: [mark],
});
