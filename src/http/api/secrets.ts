import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { SecretsflyError } from "../../errors.ts";
import { secretFormats } from "../../formats/index.ts";
import { readSecret } from "../../vault/secret-read.ts";
import { changeSecrets } from "../../vault/secrets.ts";
import { openBody } from "../../vault/views.ts";
import { printBody } from "../print-secrets.ts";
import { requireJson, validate } from "../validate.ts";
import { requireToken, requireWriteToken, type TokenEnv, writableEnvironment } from "./authenticate.ts";
import { etagOf, matchesEtag } from "./etag.ts";

const listQuery = z.object({
  format: z.enum(secretFormats, `must be one of ${secretFormats.join(", ")}`).default("json"),
});
const putBody = z.strictObject({ value: z.string(), note: z.string().optional() });
const patchBody = z.strictObject({
  set: z
    .custom<Record<string, string>>(isTextRecord, "must be an object of names and text values")
    .default({}),
  delete: z.array(z.string()).default([]),
});

/** By hand: what a record schema makes of it would lose a name such as `__proto__`. */
function isTextRecord(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === "string")
  );
}

const noStore = { "Cache-Control": "no-store" };

/** Secrets over HTTP, by service token. */
export function createSecretsApi(maxBodyBytes: number) {
  const limitBody = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw new SecretsflyError("too-large", `The body is larger than ${maxBodyBytes} bytes.`);
    },
  });
  return new Hono<TokenEnv>({ strict: false })
    .use(requireToken)
    .use(limitBody)
    .get("/", validate("query", listQuery), async (c) => {
      const { format } = c.req.valid("query");
      const { access } = c.var;
      c.var.usage.countRead(access.token.publicId, c.var.address);
      const etag = etagOf(access, format);
      const headers = { ...noStore, ETag: etag };
      if (matchesEtag(c.req.header("If-None-Match"), etag)) return c.body(null, 304, headers);
      const body = await openBody(await access.unlock(), access.view);
      const { projectName, environment } = access.token;
      const printed = printBody(format, body, `${projectName}-${environment}`);
      return c.body(printed.body, 200, { ...headers, "Content-Type": printed.contentType });
    })
    .patch("/", requireWriteToken, requireJson, validate("json", patchBody), async (c) => {
      const changes = c.req.valid("json");
      const environment = await writableEnvironment(c.var.access);
      const changed = await changeSecrets(c.var.vault, environment, [
        ...Object.entries(changes.set).map(([name, value]) => ({ kind: "set" as const, name, value })),
        ...changes.delete.map((name) => ({ kind: "delete" as const, name })),
      ]);
      return c.json({ secrets: changed }, 200, noStore);
    })
    .get("/:name", async (c) => {
      const { access, vault, usage } = c.var;
      usage.countRead(access.token.publicId, c.var.address);
      const { id, name, value, version } = await readSecret(
        vault,
        await access.unlock(),
        c.req.param("name"),
      );
      return c.json({ id, name, value, version }, 200, noStore);
    })
    .put("/:name", requireWriteToken, requireJson, validate("json", putBody), async (c) => {
      const { value, note } = c.req.valid("json");
      const environment = await writableEnvironment(c.var.access);
      const change = { kind: "set" as const, name: c.req.param("name"), value, note };
      const [changed] = await changeSecrets(c.var.vault, environment, [change]);
      const { id, name, version, outcome } = changed ?? {};
      return c.json({ id, name, version }, outcome === "created" ? 201 : 200, noStore);
    })
    .delete("/:name", requireWriteToken, async (c) => {
      const environment = await writableEnvironment(c.var.access);
      await changeSecrets(c.var.vault, environment, [{ kind: "delete", name: c.req.param("name") }]);
      return c.body(null, 204, noStore);
    });
}
