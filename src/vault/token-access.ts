import { and, eq, sql } from "drizzle-orm";
import {
  parseServiceToken,
  type SealFormat,
  sealFormatOf,
  verifierHash,
} from "../cryptography/service-token.ts";
import type { Database } from "../database/connect.ts";
import { environments, projects, serviceTokens, views } from "../database/schema.ts";
import { SecretsflyError } from "../errors.ts";
import { isAllowedIp } from "./addresses.ts";
import { isExpired } from "./expiring-tokens.ts";
import type { KnownTokens, SealedView, TokenDescription, VerifiedToken } from "./known-tokens.ts";
import {
  actIn,
  type ReadableEnvironment,
  unlockWithServiceToken,
  type WritableEnvironment,
} from "./unlock.ts";
import type { Vault } from "./vault.ts";

/** A request that a service token is allowed to make: who it is, what it may open, and the view as it is now. */
export interface TokenAccess {
  token: TokenDescription;
  view: SealedView;
  /** Opens the key that the token carries. Half a millisecond, where it is not known: not needed to answer 304. */
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
 *
 * @param known - learns of a good token, and spares its key being opened again
 */
export async function authenticate(
  vault: Vault,
  text: string,
  from: { address: string; requestId: string },
  known?: KnownTokens,
): Promise<TokenAccess> {
  const token = parseServiceToken(text);
  if (!token) throw unauthorized();
  const hash = verifierHash(token);
  const mark = known?.freshness.mark();
  const row = await lookUpIn(vault.db).get({ publicId: token.id });
  const format = sealFormatOf(token, hash, row?.token.verifierHash ?? noHash);
  if (!row || !format) throw unauthorized();
  const { revokedAt, allowedIps, publicId } = row.token;
  if (revokedAt !== null || isExpired(row.token, vault.clock())) {
    known?.forget(publicId);
    throw unauthorized();
  }
  const verified = describe(row, format);
  const kept = mark && known?.keep(text, verified, mark);
  if (!isAllowedIp(allowedIps, from.address)) {
    throw new SecretsflyError("forbidden", "This service token may not be used from this address.");
  }
  const actor = { id: `service-token:${publicId}`, ...from };
  return {
    token: verified.description,
    view: verified.view,
    async unlock() {
      const open = () => unlockWithServiceToken(token, format, verified.grant, actor);
      return actIn(known && kept ? await known.open(kept, open) : await open(), actor);
    },
  };
}

type Row = NonNullable<Awaited<ReturnType<LookUp["get"]>>>;

function describe({ token, environment, project, view }: Row, format: SealFormat): VerifiedToken {
  const { publicId, name, rights, expiresAt, createdAt, allowedIps, projectId, sealedKey, generation } =
    token;
  return {
    description: {
      ...{ publicId, name, rights, expiresAt, createdAt, projectId },
      ...{ projectName: project.name, environment: environment.name },
    },
    grant: { projectId, rootId: project.rootId, environment, rights, sealedKey, generation },
    ...{ allowedIps, format, view },
  };
}

type LookUp = ReturnType<typeof prepareLookUp>;
const lookUps = new WeakMap<Database, LookUp>();

/** Written once for a database: that takes longer than to run it. */
function lookUpIn(db: Database): LookUp {
  const lookUp = lookUps.get(db) ?? prepareLookUp(db);
  lookUps.set(db, lookUp);
  return lookUp;
}

function prepareLookUp(db: Database) {
  const query = db
    .select({
      token: {
        ...{ publicId: serviceTokens.publicId, name: serviceTokens.name, rights: serviceTokens.rights },
        ...{ createdAt: serviceTokens.createdAt, expiresAt: serviceTokens.expiresAt },
        ...{ revokedAt: serviceTokens.revokedAt, allowedIps: serviceTokens.allowedIps },
        ...{ verifierHash: serviceTokens.verifierHash, projectId: serviceTokens.projectId },
        ...{ sealedKey: serviceTokens.sealedKey, generation: serviceTokens.generation },
      },
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
  return query.prepare();
}
