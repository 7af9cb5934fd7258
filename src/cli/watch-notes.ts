import type { WatchStatus } from "../client/index.ts";

/** A server that is started anew, or a network that changes, is back sooner and worth no line. */
const worthALineMs = 60_000;

/** Tells people when changes come late or not at all, and when they come again. */
export class WatchNotes {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAway = false;

  /**
   * @param say gets each line, without its end
   * @param awayMs how long the server may be away until that is said
   */
  constructor(
    private readonly say: (line: string) => void,
    private readonly awayMs: number = worthALineMs,
  ) {}

  /** Takes what `SecretsflyClient.watch` tells its `onStatus`. */
  readonly note = (status: WatchStatus): void => {
    if (status === "reconnecting") {
      this.#timer ??= setTimeout(() => this.#sayAway(), this.awayMs);
      return;
    }
    this.stop();
    if (this.#isAway) this.say("changes are watched for again");
    this.#isAway = false;
    if (status === "polling") this.say("no stream of changes comes through; asking every 30 s instead");
  };

  /** Nothing more is said of an absence that has begun. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sayAway(): void {
    this.#isAway = true;
    this.say("WARNING: the server cannot be reached; changes are not seen until it is back");
  }
}
