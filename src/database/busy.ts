import { isBusy } from "./constraint.ts";

/** A database that stayed locked by another process. */
export class BusyError extends Error {
  override readonly name = "BusyError";
}

/** Between two tries, in milliseconds. */
const tryAgainAfter = 25;

/**
 * Does what another process's lock may prevent for a while, again and again for up to `patience`
 * milliseconds. Throws BusyError after that, and what `task` throws for any other reason.
 */
export async function whenNotBusy<T>(patience: number, task: () => Promise<T>): Promise<T> {
  const until = performance.now() + patience;
  do {
    try {
      return await task();
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, tryAgainAfter));
  } while (performance.now() < until);
  throw new BusyError("the database is locked by another program; close that, or wait, and try again");
}
