import { sql } from "drizzle-orm";
import type { Database } from "./connect.ts";
import { localClient } from "./local-client.ts";
import { isFaultOfWrites } from "./storage-fault.ts";
import type { StorageHealth } from "./storage-health.ts";

/** Long enough for a busy machine; a health check has its answer within a second. Milliseconds. */
const patience = 800;

/**
 * Whether the database answers a query about its own tables in time; and of a file, whether it is where it belongs. One
 * that is back, or has another in its place, is opened by this.
 */
export async function isDatabaseUp(db: Database): Promise<boolean> {
  const fault = await localClient(db.$client)?.look();
  if (fault && !isFaultOfWrites(fault.kind)) return false;
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

/** Whether something can be written, as was found when that was tried last; of a replica, whether it has its primary. */
export async function areWritesUp(db: Database, storage: StorageHealth): Promise<boolean> {
  const fault = (await localClient(db.$client)?.look())?.kind ?? storage.fault;
  return fault === undefined || !isFaultOfWrites(fault);
}
