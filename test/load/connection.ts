import type { Socket } from "bun";

/** What a server answered: all that a load wants to know of it. */
export interface Answer {
  status: number;
  etag: string;
  /** Of the body. */
  bytes: number;
}

/** One connection of HTTP/1.1 that stays open: one request at a time, as the bytes that it is. */
export class Connection {
  #socket: Socket | undefined;
  #received = Buffer.alloc(0);
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  private constructor() {}

  static async open(hostname: string, port: number): Promise<Connection> {
    const connection = new Connection();
    connection.#socket = await Bun.connect({
      hostname,
      port,
      socket: {
        data: (_, bytes) => connection.#receive(bytes),
        close: () => connection.#fail("the server closed the connection"),
        error: (_, error) => connection.#fail(error.message),
      },
    });
    return connection;
  }

  /** Rejects where the connection is closed before the whole answer is there. */
  async request(bytes: string): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting = { resolve, reject };
    this.#socket?.write(bytes);
    return promise;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket?.end();
  }

  #receive(bytes: Buffer): void {
    this.#received =
      this.#received.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#received, bytes]);
    const end = this.#received.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = this.#received.toString("latin1", 0, end);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    this.#received = Buffer.alloc(0);
    const status = Number(head.slice(9, 12));
    const etag = /^etag: (\S+)/im.exec(head)?.[1] ?? "";
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status, etag, bytes: length });
  }

  #fail(message: string): void {
    this.#waiting?.reject(new Error(message));
    this.#waiting = undefined;
  }
}
