import initial from "../../drizzle/0000_initial.sql" with { type: "text" };
import admin from "../../drizzle/0001_admin.sql" with { type: "text" };
import auditBlinding from "../../drizzle/0002_audit_blinding.sql" with { type: "text" };

/** One step of the schema, as drizzle-kit generated it; imported as text so that the single executable carries it. */
export interface Migration {
  tag: string;
  sql: string;
}

/** In the order of drizzle/meta/_journal.json. One that has been released is never changed. */
export const migrations: readonly Migration[] = [
  { tag: "0000_initial", sql: initial },
  { tag: "0001_admin", sql: admin },
  { tag: "0002_audit_blinding", sql: auditBlinding },
];
