import { FetchSecretsError } from "./fetch-secrets-error.ts";
import { quoteSafely } from "./mask-token.ts";

/** How OpenSSL, BoringSSL, Node and Bun name what goes wrong with certificates and handshakes. */
const tlsCode = /CERT|TLS|SSL|EPROTO|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|CHAIN|CRL/;

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
): FetchSecretsError {
  if (error instanceof Error && error.name === "TimeoutError") {
    return new FetchSecretsError("timeout", `no answer from ${url} within ${timeoutMs / 1000} s`);
  }
  const code = codeOf(error);
  const detail = quoteSafely(code || (error instanceof Error ? error.message : String(error)), token);
  if (tlsCode.test(code)) {
    return new FetchSecretsError("tls", `no secure connection to ${url}: TLS failed (${detail})`);
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new FetchSecretsError(
      "unreachable",
      `no server at ${url}: the name cannot be resolved (${detail})`,
    );
  }
  if (code === "ECONNREFUSED") {
    return new FetchSecretsError(
      "unreachable",
      `no server at ${url}: the connection was refused. Is it running?`,
    );
  }
  return new FetchSecretsError("unreachable", `no server at ${url}: the connection failed (${detail})`);
}

function codeOf(error: unknown): string {
  for (const source of [error, error instanceof Error ? error.cause : undefined]) {
    if (source instanceof Error && "code" in source && typeof source.code === "string") return source.code;
  }
  return "";
}
