import type { Session } from "../../sessions/sessions.ts";
import type { ListedSecret } from "../../vault/secret-list.ts";
import { actorLabel } from "./actor-label.ts";
import { linesOfPage } from "./slices.ts";
import type { SecretRow } from "./view-models.ts";

/** Rows of a page with values: each of them may be long. */
const rowsWithValues = 100;

/** How many secrets a page shows. */
export function pageSize(decrypted: boolean): number {
  return decrypted ? rowsWithValues : linesOfPage;
}

/** The secrets whose name or note holds what was searched for, whatever the case; the one of exactly that name first. */
export function matching(secrets: readonly ListedSecret[], query: string): readonly ListedSecret[] {
  if (query === "") return secrets;
  const wanted = query.toLowerCase();
  const found = secrets.filter(({ name, note }) => `${name}\n${note}`.toLowerCase().includes(wanted));
  const isExact = ({ name }: ListedSecret) => name.toLowerCase() === wanted;
  return [...found.filter(isExact), ...found.filter((secret) => !isExact(secret))];
}

/** A row as the pages show it. Values leave the domain only where they are to be shown. */
export function secretRow(secret: ListedSecret, session: Session | undefined, isOpen: boolean): SecretRow {
  const { name, origin, from, note, version, changedAt, changedBy, value, resolvedValue, problem } = secret;
  return {
    name,
    origin,
    from: from ? { id: from.id, name: from.name } : null,
    note,
    version,
    changedAt,
    changedBy: actorLabel(changedBy, session),
    ...(isOpen && { value }),
    ...(isOpen && resolvedValue !== value && { resolvedValue }),
    ...(problem !== undefined && { problem }),
  };
}
