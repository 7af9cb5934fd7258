/** @jsxImportSource hono/jsx */
import type { ActorLabel } from "../view-models.ts";
import { EmptyState, Time } from "./components.tsx";
import { projectPath } from "./paths.ts";

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

/** A part of the events, and the ways to the others and out of here. */
export interface AuditEventsProps {
  events: AuditEventRow[];
  isFirst: boolean;
  isFiltered: boolean;
  /** Where the next, older events are; null: there are none. */
  older: string | null;
  /** Not all older events were looked at, since there are so many. */
  isCutShort: boolean;
  newest: string;
  exports: { csv: string; jsonl: string };
}

/** What happened, the newest first. */
export function AuditEvents(props: AuditEventsProps) {
  const { events, isFirst, isFiltered, exports } = props;
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
      <Paging {...props} />
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

/** An address in words: what the program did by itself came from nowhere. */
export function addressOf(address: string): string {
  return address === "" || address === "unknown" ? "unknown" : address;
}

function Paging({ isFirst, older, isCutShort, newest }: AuditEventsProps) {
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
