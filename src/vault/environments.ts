import { environments } from "../database/schema.ts";
import { notFound } from "../errors.ts";
import type { Actor, Vault } from "./vault.ts";
import { write } from "./write.ts";

/** An environment of the settings; its name never changes, since what is sealed is sealed for it. */
export interface Environment {
  id: number;
  name: string;
}

/**
 * Adds the environments that the settings name and the database does not have yet. Ones that are no
 * longer in the settings are hidden, and keep their data.
 */
export async function createEnvironments(vault: Vault, actor: Actor): Promise<void> {
  await write(vault, "environments", actor, async () => {
    const known = new Set(
      (await vault.db.select({ name: environments.name }).from(environments)).map(({ name }) => name),
    );
    const added = vault.settings.availableEnvironments.filter((name) => !known.has(name));
    const rows = added.map((name) => ({ name, createdAt: vault.clock() }));
    return {
      statements: rows.length > 0 ? [vault.db.insert(environments).values(rows)] : [],
      events: added.map((name) => ({ action: "environment.add", environment: name })),
      result: undefined,
    };
  });
}

/** The environments of the settings, in their order. */
export async function listEnvironments(vault: Vault): Promise<Environment[]> {
  const rows = await vault.db.select({ id: environments.id, name: environments.name }).from(environments);
  const byName = new Map(rows.map((row) => [row.name, row]));
  return vault.settings.availableEnvironments.flatMap((name) => byName.get(name) ?? []);
}

/** One environment by its name. Throws SecretsflyError `not-found`. */
export async function getEnvironment(vault: Vault, name: string): Promise<Environment> {
  const environment = (await listEnvironments(vault)).find((candidate) => candidate.name === name);
  if (!environment) throw notFound("environment");
  return environment;
}
