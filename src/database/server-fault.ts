import { serverStatus, storageFault } from "./storage-fault.ts";

/**
 * Why a database on a server cannot be used, in words for whoever set its address and its token; undefined where that is
 * not known. Of the token it says nothing but whether there is one.
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
      break;
    default:
      return `it answered with HTTP status ${serverStatus(error)}`;
  }
  if (codeOf(error) === "EPROTO")
    return "it does not speak TLS; the address of one that need not ends in ?tls=0, or begins with http://";
  return storageFault(error)?.kind === "unreachable" ? `it does not answer (${codeOf(error)})` : undefined;
}

/** The innermost code: what the system said. */
function codeOf(error: unknown): string | undefined {
  let code: string | undefined;
  for (let current = error; current instanceof Error; current = current.cause)
    if ("code" in current && typeof current.code === "string") code = current.code;
  return code;
}
