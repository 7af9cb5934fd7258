/**
 * Fetches `/api/secrets` once with each of some tokens. Reads an OnceTask as JSON from standard input, prints an
 * OnceReport. `once.ts` starts it.
 */

import { Connection } from "../test/load/connection.ts";
import { percentile } from "./arithmetic.ts";
import { readLines } from "./fixture.ts";
import { usualConnections } from "./load.ts";

/** Whose tokens are used where. */
export interface OnceTask {
  /** Of the server, without a path; HTTP. */
  url: string;
  tokenFile: string;
  /** The lines of the file from the first to before the last; all unless told. */
  from?: number;
  until?: number;
}

/** How it went. */
export interface OnceReport {
  requests: number;
  seconds: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

async function fetchOnce({ url, tokenFile, from, until }: OnceTask): Promise<OnceReport> {
  const { hostname, port, host } = new URL(url);
  const tokens = readLines(tokenFile).slice(from, until);
  const times: number[] = [];
  let next = 0;
  const drain = async () => {
    const connection = await Connection.open(hostname, Number(port));
    for (let token = tokens[next++]; token !== undefined; token = tokens[next++]) {
      const began = performance.now();
      const head = `GET /api/secrets HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
      const { status } = await connection.request(head);
      if (status !== 200) throw new Error(`a token was answered with ${status}`);
      times.push(performance.now() - began);
    }
    connection.close();
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: usualConnections }, drain));
  const seconds = (performance.now() - began) / 1000;
  return { requests: times.length, seconds, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

if (import.meta.main) {
  console.log(JSON.stringify(await fetchOnce((await Bun.stdin.json()) as OnceTask)));
  process.exit(0);
}
