/** @jsxImportSource hono/jsx */
import { Hono } from "hono";
import { sha256 } from "../../cryptography/hash.ts";
import { assetPaths } from "../admin/assets.ts";
import type { AppEnv } from "../app-env.ts";
import { DocsPage } from "../docs/docs-page.tsx";
import { matchesEtag } from "./etag.ts";
import { openApiDocument } from "./openapi.ts";

/** Made when somebody first asks: the program starts without it. */
let made: { document: ReturnType<typeof openApiDocument>; text: string; etag: string } | undefined;

function apiDocument() {
  if (!made) {
    const document = openApiDocument();
    const text = JSON.stringify(document);
    made = { document, text, etag: `"${sha256(text).toHex().slice(0, 22)}"` };
  }
  return made;
}

/** What tells of the API itself, to anybody: no secret and no setting is in it. */
export const documentRoutes = new Hono<AppEnv>({ strict: false })
  .get("/openapi.json", (c) => {
    const { text, etag } = apiDocument();
    const headers = { ETag: etag, "Cache-Control": "public, max-age=300" };
    if (matchesEtag(c.req.header("If-None-Match"), etag)) return c.body(null, 304, headers);
    return c.body(text, 200, { ...headers, "Content-Type": "application/json" });
  })
  .get("/docs", (c) => {
    const page = (
      <DocsPage
        document={apiDocument().document}
        documentPath="/api/openapi.json"
        origin={c.var.config.PUBLIC_ORIGIN ?? new URL(c.req.url).origin}
        assets={assetPaths}
        // The page is the same for everybody: it knows no session.
        frame={{ flashes: [], canSignOut: false, mayEnter: false, unsealed: [], now: c.var.vault.clock() }}
      />
    );
    return c.html(page, 200, { "Cache-Control": "no-store" });
  });
