import { equalBytes } from "../cryptography/hash.ts";
import { type AuditEvent, type AuditHead, eventHash } from "./audit.ts";

/** Where a chain first stops to be one. */
export interface ChainFault {
  /** The first event that does not follow from those before it, or the first that is missing. */
  eventId: number;
  /** What is wrong with it, in a sentence without names. */
  what: string;
}

/**
 * Says what is wrong with the first event that does not follow. What is certain is that it does not; how that came
 * about is told where the hashes near it show it.
 *
 * @param before - the newest event that does follow
 * @param row - the one behind it
 * @param near - the events around it, in order, itself included; looked at where its id is the right one
 */
export function chainFault(before: AuditHead, row: AuditEvent, near: readonly AuditEvent[]): ChainFault {
  const eventId = before.id + 1;
  if (row.id > eventId) return { eventId, what: missing(eventId, row.id - 1) };
  if (row.id < eventId) return { eventId: row.id, what: `event ${row.id} was added: ids begin at 1` };
  const elsewhere = formerId(row, near, before);
  if (elsewhere !== undefined)
    return {
      eventId,
      what: `event ${eventId} stands in another's place: what it says was event ${elsewhere}`,
    };
  const next = near.find(({ id }) => id === eventId + 1);
  const changed = `event ${eventId} was changed`;
  if (!next) return { eventId, what: `${changed}, or its hash` };
  const shift = shiftOf(row, next);
  if (shift === undefined) return { eventId, what: `${changed}, or its hash, or the next event` };
  if (shift === 0) return { eventId, what: changed };
  const how = shift > 0 ? "removed before it" : "added before it, or at its place";
  return {
    eventId,
    what: `event ${eventId} does not follow: events were ${how}, and the rest numbered anew`,
  };
}

function missing(first: number, last: number): string {
  return first === last ? `event ${first} is missing` : `events ${first} to ${last} are missing`;
}

/** The id that an event had when its hash was made, if the event before that is still near. */
function formerId(row: AuditEvent, near: readonly AuditEvent[], before: AuditHead): number | undefined {
  const hashes = [before.hash, ...near.map(({ hash }) => hash)];
  return near
    .map(({ id }) => id)
    .find(
      (id) => id !== row.id && hashes.some((hash) => equalBytes(eventHash(hash, { ...row, id }), row.hash)),
    );
}

const furthest = 1000;

/** By how much the ids behind an event are smaller than they were, if the next one follows from it. */
function shiftOf({ hash }: AuditEvent, next: AuditEvent): number | undefined {
  for (let distance = 0; distance <= furthest; distance++) {
    for (const shift of [distance, -distance]) {
      if (equalBytes(eventHash(hash, { ...next, id: next.id + shift }), next.hash)) return shift;
    }
  }
  return undefined;
}
