/** @jsxImportSource hono/jsx */
import type { ActorLabel, FieldErrors, ProjectHead, ProjectLink } from "../view-models.ts";
import { Breadcrumbs, EmptyState, plural, Time } from "./components.tsx";
import { Field, FormErrors, MomentField, SelectField } from "./fields.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { projectPath } from "./paths.ts";
import { ProjectHeader } from "./project-header.tsx";

/** The fields of the filter, as they are in the address. */
export interface AuditForm {
  /** A project's number; empty: all. Always empty on a project's own page. */
  project: string;
  /** `alone`: without what is below it. */
  scope: string;
  environment: string;
  actor: string;
  action: string;
  from: string;
  to: string;
  /** A part of a name. */
  q: string;
}

interface Choice {
  value: string;
  label: string;
}

/** What the filter offers. */
export interface AuditChoices {
  projects: Choice[];
  /** Whether there is anything below the project that could be left out. */
  hasBelow: boolean;
  environments: string[];
  actors: Choice[];
  actions: Choice[];
}

/** An event in words: "`actor` `verb` `name` `place` `project` `environment`". */
export interface AuditEventRow {
  id: number;
  at: number;
  actor: ActorLabel;
  /** The events of this actor. */
  actorHref: string;
  verb: string;
  name: string | null;
  /** There is a name, which this session may not see. */
  hidden: boolean;
  isSecret: boolean;
  place: string;
  /** Its id is null where it is gone. */
  project: { id: number | null; name: string } | null;
  environment: string | null;
  address: string;
  requestId: string;
}

/** What service tokens have read in the filter's span, summed up. */
export interface AuditReads {
  tokens: {
    name: string;
    hint: string;
    project: ProjectLink;
    environment: string;
    reads: number;
    /** The beginnings of the first and the last day with a read, in UTC. */
    firstDay: number;
    lastDay: number;
    lastReadAt: number;
    lastAddress: string;
  }[];
  /** Tokens that have read, too, and are not shown. */
  more: number;
}

interface AuditPageProps extends PageProps {
  /** null: the audit of everything. */
  project: ProjectHead | null;
  path: string;
  form: AuditForm;
  errors: FieldErrors;
  choices: AuditChoices;
  events: AuditEventRow[];
  isFirst: boolean;
  isFiltered: boolean;
  /** Where the next, older events are; null: there are none. */
  older: string | null;
  /** Not all older events were looked at, since there are so many. */
  isCutShort: boolean;
  newest: string;
  /** null: the filter asks for nothing that reads have. */
  reads: AuditReads | null;
  exports: { csv: string; jsonl: string; readsCsv: string; readsJsonl: string };
}

/** Who did what, when, from where. */
export function AuditPage(props: AuditPageProps) {
  const { frame, assets, project } = props;
  return (
    <Layout title={project ? `Audit · ${project.name}` : "Audit"} frame={frame} assets={assets}>
      {project ? (
        <ProjectHeader
          project={project}
          current="audit"
          title={<>Audit of {project.name}</>}
          lead="Who did what, when and from where. What apps have read is summed up below."
        />
      ) : (
        <>
          <Breadcrumbs projects={[]} />
          <div class="stack tight">
            <h1>Audit</h1>
            <p class="lead">
              Who did what, when and from where, in all projects. What apps have read is summed up below.
            </p>
          </div>
        </>
      )}
      <FilterForm {...props} />
      <div id="audit" class="stack loose" data-announce={announcement(props)}>
        <Events {...props} />
        {props.reads && <Reads reads={props.reads} exports={props.exports} />}
      </div>
    </Layout>
  );
}

function announcement({ events, older }: AuditPageProps): string {
  return older === null ? `${plural(events.length, "event")} found` : `The newest ${events.length} events`;
}

function FilterForm({ project, path, form, errors, choices, isFiltered }: AuditPageProps) {
  const all = (label: string) => ({ value: "", label });
  return (
    <details class="fold" open={isFiltered}>
      <summary>Filter</summary>
      <form method="get" action={path} class="card stack" data-live="audit" aria-label="Filter">
        <FormErrors errors={errors} fields={Object.keys(form)} />
        <div class="filter-fields">
          {!project && (
            <SelectField
              id="audit-project"
              name="project"
              label="Project"
              filters
              value={form.project}
              choices={[all("All projects"), ...choices.projects]}
              error={errors.project}
            />
          )}
          {choices.hasBelow && (
            <SelectField
              id="audit-scope"
              name="scope"
              label="Projects below"
              filters
              value={form.scope}
              choices={[all("Included"), { value: "alone", label: "Left out" }]}
            />
          )}
          <SelectField
            id="audit-environment"
            name="environment"
            label="Environment"
            filters
            value={form.environment}
            choices={[all("Any"), ...choices.environments.map((name) => ({ value: name, label: name }))]}
          />
          <SelectField
            id="audit-actor"
            name="actor"
            label="Who"
            filters
            value={form.actor}
            choices={[all("Anybody"), ...choices.actors]}
          />
          <SelectField
            id="audit-action"
            name="action"
            label="Did what"
            filters
            value={form.action}
            choices={[all("Anything"), ...choices.actions]}
            error={errors.action}
          />
          <Field id="audit-q" name="q" label="Name contains" filters value={form.q} />
          <MomentField
            id="audit-from"
            name="from"
            label="From"
            filters
            value={momentOf(form.from)}
            error={errors.from}
          />
          <MomentField
            id="audit-to"
            name="to"
            label="To"
            filters
            value={momentOf(form.to)}
            error={errors.to}
          />
        </div>
        <div class="actions filter-actions">
          <button type="submit" class="button">
            Filter
          </button>
          <a class="button quiet" href={path}>
            Clear
          </a>
          <p class="hint">
            Times are typed in <span data-zone="">UTC</span>.
          </p>
        </div>
      </form>
    </details>
  );
}

/** As a `datetime-local` field has it: a day begins at midnight. */
function momentOf(text: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text.replace(/(\.\d{3})?Z$/, "");
}

function Events(props: AuditPageProps) {
  const { events, isFirst, isFiltered, newest, exports } = props;
  return (
    <section class="stack" aria-labelledby="events-title">
      <div class="page-head">
        <h2 id="events-title">{isFirst ? "Events, the newest first" : "Older events"}</h2>
        <p class="actions">
          <a class="button" href={exports.csv}>
            Export CSV
          </a>
          <a class="button" href={exports.jsonl}>
            Export JSON lines
          </a>
        </p>
      </div>
      {events.some(({ hidden }) => hidden) && (
        <p class="hint">
          Names of secrets are hidden while their project is sealed for you, here and in exports.
        </p>
      )}
      {events.length === 0 ? <NoEvents isFiltered={isFiltered} /> : <EventTable events={events} />}
      <Paging {...props} newest={newest} />
    </section>
  );
}

function NoEvents({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <EmptyState title="No event matches this filter">
      <p>Names of secrets are searched only where their project is unsealed for you.</p>
    </EmptyState>
  ) : (
    <EmptyState title="Nothing has happened yet">
      <p>Every change, every value that somebody looks at and every wrong key will be told here.</p>
    </EmptyState>
  );
}

function EventTable({ events }: { events: AuditEventRow[] }) {
  return (
    <div class="table-box">
      <table class="events">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr>
              <td class="when">
                <Time at={event.at} />
              </td>
              <td>
                <details class="event">
                  <summary>
                    <Sentence event={event} />
                  </summary>
                  <EventDetails event={event} />
                </details>
              </td>
              <td class="from">{addressOf(event.address)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Sentence({ event }: { event: AuditEventRow }) {
  const { actor, verb, name, hidden, isSecret, place, project, environment } = event;
  return (
    <>
      <strong title={actor.id}>{actor.text}</strong> {verb}
      {hidden && <em class="hidden-name"> a secret (name hidden while sealed)</em>}
      {name !== null && <> {isSecret ? <code>{name}</code> : <strong>{name}</strong>}</>}
      {project && (
        <>
          {place && ` ${place}`} <strong>{project.name}</strong>
        </>
      )}
      {environment !== null && (
        <>
          {" "}
          <span class="environment">{environment}</span>
        </>
      )}
    </>
  );
}

function EventDetails({ event }: { event: AuditEventRow }) {
  const { id, actor, actorHref, project, requestId } = event;
  return (
    <dl class="event-details">
      <dt>Event</dt>
      <dd>{id.toLocaleString("en")}</dd>
      <dt>Who</dt>
      <dd>
        <code>{actor.id}</code> <a href={actorHref}>show all</a>
      </dd>
      {project && (
        <>
          <dt>Project</dt>
          <dd>
            {project.id === null ? (
              `${project.name}, deleted since`
            ) : (
              <a href={projectPath(project.id)}>{project.name}</a>
            )}
          </dd>
        </>
      )}
      <dt>Request</dt>
      <dd>
        <code>{requestId || "none"}</code>
      </dd>
    </dl>
  );
}

/** What the program did by itself came from nowhere. */
function addressOf(address: string): string {
  return address === "" || address === "unknown" ? "unknown" : address;
}

function Paging({ isFirst, older, isCutShort, newest }: AuditPageProps) {
  if (isFirst && older === null) return null;
  return (
    <nav class="actions" aria-label="Pages of events">
      {!isFirst && (
        <a class="button" href={newest}>
          Newest
        </a>
      )}
      {older !== null && (
        <a class="button" href={older} rel="next">
          {isCutShort ? "Search older events" : "Older"}
        </a>
      )}
      {isCutShort && (
        <p class="hint">There are so many events that only a part of them was searched at once.</p>
      )}
    </nav>
  );
}

function Reads({ reads, exports }: { reads: AuditReads; exports: AuditPageProps["exports"] }) {
  return (
    <section class="stack" aria-labelledby="reads-title">
      <div class="page-head">
        <div class="stack tight">
          <h2 id="reads-title">Reads by service tokens</h2>
          <p class="hint">Summed up by day, in UTC: a fetch is counted and not told one by one.</p>
        </div>
        {reads.tokens.length > 0 && (
          <p class="actions">
            <a class="button" href={exports.readsCsv} aria-label="Export CSV of the reads">
              Export CSV
            </a>
            <a class="button" href={exports.readsJsonl} aria-label="Export JSON lines of the reads">
              Export JSON lines
            </a>
          </p>
        )}
      </div>
      {reads.tokens.length === 0 ? (
        <EmptyState title="No reads in this time">
          <p>
            When apps fetch their secrets, each token is here with how often, and where from the last time.
          </p>
        </EmptyState>
      ) : (
        <ReadsTable tokens={reads.tokens} />
      )}
      {reads.more > 0 && <p class="hint">And {plural(reads.more, "token")} more: the export has them all.</p>}
    </section>
  );
}

function ReadsTable({ tokens }: { tokens: AuditReads["tokens"] }) {
  return (
    <div class="table-box">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col">Of</th>
            <th scope="col" class="number">
              Reads
            </th>
            <th scope="col">Days</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr>
              <th scope="row">
                {token.name}
                <p class="hint">
                  <code>{token.hint}</code>
                </p>
              </th>
              <td data-label="Of">
                <a href={projectPath(token.project.id)}>{token.project.name}</a>{" "}
                <span class="environment">{token.environment}</span>
              </td>
              <td data-label="Reads" class="number">
                {token.reads.toLocaleString("en")}
              </td>
              <td data-label="Days">
                {day(token.firstDay)}
                {token.lastDay !== token.firstDay && ` to ${day(token.lastDay)}`}
              </td>
              <td data-label="Last">
                <Time at={token.lastReadAt} />
                <p class="hint">from {addressOf(token.lastAddress)}</p>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const utcDay = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });

function day(start: number): string {
  return utcDay.format(start);
}
