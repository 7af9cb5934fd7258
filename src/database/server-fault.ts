import { causesOf } from "./causes.ts";
import { serverStatus, storageFault } from "./storage-fault.ts";

/** By the codes of libSQL's client, of a server, and of what speaks HTTP in between. */
const reasons: Readonly<Record<string, string>> = {
  EPROTO: "it does not speak TLS; the address of one that need not ends in ?tls=0, or begins with http://",
  HRANA_PROTO_ERROR: "what answers there is no libSQL server",
  PROTOCOL_VERSION_ERROR: "what answers there is no libSQL server",
  RESPONSE_TOO_LARGE: "it gives no answer as large as a row of this database",
  SQLITE_TOOBIG: "it takes no row as large as one of this database",
  STREAM_EXPIRED: "it ended the transaction that this was read in; try again",
  TRANSACTION_CLOSED: "it ended the transaction that this was read in; try again",
  SQLITE_FULL: "its disk is full, or what it may hold",
  SQLITE_CORRUPT: "its database is damaged",
  SQLITE_NOTADB: "its database is damaged",
};

/**
 * Why a database on a server cannot be used, in words for whoever set its address and its token; undefined where that is
 * not known. Of the token it says nothing but whether there is one, and of rows nothing.
 */
export function serverFault(error: unknown, hasToken: boolean): string | undefined {
  switch (serverStatus(error)) {
    case "401":
      return hasToken
        ? "it refuses the token that DATABASE_AUTH_TOKEN holds"
        : "it wants a token: set DATABASE_AUTH_TOKEN";
    case "403":
      return "the token that DATABASE_AUTH_TOKEN holds may read and not write";
    case "404":
      return "it has no such database";
    case undefined:
      return reasonOf(error) ?? silence(error);
    default:
      return `it answered with HTTP status ${serverStatus(error)}`;
  }
}

/** By what is known of its code. */
function reasonOf(error: unknown): string | undefined {
  for (const current of causesOf(error)) {
    // Something else than a libSQL server, such as a page of a web server.
    if (current.name === "SyntaxError") return reasons.HRANA_PROTO_ERROR;
    const { code } = current as { code?: unknown };
    if (typeof code !== "string") continue;
    // The large value of a statement has another code than the large row that it makes.
    if (current.message.includes("string or blob too big")) return reasons.SQLITE_TOOBIG;
    const known = reasons[/^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code];
    if (known !== undefined) return known;
  }
  return undefined;
}

function silence(error: unknown): string | undefined {
  return storageFault(error)?.kind === "unreachable" ? `it does not answer (${codeOf(error)})` : undefined;
}

/** The innermost code, or kind: what the system said. */
function codeOf(error: unknown): string | undefined {
  let [code, name]: (string | undefined)[] = [];
  for (const current of causesOf(error)) {
    if ("code" in current && typeof current.code === "string") code = current.code;
    name = current.name;
  }
  return code ?? name;
}
