/**
 * Listens to `/api/secrets/events` many times over. Reads a ListenerTask as JSON from standard input; prints a line when
 * all have been told of the present revision, and one each time all have been told of another: the milliseconds since
 * the epoch at that moment. Runs until it is stopped. `listeners.ts` starts it.
 */

/** Who listens where. */
export interface ListenerTask {
  /** Of the server, without a path; HTTP. */
  url: string;
  /** The listeners take them by turns. */
  tokens: readonly string[];
  count: number;
}

/** How many connect at once. */
const together = 50;
const mark = Buffer.from("event: revision");

async function listen({ url, tokens, count }: ListenerTask): Promise<void> {
  const { hostname, port, host } = new URL(url);
  let told = 0;
  const tell = () => {
    told++;
    if (told % count === 0) console.log(performance.timeOrigin + performance.now());
  };
  const open = async (token: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data(_, bytes) {
          // Each event is sent as a piece of its own; a ping has another name.
          if (!bytes.includes(mark)) return;
          tell();
          resolve();
        },
        close: () => reject(new Error("a listener was cut off")),
        error: (_, error) => reject(error),
      },
    });
    socket.write(
      `GET /api/secrets/events HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await promise;
  };
  for (let opened = 0; opened < count; opened += together) {
    const more = Math.min(together, count - opened);
    await Promise.all(
      Array.from({ length: more }, (_, i) => open(tokens[(opened + i) % tokens.length] ?? "")),
    );
  }
}

if (import.meta.main) await listen((await Bun.stdin.json()) as ListenerTask);
