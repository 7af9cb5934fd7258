import { sql } from "drizzle-orm";
import type { Database } from "./connect.ts";

/** Long enough for a busy machine, short enough for a health check. Milliseconds. */
const patience = 1000;

/** Whether the database answers a query about its own tables in time. */
export async function isDatabaseUp(db: Database): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), patience);
  try {
    const answered = db.get(sql`select count(*) from environments`).then(
      () => true,
      () => false,
    );
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}
