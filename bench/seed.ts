/**
 * Fills a fresh database in the folder that it is started in, by the vault's own functions and not over HTTP. Reads a
 * FixturePlan as JSON from standard input; writes the keys to it beside it. `fixture.ts` starts it.
 */

import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { parseConfig } from "../src/config.ts";
import { systemRandom } from "../src/cryptography/bytes.ts";
import { connect } from "../src/database/connect.ts";
import { migrate } from "../src/database/migrate.ts";
import { migrations } from "../src/database/migrations.ts";
import { createServices } from "../src/main.ts";
import { type Environment, listEnvironments } from "../src/vault/environments.ts";
import { createChildProject, createRootProject } from "../src/vault/projects.ts";
import { changeSecrets } from "../src/vault/secrets.ts";
import { createServiceToken } from "../src/vault/service-tokens.ts";
import { readTree } from "../src/vault/tree.ts";
import { type UnlockedRoot, unlockEnvironment } from "../src/vault/unlock.ts";
import type { Actor, Vault } from "../src/vault/vault.ts";
import { type FixturePlan, filesIn, type ProjectPlan, type SeededKeys } from "./fixture.ts";
import { secretsOf } from "./invented.ts";
import { createReadTokens } from "./seed-tokens.ts";

/** A project that is there, and the root key that opens it. */
interface Seeded {
  id: number;
  root: UnlockedRoot;
}

const actor: Actor = { id: "session:bench", address: "127.0.0.1", requestId: "bench" };

class Seeding {
  readonly keys: SeededKeys = { roots: {}, writers: {} };
  readonly #projects = new Map<string, Seeded>();

  constructor(
    private readonly vault: Vault,
    private readonly environments: readonly Environment[],
    /** Is given each read token, in the order of the plan. */
    private readonly keep: (token: string) => void,
  ) {}

  async add(plan: ProjectPlan): Promise<void> {
    const project = await this.#create(plan);
    this.#projects.set(plan.name, project);
    for (const environment of this.environments) {
      if (plan.secrets > 0) await this.#fill(project, environment, plan.secrets);
    }
    const tree = await readTree(this.vault.db, project.root.rootId);
    const tokens = this.environments.map((environment) =>
      createReadTokens(this.vault, { ...project, tree, environment }, plan.readTokens),
    );
    for (const token of (await Promise.all(tokens)).flat()) this.keep(token);
    for (const environment of this.environments) await this.#createWriters(plan, project, environment);
  }

  async #create({ name, parent }: ProjectPlan): Promise<Seeded> {
    const input = { name, description: "" };
    if (parent === undefined) {
      const {
        project,
        root,
        generatedMasterKey = "",
      } = await createRootProject(this.vault, input, "", actor);
      this.keys.roots[name] = { id: project.id, masterKey: generatedMasterKey };
      return { id: project.id, root };
    }
    const above = this.#projects.get(parent);
    if (!above) throw new Error(`${parent} is not there yet`);
    const { id } = await createChildProject(this.vault, above.root, above.id, input);
    return { id, root: above.root };
  }

  async #fill({ id, root }: Seeded, environment: Environment, count: number): Promise<void> {
    const tree = await readTree(this.vault.db, root.rootId);
    const place = await unlockEnvironment(this.vault, root, tree, id, environment);
    const changes = secretsOf(id, count).map(([name, value]) => ({ kind: "set" as const, name, value }));
    await changeSecrets(this.vault, place, changes);
  }

  async #createWriters(plan: ProjectPlan, { id, root }: Seeded, environment: Environment): Promise<void> {
    for (let i = 0; i < (plan.writeTokens ?? 0); i++) {
      const input = { name: "writer", environment, rights: "write" as const, allowedIps: "" };
      const token = await createServiceToken(this.vault, root, id, { ...input, expiresInDays: undefined });
      this.keys.writers[plan.name] ??= [];
      this.keys.writers[plan.name]?.push(token);
    }
  }
}

process.umask(0o077);
const plan = (await Bun.stdin.json()) as FixturePlan;
const files = filesIn(".");
const config = parseConfig({
  DATABASE_URL: `file:${files.database}`,
  AVAILABLE_ENVIRONMENTS: plan.environments.join(","),
});
const db = connect({ databaseUrl: config.DATABASE_URL, databaseAuthToken: undefined });
await migrate(db.$client, migrations, Date.now());
const { vault, changes } = await createServices(config, db, Date.now, systemRandom);
const tokens = openSync(files.tokens, "w", 0o600);
const seeding = new Seeding(vault, await listEnvironments(vault), (token) => writeSync(tokens, `${token}\n`));
for (const project of plan.projects) await seeding.add(project);
closeSync(tokens);
changes.close();
db.$client.close();
// Last: by it a fixture that is whole is known.
writeFileSync(files.keys, JSON.stringify(seeding.keys), { mode: 0o600 });
