/**
 * What the admin pages are given: plain data, already decided. A page turns it into markup and knows
 * neither database nor request. Times are milliseconds since the epoch.
 */

/** A message that is told once, on the next page. */
export interface Flash {
  kind: "success" | "error" | "info";
  text: string;
}

/** What every page's frame shows. */
export interface Frame {
  flashes: Flash[];
  /** True when a password is set and this session has signed in: the header then offers to sign out. */
  canSignOut: boolean;
  /** Root projects this session holds the key of. */
  unsealed: { id: number; name: string; unsealedUntil: number }[];
  now: number;
}

/** Field name → what is wrong with it; the text never repeats a secret. */
export type FieldErrors = Readonly<Record<string, string>>;

/** Who did something, in words; `id` is how the audit calls them. */
export interface ActorLabel {
  text: string;
  id: string;
}

export interface ProjectLink {
  id: number;
  name: string;
}

/** A node of the tree of projects. */
export interface ProjectNode extends ProjectLink {
  description: string;
  children: ProjectNode[];
}

/** A tree with its root's seal state in this session; null is sealed. */
export interface RootNode extends ProjectNode {
  unsealedUntil: number | null;
}

/** The form that creates a project; `parentId` is empty for a root. The master key is never sent back. */
export interface ProjectForm {
  name: string;
  description: string;
  parentId: string;
  errors: FieldErrors;
}

export interface EnvironmentCount {
  name: string;
  /** Secrets the project has itself, and those it sees from its ancestors and does not override. */
  own: number;
  inherited: number;
  /** False where the environment was added to the settings after the root was last unsealed. */
  hasKeys: boolean;
}

export interface ProjectDetails extends ProjectNode {
  /** From the root down to the parent; empty for a root. */
  ancestors: ProjectLink[];
  root: ProjectLink;
  /** null: sealed in this session. */
  unsealedUntil: number | null;
  environments: EnvironmentCount[];
}

export interface SecretRow {
  name: string;
  /** `overriding`: own, and hiding an ancestor's secret of the same name. */
  origin: "own" | "inherited" | "overriding";
  /** Where an inherited value comes from, or whose value an overriding one hides; null for `own`. */
  from: ProjectLink | null;
  note: string;
  version: number;
  changedAt: number;
  changedBy: ActorLabel;
  /** Present on the decrypted page only. */
  value?: string;
  /** What apps get, when it differs from `value` because a reference was expanded. */
  resolvedValue?: string;
  /** A reference that does not resolve here, in words. */
  problem?: string;
}

export interface SecretFormRow {
  name: string;
  value: string;
  note: string;
  error?: string;
}

/** The secret whose form is open on the decrypted page, with what was typed if it was refused. */
export interface SecretEdit {
  name: string;
  typed?: SecretFormRow;
}

export interface ServiceTokenRow {
  id: number;
  name: string;
  /** `sfly_<id>_…`: enough to recognise the token, not to use it. */
  hint: string;
  environment: string;
  rights: "read" | "write";
  status: "active" | "expired" | "revoked";
  createdAt: number;
  createdBy: ActorLabel;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
  reads: number;
  allowedIps: string;
}

export interface ServiceTokenForm {
  name: string;
  environment: string;
  rights: string;
  expiresInDays: string;
  allowedIps: string;
  errors: FieldErrors;
}
