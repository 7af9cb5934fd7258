/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { serviceTokenHint } from "../../cryptography/service-token.ts";
import { invalid, SecretsflyError } from "../../errors.ts";
import { getEnvironment } from "../../vault/environments.ts";
import { endsSoon, isExpired } from "../../vault/expiring-tokens.ts";
import {
  createServiceToken,
  type ListedServiceToken,
  listServiceTokens,
  revokeServiceToken,
} from "../../vault/service-tokens.ts";
import { readsSince } from "../../vault/token-reads.ts";
import { dayOf } from "../../vault/token-usage.ts";
import { getProject, pathTo, readTree } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import { actorLabel } from "./actor-label.ts";
import { type Form, idParam, readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { pageProps } from "./frame.ts";
import { serviceTokensPath } from "./pages/paths.ts";
import { ServiceTokenCreatedPage } from "./pages/service-token-created-page.tsx";
import { ServiceTokensPage } from "./pages/service-tokens-page.tsx";
import { projectHead } from "./project-head.ts";
import { unsealedUntil } from "./project-view.ts";
import { actorOf, requireUnsealed, tell } from "./session.ts";
import type { FieldErrors, ServiceTokenForm, ServiceTokenRow } from "./view-models.ts";

/** The service tokens of a project. */
export const serviceTokenRoutes = new Hono<AppEnv>({ strict: false })
  .get("/", async (c) => showServiceTokens(c, idParam(c, "id"), emptyForm))
  .post("/", async (c) => {
    const project = await getProject(c.var.vault.db, idParam(c, "id"));
    const form = await readForm(c);
    return answerForm(
      async () => {
        const root = requireUnsealed(c, project);
        const input = await readInput(c, form);
        // Before the token is made: nothing may come between it and the only page that shows it.
        const tree = await readTree(c.var.vault.db, project.rootId);
        const props = { ...(await pageProps(c)), ancestors: pathTo(tree, project.id).slice(0, -1) };
        const token = await createServiceToken(c.var.vault, root, project.id, input);
        return c.html(
          <ServiceTokenCreatedPage
            {...props}
            project={project}
            environment={input.environment.name}
            rights={input.rights}
            token={token}
            apiBaseUrl={`${c.var.config.PUBLIC_ORIGIN ?? new URL(c.req.url).origin}/api`}
          />,
        );
      },
      (errors) => showServiceTokens(c, project.id, typed(form, errors)),
    );
  })
  .post("/:tokenId/revoke", async (c) => {
    const id = idParam(c, "id");
    await revokeServiceToken(c.var.vault, id, idParam(c, "tokenId"), actorOf(c));
    tell(c, "success", "The service token is revoked.");
    return c.redirect(serviceTokensPath(id), 303);
  });

const emptyForm: ServiceTokenForm = {
  name: "",
  environment: "",
  rights: "read",
  expiresInDays: "",
  allowedIps: "",
  errors: {},
};

function typed(form: Form, errors: FieldErrors): ServiceTokenForm {
  const text = (name: string) => form.text(name);
  return {
    name: text("name"),
    environment: text("environment"),
    rights: text("rights"),
    expiresInDays: text("expiresInDays"),
    allowedIps: text("allowedIps"),
    errors,
  };
}

async function readInput(c: Context<AppEnv>, form: Form) {
  const rights = form.text("rights");
  if (rights !== "read" && rights !== "write") throw invalid("rights", "A service token may read or write.");
  const environment = await getEnvironment(c.var.vault, form.text("environment")).catch((error: unknown) => {
    if (error instanceof SecretsflyError) throw invalid("environment", "There is no such environment.");
    throw error;
  });
  const expiresInDays = form.number("expiresInDays", "A whole number of days, or empty for never.");
  return {
    name: form.text("name"),
    environment,
    rights,
    expiresInDays,
    allowedIps: form.text("allowedIps"),
  } as const;
}

async function showServiceTokens(c: Context<AppEnv>, projectId: number, form: ServiceTokenForm) {
  const { vault } = c.var;
  const project = await getProject(vault.db, projectId);
  const [tree, tokens, reads] = await Promise.all([
    readTree(vault.db, project.rootId),
    listServiceTokens(vault, projectId),
    readsSince(vault, projectId, dayOf(vault.clock()) - lately + 1),
  ]);
  return c.html(
    <ServiceTokensPage
      {...(await pageProps(c))}
      project={await projectHead(c, tree, project)}
      tokens={tokens.map((token) => serviceTokenRow(c, token, reads.get(token.publicId) ?? 0))}
      form={form}
      canCreate={unsealedUntil(c, project.rootId) !== null}
    />,
  );
}

/** The days that tell whether a token is still in use, today included. */
const lately = 30;

function serviceTokenRow(
  c: Context<AppEnv>,
  { publicId, ...token }: ListedServiceToken,
  readsLately: number,
): ServiceTokenRow {
  const now = c.var.vault.clock();
  const expired = isExpired(token, now);
  const status = token.revokedAt !== null ? "revoked" : expired ? "expired" : "active";
  const createdBy = actorLabel(token.createdBy, c.var.session);
  const endsInDays = endsSoon(token, now) ? daysUntil(token.expiresAt ?? now, now) : null;
  return { ...token, createdBy, hint: serviceTokenHint(publicId), status, readsLately, endsInDays };
}

function daysUntil(end: number, now: number): number {
  return Math.ceil((end - now) / (24 * 60 * 60 * 1000));
}
