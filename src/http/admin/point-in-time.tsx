/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { invalid, type SecretsflyError } from "../../errors.ts";
import { type PlannedReturn, previewRollback, rollBackEnvironment } from "../../vault/point-in-time.ts";
import type { ChangedSecret } from "../../vault/secrets.ts";
import { listMoments, type Moment } from "../../vault/timeline.ts";
import type { AppEnv } from "../app-env.ts";
import { actorLabel } from "./actor-label.ts";
import { type Form, queryForm, readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { pageProps } from "./frame.ts";
import { parseMoment } from "./moment.ts";
import {
  EnvironmentHistoryPage,
  type MomentForm,
  type MomentRow,
} from "./pages/environment-history-page.tsx";
import { EnvironmentRollbackPage, type ReturnRow } from "./pages/environment-rollback-page.tsx";
import { environmentHistoryPath } from "./pages/paths.ts";
import { type Place, unlockPlace } from "./place.ts";
import { projectHead } from "./project-head.ts";
import { tell } from "./session.ts";
import { sliceOf } from "./slices.ts";

/** What changed in an environment, and the way back to a moment, with a preview. Needs the unsealed root. */
export const pointInTimeRoutes = new Hono<AppEnv>({ strict: false })
  .get("/history", async (c) => {
    const place = await unlockPlace(c);
    return showHistory(c, place, queryForm(c).number("before", noMoment));
  })
  .get("/rollback", async (c) => {
    const place = await unlockPlace(c);
    const query = queryForm(c);
    return answerForm(
      () =>
        showPreview(c, place, readMoment(query), { page: query.number("page", "A page is a number.") ?? 1 }),
      (_errors, error) => showHistory(c, place, undefined, refused(query, error)),
    );
  })
  .post("/rollback", async (c) => {
    const place = await unlockPlace(c);
    const form = await readForm(c);
    return answerForm(
      async () => {
        const at = readMoment(form);
        if (form.text("confirm") !== "true") return showPreview(c, place, at, { page: 1 });
        return goBack(c, place, at, form.text("state") || undefined);
      },
      (_errors, error) => showHistory(c, place, undefined, refused(form, error)),
    );
  });

const noMoment = "A moment is a date with a time, such as 2026-01-31T13:45:00, in UTC.";
const isoMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?$/;

/** The moment that a form asks for: milliseconds since the epoch, or ISO 8601, in UTC unless it says otherwise. */
function readMoment(form: Form): number {
  const text = form.text("at").trim();
  if (/^(?:0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  const [, zone] = isoMoment.exec(text) ?? [];
  const at = isoMoment.test(text) ? parseMoment(zone ? text : `${text}Z`) : Number.NaN;
  if (Number.isNaN(at)) throw invalid("at", noMoment);
  return at;
}

/** What was asked for, as the field shows it again. */
function refused(form: Form, error: SecretsflyError): MomentForm {
  return { at: fieldMoment(form.text("at")), error: error.fields.at ?? error.message };
}

/** A moment as the browser's own field has it: to the second, without its zone. Empty where it cannot be shown. */
function fieldMoment(at: number | string): string {
  if (typeof at === "string") return /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?/.exec(at)?.[0] ?? "";
  return new Date(at).toISOString().slice(0, 19);
}

/** Goes back if that is still what was previewed; else shows what it would do now. */
async function goBack(c: Context<AppEnv>, place: Place, at: number, state: string | undefined) {
  const changed = await rollBackEnvironment(c.var.vault, place.unlocked, at, state);
  if (!changed) return showPreview(c, place, at, { page: 1, isOther: true });
  const { project, unlocked } = place;
  tell(c, changed.length > 0 ? "success" : "info", summary(changed));
  return c.redirect(environmentHistoryPath(project.id, unlocked.environment.name), 303);
}

function summary(changed: readonly ChangedSecret[]): string {
  const count = (outcome: ChangedSecret["outcome"]) =>
    changed.filter((secret) => secret.outcome === outcome).length;
  const parts = [
    [count("changed"), "set back"],
    [count("created"), "added again"],
    [count("deleted"), "deleted"],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return told.length > 0 ? `Gone back: ${told.join(", ")}.` : "Nothing changed: all is as it was then.";
}

async function showHistory(
  c: Context<AppEnv>,
  { project, tree, unlocked }: Place,
  before: number | undefined,
  form?: MomentForm,
) {
  const { vault, config } = c.var;
  const { moments, olderBefore } = await listMoments(vault, unlocked, before);
  return c.html(
    <EnvironmentHistoryPage
      {...(await pageProps(c))}
      project={await projectHead(c, tree, project)}
      environment={unlocked.environment.name}
      moments={moments.map((moment) => momentRow(c, moment))}
      before={before}
      olderBefore={olderBefore}
      form={form ?? { at: fieldMoment(vault.clock()) }}
      isVersioned={config.VERSIONED_SECRET_VALUES}
    />,
  );
}

function momentRow(c: Context<AppEnv>, { by, ...moment }: Moment): MomentRow {
  return { ...moment, by: actorLabel(by, c.var.session) };
}

/** As many secrets as are listed on one page. */
const pageSize = 200;

async function showPreview(
  c: Context<AppEnv>,
  place: Place,
  at: number,
  { page, isOther = false }: { page: number; isOther?: boolean },
) {
  const { project, tree, unlocked } = place;
  const preview = await previewRollback(c.var.vault, unlocked, at);
  const { returns } = preview;
  const { items, position } = sliceOf(returns, page, pageSize);
  const kinds = Map.groupBy(returns, ({ kind }) => (kind === "add" || kind === "delete" ? kind : "set"));
  const count = (kind: "set" | "add" | "delete") => kinds.get(kind)?.length ?? 0;
  return c.html(
    <EnvironmentRollbackPage
      {...(await pageProps(c))}
      project={await projectHead(c, tree, project)}
      environment={unlocked.environment.name}
      at={at}
      state={preview.fingerprint}
      counts={{ set: count("set"), add: count("add"), delete: count("delete"), unchanged: preview.unchanged }}
      returns={items.map((row) => returnRow(place, row))}
      position={position}
      unreachable={preview.unreachable}
      problems={preview.problems}
      isOther={isOther}
      form={{ at: fieldMoment(at) }}
      isVersioned={c.var.config.VERSIONED_SECRET_VALUES}
    />,
    isOther ? 409 : 200,
  );
}

function returnRow({ tree }: Place, { inheritedFrom, ...row }: PlannedReturn): ReturnRow {
  const from = inheritedFrom === undefined ? undefined : tree.projects.get(inheritedFrom);
  return { ...row, inheritedFrom: from ? { id: from.id, name: from.name } : null };
}
