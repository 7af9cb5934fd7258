import { and, eq, sql } from "drizzle-orm";
import { parseServiceToken, sealFormatOf, verifierHash } from "../cryptography/service-token.ts";
import type { Database } from "../database/connect.ts";
import { environments, projects, serviceTokens, views } from "../database/schema.ts";
import { SecretsflyError } from "../errors.ts";
import { isAllowedIp } from "./addresses.ts";
import type { KnownToken, KnownTokens, SealedView, TokenDescription } from "./known-tokens.ts";
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

/** What tokens are known, and whether that is enough: it is not for whoever wants to write. */
interface Knowledge {
  known: KnownTokens;
  isEnough: boolean;
}

/**
 * The way in for apps, in one look-up, or none where the token and its view are known. Throws SecretsflyError:
 * `unauthorized`, or `forbidden` for an address outside its list.
 *
 * @param knowledge - absent: the database is asked, and nobody learns what it said
 */
export async function authenticate(
  vault: Vault,
  text: string,
  from: { address: string; requestId: string },
  knowledge?: Knowledge,
): Promise<TokenAccess> {
  const found = knowledge?.isEnough ? knowledge.known.find(text) : undefined;
  const { token, view } = found ?? (await readToken(vault, text, knowledge?.known));
  const { description, allowedIps } = token;
  const { expiresAt } = description;
  if (expiresAt !== null && expiresAt <= vault.clock()) throw unauthorized();
  if (!isAllowedIp(allowedIps, from.address)) {
    throw new SecretsflyError("forbidden", "This service token may not be used from this address.");
  }
  const actor = { id: `service-token:${description.publicId}`, ...from };
  return {
    token: description,
    view,
    async unlock() {
      token.opened ??= await openOnce(text, token);
      return actIn(token.opened, actor);
    },
  };
}

function openOnce(text: string, token: KnownToken): Promise<ReadableEnvironment> {
  token.opening ??= openKey(text, token).finally(() => {
    token.opening = undefined;
  });
  return token.opening;
}

/**
 * The token's text is parsed (a typo costs no query), its row is found by its public id, and its secret is compared in
 * constant time.
 */
async function readToken(
  vault: Vault,
  text: string,
  known: KnownTokens | undefined,
): Promise<{ token: KnownToken; view: SealedView }> {
  const token = parseServiceToken(text);
  if (!token) throw unauthorized();
  const hash = verifierHash(token);
  const mark = known?.freshness.mark();
  const row = await lookUpIn(vault.db).get({ publicId: token.id });
  const format = sealFormatOf(token, hash, row?.token.verifierHash ?? noHash);
  if (!row || !format) throw unauthorized();
  const { environment, project, view } = row;
  const { publicId, name, rights, expiresAt, createdAt, projectId, sealedKey, generation } = row.token;
  if (row.token.revokedAt !== null) {
    known?.forget(publicId);
    throw unauthorized();
  }
  const verified = {
    description: {
      ...{ publicId, name, rights, expiresAt, createdAt, projectId },
      projectName: project.name,
      environment: environment.name,
    },
    grant: { projectId, rootId: project.rootId, environment, rights, sealedKey, generation },
    format,
    allowedIps: row.token.allowedIps,
  };
  const kept = known && mark && known.keep(text, verified, view, mark);
  return { token: kept ?? { ...verified, opened: undefined, opening: undefined }, view };
}

/** Opens the key that a token carries. Throws OpenError for a row that was tampered with. */
async function openKey(
  text: string,
  { grant, format, description }: KnownToken,
): Promise<ReadableEnvironment | WritableEnvironment> {
  const token = parseServiceToken(text);
  if (!token) throw unauthorized();
  const actor = { id: `service-token:${description.publicId}`, address: "", requestId: "" };
  return unlockWithServiceToken(token, format, grant, actor);
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
  return query.prepare();
}
