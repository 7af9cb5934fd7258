/** The addresses that admin pages link and post to. */

export const projectsPath = "/admin/projects";

export function projectPath(projectId: number): string {
  return `${projectsPath}/${projectId}`;
}

export function environmentSecretsPath(projectId: number, environment: string): string {
  return `${projectPath(projectId)}/environments/${encodeURIComponent(environment)}/secrets`;
}

export function serviceTokensPath(projectId: number): string {
  return `${projectPath(projectId)}/service-tokens`;
}
