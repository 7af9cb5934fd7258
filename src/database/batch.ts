import type { InStatement, InValue } from "@libsql/client";
import type { Query } from "drizzle-orm";
import { giveOthersATurn } from "../turns.ts";
import type { Database } from "./connect.ts";

/** What Drizzle can write the SQL of. */
export interface Statement {
  toSQL(): Query;
}

/** The SQL of a statement, with its values as the database takes them. */
export type WrittenStatement = Exclude<InStatement, string>;

/** Writes the SQL of statements: turn by turn, since that takes longer here than anything else of a large write. */
export async function writeSql(statements: Iterable<Statement>): Promise<WrittenStatement[]> {
  const written: WrittenStatement[] = [];
  for (const statement of statements) {
    await giveOthersATurn();
    const { sql, params } = statement.toSQL();
    written.push({ sql, args: params as InValue[] });
  }
  return written;
}

/** All of it or nothing. Throws what the database throws. */
export async function runBatch({ $client }: Database, statements: WrittenStatement[]): Promise<void> {
  await $client.batch(statements);
}
