/** @jsxImportSource hono/jsx */
import type { ProjectLink } from "../view-models.ts";
import { plural } from "./components.tsx";
import { comparePath, projectPath, serviceTokensPath } from "./paths.ts";

export interface EnvironmentCount {
  name: string;
  /** Secrets the project has itself, and those it sees from its ancestors and does not override. */
  own: number;
  inherited: number;
  /** Names that it sees in another environment and not in this one. */
  missing: number;
  /** False where the environment was added to the settings after the root was last unsealed. */
  hasKeys: boolean;
}

/** A project as a line of a list. */
export interface ProjectLine extends ProjectLink {
  description: string;
  environments: readonly EnvironmentCount[];
  /** Service tokens that work and end soon. */
  endingTokens: number;
}

/** A node of the tree of projects. */
export interface ProjectNode extends ProjectLine {
  children: readonly ProjectNode[];
  /** How many projects are below it that the page has no room for. */
  more: number;
}

interface ProjectTreeProps {
  projects: readonly ProjectNode[];
  /** What is missing then leads to where it can be looked at. */
  unsealed: boolean;
}

/** Projects with the ones below each, at any depth. */
export function ProjectTree({ projects, unsealed }: ProjectTreeProps) {
  return (
    <ul class="tree">
      {projects.map((project) => (
        <li>
          <Line project={project} unsealed={unsealed} />
          {project.children.length > 0 && <ProjectTree projects={project.children} unsealed={unsealed} />}
          <More project={project} />
        </li>
      ))}
    </ul>
  );
}

function Line({ project, unsealed }: { project: ProjectLine; unsealed: boolean }) {
  return (
    <div class="project-line">
      <div>
        <a href={projectPath(project.id)}>{project.name}</a>
        {project.description && <span class="hint"> {project.description}</span>}{" "}
        <EndingTokens project={project} />
      </div>
      <SecretCounts project={project} unsealed={unsealed} />
    </div>
  );
}

/** Tokens that somebody should soon replace, and the way to them. */
export function EndingTokens({ project }: { project: ProjectLine }) {
  const { id, endingTokens } = project;
  if (endingTokens === 0) return null;
  return (
    <a class="ending" href={serviceTokensPath(id)}>
      {plural(endingTokens, "token")} {endingTokens === 1 ? "ends" : "end"} soon
    </a>
  );
}

/** Where a page's list ends before the tree does. */
export function More({ project }: { project: Pick<ProjectNode, "id" | "name" | "more"> }) {
  if (project.more === 0) return null;
  return (
    <p class="hint">
      {project.more.toLocaleString("en")} more below:{" "}
      <a href={projectPath(project.id)}>open {project.name}</a>
    </p>
  );
}

/** How many secrets a project has in each environment, and how many of its names are missing there. */
export function SecretCounts({ project, unsealed }: { project: ProjectLine; unsealed: boolean }) {
  return (
    <div class="tallies">
      {project.environments.map((environment) => (
        <Count project={project} environment={environment} unsealed={unsealed} />
      ))}
    </div>
  );
}

interface CountProps {
  project: ProjectLine;
  environment: EnvironmentCount;
  unsealed: boolean;
}

function Count({ project, environment, unsealed }: CountProps) {
  const { name, own, inherited, missing, hasKeys } = environment;
  if (!hasKeys) {
    return (
      <span class="tally" title={`${name} is new: it gets its keys when the root is next unsealed`}>
        {name} <b>–</b>
      </span>
    );
  }
  const title = `${name}: ${own} own, ${inherited} inherited`;
  if (missing === 0) {
    return (
      <span class="tally" title={title}>
        {name} <b>{own + inherited}</b>
      </span>
    );
  }
  const content = (
    <>
      {name} <b>{own + inherited}</b> · {missing.toLocaleString("en")} missing
    </>
  );
  const explained = `${title}; ${plural(missing, "name")} of other environments missing`;
  if (!unsealed) {
    return (
      <span class="tally lacks" title={explained}>
        {content}
      </span>
    );
  }
  return (
    <a class="tally lacks" href={comparePath(project.id)} title={`${explained}: compare them`}>
      {content}
    </a>
  );
}
