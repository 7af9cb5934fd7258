/** What one read of a socket takes, and what an answer is put together in before it is sent: both of Bun's, in bytes. */
const [received, sent] = [512 * 1024, 16 * 1024];
/** The header lines of an answer, in bytes; fewer than there are. */
const headers = 100;

/**
 * All sockets of a thread share one buffer to receive in and one to send from, and the end of an earlier, longer
 * request or answer stays in them. Sends zeros from this process to itself, on the loopback address, until both were
 * filled from end to end. Throws what `Bun.serve` and `fetch` throw where there is no such address.
 */
export async function overwriteSocketBuffers(): Promise<void> {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    maxRequestBodySize: 16 * received,
    async fetch(request) {
      await request.arrayBuffer();
      return new Response(new Uint8Array(sent - headers));
    },
  });
  try {
    const answer = await fetch(server.url, { method: "POST", body: new Uint8Array(8 * received) });
    await answer.arrayBuffer();
  } finally {
    await server.stop(true);
  }
}
