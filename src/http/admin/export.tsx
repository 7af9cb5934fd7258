/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { wipe } from "../../cryptography/bytes.ts";
import { SecretsflyError } from "../../errors.ts";
import { type SecretFormat, secretFormats } from "../../formats/index.ts";
import { exportSecrets } from "../../vault/export.ts";
import { onTree } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import { printBody } from "../print-secrets.ts";
import { statuses } from "../statuses.ts";
import { pageProps } from "./frame.ts";
import { ExportPage } from "./pages/export-page.tsx";
import { listPlace, type Place, unlockPlace } from "./place.ts";
import { projectHead } from "./project-head.ts";

/** What apps get of an environment, as a file; without a format, the choice of one. */
export const exportRoutes = new Hono<AppEnv>({ strict: false }).get("/", async (c) => {
  const place = await unlockPlace(c);
  const format = c.req.query("format") ?? "";
  if (format === "") return showExport(c, place);
  if (!isFormat(format))
    return showRefused(c, place, `Choose one of these formats: ${secretFormats.join(", ")}.`);
  try {
    return await download(c, place, format);
  } catch (error) {
    if (!(error instanceof SecretsflyError) || error.code !== "unprintable") throw error;
    return showRefused(
      c,
      place,
      `${error.message}. There is no file: choose another format, or change the secret.`,
    );
  }
});

function isFormat(text: string): text is SecretFormat {
  return (secretFormats as readonly string[]).includes(text);
}

/** What a file of each format is called behind its project and environment. */
const extensions: Readonly<Record<SecretFormat, string>> = {
  json: "api.json",
  env: "env",
  docker: "docker.env",
  yaml: "yaml",
  map: "json",
  k8s: "secret.yaml",
};

async function download(c: Context<AppEnv>, { project, unlocked }: Place, format: SecretFormat) {
  const { vault } = c.var;
  const title = `${project.name}-${unlocked.environment.name}`;
  const file = await onTree(vault.db, project.rootId, (tree) =>
    exportSecrets(vault, tree, unlocked, (body) => printBody(format, body, title)),
  );
  const answer = c.body(file.body, 200, {
    "Content-Type": file.contentType,
    "Content-Disposition": `attachment; filename="${fileName(title)}.${extensions[format]}"`,
  });
  // The answer has a copy (Fetch, 5.2).
  if (typeof file.body !== "string") wipe(file.body);
  return answer;
}

/** A name that every system takes and no header is broken by: a project may be called anything. */
function fileName(title: string): string {
  const plain = title.normalize("NFKD").replace(/\p{M}+/gu, "");
  const name = plain.replace(/[^A-Za-z0-9_-]+/g, "-");
  // From the first of them only: a long row in the middle would be read again from each.
  return name.slice(0, 100).replace(/^-+|(?<!-)-+$/g, "") || "secrets";
}

async function showRefused(c: Context<AppEnv>, place: Place, error: string) {
  const page = await showExport(c, place, error);
  return new Response(page.body, { status: statuses.invalid.status, headers: page.headers });
}

async function showExport(c: Context<AppEnv>, place: Place, error?: string) {
  const { project, tree, unlocked } = place;
  const secrets = await listPlace(c, place);
  return c.html(
    <ExportPage
      {...(await pageProps(c))}
      project={await projectHead(c, tree, project)}
      environment={unlocked.environment.name}
      count={secrets.length}
      error={error}
    />,
  );
}
