/** The addresses that admin pages link and post to. */

export const projectsPath = "/admin/projects";

/** What the API does, for people. */
export const apiDocsPath = "/api/docs";

export function projectPath(projectId: number): string {
  return `${projectsPath}/${projectId}`;
}

export function environmentSecretsPath(projectId: number, environment: string): string {
  return `${projectPath(projectId)}/environments/${encodeURIComponent(environment)}/secrets`;
}

export function serviceTokensPath(projectId: number): string {
  return `${projectPath(projectId)}/service-tokens`;
}

/** One secret by itself, with its value. */
export function secretPath(projectId: number, environment: string, name: string): string {
  return `${environmentSecretsPath(projectId, environment)}/${encodeURIComponent(name)}`;
}

/** The versions of one secret. */
export function secretHistoryPath(projectId: number, environment: string, name: string): string {
  return `${secretPath(projectId, environment, name)}/history`;
}

function environmentPath(projectId: number, environment: string): string {
  return `${projectPath(projectId)}/environments/${encodeURIComponent(environment)}`;
}

/** What changed in an environment, and the way back to a moment. */
export function environmentHistoryPath(projectId: number, environment: string): string {
  return `${environmentPath(projectId, environment)}/history`;
}

export function environmentRollbackPath(projectId: number, environment: string): string {
  return `${environmentPath(projectId, environment)}/rollback`;
}

export function importPath(projectId: number, environment: string): string {
  return `${environmentPath(projectId, environment)}/import`;
}

export function exportPath(projectId: number, environment: string): string {
  return `${environmentPath(projectId, environment)}/export`;
}

export function copyPath(projectId: number, environment: string): string {
  return `${environmentPath(projectId, environment)}/copy`;
}

export function comparePath(projectId: number): string {
  return `${projectPath(projectId)}/compare`;
}

export function projectAuditPath(projectId: number): string {
  return `${projectPath(projectId)}/audit`;
}

export function rotatePath(rootId: number): string {
  return `${projectPath(rootId)}/rotate`;
}

export const auditPath = "/admin/audit";
export const sealAllPath = "/admin/seal";
