import { readFileSync } from "node:fs";
import { Connection } from "./connection.ts";
import { percentile } from "./figures.ts";
import type { LoadedServer } from "./world.ts";

export type Kind = "fetch" | "unchanged" | "write";

/** Of each hundred requests: 90 fetch all secrets, 9 ask whether they have changed (304), and 1 writes. */
function kindOf(request: number): Kind {
  const place = request % 100;
  return place === 50 ? "write" : place % 11 === 5 ? "unchanged" : "fetch";
}

/** What a load did. Times are in milliseconds. */
export class Tally {
  readonly times: Record<Kind, number[]> = { fetch: [], unchanged: [], write: [] };
  /** What went wrong, and how often. */
  readonly errors = new Map<string, number>();

  error(message: string): void {
    this.errors.set(message, (this.errors.get(message) ?? 0) + 1);
  }

  get requests(): number {
    return Object.values(this.times).reduce((sum, times) => sum + times.length, 0);
  }

  p99(kind: Kind): number {
    return percentile(this.times[kind], 0.99);
  }
}

/** Connections that stay open, each of which asks for the next thing as soon as it has its answer. */
export class Load {
  #asked = 0;
  readonly #etags = new Map<string, string>();
  readonly #connections: Connection[] = [];
  readonly #host: string;

  private constructor(private readonly world: LoadedServer) {
    this.#host = new URL(world.server.url).host;
  }

  static async open(world: LoadedServer, connections: number): Promise<Load> {
    const load = new Load(world);
    const { hostname, port } = new URL(world.server.url);
    for (let i = 0; i < connections; i++)
      load.#connections.push(await Connection.open(hostname, Number(port)));
    for (const token of world.readers) {
      const [first] = load.#connections;
      const { etag } = (await first?.request(load.#request("GET", "", token))) ?? { etag: "" };
      load.#etags.set(token, etag);
    }
    return load;
  }

  /** Lets all connections ask for so many seconds. */
  async run(seconds: number): Promise<Tally> {
    const tally = new Tally();
    const until = performance.now() + seconds * 1000;
    await Promise.all(
      this.#connections.map(async (connection) => {
        while (performance.now() < until) if (!(await this.#ask(connection, tally))) return;
      }),
    );
    return tally;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #ask(connection: Connection, tally: Tally): Promise<boolean> {
    const number = this.#asked++;
    const kind = kindOf(number);
    const { readers, writer } = this.world;
    const token = readers[number % readers.length] ?? "";
    const began = performance.now();
    try {
      const { status, bytes } = await connection.request(
        kind === "write"
          ? this.#request(
              "PUT",
              `/SECRET_${number % 7}`,
              writer,
              JSON.stringify({ value: `value ${number}` }),
            )
          : this.#request("GET", "", token, kind === "unchanged" ? { etag: this.#etags.get(token) } : ""),
      );
      tally.times[kind].push(performance.now() - began);
      const expected = kind === "unchanged" ? 304 : 200;
      if (status !== expected) tally.error(`${kind} was answered with ${status}`);
      else if (kind === "fetch" && bytes < 3000) tally.error(`a fetch had ${bytes} bytes`);
      return true;
    } catch (error) {
      tally.error(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  #request(method: string, path: string, token: string, more: string | { etag: string | undefined } = "") {
    const head = `${method} /api/secrets${path} HTTP/1.1\r\nHost: ${this.#host}\r\nAuthorization: Bearer ${token}\r\n`;
    if (typeof more !== "string") return `${head}If-None-Match: ${more.etag}\r\n\r\n`;
    if (more === "") return `${head}\r\n`;
    return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(more)}\r\n\r\n${more}`;
  }
}

/** The memory of a process that is its own, in MiB. */
export function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}
