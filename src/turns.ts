/** How long computing on this thread may keep the event loop from others, in nanoseconds. */
const longestHold = 10_000_000;

let heldSince = Number.NEGATIVE_INFINITY;
let nextTurn: Promise<void> | undefined;

/**
 * To be awaited before each piece of a computation that may have many: lets the event loop turn where this thread has
 * been computing for a while. Of thousands that wait together, only as many go on in one turn as there is time for.
 */
export async function giveOthersATurn(): Promise<void> {
  while (Bun.nanoseconds() - heldSince >= longestHold) {
    nextTurn ??= new Promise<void>((resolve) => {
      setImmediate(() => {
        nextTurn = undefined;
        heldSince = Bun.nanoseconds();
        resolve();
      });
    });
    await nextTurn;
  }
}
