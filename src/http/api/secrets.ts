import { type Context, Hono, type TypedResponse } from "hono";
import { bodyLimit } from "hono/body-limit";
import { wipe } from "../../cryptography/bytes.ts";
import { SecretsflyError } from "../../errors.ts";
import type { Precondition } from "../../vault/precondition.ts";
import { readSecret } from "../../vault/secret-read.ts";
import { writeSecrets } from "../../vault/secrets.ts";
import { openBody } from "../../vault/views.ts";
import { holdBody } from "../hold-body.ts";
import { heldBody } from "../memory-budget.ts";
import { printBody } from "../print-secrets.ts";
import { requireJson, validate } from "../validate.ts";
import { requireToken, requireWriteToken, type TokenEnv, writableEnvironment } from "./authenticate.ts";
import { operations } from "./contract.ts";
import { etagOf, etagOfSecret, matchesEtag, revisionsIn } from "./etag.ts";
import { sendEvents } from "./events.ts";
import type { ChangedSecrets, SecretList, SecretMap, SecretVersion, WrittenSecret } from "./schemas.ts";

const { listSecrets, changeSecrets, readSecret: readOne, putSecret, deleteSecret } = operations;
const noStore = { "Cache-Control": "no-store" };

/** An answer that is JSON already, byte for byte, or text. */
type Printed = Response &
  (TypedResponse<SecretList | SecretMap, 200, "json"> | TypedResponse<string, 200, "text">);

interface ConditionHeaders {
  "If-Match"?: string | undefined;
  "If-None-Match"?: string | undefined;
}

/** The condition that a write's headers state (RFC 9110, 13.1). */
function preconditionOf(c: Context<TokenEnv>, headers: ConditionHeaders): Precondition {
  const { token } = c.var.access;
  return {
    match: revisionsIn(headers["If-Match"], token, { weak: false }),
    noneMatch: revisionsIn(headers["If-None-Match"], token, { weak: true }),
  };
}

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
    .use(limitBody, holdBody(maxBodyBytes))
    .get("/", validate("query", listSecrets.query), async (c) => {
      const { format } = c.req.valid("query");
      const { access } = c.var;
      c.var.usage.countRead(access.token.publicId, () => c.var.address);
      const etag = etagOf(access.token, format, access.view.bodyId);
      const headers = { ...noStore, ETag: etag };
      if (matchesEtag(c.req.header("If-None-Match"), etag)) return c.body(null, 304, headers);
      const body = await openBody(await access.unlock(), access.view);
      const { projectName, environment } = access.token;
      const printed = printBody(format, body, `${projectName}-${environment}`);
      const held = heldBody(c.var.memory, printed.body, c.req.raw.signal);
      const answer = c.body(held, 200, { ...headers, "Content-Type": printed.contentType });
      // What is given away at once is copied (Fetch, 5.2); what is not, is overwritten once it is sent.
      if (held === printed.body || printed.body !== body) wipe(body);
      return answer as unknown as Printed;
    })
    .patch(
      "/",
      requireWriteToken,
      requireJson,
      validate("query", changeSecrets.query),
      validate("header", changeSecrets.headers),
      validate("json", changeSecrets.body.schema),
      async (c) => {
        const changes = c.req.valid("json");
        const { vault, access } = c.var;
        const environment = await writableEnvironment(access);
        const { secrets, revision } = await writeSecrets(
          vault,
          environment,
          [
            ...Object.entries(changes.set).map(([name, value]) => ({ kind: "set" as const, name, value })),
            ...changes.delete.map((name) => ({ kind: "delete" as const, name })),
          ],
          {
            precondition: preconditionOf(c, c.req.valid("header")),
            dryRun: c.req.valid("query").dryRun === "true",
          },
        );
        const headers = { ...noStore, ETag: etagOf(access.token, "json", revision) };
        return c.json<ChangedSecrets, 200>({ secrets }, 200, headers);
      },
    )
    .get("/events", sendEvents)
    .get("/:name", validate("param", readOne.params), async (c) => {
      const { access, vault, usage } = c.var;
      usage.countRead(access.token.publicId, () => c.var.address);
      const { name: asked } = c.req.valid("param");
      const { revision, ...secret } = await readSecret(vault, await access.unlock(), asked);
      const etag = etagOfSecret(access.token, secret, revision);
      const headers = { ...noStore, ETag: etag };
      if (matchesEtag(c.req.header("If-None-Match"), etag)) return c.body(null, 304, headers);
      const { id, name, value, version } = secret;
      return c.json<SecretVersion, 200>({ id, name, value, version }, 200, headers);
    })
    .put(
      "/:name",
      requireWriteToken,
      requireJson,
      validate("param", putSecret.params),
      validate("query", putSecret.query),
      validate("header", putSecret.headers),
      validate("json", putSecret.body.schema),
      async (c) => {
        const { value, note } = c.req.valid("json");
        const { name } = c.req.valid("param");
        const { vault, access } = c.var;
        const environment = await writableEnvironment(access);
        const { secrets, revision } = await writeSecrets(
          vault,
          environment,
          [{ kind: "set", name, value, note }],
          { precondition: preconditionOf(c, c.req.valid("header")), about: name },
        );
        const [{ id, version, outcome }] = secrets as [ChangedSecrets["secrets"][number]];
        const headers = { ...noStore, ETag: etagOfSecret(access.token, { name, version }, revision) };
        const written: WrittenSecret = { id, name, version };
        return outcome === "created" ? c.json(written, 201, headers) : c.json(written, 200, headers);
      },
    )
    .delete(
      "/:name",
      requireWriteToken,
      validate("param", deleteSecret.params),
      validate("query", deleteSecret.query),
      validate("header", deleteSecret.headers),
      async (c) => {
        const { name } = c.req.valid("param");
        const environment = await writableEnvironment(c.var.access);
        const precondition = preconditionOf(c, c.req.valid("header"));
        await writeSecrets(c.var.vault, environment, [{ kind: "delete", name }], {
          precondition,
          about: name,
        });
        return c.body(null, 204, noStore);
      },
    );
}
