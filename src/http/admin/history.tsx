/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { invalid, notFound } from "../../errors.ts";
import {
  type ListedVersion,
  listVersions,
  readVersions,
  rollbackSecret,
  type VersionContent,
} from "../../vault/history.ts";
import { recordShown } from "../../vault/reveal.ts";
import type { ChangedSecret } from "../../vault/secrets.ts";
import type { AppEnv } from "../app-env.ts";
import { actorLabel } from "./actor-label.ts";
import { type Form, queryForm, readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { pageProps } from "./frame.ts";
import { secretHistoryPath } from "./pages/paths.ts";
import { InheritedHistoryPage, SecretHistoryPage } from "./pages/secret-history-page.tsx";
import type { Comparison } from "./pages/version-comparison.tsx";
import type { VersionRow } from "./pages/version-table.tsx";
import { leaveInTime, listPlace, type Place, unlockPlace } from "./place.ts";
import { projectHead } from "./project-head.ts";
import { tell } from "./session.ts";
import { cutEnd, valueDifference } from "./value-difference.ts";

/** The versions of one secret, what differs between two, and the way back to one. Needs the unsealed root. */
export const historyRoutes = new Hono<AppEnv>({ strict: false })
  .get("/:name/history", async (c) => {
    const place = await unlockPlace(c);
    const name = c.req.param("name");
    return answerForm(
      async () => showHistory(c, place, name, readAsked(queryForm(c))),
      (_errors, error) => showHistory(c, place, name, { error: error.message }),
    );
  })
  .post("/:name/rollback", async (c) => {
    const place = await unlockPlace(c);
    const name = c.req.param("name");
    const form = await readForm(c);
    return answerForm(
      async () => {
        const version = form.number("version", noNumber);
        if (version === undefined) throw invalid("version", noNumber);
        tellRollback(c, version, await rollbackSecret(c.var.vault, place.unlocked, name, version));
        return c.redirect(pathOf(place, name), 303);
      },
      (_errors, error) => showHistory(c, place, name, { error: error.message }),
    );
  });

const noNumber = "A version is a whole number above 0.";

/** What of a history is asked for: a page of it, two versions side by side, values. */
interface Asked {
  /** Only versions below this one are listed. */
  before?: number | undefined;
  compared?: readonly [number, number] | undefined;
  /** Whose values are shown: all of the page, or one version's. */
  decrypted?: "page" | number | undefined;
  error?: string;
}

function readAsked(query: Form): Asked {
  const number = (name: string) => query.number(name, noNumber);
  const [from, to] = [number("from"), number("to")];
  const isHalf = (from === undefined) !== (to === undefined);
  if (isHalf) throw invalid("to", "Choose two versions to compare.");
  return {
    before: number("before"),
    compared: from !== undefined && to !== undefined ? [from, to] : undefined,
    decrypted: query.text("decrypt") === "true" ? (number("version") ?? "page") : undefined,
  };
}

function pathOf({ project, unlocked }: Place, name: string, before?: number): string {
  const path = secretHistoryPath(project.id, unlocked.environment.name, name);
  return before === undefined ? path : `${path}?before=${before}`;
}

function tellRollback(c: Context<AppEnv>, version: number, changed: ChangedSecret): void {
  const { name } = changed;
  if (changed.outcome === "unchanged") {
    tell(c, "info", `Nothing changed: ${name} already has the value and the note of version ${version}.`);
  } else {
    const verb = changed.outcome === "created" ? "restored from" : "rolled back to";
    tell(c, "success", `${name} is ${verb} version ${version}. This is version ${changed.version}.`);
  }
}

async function showHistory(c: Context<AppEnv>, place: Place, name: string, asked: Asked) {
  const { vault, config } = c.var;
  const { project, tree, unlocked } = place;
  const listed = (await listPlace(c, place)).find((secret) => secret.name === name);
  const history = await listVersions(vault, unlocked, name, asked.before);
  const from = listed?.from && { id: listed.from.id, name: listed.from.name };
  const here = { project: await projectHead(c, tree, project), environment: unlocked.environment.name, name };
  if (!history) {
    if (!from) throw notFound("secret of its own here");
    return c.html(<InheritedHistoryPage {...(await pageProps(c))} {...here} from={from} />, 404);
  }
  const shown = await readShown(c, place, name, asked, history.versions);
  return c.html(
    <SecretHistoryPage
      {...(await pageProps(c))}
      {...here}
      version={history.version}
      deleted={history.deleted}
      from={from ?? null}
      versions={history.versions.map((version) => versionRow(c, version, shown.values.get(version.version)))}
      before={asked.before}
      olderBefore={history.hasOlder ? history.versions.at(-1)?.version : undefined}
      comparison={shown.comparison}
      decrypted={shown.values.size > 0}
      redirectAfterSeconds={config.NB_MINUTES_DECRYPTED_BEFORE_REDIRECT * 60}
      isVersioned={config.VERSIONED_SECRET_VALUES}
      error={asked.error}
    />,
  );
}

interface ShownValues {
  values: Map<number, VersionRow["value"]>;
  comparison: Comparison | undefined;
}

/** The values that are asked for; the audit knows of them before anybody sees them. */
async function readShown(
  c: Context<AppEnv>,
  place: Place,
  name: string,
  { before, compared, decrypted }: Asked,
  listed: readonly ListedVersion[],
): Promise<ShownValues> {
  const { vault } = c.var;
  const { tree, unlocked } = place;
  const shown: ShownValues = { values: new Map(), comparison: undefined };
  if (!compared && decrypted === undefined) return shown;
  if (compared) {
    const [from, to] = await readVersions(vault, unlocked, name, compared);
    if (from && to) shown.comparison = comparisonOf(c, from, to);
  } else {
    const isWhole = decrypted !== "page";
    const versions = typeof decrypted === "number" ? [decrypted] : listed.map(({ version }) => version);
    // A few at a time: each may be as large as a value can be, and only its beginning stays.
    for (let i = 0; i < versions.length; i += openAtOnce) {
      for (const { version, value } of await readVersions(
        vault,
        unlocked,
        name,
        versions.slice(i, i + openAtOnce),
      ))
        if (value !== null) shown.values.set(version, isWhole ? { text: value, isCut: false } : cut(value));
    }
  }
  await recordShown(vault, tree, unlocked, { action: "secret.reveal", name });
  leaveInTime(c, pathOf(place, name, before));
  return shown;
}

const openAtOnce = 5;

/** As many characters of a value as are shown where there are many of them. */
const shownCharacters = 400;

function cut(value: string): { text: string; isCut: boolean } {
  return { text: cutEnd(value, shownCharacters), isCut: value.length > shownCharacters };
}

function comparisonOf(c: Context<AppEnv>, from: VersionContent, to: VersionContent): Comparison {
  const side = ({ version, value, createdAt, createdBy }: VersionContent) => ({
    version,
    isDeletion: value === null,
    createdAt,
    createdBy: actorLabel(createdBy, c.var.session),
  });
  return {
    from: side(from),
    to: side(to),
    value: valueDifference(from.value, to.value),
    note: valueDifference(from.note, to.note),
  };
}

function versionRow(c: Context<AppEnv>, version: ListedVersion, value: VersionRow["value"]): VersionRow {
  return { ...version, createdBy: actorLabel(version.createdBy, c.var.session), ...(value && { value }) };
}
