import type { ServerProcess } from "../server-process.ts";
import type { Effect, Fate, KnownWrite, WriterIdentity } from "./ledger.ts";
import type { World } from "./world.ts";

/** A server, and whether it was told to die: until then every request has an answer. */
export class Life {
  isEnding = false;

  constructor(
    readonly world: World,
    readonly server: ServerProcess,
  ) {}
}

/** The server is gone, as it was meant to be. */
class Gone extends Error {
  override readonly name = "Gone";
}

/** What an answer says of a write. */
export type Reading = (response: Response) => Fate;

/** Somebody who writes to one server, one request after the other, until it is gone. */
export abstract class Writer {
  readonly world: World;

  constructor(
    protected readonly life: Life,
    private readonly name: string,
  ) {
    this.world = life.world;
  }

  protected abstract readonly actor: WriterIdentity["actor"];

  /** Gets ready, where there is something to do first. */
  protected abstract begin(): Promise<void>;

  /** One write, or one look. */
  protected abstract step(): Promise<void>;

  /** Writes until the server dies. Throws what was not to happen, such as an answer of 500. */
  async run(): Promise<void> {
    try {
      await this.begin();
      while (!this.life.isEnding) await this.step();
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }

  /** Sends a request. One without an answer ends the writer where the server is dying, and is a fault where it is not. */
  protected async send(request: () => Promise<Response>): Promise<Response> {
    let response: Response;
    try {
      response = await request();
      // An answer is one when all of it has come.
      const body = await response.arrayBuffer();
      response = new Response(body.byteLength > 0 ? body : null, response);
    } catch (error) {
      if (this.life.isEnding) throw new Gone("the server is gone", { cause: error });
      throw error;
    }
    if (response.status >= 500 && response.status !== 503)
      throw new Error(
        `${this.name} was answered ${response.status}: ${(await response.text()).slice(0, 500)}`,
      );
    return response;
  }

  /** A request that writes: in the ledger before it is sent, and again when it is answered. */
  protected async write(
    what: string,
    effect: Effect,
    request: () => Promise<Response>,
    read: Reading,
  ): Promise<{ write: KnownWrite; response: Response }> {
    const { ledger } = this.world;
    const write = ledger.begin(what, { name: this.name, actor: this.actor }, effect);
    const response = await this.send(request);
    ledger.end(write, read(response), response);
    return { write, response };
  }

  /** A value that nobody has written yet; now and then a large one, or one that refers to another secret. */
  protected value(): string {
    const { dice } = this.world;
    const number = this.world.next();
    if (dice.once(6)) return `r${number} \${BASE}`;
    return dice.once(12) ? `p${number} ${"x".repeat(dice.below(20_000))}` : `p${number} `;
  }

  protected values(names: readonly string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, this.value()]));
  }
}
