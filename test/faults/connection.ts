import { connect } from "node:net";

/** A connection on which a test says what it likes, and waits for what it hears. */
export interface Connection {
  say(text: string): void;
  /** Waits until this was heard, and gives all that was. Throws where the connection ends before. */
  until(words: string): Promise<string>;
  /** Waits for the end, and gives all that was heard. */
  ended: Promise<string>;
  close(): void;
}

/** Connects to a server. Throws where it takes no connections. */
export async function dial(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const opened = Promise.withResolvers<void>();
  const over = Promise.withResolvers<string>();
  const waiting = new Set<() => void>();
  let heard = "";
  let isOver = false;
  const look = () => {
    for (const each of waiting) each();
  };
  const socket = connect(Number(port), hostname, opened.resolve);
  socket.on("error", opened.reject);
  socket.on("data", (chunk) => {
    heard += chunk.toString();
    look();
  });
  socket.on("close", () => {
    isOver = true;
    look();
    over.resolve(heard);
  });
  await opened.promise;
  return {
    say: (text) => void socket.write(text),
    ended: over.promise,
    close: () => void socket.destroy(),
    until(words) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const check = () => {
        if (heard.includes(words)) resolve(heard);
        else if (isOver) reject(new Error(`the connection ended after ${JSON.stringify(heard)}`));
        else return;
        waiting.delete(check);
      };
      waiting.add(check);
      check();
      return promise;
    },
  };
}
