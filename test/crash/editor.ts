import type { TestBrowser } from "../harness.ts";
import type { Effect, Fate, Place } from "./ledger.ts";
import { type Life, type Reading, Writer } from "./writer.ts";

/** Done leads to a page of the environment; where the root is sealed, the answer leads to the project's. */
const read: Reading = ({ status, headers }): Fate =>
  status === 303 && headers.get("Location")?.includes("/environments/") ? "acknowledged" : "refused";

/** More than one statement of many rows. */
const importedNames = 220;

/** An admin who edits secrets: many at once, imports, copies, deletions, and ways back to a moment. */
export class Editor extends Writer {
  protected actor = { requestId: "" };
  readonly #admin: TestBrowser;
  readonly #places: readonly Place[];

  constructor(
    life: Life,
    private readonly number: number,
  ) {
    super(life, `editor ${number}`);
    this.#admin = life.server.browser();
    const { shop, api, nomad, bank } = life.world.ids;
    const environments = ["dev", "prod"] as const;
    this.#places = [shop, api, nomad, bank].flatMap((project) =>
      environments.map((environment) => ({ project, environment })),
    );
  }

  protected async begin(): Promise<void> {
    for (const root of this.world.masterKeys.keys()) await this.#unseal(root);
  }

  /** Another's rotation seals it out; the key may be one that nobody knows yet, and then it is tried again later. */
  async #unseal(root: number): Promise<void> {
    const masterKey = this.world.masterKeys.get(root) ?? "";
    const response = await this.send(() => this.#admin.unseal(root, masterKey));
    const requestId = response.headers.get("X-Request-Id") ?? "";
    if (response.status === 303 && this.actor.requestId === "") this.actor = { requestId };
  }

  protected async step(): Promise<void> {
    const { dice } = this.world;
    // Who has no session that the audit knows could not be recognised by it.
    if (this.actor.requestId === "") return this.begin();
    const place = dice.pick(this.#places);
    const act = dice.pick([
      this.#save,
      this.#save,
      this.#import,
      this.#copy,
      this.#delete,
      this.#goBack,
      this.#goBack,
    ]);
    const status = await act.call(this, place);
    if (status === 303) for (const root of this.world.masterKeys.keys()) await this.#unseal(root);
  }

  /** Returns 303 where it was sealed out. */
  async #post(
    what: string,
    place: Place,
    path: string,
    effect: Effect,
    fields: Record<string, string | string[]>,
  ) {
    const address = `/admin/projects/${place.project}/environments/${place.environment}/${path}`;
    const { write, response } = await this.write(what, effect, () => this.#admin.post(address, fields), read);
    return write.fate === "refused" ? response.status : 200;
  }

  /** Names of this editor alone: what it deletes and copies is nobody else's. */
  #names(count: number): string[] {
    return Array.from({ length: count }, (_, i) => `EDITED_${this.number}_${i}`);
  }

  async #save(place: Place): Promise<number> {
    const names = this.#names(20).filter(() => this.world.dice.once(2));
    const set = this.values([...names, "SHARED_0"]);
    const effect: Effect = { kind: "changes", place, set, delete: [] };
    return this.#post("save of several", place, "secrets", effect, {
      name: Object.keys(set),
      value: Object.values(set),
    });
  }

  async #import(place: Place): Promise<number> {
    const names = Array.from({ length: importedNames }, (_, i) => `IMPORTED_${this.number}_${i}`);
    const set = Object.fromEntries(names.map((name) => [name, `p${this.world.next()}`]));
    const text = Object.entries(set).map(([name, value]) => `${name}=${value}\n`);
    const effect: Effect = { kind: "changes", place, set, delete: [] };
    return this.#post("import", place, "import", effect, {
      text: text.join(""),
      format: "env",
      confirm: "true",
    });
  }

  /** Names that are made for it: the other environment has none of them. */
  async #copy({ project }: Place): Promise<number> {
    const names = Array.from({ length: 5 }, () => `COPIED_${this.number}_${this.world.next()}`);
    const [from, to] = [
      { project, environment: "dev" },
      { project, environment: "prod" },
    ];
    const set = this.values(names);
    const fields = { name: names, value: Object.values(set) };
    const effect: Effect = { kind: "changes", place: from, set, delete: [] };
    const status = await this.#post("save of several", from, "secrets", effect, fields);
    if (status !== 200) return status;
    const copied = await this.#post(
      "copy",
      to,
      "copy",
      { kind: "copy", place: to, from: "dev", names },
      { from: "dev", names },
    );
    // Not for ever: what is inherited by many makes each later write slower.
    for (const name of names.slice(0, 3)) await this.#remove(to, name);
    return copied;
  }

  async #delete(place: Place): Promise<number> {
    return this.#remove(place, this.world.dice.pick(this.#names(20)));
  }

  async #remove(place: Place, name: string): Promise<number> {
    const effect: Effect = { kind: "changes", place, set: {}, delete: [name] };
    return this.#post("delete by form", place, `secrets/${name}/delete`, effect, {});
  }

  /** By its preview, so that it does something if it does anything. */
  async #goBack(place: Place): Promise<number> {
    const at = Date.now() - 20 - this.world.dice.below(2000);
    const path = `/admin/projects/${place.project}/environments/${place.environment}/rollback?at=${at}`;
    const preview = await this.send(() => this.#admin.get(path));
    const state = /name="state" value="(\w+)"/.exec(await preview.text())?.[1];
    if (state === undefined) return preview.status;
    const fields = { at: String(at), confirm: "true", state };
    return this.#post("way back", place, "rollback", { kind: "moment", place, at }, fields);
  }
}
