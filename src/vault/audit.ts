import { desc } from "drizzle-orm";
import { type Bytes, concat, toBytes } from "../cryptography/bytes.ts";
import { sha256 } from "../cryptography/hash.ts";
import type { Database } from "../database/connect.ts";
import { auditEvents } from "../database/schema.ts";
import type { Actor } from "./vault.ts";

/** What can be told of in the audit, in the order in which people look for it. */
export const auditActions = [
  "secret.set",
  "secret.delete",
  "secret.reveal",
  "secrets.reveal",
  "secrets.export",
  "project.create",
  "project.edit",
  "project.move",
  "project.delete",
  "project.unseal",
  "project.unseal-refused",
  "project.unseal-limited",
  "project.seal",
  "master-key.rotate",
  "master-key.rotate-refused",
  "service-token.create",
  "service-token.revoke",
  "service-token.limited",
  "environment.add",
  "audit.export",
  "session.sign-in",
  "session.sign-in-refused",
  "session.sign-in-limited",
  "session.sign-out",
] as const;

export type AuditAction = (typeof auditActions)[number];

/** Something that somebody did; it holds names and never values. */
export interface AuditEntry {
  action: AuditAction;
  project?: { id: number; name: string };
  environment?: string;
  /** Of the secret, the service token or the environment; of the project that left a root's tree. */
  name?: string;
}

export type AuditEvent = typeof auditEvents.$inferSelect;
type Unhashed = Omit<AuditEvent, "hash">;

/** The end of the chain: the next event follows it. */
export interface AuditHead {
  id: number;
  hash: Bytes;
}

/** Where the chain begins: no event, and 32 zero bytes. */
export const emptyChain: AuditHead = { id: 0, hash: new Uint8Array(32) };

/** The newest event, or where the chain begins. */
export async function auditHead(db: Database): Promise<AuditHead> {
  const [head] = await db
    .select({ id: auditEvents.id, hash: auditEvents.hash })
    .from(auditEvents)
    .orderBy(desc(auditEvents.id))
    .limit(1);
  return head ?? emptyChain;
}

/** The rows that append `entries` behind `head`. */
export function chainEvents(
  head: AuditHead,
  at: number,
  actor: Actor,
  entries: readonly AuditEntry[],
): AuditEvent[] {
  let { id, hash } = head;
  return entries.map((entry) => {
    id += 1;
    const event: Unhashed = {
      id,
      at,
      actor: actor.id,
      action: entry.action,
      projectId: entry.project?.id ?? null,
      projectName: entry.project?.name ?? null,
      environment: entry.environment ?? null,
      name: entry.name ?? null,
      address: actor.address,
      requestId: actor.requestId,
    };
    hash = eventHash(hash, event);
    return { ...event, hash };
  });
}

/**
 * SHA-256 of: the hash before (32 bytes), then the UTF-8 of the JSON array [id, at, actor, action,
 * project id, project name, environment, name, address, request id], without white space.
 */
export function eventHash(previous: Bytes, event: Unhashed): Bytes {
  const { id, at, actor, action, projectId, projectName, environment, name, address, requestId } = event;
  const fields = [id, at, actor, action, projectId, projectName, environment, name, address, requestId];
  return sha256(concat(previous, toBytes(JSON.stringify(fields))));
}
