import { Worker } from "node:worker_threads";

/** What a load is to be. */
export interface Load {
  url: string;
  headers: Record<string, string>;
  /** Each asks again as soon as it is answered. */
  connections: number;
  seconds: number;
}

/** What became of the requests of one load. */
export interface Measured {
  requestsPerSecond: number;
  /** Milliseconds that half of the requests take at most. */
  p50: number;
  /** Milliseconds that 99 of 100 requests take at most. */
  p99: number;
  /** Of the largest answer's body. */
  bytes: number;
  /** Status → how many were answered with it. */
  statuses: ReadonlyMap<number, number>;
}

/**
 * Sends GET requests for some seconds, from a thread of its own, and measures how they are answered. The token among
 * the headers is given to nobody but the server.
 *
 * Rejects with the fault of the first request that gets no answer at all.
 */
export async function measure(
  url: string,
  headers: Record<string, string>,
  connections: number,
  seconds: number,
): Promise<Measured> {
  const workerData: Load = { url, headers, connections, seconds };
  const worker = new Worker(new URL("./measure-worker.ts", import.meta.url), { workerData });
  const { promise, resolve, reject } = Promise.withResolvers<Measured>();
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", () => reject(new Error("the thread that sends requests has ended")));
  try {
    return await promise;
  } finally {
    await worker.terminate();
  }
}
