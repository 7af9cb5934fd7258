/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { serviceTokenHint } from "../../cryptography/service-token.ts";
import { auditActions } from "../../vault/audit.ts";
import { toldHead } from "../../vault/audit-head.ts";
import {
  deletedProjects,
  environmentNames,
  readAuditPage,
  recentActors,
  type ToldEvent,
} from "../../vault/audit-query.ts";
import { listProjects } from "../../vault/projects.ts";
import { sumReads, tokenNames } from "../../vault/token-reads.ts";
import { startOfDay } from "../../vault/token-usage.ts";
import { getProject, type Project, readTree } from "../../vault/tree.ts";
import type { UnlockedRoot } from "../../vault/unlock.ts";
import type { AppEnv } from "../app-env.ts";
import { actorLabel } from "./actor-label.ts";
import { answerExport, exportFormat } from "./audit-export.ts";
import { type AuditRequest, auditAddress, readAuditRequest } from "./audit-filter.ts";
import { auditWords } from "./audit-words.ts";
import { idParam } from "./form.ts";
import { pageProps } from "./frame.ts";
import type { AuditEventRow } from "./pages/audit-events.tsx";
import type { AuditChoices } from "./pages/audit-filter-form.tsx";
import { AuditPage } from "./pages/audit-page.tsx";
import type { AuditReads } from "./pages/audit-reads.tsx";
import { auditPath, projectAuditPath } from "./pages/paths.ts";
import { projectHead } from "./project-head.ts";
import { unsealedRoots } from "./session.ts";

/** The audit of everything. */
export const auditRoutes = new Hono<AppEnv>({ strict: false }).get("/", (c) => answerAudit(c, undefined));

/** The audit of a project and what is below it. */
export const projectAuditRoutes = new Hono<AppEnv>({ strict: false }).get("/", async (c) =>
  answerAudit(c, await getProject(c.var.vault.db, idParam(c, "id"))),
);

/** Events on a page, tokens in the sum of reads, projects among the choices. */
const pageSize = 100;
const maxReaders = 50;
const maxProjects = 300;

async function answerAudit(c: Context<AppEnv>, project: Project | undefined): Promise<Response> {
  const request = await readAuditRequest(c, project);
  const isRefused = Object.keys(request.errors).length > 0;
  const roots = unsealedRoots(c);
  const format = exportFormat(c);
  if (format && !isRefused) return answerExport(c, format, request, project);

  const nothing = { events: [], older: null, complete: true };
  const page = isRefused ? nothing : await readPage(c, roots, request);
  const choices = await auditChoices(c, project, request);
  const path = project ? projectAuditPath(project.id) : auditPath;
  const rows = await eventRows(c, page.events, path);
  const tree = project && (await readTree(c.var.vault.db, project.rootId));
  return c.html(
    <AuditPage
      {...(await pageProps(c))}
      project={project && tree ? await projectHead(c, tree, project) : null}
      path={path}
      form={request.form}
      errors={request.errors}
      choices={choices}
      events={rows}
      isFirst={request.before === undefined}
      isFiltered={Object.values(request.form).some((text) => text !== "")}
      older={page.older === null ? null : auditAddress(path, request.form, { before: String(page.older) })}
      isCutShort={!page.complete}
      newest={auditAddress(path, request.form)}
      reads={isRefused ? null : await readsOf(c, request)}
      head={project || request.before !== undefined ? null : ((await toldHead(c.var.vault.db)) ?? null)}
      exports={{
        csv: auditAddress(path, request.form, { format: "csv" }),
        jsonl: auditAddress(path, request.form, { format: "jsonl" }),
        readsCsv: auditAddress(path, request.form, { format: "csv", what: "reads" }),
        readsJsonl: auditAddress(path, request.form, { format: "jsonl", what: "reads" }),
      }}
    />,
    isRefused ? 422 : 200,
  );
}

function readPage(c: Context<AppEnv>, roots: readonly UnlockedRoot[], { filter, before }: AuditRequest) {
  return readAuditPage(c.var.vault, roots, filter, { before, limit: pageSize });
}

/** Who is asked for by name; in words where the name of a token is known. */
async function actorLabels(c: Context<AppEnv>, ids: Iterable<string>) {
  const unique = [...new Set(ids)];
  const publicIds = unique.flatMap((id) => /^service-token:(.+)$/.exec(id)?.[1] ?? []);
  const names = await tokenNames(c.var.vault, publicIds);
  return new Map(unique.map((id) => [id, actorLabel(id, c.var.session, names)]));
}

async function eventRows(
  c: Context<AppEnv>,
  events: readonly ToldEvent[],
  path: string,
): Promise<AuditEventRow[]> {
  const labels = await actorLabels(
    c,
    events.map(({ actor }) => actor),
  );
  return events.map((event) => {
    const { verb, place = "", placeAfterName = place } = wordsOf(event.action);
    const { id, at, environment, address, requestId, hidden, name, actor } = event;
    return {
      ...{ id, at, environment, address, requestId, verb, name, hidden },
      actor: labels.get(actor) ?? { text: actor, id: actor },
      actorHref: auditAddress(path, { ...emptyForm, actor }),
      place: name === null && !hidden ? place : placeAfterName,
      isSecret: event.action.startsWith("secret."),
      project:
        event.projectName === null
          ? null
          : { id: event.projectExists ? event.projectId : null, name: event.projectName },
    };
  });
}

const emptyForm = { project: "", scope: "", environment: "", actor: "", action: "", from: "", to: "", q: "" };

/** An action that a newer version wrote is told by its name. */
function wordsOf(action: string): { verb: string; place?: string; placeAfterName?: string } {
  const known = auditActions.find((candidate) => candidate === action);
  return known ? auditWords[known] : { verb: action };
}

/** Reads are told where the filter asks for nothing that only events have, and before the first page of events. */
async function readsOf(
  c: Context<AppEnv>,
  { form, filter, before }: AuditRequest,
): Promise<AuditReads | null> {
  const isOfEvents = form.action !== "" || form.q !== "" || before !== undefined;
  const isOfSomebodyElse = form.actor !== "" && !form.actor.startsWith("service-token:");
  if (isOfEvents || isOfSomebodyElse) return null;
  const { tokens, more } = await sumReads(c.var.vault, filter, maxReaders);
  return {
    more,
    tokens: tokens.map(({ publicId, projectId, projectName, firstDay, lastDay, ...token }) => ({
      ...token,
      hint: serviceTokenHint(publicId),
      project: { id: projectId, name: projectName },
      firstDay: startOfDay(firstDay),
      lastDay: startOfDay(lastDay),
    })),
  };
}

async function auditChoices(
  c: Context<AppEnv>,
  project: Project | undefined,
  { form, filter }: AuditRequest,
): Promise<AuditChoices> {
  const { vault } = c.var;
  const [environments, actors, projects] = await Promise.all([
    environmentNames(vault),
    recentActors(vault, filter.projectIds),
    project ? [] : projectChoices(c, form.project),
  ]);
  // What is asked for stays chosen, however long ago it was.
  const labels = await actorLabels(c, form.actor === "" ? actors : [form.actor, ...actors]);
  const isKnown = form.environment === "" || environments.includes(form.environment);
  return {
    projects,
    hasBelow: !project || (filter.projectIds?.length ?? 0) > 1 || form.scope !== "",
    environments: isKnown ? environments : [form.environment, ...environments],
    actors: [...labels].map(([value, { text }]) => ({ value, label: text })),
    actions: auditActions.map((value) => ({ value, label: auditWords[value].label })),
  };
}

/** All projects by their whole path, then those that are gone. */
async function projectChoices(c: Context<AppEnv>, chosen: string) {
  const { vault } = c.var;
  const [projects, deleted] = await Promise.all([listProjects(vault), deletedProjects(vault)]);
  const byId = new Map(projects.map((project) => [project.id, project]));
  const pathOf = ({ name, parentId }: Project): string => {
    const parent = byId.get(parentId ?? 0);
    return parent ? `${pathOf(parent)} / ${name}` : name;
  };
  const living = projects
    .map((project) => ({ value: String(project.id), label: pathOf(project) }))
    .toSorted((a, b) => a.label.localeCompare(b.label, "en"));
  const gone = deleted.map(({ id, name }) => ({ value: String(id), label: `${name} (deleted)` }));
  const all = [...living, ...gone];
  const shown = all.slice(0, maxProjects);
  const isShown = chosen === "" || shown.some(({ value }) => value === chosen);
  const asked = all.find(({ value }) => value === chosen) ?? { value: chosen, label: `Project ${chosen}` };
  return isShown ? shown : [asked, ...shown];
}
