/**
 * A server that goes so many steps of the way of a fetch, and answers with the same bytes after any of them. Reads nothing,
 * prints a SteppedServer as JSON. `steps.ts` starts it.
 */

import { openAtOnce } from "../src/cryptography/aead.ts";
import { wipe } from "../src/cryptography/bytes.ts";
import { presentedToken } from "../src/http/api/authenticate.ts";
import { etagOf } from "../src/http/api/etag.ts";
import { clientAddress } from "../src/http/client-address.ts";
import type { Handler } from "../src/http/fast-path.ts";
import type { KnownToken } from "../src/vault/known-tokens.ts";
import { bearer, createFileApp } from "../test/harness.ts";
import { usualSecrets } from "./plans.ts";
import type { Step, SteppedServer } from "./step-names.ts";

const app = await createFileApp({ AVAILABLE_ENVIRONMENTS: "prod", LOG_LEVEL: "info" }, "fast");
const admin = app.browser();
const { id } = await admin.createRoot("steps");
const secrets = Array.from({ length: usualSecrets }, (_, i) => [`SECRET_${i}`, String(i).padEnd(32, "x")]);
await admin.save(id, "prod", Object.fromEntries(secrets));
const token = await admin.createToken(id, "prod");
const fetched = () => app.request("/api/secrets", { headers: bearer(token) });
// The file is asked with the first whether others write, and the answer comes behind the counts of that.
await fetched();
await app.usage.flush();
const answer = await fetched();
const bytes = await answer.bytes();
const etag = answer.headers.get("ETag") ?? "";
const [head, headOfBody] = [new Headers(answer.headers), new Headers(answer.headers)];
head.delete("Content-Type");

const unchanged = () => new Response(null, { status: 304, headers: head });
const whole = (body: Uint8Array<ArrayBuffer>) => new Response(body, { headers: headOfBody });

function know(text: string): KnownToken {
  const known = app.knownTokens.find(text);
  if (!known?.opened || !known.place.view) throw new Error("the token is not known");
  return known;
}

/** What is read of a request: its token, and whether it is to be answered with 304. */
function read({ headers }: Request): { text: string; condition: string | null } {
  return { text: presentedToken(headers.get("Authorization")), condition: headers.get("If-None-Match") };
}

function count({ publicId }: KnownToken, request: Request, server: unknown): void {
  app.usage.countRead(publicId, () => clientAddress(request, server, undefined));
}

const ways: Record<Step, Handler> = {
  "a 304 with the same headers": unchanged,
  "and the two headers of the request are read"(request) {
    read(request);
    return unchanged();
  },
  "and the token is known"(request) {
    know(read(request).text);
    return unchanged();
  },
  "and the read is counted"(request, server) {
    count(know(read(request).text), request, server);
    return unchanged();
  },
  "and ETag and X-Request-Id are set"(request, server) {
    const { text, condition } = read(request);
    const known = know(text);
    count(known, request, server);
    const current = etagOf(known.place, "json", known.place.view?.bodyId ?? "");
    if (condition !== current) throw new Error("something has changed");
    head.set("ETag", current);
    head.set("X-Request-Id", crypto.randomUUID());
    return unchanged();
  },
  "GET /api/secrets with If-None-Match": app.handle,
  "the same bytes as GET /api/secrets": () => whole(bytes),
  "and they are opened each time"() {
    const { opened, place } = know(token);
    const body =
      opened && place.view && openAtOnce(opened.viewKey, place.view.sealedBody, place.view.context);
    if (!body) throw new Error("the view does not open");
    const response = whole(body);
    wipe(body);
    return response;
  },
  "GET /api/secrets": app.handle,
};

if (import.meta.main) {
  const way = ways[process.argv[2] as Step];
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, fetch: way });
  setInterval(() => void app.usage.flush(), 1000);
  process.on("SIGTERM", () => {
    app.close();
    process.exit(0);
  });
  const stepped: SteppedServer = { url: `http://127.0.0.1:${server.port}`, token, etag };
  console.log(JSON.stringify(stepped));
}
