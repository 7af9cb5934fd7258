/** What the client asks of the world beside `fetch`; tests bring their own, so that none of them waits. */
export interface Runtime {
  /** Milliseconds since 1970. */
  now(): number;
  /** At least 0 and less than 1. It spreads load, it keeps nothing secret. */
  random(): number;
  /** Waits; rejects with the signal's reason as soon as that is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The real world. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, milliseconds);
      signal?.addEventListener("abort", stop, { once: true });
    }),
};

/** Instead of what did not come in time. */
export const expired: unique symbol = Symbol("expired");

/**
 * What a promise brings, unless that takes longer than so many milliseconds. The work behind it goes on.
 *
 * @throws what the promise is rejected with, or the reason of the signal
 */
export async function within<Result>(
  runtime: Runtime,
  work: Promise<Result>,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Result | typeof expired> {
  const timer = new AbortController();
  const onAbort = () => timer.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const end = runtime.sleep(milliseconds, timer.signal).then((): typeof expired => expired);
    return await Promise.race([work, end]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    timer.abort();
  }
}
