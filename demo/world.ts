import { parseServiceToken } from "../src/cryptography/service-token.ts";
import { getEnvironment } from "../src/vault/environments.ts";
import { createChildProject, createRootProject } from "../src/vault/projects.ts";
import { unsealRoot } from "../src/vault/root-keys.ts";
import type { SecretChange } from "../src/vault/secret-input.ts";
import { changeSecrets } from "../src/vault/secrets.ts";
import { createServiceToken, listServiceTokens, revokeServiceToken } from "../src/vault/service-tokens.ts";
import { authenticate } from "../src/vault/token-access.ts";
import type { TokenUsage } from "../src/vault/token-usage.ts";
import { type Project, readTree } from "../src/vault/tree.ts";
import { actAs, isWritable, type UnlockedRoot, unlockEnvironment } from "../src/vault/unlock.ts";
import type { Actor, Vault } from "../src/vault/vault.ts";
import { record } from "../src/vault/write.ts";

export const minute = 60_000;
export const day = 24 * 60 * minute;

/** The time in the demo: it begins three months ago and is moved by what happens. Milliseconds. */
export interface DemoClock {
  now: number;
}

/** Somebody of the company, and where they sit. */
export interface Person {
  name: string;
  address: string;
}

/** A secret as the story writes it: the name, the value, and a note if there is one. */
export type Line = readonly [name: string, value: string, note?: string];

/** A service token as the story asks for it. */
export interface TokenWish {
  project: string;
  environment: string;
  name: string;
  rights?: "read" | "write";
  expiresInDays?: number;
  allowedIps?: string;
}

/** The company's vault while its story is told: projects and service tokens by name, and the time. */
export class World {
  /** By the path of names, such as `Fernhill Books/api`. */
  readonly #projects = new Map<string, Project>();
  readonly #tokens = new Map<string, string>();
  readonly #masterKeys = new Map<string, string>();
  readonly #today: number;

  constructor(
    readonly vault: Vault,
    private readonly usage: TokenUsage,
    private readonly clock: DemoClock,
    readonly present: number,
  ) {
    this.#today = Math.floor(present / day) * day;
  }

  /** Moves the time to an hour of a day in the past, in UTC, such as `(12, "09:40")`. It never goes back. */
  at(daysAgo: number, time: string): void {
    const [hours = 0, minutes = 0] = time.split(":").map(Number);
    this.moveTo(this.#today - daysAgo * day + (hours * 60 + minutes) * minute);
  }

  moveTo(time: number): void {
    if (time < this.clock.now) throw new Error("the story went back in time");
    this.clock.now = time;
  }

  pass(minutes: number): void {
    this.clock.now += minutes * minute;
  }

  project(path: string): Project {
    return found(this.#projects, path);
  }

  token(name: string): string {
    return found(this.#tokens, name);
  }

  /** The master keys of the root projects, by name, in the order in which they were made. */
  get masterKeys(): ReadonlyMap<string, string> {
    return this.#masterKeys;
  }

  addProject(path: string, project: Project, masterKey?: string): void {
    this.#projects.set(path, project);
    if (masterKey !== undefined) this.#masterKeys.set(path, masterKey);
  }

  addToken(name: string, text: string): void {
    this.#tokens.set(name, text);
  }

  /** Somebody signs in, and a new session begins. */
  async signIn({ address }: Person): Promise<Sitting> {
    const actor = this.#actor(`session:${this.vault.random(6).toHex()}`, address);
    await record(this.vault, actor, { action: "session.sign-in" });
    return new Sitting(this, actor);
  }

  /** Somebody does not know the password. */
  async failToSignIn({ address }: Person): Promise<void> {
    await record(this.vault, this.#actor(`session:${this.vault.random(6).toHex()}`, address), {
      action: "session.sign-in-refused",
    });
  }

  /** A program changes secrets with its service token, as it does over HTTP. */
  async writeByToken(name: string, address: string, changes: readonly SecretChange[]): Promise<void> {
    const { requestId } = this.#actor("", address);
    const access = await authenticate(this.vault, this.token(name), { address, requestId });
    const place = await access.unlock();
    if (!isWritable(place)) throw new Error(`${name} may not write`);
    await changeSecrets(this.vault, place, changes);
    this.usage.touch(access.token.publicId);
    await this.usage.flush();
  }

  /** An app fetches its secrets at every hour of some days. The first and the last are counted in days ago. */
  async readByToken(name: string, address: string, from: number, to: number, anHour: number): Promise<void> {
    const publicId = parseServiceToken(this.token(name))?.id ?? "";
    const end = Math.min(this.present - 3 * minute, this.#today - (to - 1) * day);
    for (let time = this.#today - from * day; time < end; time += 60 * minute) {
      this.clock.now = time;
      for (let i = 0; i < anHour; i++) this.usage.countRead(publicId, () => address);
    }
    this.clock.now = end;
    this.usage.countRead(publicId, () => address);
    await this.usage.flush();
  }

  #actor(id: string, address: string): Actor {
    return { id, address, requestId: crypto.randomUUID() };
  }
}

/** One session of one person: what they do until they go for lunch. A few minutes lie between two of their steps. */
export class Sitting {
  readonly #unsealed = new Map<string, UnlockedRoot>();

  constructor(
    private readonly world: World,
    private readonly actor: Actor,
  ) {}

  /** Creates a root project under a passphrase, or without one under a master key that is generated. */
  async createRoot(name: string, description: string, passphrase = ""): Promise<void> {
    const created = await createRootProject(
      this.world.vault,
      { name, description },
      passphrase,
      this.#step(2),
    );
    this.world.addProject(name, created.project, created.generatedMasterKey ?? passphrase);
    this.#unsealed.set(name, created.root);
  }

  async createChild(path: string, description: string): Promise<void> {
    const [parentPath, name] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
    const parent = this.world.project(parentPath);
    const input = { name, description };
    const child = await createChildProject(this.world.vault, this.#rootOf(path), parent.id, input);
    this.world.addProject(path, child);
  }

  async unseal(name: string): Promise<void> {
    const { vault, masterKeys } = this.world;
    const { id } = this.world.project(name);
    this.#unsealed.set(name, await unsealRoot(vault, id, found(masterKeys, name), this.#step(1)));
  }

  /** Types a master key that is none. */
  async failToUnseal(name: string): Promise<void> {
    const project = this.world.project(name);
    await record(this.world.vault, this.#step(1), { action: "project.unseal-refused", project });
  }

  async seal(name: string): Promise<void> {
    const project = this.world.project(name);
    await record(this.world.vault, this.#step(6), { action: "project.seal", project });
    this.#unsealed.delete(name);
  }

  async save(path: string, environment: string, lines: readonly Line[]): Promise<void> {
    await this.#change(
      path,
      environment,
      lines.map(([name, value, note]) => ({ kind: "set", name, value, note })),
    );
  }

  async remove(path: string, environment: string, ...names: string[]): Promise<void> {
    await this.#change(
      path,
      environment,
      names.map((name) => ({ kind: "delete", name })),
    );
  }

  /** Looks at the values of an environment, or at one of them. */
  async reveal(path: string, environment: string, name?: string): Promise<void> {
    const where = { project: this.world.project(path), environment };
    const action = name === undefined ? "secrets.reveal" : "secret.reveal";
    await record(this.world.vault, this.#step(1), { action, ...where, ...(name && { name }) });
  }

  async createToken(wish: TokenWish): Promise<void> {
    const { vault } = this.world;
    const text = await createServiceToken(
      vault,
      this.#rootOf(wish.project),
      this.world.project(wish.project).id,
      {
        name: wish.name,
        environment: await getEnvironment(vault, wish.environment),
        rights: wish.rights ?? "read",
        expiresInDays: wish.expiresInDays,
        allowedIps: wish.allowedIps ?? "",
      },
    );
    this.world.addToken(wish.name, text);
  }

  async revokeToken(path: string, name: string): Promise<void> {
    const { id } = this.world.project(path);
    const token = (await listServiceTokens(this.world.vault, id)).find((one) => one.name === name);
    if (!token) throw new Error(`there is no token ${name}`);
    await revokeServiceToken(this.world.vault, id, token.id, this.#step(2));
  }

  async signOut(): Promise<void> {
    await record(this.world.vault, this.#step(2), { action: "session.sign-out" });
  }

  async #change(path: string, environment: string, changes: readonly SecretChange[]): Promise<void> {
    const { vault } = this.world;
    const root = this.#rootOf(path);
    const tree = await readTree(vault.db, root.rootId);
    const place = await unlockEnvironment(
      vault,
      root,
      tree,
      this.world.project(path).id,
      await getEnvironment(vault, environment),
    );
    await changeSecrets(vault, place, changes);
  }

  /** The root key for the next step, in this session's hands. */
  #rootOf(path: string): UnlockedRoot {
    return actAs(found(this.#unsealed, path.split("/")[0] ?? ""), this.#step(3));
  }

  /** Each step is a request of its own, some minutes after the last. */
  #step(minutes: number): Actor {
    this.world.pass(minutes);
    return { ...this.actor, requestId: crypto.randomUUID() };
  }
}

function found<T>(things: ReadonlyMap<string, T>, name: string): T {
  const thing = things.get(name);
  if (thing === undefined) throw new Error(`the story names ${name} before it is there`);
  return thing;
}
