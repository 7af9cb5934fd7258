/**
 * `SECRETSFLY_TOKEN=… bun run bench:original --url http://localhost:5000`: measures a first secretsfly that runs (the
 * one of 2023, in Python), so that the comparison with it can be repeated. It sends nothing but `GET /api/secrets` with
 * the bare token, which this secretsfly answers in the same way.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chooseGenerator } from "./generator.ts";
import type { Measurement } from "./load.ts";
import { formatNumber } from "./plots/numbers.ts";

const usage = `usage: SECRETSFLY_TOKEN=… bun run bench:original --url http://localhost:5000 [--seconds 5]
       --token TOKEN stands for the variable, and shows the token to whoever lists processes`;

const connectionCounts = [1, 10, 40];

/** What the first secretsfly did when it was measured once, in requests a second. */
const measuredOnce = [
  ["50 secrets, one worker", 37],
  ["50 secrets, two workers", 75],
  ["25 secrets", 64],
  ["no secrets", 366],
] as const;

/** What cannot be measured; the message says why. */
class OriginalError extends Error {
  override readonly name = "OriginalError";
}

interface Settings {
  url: URL;
  headers: { Authorization: string };
  seconds: number;
}

/** Throws OriginalError, and what parseArgs does. */
function readSettings(args: string[]): Settings | "help" {
  const { values } = parseArgs({
    args,
    options: {
      url: { type: "string" },
      token: { type: "string" },
      seconds: { type: "string", default: "5" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const token = values.token ?? process.env.SECRETSFLY_TOKEN;
  const seconds = Number(values.seconds);
  if (values.url === undefined) throw new OriginalError("--url says where it runs");
  if (!token) throw new OriginalError("SECRETSFLY_TOKEN is to be a token of the project that is fetched");
  if (!Number.isInteger(seconds) || seconds < 1)
    throw new OriginalError("--seconds is to be a whole number above 0");
  const url = URL.parse(values.url);
  if (!url || !/^https?:$/.test(url.protocol)) throw new OriginalError("--url is to be http:// or https://");
  if (!/\/api\/secrets\/?$/.test(url.pathname))
    url.pathname = `${url.pathname.replace(/\/$/, "")}/api/secrets`;
  return { url, headers: { Authorization: token }, seconds };
}

/**
 * Fetches once: where the answer really is (Flask leads to a path with a slash at its end), and how many secrets are in
 * it. Throws OriginalError for any answer but 200 with secrets.
 */
async function look({ url, headers }: Settings): Promise<{ url: string; secrets: number; bytes: number }> {
  let address = url;
  let response = await ask(address, headers);
  const location = response.headers.get("Location");
  if (response.status >= 300 && response.status < 400 && location !== null) {
    address = new URL(location, url);
    // The token is this server's, and nobody else's.
    if (address.origin !== url.origin)
      throw new OriginalError(`${url} leads to another server, ${address.origin}`);
    response = await ask(address, headers);
  }
  const body = await response.text();
  if (response.status !== 200) {
    const why = response.status === 401 || response.status === 403 ? ": it does not take this token" : "";
    throw new OriginalError(`${address} answers ${response.status} and not 200${why}`);
  }
  return { url: address.href, secrets: countSecrets(body, address), bytes: Buffer.byteLength(body) };
}

async function ask(url: URL, headers: Settings["headers"]): Promise<Response> {
  try {
    return await fetch(url, { headers, redirect: "manual" });
  } catch (error) {
    throw new OriginalError(`${url.origin} does not answer: ${(error as Error).message}`);
  }
}

function countSecrets(body: string, url: URL): number {
  try {
    const { secrets } = JSON.parse(body) as { secrets?: unknown };
    if (Array.isArray(secrets)) return secrets.length;
  } catch {
    // Told below, as JSON of another shape is.
  }
  throw new OriginalError(`${url} answers 200, and not with {"secrets": […]}`);
}

/** Rows as columns of a text, the first to the left and all others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(width(column)) : cell.padStart(width(column));
  return rows.map((row) => `  ${row.map(pad).join("   ").trimEnd()}`).join("\n");
}

const rowOf = (connections: number, { requests, seconds, p50, p99 }: Measurement) =>
  [connections, requests / seconds, p50, p99].map(formatNumber);

/** One row for each number of connections. Throws where an answer was none or of 400 and above. */
async function measureAll({ headers, seconds }: Settings, url: string): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), "secretsfly-bench-"));
  try {
    const generator = chooseGenerator(folder);
    console.log(`requests are sent by ${generator.name}\n`);
    const rows: string[][] = [];
    for (const connections of connectionCounts)
      rows.push(rowOf(connections, await generator.measure({ url, headers, connections }, seconds)));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(args: string[]): Promise<void> {
  const settings = readSettings(args);
  if (settings === "help") return console.log(usage);
  const { url, secrets, bytes } = await look(settings);
  console.log(`${url}: ${formatNumber(secrets)} secrets, ${formatNumber(bytes)} bytes an answer\n`);
  const rows = await measureAll(settings, url);
  console.log(table([["connections", "requests/s", "p50 ms", "p99 ms"], ...rows]));
  console.log("\nThe first secretsfly, measured once on 2 cores with 10 connections, requests/s:\n");
  console.log(table(measuredOnce.map(([what, figure]) => [what, formatNumber(figure)])));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench:original: ${(error as Error).message}`);
  if (error instanceof TypeError) console.error(usage);
  process.exitCode = 1;
}
