import { toBytes, wipe } from "../cryptography/bytes.ts";
import { SecretsflyError } from "../errors.ts";

/** Of all requests together, in bytes: as many as a small machine has to spare. */
const most = 256 * 1024 * 1024;

const crowded = "Too much is being sent and fetched just now. Nothing was done; try again in a moment.";

/**
 * What requests that are under way hold in memory, so that many large ones at once are refused and do not take the
 * whole server with them. An estimate; and one that is larger than all of it is let in when it is alone.
 */
export class MemoryBudget {
  #held = 0;

  /** Adds what somebody holds until the function that is returned is called. Throws SecretsflyError `busy`. */
  take(bytes: number): () => void {
    if (this.#held > 0 && this.#held + bytes > most) throw new SecretsflyError("busy", crowded);
    return this.hold(bytes);
  }

  /** The same for somebody who was let in: if those who wait for their answers were refused them, nobody would get one. */
  hold(bytes: number): () => void {
    this.#held += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) this.#held -= bytes;
      isHeld = false;
    };
  }
}

/** A body up to this length is given away at once, and larger ones in pieces of it. Bytes. */
export const givenAwayAtOnce = 256 * 1024;
const piece = givenAwayAtOnce;

/**
 * A body that holds its memory until it is sent, or nobody wants it any more; then one that is not given away at once is
 * overwritten.
 */
export function heldBody(
  memory: MemoryBudget,
  body: string | Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  if (body.length <= piece) return body;
  const bytes = typeof body === "string" ? toBytes(body) : body;
  const giveBack = memory.hold(bytes.length);
  const release = () => {
    giveBack();
    wipe(bytes);
  };
  // One that nobody reads is never cancelled.
  signal.addEventListener("abort", release);
  if (signal.aborted) release();
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      // A copy: it may be sent when the whole is overwritten already.
      controller.enqueue(bytes.slice(sent, sent + piece));
      sent += piece;
      if (sent < bytes.length) return;
      release();
      controller.close();
    },
    cancel: release,
  });
}
