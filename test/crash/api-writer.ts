import { bearer } from "../harness.ts";
import { type Effect, type Fate, placeKey } from "./ledger.ts";
import type { KnownToken } from "./world.ts";
import { type Life, type Reading, Writer } from "./writer.ts";

const read: Reading = ({ ok }): Fate => (ok ? "acknowledged" : "refused");
/** It writes nothing, whatever it is answered. */
const readDryRun: Reading = () => "refused";

/** Names that are in every place, so that descendants override them and several write to one. */
const shared = ["SHARED_0", "SHARED_1", "SHARED_2", "BASE"] as const;

/** An app with a write token: `PUT`, `PATCH`, `DELETE`, under conditions and without, and reads between them. */
export class ApiWriter extends Writer {
  protected readonly actor: { id: string };
  readonly #own: string[];

  constructor(
    life: Life,
    private readonly token: KnownToken,
  ) {
    super(life, `app of ${placeKey(token.place)}`);
    this.actor = { id: `service-token:${token.text.split("_")[1]}` };
    this.#own = Array.from({ length: 8 }, (_, i) => `APP_${i}`);
  }

  protected async begin(): Promise<void> {}

  protected async step(): Promise<void> {
    const { dice } = this.world;
    const act = dice.pick([this.#put, this.#put, this.#patch, this.#patch, this.#delete, this.#look]);
    await act.call(this);
  }

  #name(): string {
    const { dice } = this.world;
    return dice.once(4) ? dice.pick(shared) : dice.pick(this.#own);
  }

  #effect(set: Record<string, string>, remove: readonly string[], note?: string): Effect {
    return {
      ...{ kind: "changes", place: this.token.place, set, delete: remove },
      ...(note !== undefined && { note }),
    };
  }

  #request(method: string, path: string, body: unknown, headers: Record<string, string> = {}) {
    const all = { ...bearer(this.token.text), "Content-Type": "application/json", ...headers };
    return this.life.server.request(`/api/secrets${path}`, {
      method,
      headers: all,
      body: JSON.stringify(body),
    });
  }

  async #put(): Promise<void> {
    const { dice } = this.world;
    const [name, note] = [this.#name(), dice.once(3) ? `note ${this.world.next()}` : undefined];
    const value = name === "BASE" ? `p${this.world.next()} ` : this.value();
    const conditions = dice.once(3)
      ? dice.pick([{ "If-None-Match": "*" }, { "If-Match": "*" }, { "If-Match": await this.#etag(name) }])
      : {};
    const body = { value, ...(note !== undefined && { note }) };
    const what = Object.keys(conditions).length > 0 ? "conditional put" : "put";
    const effect = this.#effect({ [name]: value }, [], note);
    await this.write(what, effect, () => this.#request("PUT", `/${name}`, body, conditions), read);
  }

  async #etag(name: string): Promise<string> {
    const headers = bearer(this.token.text);
    const response = await this.send(() => this.life.server.request(`/api/secrets/${name}`, { headers }));
    return response.headers.get("ETag") ?? "*";
  }

  /** All or nothing; now and then only a trial. */
  async #patch(): Promise<void> {
    const { dice } = this.world;
    const names = dice.some(this.#own);
    const remove = names.filter(() => dice.once(6));
    const set = this.values(names.filter((name) => !remove.includes(name)));
    if (names.length === 0) return;
    const isDryRun = dice.once(8);
    const path = isDryRun ? "?dryRun=true" : "";
    const request = () => this.#request("PATCH", path, { set, delete: remove });
    const what = isDryRun ? "dry run" : "patch";
    await this.write(what, this.#effect(set, remove), request, isDryRun ? readDryRun : read);
  }

  async #delete(): Promise<void> {
    const name = this.world.dice.pick(this.#own);
    await this.write(
      "delete",
      this.#effect({}, [name]),
      () => this.#request("DELETE", `/${name}`, undefined),
      read,
    );
  }

  /** What is given out once must be there after the crash, and its ETag must stand for nothing else. */
  async #look(): Promise<void> {
    const { world } = this;
    const headers = bearer(this.token.text);
    const response = await this.send(() => this.life.server.request("/api/secrets", { headers }));
    const body = await response.text();
    for (const [, value = ""] of body.matchAll(/"value":"([pr]\d+) /g)) world.seenValues.add(value);
    const faults = world.etags.note(placeKey(this.token.place), response.headers.get("ETag") ?? "", body);
    if (faults.length > 0) throw new Error(faults.join("; "));
  }
}
