import { and, eq, sql } from "drizzle-orm";
import { parseServiceToken, sealFormatOf, verifierHash } from "../cryptography/service-token.ts";
import { environments, projects, serviceTokens, views } from "../database/schema.ts";
import { SecretsflyError } from "../errors.ts";
import { isAllowedIp } from "./addresses.ts";
import { type ReadableEnvironment, unlockWithServiceToken, type WritableEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import type { ViewRow } from "./views.ts";

/** A request that a service token is allowed to make: who it is, what it may open, and the view as it is now. */
export interface TokenAccess {
  token: {
    publicId: string;
    name: string;
    rights: "read" | "write";
    expiresAt: number | null;
    createdAt: number;
    projectId: number;
    projectName: string;
    environment: string;
  };
  view: Pick<ViewRow, "revision" | "bodyId" | "sealedBody">;
  /** Opens the key that the token carries. Half a millisecond: not needed to answer 304. */
  unlock(): Promise<ReadableEnvironment | WritableEnvironment>;
}

/** Of a token that is not there: no verifier has it. */
const noHash = new Uint8Array(32);

/** One answer for every token that is not good, so that it tells nothing. */
function unauthorized(): SecretsflyError {
  return new SecretsflyError(
    "unauthorized",
    "The service token is missing, malformed, unknown, expired or revoked.",
  );
}

/**
 * The way in for apps, in one look-up. The token's text is parsed (a typo costs no query), its row is
 * found by its public id, and its secret is compared in constant time.
 * Throws SecretsflyError: `unauthorized`, or `forbidden` for an address outside its list.
 */
export async function authenticate(
  vault: Vault,
  text: string,
  from: { address: string; requestId: string },
): Promise<TokenAccess> {
  const token = parseServiceToken(text);
  if (!token) throw unauthorized();
  const hash = verifierHash(token);
  const row = await lookUp(vault, token.id);
  const format = sealFormatOf(token, hash, row?.token.verifierHash ?? noHash);
  if (!row || !format) throw unauthorized();
  const {
    expiresAt,
    revokedAt,
    allowedIps,
    publicId,
    rights,
    sealedKey,
    generation,
    projectId,
    name,
    createdAt,
  } = row.token;
  if (revokedAt !== null || (expiresAt !== null && expiresAt <= vault.clock())) throw unauthorized();
  if (!isAllowedIp(allowedIps, from.address)) {
    throw new SecretsflyError("forbidden", "This service token may not be used from this address.");
  }
  const { environment, project, view } = row;
  const grant = { projectId, rootId: project.rootId, environment, rights, sealedKey, generation };
  return {
    token: {
      publicId,
      name,
      rights,
      expiresAt,
      createdAt,
      projectId,
      projectName: project.name,
      environment: environment.name,
    },
    view,
    unlock: () => unlockWithServiceToken(token, format, grant, { id: `service-token:${publicId}`, ...from }),
  };
}

async function lookUp(vault: Vault, publicId: string) {
  const query = vault.db
    .select({
      token: serviceTokens,
      environment: { id: environments.id, name: environments.name },
      project: { name: projects.name, rootId: projects.rootId },
      view: { revision: views.revision, bodyId: views.bodyId, sealedBody: views.sealedBody },
    })
    .from(serviceTokens)
    .innerJoin(projects, eq(projects.id, serviceTokens.projectId))
    .innerJoin(environments, eq(environments.id, serviceTokens.environmentId))
    .innerJoin(
      views,
      and(eq(views.projectId, serviceTokens.projectId), eq(views.environmentId, serviceTokens.environmentId)),
    )
    .where(eq(serviceTokens.publicId, sql.placeholder("publicId")));
  return query.get({ publicId });
}
