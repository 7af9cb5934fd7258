/**
 * What is freed stays as it is until its place is used again: texts that the garbage collector has dropped, buffers of
 * answers, keys that nobody holds any more. Nothing in JavaScript can reach it there, but whoever asks for memory gets
 * such places first. So: collect, then take places of every size, which come filled with zeros, and give them back.
 */

/** The smallest and the largest places that are taken, in bytes. Larger ones go back to the system when they are freed. */
const [smallest, largest] = [16, 2 * 1024 * 1024];
/** Up to this many bytes a typed array has its bytes in the collector's own heap, beyond it in the allocator's. */
const largestInHeap = 1000;
/** How much of each size is taken: the more memory the process has, the more of it may be free. In bytes, and places. */
const share = { ofMemory: 1 / 100, min: 1024 * 1024 };
const places = { min: 8, max: 6000 };
/** How long this may hold the event loop at a time, in milliseconds; a collection takes as long as it takes. */
const longestHold = 8;

/** Collects garbage and overwrites what is free. In small steps; it all takes some tenths of a second. */
export async function overwriteFreedMemory(): Promise<void> {
  // Twice: what the first finds dead may hold on to more until it has been swept.
  Bun.gc(true);
  await othersTurn();
  Bun.gc(true);
  const scale = Math.max(1, (process.memoryUsage.rss() * share.ofMemory) / share.min);
  const step = new Step();
  for (const size of sizes()) await overwrite(size, Math.ceil(count(size) * scale), step);
  Bun.gc(true);
}

/** Allocators round up to a few sizes between one power of two and the next; no two of theirs lie between two of these. */
function* sizes(): Iterable<number> {
  for (let power = smallest; power < largest; power *= 2)
    for (let eighth = 8; eighth < 16; eighth++) if ((power * eighth) % 64 === 0) yield (power * eighth) / 8;
  yield largest;
}

function count(size: number): number {
  return Math.min(places.max, Math.max(places.min, Math.floor(share.min / size)));
}

async function overwrite(size: number, times: number, step: Step): Promise<void> {
  const buffers: ArrayBuffer[] = [];
  const arrays: Uint8Array[] = [];
  while (buffers.length < times) {
    buffers.push(new ArrayBuffer(size));
    if (size <= largestInHeap) arrays.push(new Uint8Array(size));
    if (step.isOver()) await step.next();
  }
  // Given back now and not at some collection, so that never more is held than one size's.
  for (const buffer of buffers) {
    buffer.transfer(0);
    if (step.isOver()) await step.next();
  }
}

class Step {
  #began = performance.now();

  isOver(): boolean {
    return performance.now() - this.#began > longestHold;
  }

  async next(): Promise<void> {
    await othersTurn();
    this.#began = performance.now();
  }
}

function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
