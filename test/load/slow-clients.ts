import type { Socket } from "bun";

/** Clients that take their time, or send what is far too large, as somebody does who wants others to wait. */

interface Nuisance {
  /** Sent at once. */
  first: string;
  /** Sent each second from then on. */
  each: string;
  /** Whether answers are left unread. */
  isDeaf: boolean;
}

function nuisances(host: string, token: string): Nuisance[] {
  const get = `GET /api/secrets HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n`;
  const put = get.replace("GET /api/secrets ", "PUT /api/secrets/SLOW ");
  const json = "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
  return [
    // Headers, a byte a second, and a body that does the same, and one that never goes on.
    { first: `${get}X-Slow: `, each: "x", isDeaf: false },
    { first: put + json, each: " ", isDeaf: false },
    { first: put + json, each: "", isDeaf: false },
    // A thousand answers of several kilobytes that nobody reads.
    { first: `${get}\r\n`.repeat(1000), each: "", isDeaf: true },
  ];
}

/** How many clients of a kind are still connected, and how many there were. */
export interface SlowClients extends Disposable {
  opened: number;
  /** Resolves when the server has cut off all of them but those that do not even notice. */
  cutOff: Promise<void>;
}

/** Opens slow clients of each kind by turns. `using` closes them. */
export async function openSlowClients(url: string, token: string, count: number): Promise<SlowClients> {
  const { hostname, port, host } = new URL(url);
  const kinds = nuisances(host, token);
  const sockets: Socket[] = [];
  const ends: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    const kind = kinds[i % kinds.length];
    if (!kind) continue;
    const { promise, resolve } = Promise.withResolvers<void>();
    let timer: Timer | undefined;
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data() {},
        close: () => {
          clearInterval(timer);
          resolve();
        },
        error: () => resolve(),
      },
    });
    if (kind.isDeaf) socket.pause();
    else ends.push(promise);
    socket.write(kind.first);
    timer = setInterval(() => socket.write(kind.each), 1000);
    sockets.push(socket);
  }
  return {
    opened: sockets.length,
    cutOff: Promise.all(ends).then(() => undefined),
    [Symbol.dispose]() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

/** Sends requests with headers of a size, one after the other, until `isOver`; the statuses and how often each came. */
export async function sendHugeHeaders(
  url: string,
  bytes: number,
  isOver: () => boolean,
): Promise<Map<string, number>> {
  const statuses = new Map<string, number>();
  const { hostname, port, host } = new URL(url);
  const request = `GET /livez HTTP/1.1\r\nHost: ${host}\r\nX-Huge: ${"x".repeat(bytes)}\r\n\r\n`;
  while (!isOver()) {
    const status = await firstLine(hostname, Number(port), request);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    await Bun.sleep(20);
  }
  return statuses;
}

/** What a connection that is closed afterwards was answered with: a status, or `closed`. */
async function firstLine(hostname: string, port: number, request: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    hostname,
    port,
    socket: {
      data: (_, bytes) => resolve(bytes.toString("latin1", 9, 12)),
      close: () => resolve("closed"),
      error: () => resolve("closed"),
    },
  });
  socket.write(request);
  const status = await promise;
  socket.terminate();
  return status;
}
