import { systemRandom } from "../../src/cryptography/bytes.ts";
import { generateMasterKey } from "../../src/cryptography/master-key.ts";
import type { TestBrowser } from "../harness.ts";
import type { Effect, Fate, ProjectState } from "./ledger.ts";
import { type Life, type Reading, Writer } from "./writer.ts";

/** What the owner has made of the tree, as it was found after the last crash. */
export interface Estate {
  projects: ReadonlyMap<number, ProjectState>;
  /** Ids and names of service tokens that may be revoked, with the project and environment that they are for. */
  tokens: readonly { id: number; name: string; projectId: number; environment: string }[];
}

/** Service tokens that are made to be revoked have names like this. */
export const isTransient = (name: string) => name.startsWith("token ");

/** More than so many projects are not kept: each makes every rotation longer. */
const mostProjects = 6;

/**
 * The one admin who changes the tree: makes, edits, moves and deletes projects, makes and revokes service tokens, and
 * rotates master keys. One alone, since what the tree is like in the end has to be known.
 */
export class Owner extends Writer {
  protected actor = { requestId: "" };
  readonly #admin: TestBrowser;
  readonly #projects: Map<number, ProjectState>;
  readonly #tokens: Estate["tokens"][number][];
  /** Resolves with the root whose rotation is sent: who kills may wait for that. */
  readonly rotating = Promise.withResolvers<number>();

  constructor(
    life: Life,
    estate: Estate,
    private readonly rotatesFirst: boolean,
  ) {
    super(life, "owner");
    this.#admin = life.server.browser();
    this.#projects = new Map(estate.projects);
    this.#tokens = [...estate.tokens];
  }

  protected async begin(): Promise<void> {
    for (const [root, masterKey] of this.world.masterKeys) await this.#unseal(root, masterKey);
    if (this.rotatesFirst) await this.#rotate();
  }

  /** Again where the server is busy: what is sent to a root that is sealed cannot always be told from what is done. */
  async #unseal(root: number, masterKey: string): Promise<void> {
    while (!this.life.isEnding) {
      const { status, headers } = await this.send(() => this.#admin.unseal(root, masterKey));
      this.actor = { requestId: headers.get("X-Request-Id") ?? "" };
      if (status === 303) return;
      if (status !== 503) throw new Error(`the master key of root ${root} is answered ${status}`);
    }
  }

  protected async step(): Promise<void> {
    const { dice } = this.world;
    const acts = [this.#create, this.#edit, this.#move, this.#delete, this.#createToken, this.#revoke];
    const act = dice.once(10) ? this.#rotate : dice.pick(acts);
    await act.call(this);
  }

  #post(
    what: string,
    effect: Effect,
    path: string,
    fields: Record<string, string | string[]>,
    read: Reading,
  ) {
    return this.write(what, effect, () => this.#admin.post(`/admin/projects${path}`, fields), read);
  }

  /** Projects of the owner's own, which nothing else is known of. */
  get #own(): [number, ProjectState][] {
    return [...this.#projects].filter(([, { name }]) => name.startsWith("project "));
  }

  async #create(): Promise<void> {
    const { dice } = this.world;
    if (this.#own.length >= mostProjects) return this.#delete();
    const parentId = dice.pick([...this.#projects.keys()]);
    const name = `project ${this.world.next()}`;
    const project = { name, parentId };
    const effect: Effect = { kind: "events", events: [`project.create ${name}`], project };
    const fields = { name, description: "", parentId: String(parentId) };
    const { write, response } = await this.#post("new project", effect, "", fields, leadsElsewhere(parentId));
    const id = Number(/\/(\d+)$/.exec(response.headers.get("Location") ?? "")?.[1]);
    if (write.fate !== "acknowledged") return;
    this.#projects.set(id, project);
    await this.#fill(id);
  }

  /** So that there is something to move and to delete. */
  async #fill(project: number): Promise<void> {
    const names = ["SHARED_1", "OWN_0", "OWN_1"];
    // None that is looked for among what was served: they are gone with the project.
    const set = Object.fromEntries(names.map((name) => [name, `of project ${this.world.next()}`]));
    const effect: Effect = { kind: "changes", place: { project, environment: "dev" }, set, delete: [] };
    const fields = { name: names, value: Object.values(set) };
    const path = `/${project}/environments/dev/secrets`;
    await this.#post("save of several", effect, path, fields, leadsElsewhere(project));
  }

  async #edit(): Promise<void> {
    const [id, project] = this.#pickOwn();
    if (id === undefined) return;
    const name = `project ${this.world.next()}`;
    await this.#change("edit of a project", id, { ...project, name }, []);
  }

  /** One of its own, or the nomad, which apps write to meanwhile; within a tree or to the other one. */
  async #move(): Promise<void> {
    const { dice, ids } = this.world;
    const own = this.#pickOwn()[0];
    const id = own === undefined || dice.once(2) ? ids.nomad : own;
    const project = this.#projects.get(id);
    const parents = [...this.#projects.keys()].filter((parent) => !this.#pathOf(parent).includes(id));
    const parentId = dice.pick(parents);
    if (!project || project.parentId === parentId) return;
    const [from, to] = [this.#pathOf(id)[0] ?? 0, this.#pathOf(parentId)[0] ?? 0];
    const left = from === to ? [] : [`project.move ${this.#projects.get(from)?.name} ${project.name}`];
    await this.#change("move of a project", id, { ...project, parentId }, [
      ...left,
      `project.move ${project.name}`,
    ]);
  }

  async #change(what: string, id: number, project: ProjectState, more: readonly string[]): Promise<void> {
    const effect: Effect = { kind: "events", events: [`project.edit ${project.name}`, ...more], project };
    const fields = { name: project.name, description: "", parentId: String(project.parentId) };
    // Done or sealed lead to the same page: sealed it can only be once the server has begun to end.
    const read: Reading = ({ status }): Fate => {
      if (status !== 303) return "refused";
      return this.life.isEnding ? "unknown" : "acknowledged";
    };
    const { write } = await this.#post(what, effect, `/${id}/edit`, fields, read);
    if (write.fate === "acknowledged") this.#projects.set(id, project);
  }

  async #delete(): Promise<void> {
    const [id, project] = this.#pickOwn();
    if (id === undefined || !project) return;
    const below = [...this.#projects].filter(([other]) => this.#pathOf(other).includes(id));
    // Where the nomad is, its apps are.
    if (below.some(([, { name }]) => !name.startsWith("project "))) return;
    const events = below.map(([, { name }]) => `project.delete ${name}`);
    const effect: Effect = { kind: "events", events };
    const fields = { confirmName: project.name };
    const { write } = await this.#post(
      "deletion of a project",
      effect,
      `/${id}/delete`,
      fields,
      leadsElsewhere(id),
    );
    if (write.fate === "acknowledged") for (const [gone] of below) this.#projects.delete(gone);
  }

  async #createToken(): Promise<void> {
    const { world } = this;
    const [name, project] = [`token ${world.next()}`, world.dice.pick([world.ids.api, world.ids.ledger])];
    const place = { project, environment: "prod" };
    const projectName = this.#projects.get(project)?.name;
    const effect: Effect = { kind: "events", events: [`service-token.create ${projectName} prod ${name}`] };
    const fields = { name, environment: "prod", rights: world.dice.pick(["read", "write"]) };
    const { write, response } = await this.#post(
      "new token",
      effect,
      `/${project}/service-tokens`,
      fields,
      ({ status }) => (status === 200 ? "acknowledged" : "refused"),
    );
    const text = /id="service-token"[^>]*>([^<]+)</.exec(await response.text())?.[1];
    if (write.fate === "acknowledged" && text) world.tokens.push({ text, name, place });
  }

  async #revoke(): Promise<void> {
    const token = this.#tokens.pop();
    if (!token) return;
    const { id, projectId } = token;
    const effect: Effect = { kind: "events", events: [this.#revocation(token)] };
    const path = `/${projectId}/service-tokens/${id}/revoke`;
    await this.#post("revocation", effect, path, {}, ({ status }) =>
      status === 303 ? "acknowledged" : "refused",
    );
  }

  #revocation({ projectId, environment, name }: Estate["tokens"][number]): string {
    return `service-token.revoke ${this.#projects.get(projectId)?.name} ${environment} ${name}`;
  }

  /** To a key that the harness knows before; with the revocation of a token in the same step, now and then. */
  async #rotate(): Promise<void> {
    const { world } = this;
    const [root, currentMasterKey] = world.dice.pick([...world.masterKeys]);
    const masterKey = generateMasterKey(systemRandom);
    const inTree = this.#tokens.filter(({ projectId }) => this.#pathOf(projectId)[0] === root);
    const revoked = world.dice.once(2) ? inTree.slice(0, 1) : [];
    const events = [
      `master-key.rotate ${this.#projects.get(root)?.name}`,
      ...revoked.map((t) => this.#revocation(t)),
    ];
    const effect: Effect = { kind: "events", events, rotated: { root, masterKey } };
    const fields = {
      ...{ currentMasterKey, newMasterKey: masterKey },
      revoke: revoked.map(({ id }) => String(id)),
    };
    world.unknownKeys.set(root, masterKey);
    this.rotating.resolve(root);
    const { write } = await this.#post("rotation", effect, `/${root}/rotate`, fields, ({ status }) =>
      status === 303 ? "acknowledged" : "refused",
    );
    world.unknownKeys.delete(root);
    if (write.fate !== "acknowledged") return;
    world.formerKeys.push([root, currentMasterKey]);
    world.masterKeys.set(root, masterKey);
    for (const token of revoked) this.#tokens.splice(this.#tokens.indexOf(token), 1);
  }

  #pickOwn(): [number, ProjectState] | [undefined, undefined] {
    const own = this.#own;
    return own.length > 0 ? this.world.dice.pick(own) : [undefined, undefined];
  }

  /** From the root down. */
  #pathOf(id: number): number[] {
    const project = this.#projects.get(id);
    if (!project) return [];
    return project.parentId === null ? [id] : [...this.#pathOf(project.parentId), id];
  }
}

/** A form about a project that is done leads to another page than the project's own, where one that is sealed leads. */
function leadsElsewhere(project: number): Reading {
  return ({ status, headers }) =>
    status === 303 && headers.get("Location") !== `/admin/projects/${project}` ? "acknowledged" : "refused";
}
