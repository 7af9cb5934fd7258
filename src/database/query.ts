import type { InArgs, InStatement } from "@libsql/client";

/** A statement with its values. Plain data: it can be given to another thread. */
export interface Query {
  sql: string;
  args: InArgs;
}

/** What a `Client` is given, in one form. `args` belong to a statement that is only text. */
export function toQuery(statement: InStatement | [string, InArgs?], args: InArgs = []): Query {
  if (typeof statement === "string") return { sql: statement, args };
  if (Array.isArray(statement)) return { sql: statement[0], args: statement[1] ?? [] };
  return { sql: statement.sql, args: statement.args ?? [] };
}

/** Whether a statement surely changes nothing. */
export function isRead({ sql }: Pick<Query, "sql">): boolean {
  return /^\s*select\b/i.test(sql);
}
