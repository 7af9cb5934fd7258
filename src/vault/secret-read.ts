import { and, eq } from "drizzle-orm";
import { toText, wipe } from "../cryptography/bytes.ts";
import { secrets, views } from "../database/schema.ts";
import { notFound, SecretsflyError } from "../errors.ts";
import { type ReadableEnvironment, unlessRotated } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { openBody, readView } from "./views.ts";

/** A secret as apps get it. */
export interface ResolvedSecret {
  id: number;
  name: string;
  value: string;
}

/** The secrets of a view's body. The bytes are overwritten. */
export function parseBody(body: Uint8Array): ResolvedSecret[] {
  const text = toText(body);
  wipe(body);
  return (JSON.parse(text) as { secrets: ResolvedSecret[] }).secrets;
}

/** How often somebody may write between the two reads below before this gives up. */
const attempts = 20;

/** A secret with the number of its version, and the revision of what apps got when it was read. */
export interface ReadSecret extends ResolvedSecret {
  version: number;
  revision: string;
}

/**
 * One secret with the number of its version. The number is not in the view, so it is read beside it, and
 * both again where a write came between them: a value never gets another one's number.
 * Throws SecretsflyError `not-found`, `busy`.
 */
export async function readSecret(
  vault: Vault,
  place: ReadableEnvironment,
  name: string,
): Promise<ReadSecret> {
  for (let i = 0; i < attempts; i++) {
    const view = await readView(vault, place.projectId, place.environment);
    const body = view && (await openBody(place, view).catch(unlessRotated(vault, place)));
    const secret = body && parseBody(body).find((candidate) => candidate.name === name);
    if (!secret) throw notFound("secret");
    const here = and(eq(views.projectId, place.projectId), eq(views.environmentId, place.environment.id));
    const [row] = await vault.db
      .select({ version: secrets.version, revision: views.revision })
      .from(secrets)
      .innerJoin(views, here)
      .where(eq(secrets.id, secret.id));
    if (row?.revision === view.revision) return { ...secret, version: row.version, revision: view.bodyId };
  }
  throw new SecretsflyError("busy", "This secret is being changed all the time. Try again.");
}
