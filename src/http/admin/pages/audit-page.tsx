/** @jsxImportSource hono/jsx */
import type { ProjectHead } from "../view-models.ts";
import { AuditEvents, type AuditEventsProps } from "./audit-events.tsx";
import { AuditFilterForm, type AuditFilterProps } from "./audit-filter-form.tsx";
import { type AuditReads, AuditReadsSection } from "./audit-reads.tsx";
import { Breadcrumbs, Commands, plural } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { ProjectHeader } from "./project-header.tsx";

interface AuditPageProps extends PageProps, AuditFilterProps, AuditEventsProps {
  /** null: the audit of everything. */
  project: ProjectHead | null;
  /** null: the filter asks for nothing that reads have. */
  reads: AuditReads | null;
  /** Of the chain of events, to be written down; null: this page does not tell it. */
  head: string | null;
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
      <AuditFilterForm {...props} choosesProject={project === null} />
      <div id="audit" class="stack loose" data-announce={announcement(props)}>
        <AuditEvents {...props} />
        {props.reads && <AuditReadsSection reads={props.reads} exports={props.exports} />}
        {props.head !== null && <HeadSection head={props.head} />}
      </div>
    </Layout>
  );
}

/** What shows later that the end of the audit was cut off. */
function HeadSection({ head }: { head: string }) {
  return (
    <section class="stack tight" aria-labelledby="head-title">
      <h2 id="head-title">Head of the chain</h2>
      <p class="hint">
        Each event holds the hash of the one before. Keep this line where nobody who could change the database
        could change it: later it tells whether all events up to now are still there, and still what they
        were. The server logs the head, too.
      </p>
      <Commands text={`secretsfly audit verify --head ${head}`} label="the command" />
    </section>
  );
}

function announcement({ events, older }: AuditPageProps): string {
  return older === null ? `${plural(events.length, "event")} found` : `The newest ${events.length} events`;
}
