import type { Context } from "hono";
import { invalid, SecretsflyError } from "../../errors.ts";
import { type AuditAction, auditActions } from "../../vault/audit.ts";
import type { AuditFilter } from "../../vault/audit-query.ts";
import { getProject, type Project, readTree, subtreeOf } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import { parseMoment } from "./moment.ts";
import type { AuditForm } from "./pages/audit-filter-form.tsx";
import type { FieldErrors } from "./view-models.ts";

/** What an address of the audit asks for. */
export interface AuditRequest {
  form: AuditForm;
  filter: AuditFilter;
  before: number | undefined;
  /** What cannot be looked for; then nothing is. */
  errors: FieldErrors;
}

const second = 1000;
const minute = 60 * second;
const day = 24 * 60 * minute;

/** The filter of an address. `project` is the one whose page it is; without one the filter may name any. */
export async function readAuditRequest(
  c: Context<AppEnv>,
  project: Project | undefined,
): Promise<AuditRequest> {
  const field = (name: string) => (c.req.query(name) ?? "").trim();
  const form: AuditForm = {
    project: project ? "" : field("project"),
    scope: field("scope"),
    environment: field("environment"),
    actor: field("actor"),
    action: field("action"),
    from: field("from"),
    to: field("to"),
    q: field("q"),
  };
  const errors: Record<string, string> = {};
  const read = async <T>(act: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof SecretsflyError) || error.code !== "invalid") throw error;
      Object.assign(errors, error.fields);
      return undefined;
    }
  };
  const filter: Record<keyof AuditFilter, unknown> = {
    projectIds: await read(() => projectIdsOf(c, form, project)),
    environment: form.environment || undefined,
    actor: form.actor || undefined,
    action: await read(() => actionOf(form.action)),
    from: (await read(() => spanOf("from", form.from)))?.start,
    until: (await read(() => spanOf("to", form.to)))?.end,
    name: form.q || undefined,
  };
  const before = await read(() => numberOf("before", field("before")));
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  return { form, filter: Object.fromEntries(given) as AuditFilter, before, errors };
}

/** The project and all below it, or it alone; one that was deleted has nothing below it any more. */
async function projectIdsOf(
  c: Context<AppEnv>,
  form: AuditForm,
  project: Project | undefined,
): Promise<number[] | undefined> {
  const { db } = c.var.vault;
  const id = project?.id ?? numberOf("project", form.project);
  if (id === undefined) return undefined;
  if (form.scope === "alone") return [id];
  try {
    const { rootId } = project ?? (await getProject(db, id));
    return subtreeOf(await readTree(db, rootId), id).map((member) => member.id);
  } catch (error) {
    if (error instanceof SecretsflyError && error.code === "not-found") return [id];
    throw error;
  }
}

function numberOf(field: string, text: string): number | undefined {
  if (text === "") return undefined;
  if (!/^[1-9]\d{0,14}$/.test(text)) throw invalid(field, "This must be a number.");
  return Number(text);
}

function actionOf(text: string): AuditAction | undefined {
  if (text === "") return undefined;
  const action = auditActions.find((known) => known === text);
  if (!action) throw invalid("action", "There is no such action.");
  return action;
}

/** A day, a minute or a second, in UTC: its first moment, and the first one after it. */
function spanOf(field: string, text: string): { start: number; end: number } | undefined {
  if (text === "") return undefined;
  const [, date, time, seconds] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(?:\.\d{3})?)?Z?)?$/.exec(text) ?? [];
  const start =
    date === undefined ? Number.NaN : parseMoment(time === undefined ? date : `${text.replace(/Z$/, "")}Z`);
  if (Number.isNaN(start))
    throw invalid(field, "A day such as 2026-01-31, or a moment such as 2026-01-31T14:30.");
  return { start, end: start + (time === undefined ? day : seconds === undefined ? minute : second) };
}

/** The address of the same filter, with something else besides. */
export function auditAddress(path: string, form: AuditForm, more: Record<string, string> = {}): string {
  const fields = Object.entries({ ...form, ...more }).filter(([, text]) => text !== "");
  return fields.length === 0 ? path : `${path}?${new URLSearchParams(fields)}`;
}
