import { and, desc, eq, isNull } from "drizzle-orm";
import { wipe } from "../cryptography/bytes.ts";
import { deriveEnvironmentKeys, deriveViewKey } from "../cryptography/environment-key.ts";
import {
  formatServiceToken,
  generateServiceToken,
  type SealTarget,
  sealTargetOf,
  sealToServiceToken,
  verifierHash,
} from "../cryptography/service-token.ts";
import { environments, serviceTokens } from "../database/schema.ts";
import { invalid, notFound } from "../errors.ts";
import { parseAllowedIps } from "./addresses.ts";
import type { Environment } from "./environments.ts";
import { sealTokenRecord } from "./token-record.ts";
import { getProject, projectIn, type Tree } from "./tree.ts";
import { openEnvironmentKey, serviceTokenContext, type UnlockedRoot } from "./unlock.ts";
import type { Actor, Vault } from "./vault.ts";
import { unchanged, write, writeTree } from "./write.ts";

export interface ServiceTokenInput {
  name: string;
  environment: Environment;
  rights: "read" | "write";
  /** undefined: it does not expire. */
  expiresInDays: number | undefined;
  /** Addresses and CIDR ranges; empty: any. */
  allowedIps: string;
}

/** What is known of a token; its secret is not. */
export interface ListedServiceToken {
  id: number;
  publicId: string;
  name: string;
  environment: string;
  rights: "read" | "write";
  createdAt: number;
  createdBy: string;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
  reads: number;
  allowedIps: string;
}

const maxNameLength = 100;
const day = 24 * 60 * 60 * 1000;
const maxDays = 3650;

/**
 * Creates a service token while the root is unsealed and returns it as text: shown once, never stored.
 * Throws SecretsflyError `invalid`, `not-found`, `sealed`.
 */
export async function createServiceToken(
  vault: Vault,
  root: UnlockedRoot,
  projectId: number,
  input: ServiceTokenInput,
): Promise<string> {
  const { name, expiresInDays, allowedIps } = checkInput(input);
  const token = generateServiceToken(vault.random);
  const text = formatServiceToken(token);
  const [hash, target] = [verifierHash(token), await sealTargetOf(token)];
  wipe(token.secret);

  return writeTree(vault, root.rootId, root.actor, async (tree) => {
    const project = projectIn(tree, projectId);
    const { environment, rights } = input;
    const keys = await sealKeysForToken(vault, root, tree, projectId, {
      ...input,
      publicId: token.id,
      target,
    });
    const now = vault.clock();
    const row: typeof serviceTokens.$inferInsert = {
      publicId: token.id,
      projectId,
      environmentId: environment.id,
      name,
      rights,
      verifierHash: hash,
      publicKey: target.publicKey,
      ...keys,
      allowedIps,
      createdAt: now,
      createdBy: root.actor.id,
      expiresAt: expiresInDays === undefined ? null : now + expiresInDays * day,
      reads: 0,
    };
    const statements = [vault.db.insert(serviceTokens).values(row)];
    const events = [
      { action: "service-token.create" as const, project, environment: environment.name, name },
    ];
    return { statements, events, result: text };
  });
}

/** Throws SecretsflyError `invalid`. */
function checkInput(
  input: ServiceTokenInput,
): Pick<ServiceTokenInput, "name" | "expiresInDays" | "allowedIps"> {
  const name = input.name.trim();
  if (name === "") throw invalid("name", "A service token needs a name: what will use it?");
  if (name.length > maxNameLength) {
    throw invalid("name", `A service token's name has at most ${maxNameLength} characters.`);
  }
  if (/\p{C}/u.test(name))
    throw invalid("name", "A service token's name must not contain control characters.");
  const { expiresInDays } = input;
  if (expiresInDays !== undefined && !(expiresInDays > 0 && expiresInDays <= maxDays)) {
    throw invalid("expiresInDays", `A service token expires in 1 to ${maxDays} days, or never.`);
  }
  return { name, expiresInDays, allowedIps: parseAllowedIps(input.allowedIps) };
}

/**
 * A read token is given the view key only: it opens what apps get, and nothing else. A record of it is sealed, too, so
 * that a rotation knows to whom it may seal.
 */
async function sealKeysForToken(
  vault: Vault,
  root: UnlockedRoot,
  tree: Tree,
  projectId: number,
  token: Pick<ServiceTokenInput, "environment" | "rights"> & { publicId: string; target: SealTarget },
) {
  const { raw, generation } = await openEnvironmentKey(vault, root, tree, projectId, token.environment);
  const key = token.rights === "write" ? raw.slice() : deriveViewKey(raw);
  const { environment, target } = token;
  try {
    const keys = await deriveEnvironmentKeys(raw);
    const context = serviceTokenContext(token.publicId, { ...token, projectId, generation });
    const sealedKey = await sealToServiceToken(target, key, context);
    const place = { projectId, environment, generation, keys };
    return {
      sealedKey,
      sealedPublicKey: await sealTokenRecord(vault, place, token, target, sealedKey),
      generation,
    };
  } finally {
    wipe(raw, key);
  }
}

/** The tokens of a project, newest first. */
export async function listServiceTokens(vault: Vault, projectId: number): Promise<ListedServiceToken[]> {
  return vault.db
    .select({
      id: serviceTokens.id,
      publicId: serviceTokens.publicId,
      name: serviceTokens.name,
      environment: environments.name,
      rights: serviceTokens.rights,
      createdAt: serviceTokens.createdAt,
      createdBy: serviceTokens.createdBy,
      expiresAt: serviceTokens.expiresAt,
      revokedAt: serviceTokens.revokedAt,
      lastUsedAt: serviceTokens.lastUsedAt,
      reads: serviceTokens.reads,
      allowedIps: serviceTokens.allowedIps,
    })
    .from(serviceTokens)
    .innerJoin(environments, eq(environments.id, serviceTokens.environmentId))
    .where(eq(serviceTokens.projectId, projectId))
    .orderBy(desc(serviceTokens.id));
}

/**
 * Revokes a token of a project: it fails on its very next request. Needs no key, since taking access away
 * must always be possible. Throws SecretsflyError `not-found` for another project's.
 */
export async function revokeServiceToken(
  vault: Vault,
  projectId: number,
  id: number,
  actor: Actor,
): Promise<void> {
  const project = await getProject(vault.db, projectId);
  await write(vault, `service-token ${id}`, actor, async () => {
    const token = (await listServiceTokens(vault, projectId)).find((candidate) => candidate.id === id);
    if (!token) throw notFound("service token in this project");
    if (token.revokedAt !== null) return unchanged(undefined);
    const active = and(
      eq(serviceTokens.id, id),
      eq(serviceTokens.projectId, projectId),
      isNull(serviceTokens.revokedAt),
    );
    const { environment, name } = token;
    return {
      // Without the sealed key the token opens nothing, not even with a later copy of the database.
      statements: [
        vault.db
          .update(serviceTokens)
          .set({ revokedAt: vault.clock(), sealedKey: new Uint8Array(0), sealedPublicKey: null })
          .where(active),
      ],
      events: [{ action: "service-token.revoke", project, environment, name }],
      result: undefined,
    };
  });
}
