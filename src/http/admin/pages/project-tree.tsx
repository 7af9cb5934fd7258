/** @jsxImportSource hono/jsx */
import type { ProjectNode } from "../view-models.ts";
import { projectPath } from "./paths.ts";

/** Projects with the ones below each, at any depth. */
export function ProjectTree({ projects }: { projects: readonly ProjectNode[] }) {
  return (
    <ul class="tree">
      {projects.map((project) => (
        <li>
          <a href={projectPath(project.id)}>{project.name}</a>
          {project.description && <span class="hint"> {project.description}</span>}
          {project.children.length > 0 && <ProjectTree projects={project.children} />}
        </li>
      ))}
    </ul>
  );
}

/** How many projects are below these, at any depth. */
export function countBelow(projects: readonly ProjectNode[]): number {
  return projects.reduce((sum, project) => sum + project.children.length + countBelow(project.children), 0);
}
