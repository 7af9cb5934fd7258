/** @jsxImportSource hono/jsx */
import type { Child } from "hono/jsx";
import type { ProjectHead } from "../view-models.ts";
import { Breadcrumbs } from "./components.tsx";
import {
  comparePath,
  environmentHistoryPath,
  environmentSecretsPath,
  projectAuditPath,
  projectPath,
  rotatePath,
  serviceTokensPath,
} from "./paths.ts";

/**
 * The page of a project that is open. An environment's pages all stand under its name: its secrets, and what is
 * `below` them or their history.
 */
type ProjectPlace =
  | "overview"
  | "compare"
  | "service-tokens"
  | "audit"
  | "rotate"
  | { environment: string; below?: "secrets" | "history" };

interface ProjectHeaderProps {
  project: ProjectHead;
  current: ProjectPlace;
  /** The page's heading. */
  title: Child;
  /** What the page is for, in a sentence. */
  lead?: Child;
  /** Buttons beside the heading. */
  actions?: Child;
}

/** What all pages of a project begin with: where it is, what the page is, and the project's other pages. */
export function ProjectHeader({ project, current, title, lead, actions }: ProjectHeaderProps) {
  const self = { id: project.id, name: project.name };
  return (
    <>
      <Breadcrumbs projects={current === "overview" ? project.ancestors : [...project.ancestors, self]}>
        {typeof current === "object" && <EnvironmentCrumbs projectId={project.id} {...current} />}
      </Breadcrumbs>
      <div class="page-head">
        <div class="stack tight">
          <h1>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </div>
      <ProjectTabs project={project} current={current} />
    </>
  );
}

/** The way back within an environment. */
function EnvironmentCrumbs({
  projectId,
  environment,
  below,
}: {
  projectId: number;
  environment: string;
  below?: "secrets" | "history";
}) {
  if (!below) return null;
  return (
    <>
      <li>
        <a href={environmentSecretsPath(projectId, environment)}>{environment}</a>
      </li>
      {below === "history" && (
        <li>
          <a href={environmentHistoryPath(projectId, environment)}>History</a>
        </li>
      )}
    </>
  );
}

function ProjectTabs({ project, current }: { project: ProjectHead; current: ProjectPlace }) {
  const { id } = project;
  const isRoot = project.ancestors.length === 0;
  return (
    <nav class="tabs" aria-label={project.name}>
      <Tab href={projectPath(id)} isCurrent={current === "overview"}>
        Overview
      </Tab>
      {project.environments.map((name) => (
        <Tab
          href={environmentSecretsPath(id, name)}
          isCurrent={typeof current === "object" && current.environment === name}
        >
          <span class="environment">{name}</span>
        </Tab>
      ))}
      <Tab href={comparePath(id)} isCurrent={current === "compare"}>
        Compare
      </Tab>
      <Tab href={serviceTokensPath(id)} isCurrent={current === "service-tokens"}>
        Service tokens
      </Tab>
      <Tab href={projectAuditPath(id)} isCurrent={current === "audit"}>
        Audit
      </Tab>
      {isRoot && (
        <Tab href={rotatePath(id)} isCurrent={current === "rotate"}>
          Master key
        </Tab>
      )}
    </nav>
  );
}

function Tab({ href, isCurrent, children }: { href: string; isCurrent: boolean; children: Child }) {
  return (
    <a href={href} aria-current={isCurrent ? "page" : undefined}>
      {children}
    </a>
  );
}
