import { connect } from "node:net";

/** What came back through a connection. */
export interface Conversation {
  /** The statuses of the answers, in order; of the interim 100 none. */
  statuses: number[];
  /** All that was read, one letter a byte. */
  text: string;
  /** Whether the server has hung up. */
  isClosed: boolean;
}

/** Longer than any answer takes, in milliseconds: whoever is still connected then was not hung up on. */
const patience = 100_000;

/**
 * Sends messages as they are, one letter a byte, each when the one before it is answered; says that no more will come when
 * the last is answered, and reads until the server hangs up.
 */
export function converse(url: string, ...messages: readonly string[]): Promise<Conversation> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<Conversation>();
  let [text, sent] = ["", 0];
  const send = () => {
    const message = messages[sent++];
    if (message !== undefined) socket.write(Buffer.from(message, "latin1"));
    else socket.end();
  };
  const socket = connect(Number(port), hostname, send);
  const end = (isClosed: boolean) => {
    clearTimeout(timer);
    socket.destroy();
    resolve({ statuses: statusesOf(text), text, isClosed });
  };
  const timer = setTimeout(() => end(false), patience);
  socket.on("data", (piece) => {
    text += piece.toString("latin1");
    if (statusesOf(text).length >= sent) send();
  });
  // A server that hangs up on what is still coming resets the connection.
  socket.on("error", () => end(true));
  socket.on("close", () => end(true));
  return promise;
}

function statusesOf(text: string): number[] {
  const statuses = [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));
  return statuses.filter((status) => status !== 100);
}
