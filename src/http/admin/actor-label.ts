import { serviceTokenHint } from "../../cryptography/service-token.ts";
import type { Session } from "../../sessions/sessions.ts";
import type { ActorLabel } from "./view-models.ts";

/** Characters of a session's id that are enough to tell sessions apart on a page. */
const shownOfSession = 4;

/** What a page calls an actor that is stored as `session:<id>`, `service-token:<public id>` or a word. */
export function actorLabel(id: string, session: Session | undefined): ActorLabel {
  const [kind, name = ""] = id.split(":");
  if (kind === "session" && name === session?.id) return { text: "you", id };
  if (kind === "session") return { text: `admin session ${name.slice(0, shownOfSession)}…`, id };
  if (kind === "service-token") return { text: `token ${serviceTokenHint(name)}`, id };
  return { text: id, id };
}
