import { quoteSafely } from "./mask-token.ts";
import { RequestError } from "./request-error.ts";

/** How OpenSSL, BoringSSL, Node and Bun name what goes wrong with certificates and handshakes. */
const tlsCode = /CERT|TLS|SSL|EPROTO|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|CHAIN|CRL/;

/** How Deno and Workers tell the same: they have no codes. */
const tlsMessage = /certificate|handshake/i;

/**
 * Says in words why `fetch` was rejected. Bun puts the system's code on the error, Node on its cause.
 *
 * @param error what `fetch`, or reading the body, threw
 */
export function connectionFailure(
  error: unknown,
  url: string,
  token: string,
  timeoutMs: number,
): RequestError {
  if (error instanceof Error && error.name === "TimeoutError") {
    return new RequestError("timeout", `no answer from ${url} within ${timeoutMs / 1000} s`);
  }
  const code = codeOf(error);
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(url, "the server");
  const detail = quoteSafely(code || message, token);
  if (code ? tlsCode.test(code) : tlsMessage.test(message)) {
    return new RequestError("tls", `no secure connection to ${url}: TLS failed (${detail})`);
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new RequestError("unreachable", `no server at ${url}: the name cannot be resolved (${detail})`);
  }
  if (code === "ECONNREFUSED") {
    return new RequestError("unreachable", `no server at ${url}: the connection was refused. Is it running?`);
  }
  return new RequestError("unreachable", `no server at ${url}: the connection failed (${detail})`);
}

function codeOf(error: unknown): string {
  for (const source of [error, error instanceof Error ? error.cause : undefined]) {
    if (source instanceof Error && "code" in source && typeof source.code === "string") return source.code;
  }
  return "";
}
