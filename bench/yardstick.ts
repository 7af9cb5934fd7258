/**
 * The yardstick: a raw `Bun.serve` that answers every request with the same bytes, and does nothing else. Reads the
 * answer as JSON from standard input, and prints the address where it listens. `servers.ts` starts it.
 */

/** An answer that is given whatever was asked. */
export interface CannedAnswer {
  status: number;
  headers: Record<string, string>;
  /** In base64. */
  body: string;
}

async function serveAnswer(): Promise<void> {
  const { status, headers, body } = (await Bun.stdin.json()) as CannedAnswer;
  // Made once: what a server can do before anybody asks is not part of an answer's price.
  const init = { status, headers: new Headers(headers) };
  const bytes = status === 304 ? null : Uint8Array.fromBase64(body);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: () => new Response(bytes, init),
  });
  console.log(`http://127.0.0.1:${server.port}`);
}

if (import.meta.main) await serveAnswer();
