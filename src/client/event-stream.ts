/** An event of an event stream (WHATWG HTML, 9.2). */
export interface StreamEvent {
  /** `message` where the stream names none. */
  type: string;
  data: string;
}

/** More of one event than any of ours has: a stream that never ends one must not fill the memory. */
const maxPendingLength = 65_536;

/** Makes events of the bytes of one stream, however they are cut (WHATWG HTML, 9.2.6). */
export class EventStreamParser {
  /** What to send as `Last-Event-ID` when coming back; empty before there is one. */
  lastEventId: string;
  /** Milliseconds to wait before coming back, where the stream has said so. */
  retryMs: number | undefined;

  // It takes a byte order mark away, and keeps a character that is not complete yet.
  readonly #decoder = new TextDecoder();
  #line = "";
  #afterCarriageReturn = false;
  #type = "";
  #data: string[] = [];
  #dataLength = 0;
  #id: string;

  /** @param lastEventId of the stream before, if there was one */
  constructor(lastEventId = "") {
    this.lastEventId = lastEventId;
    this.#id = lastEventId;
  }

  /**
   * @returns the events that are complete now
   * @throws RangeError when an event grows beyond 64 KiB
   */
  push(bytes: Uint8Array): StreamEvent[] {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === "") return [];
    // The line feed of a CRLF that was cut in two.
    if (this.#afterCarriageReturn && text.startsWith("\n")) text = text.slice(1);
    this.#afterCarriageReturn = text === "" ? false : text.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    const unfinished = lines.pop() ?? "";
    const events: StreamEvent[] = [];
    for (const line of lines) {
      const event = this.#endLine(this.#line + line);
      this.#line = "";
      if (event) events.push(event);
    }
    this.#line += unfinished;
    if (this.#line.length + this.#dataLength > maxPendingLength) throw new RangeError("the event has no end");
    return events;
  }

  #endLine(line: string): StreamEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#type = value;
    if (field === "id" && !value.includes("\0")) this.#id = value;
    if (field === "retry" && /^\d{1,9}$/.test(value)) this.retryMs = Number(value);
    if (field === "data") {
      this.#data.push(value);
      this.#dataLength += value.length + 1;
    }
    return undefined;
  }

  /** An empty line: the event is complete, if it has any data. */
  #dispatch(): StreamEvent | undefined {
    this.lastEventId = this.#id;
    const event = { type: this.#type || "message", data: this.#data.join("\n") };
    const isEvent = this.#data.length > 0;
    this.#type = "";
    this.#data = [];
    this.#dataLength = 0;
    return isEvent ? event : undefined;
  }
}
