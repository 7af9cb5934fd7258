import { serviceTokenHint } from "../../cryptography/service-token.ts";
import type { Session } from "../../sessions/sessions.ts";
import type { ActorLabel } from "./view-models.ts";

/** Characters of a session's id that are enough to tell sessions apart on a page. */
const shownOfSession = 4;

/**
 * What a page calls an actor that is stored as `session:<id>`, `service-token:<public id>` or a word.
 *
 * @param tokenNames - names of service tokens by their public ids, where they are known
 */
export function actorLabel(
  id: string,
  session: Session | undefined,
  tokenNames: ReadonlyMap<string, string> = new Map(),
): ActorLabel {
  const [kind, name = ""] = id.split(":");
  if (kind === "session" && name === session?.id) return { text: "you", id };
  if (kind === "session") return { text: `admin (session ${name.slice(0, shownOfSession)})`, id };
  if (kind !== "service-token") return { text: words[id] ?? id, id };
  const tokenName = tokenNames.get(name);
  return { text: tokenName === undefined ? `token ${serviceTokenHint(name)}` : `token “${tokenName}”`, id };
}

/** Those who are stored as a word. */
const words: Readonly<Record<string, string>> = { system: "the server", anonymous: "somebody" };
