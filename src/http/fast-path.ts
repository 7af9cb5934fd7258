import { openAtOnce } from "../cryptography/aead.ts";
import { type Bytes, wipe } from "../cryptography/bytes.ts";
import { isAllowedIp } from "../vault/addresses.ts";
import { isExpired } from "../vault/expiring-tokens.ts";
import { logRequest } from "./access-log.ts";
import { presentedToken } from "./api/authenticate.ts";
import { etagOf, matchesEtag } from "./api/etag.ts";
import type { AppDeps } from "./app-env.ts";
import { clientAddress } from "./client-address.ts";
import { givenAwayAtOnce } from "./memory-budget.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { securityHeaders } from "./security-headers.ts";

/** Answers a request; the server is the one that it came to, which knows the socket. */
export type Handler = (request: Request, server?: unknown) => Response | Promise<Response>;

const route = "/api/secrets";
/** The whole address of a fetch without a query. What else a host may be called is for the app to look at. */
const plainFetch = /^https?:\/\/(?:[a-z\d.-]+|\[[a-f\d:]+\])(?::\d{1,5})?\/api\/secrets$/;

/**
 * The way that nearly all requests take, from socket to bytes: `GET /api/secrets` as JSON, by a service token that is
 * known and good. It reads no row, writes none, opens one view and lets the event loop have its turn at once. Whatever is
 * not quite so, and every refusal, is the app's: there the same rules are told with their errors, and what the database
 * says of a token becomes known. Both answer with the same status, headers and bytes.
 */
export function createFastPath(deps: AppDeps, metrics: Metrics | undefined, app: Handler): Handler {
  const { config, vault, knownTokens, usage, logger } = deps;
  const isLogged = logger.isLevelEnabled("debug");
  const isTimed = isLogged || metrics !== undefined;
  const common = { ...securityHeaders(config), "Cache-Control": "no-store" };
  // Copied by `Response`; what changes is set before each.
  const [headers, headersOfBody] = [common, { ...common, "Content-Type": "application/json" }].map(
    (names) => new Headers(names),
  ) as [Headers, Headers];
  let lastUrl = "";

  return function fetchSecrets(request, server) {
    if (request.method !== "GET") return app(request, server);
    const { url } = request;
    if (url !== lastUrl) {
      if (!plainFetch.test(url) || !URL.canParse(url)) return app(request, server);
      lastUrl = url;
    }
    const began = isTimed ? performance.now() : 0;

    // Who asks, and whether that is allowed now.
    const sent = request.headers;
    const token = knownTokens.find(presentedToken(sent.get("Authorization")));
    const view = token?.place.view;
    if (!token?.opened || !view) return app(request, server);
    const { publicId, allowedIps, opened, place } = token;
    const addressOf = () => clientAddress(request, server, config.CLIENT_IP_HEADER);
    if (isExpired(token, vault.clock())) return app(request, server);
    if (allowedIps !== "" && !isAllowedIp(allowedIps, addressOf())) return app(request, server);

    // Whether there is anything to send.
    const etag = etagOf(place, "json", view.bodyId);
    const condition = sent.get("If-None-Match");
    const isKnownThere = condition !== null && (condition === etag || matchesEtag(condition, etag));
    let body: Bytes | undefined;
    if (!isKnownThere) {
      if (view.sealedBody.length > givenAwayAtOnce) return app(request, server);
      body = openAtOnce(opened.viewKey, view.sealedBody, view.context);
      if (!body) return app(request, server);
    }

    usage.countRead(publicId, addressOf);
    const status = isKnownThere ? 304 : 200;
    const head = isKnownThere ? headers : headersOfBody;
    const requestId = crypto.randomUUID();
    head.set("ETag", etag);
    head.set("X-Request-Id", requestId);
    const response = new Response(body ?? null, { status, headers: head });
    // The bytes were copied (Fetch, 5.2).
    if (body) wipe(body);
    metrics?.requests.count("GET", route, status, (performance.now() - began) / 1000);
    if (isLogged) {
      const address = addressOf();
      logRequest(logger, "debug", began, { requestId, address, method: "GET", route, status });
    }
    return response;
  };
}
