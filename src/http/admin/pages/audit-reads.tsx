/** @jsxImportSource hono/jsx */
import type { ProjectLink } from "../view-models.ts";
import { addressOf } from "./audit-events.tsx";
import { EmptyState, plural, Time } from "./components.tsx";
import { projectPath } from "./paths.ts";

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

interface AuditReadsProps {
  reads: AuditReads;
  exports: { readsCsv: string; readsJsonl: string };
}

/** How often each service token has read, and where from the last time. */
export function AuditReadsSection({ reads, exports }: AuditReadsProps) {
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
