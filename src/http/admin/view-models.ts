/**
 * What the admin pages are given: plain data, already decided. A page turns it into markup and knows
 * neither database nor request. Times are milliseconds since the epoch.
 */

/** A message that is told once, on the next page. */
export interface Flash {
  kind: "success" | "error" | "info";
  text: string;
  /** Where the message leads, such as to what takes it back. */
  link?: { href: string; text: string };
}

/** What every page's frame shows. */
export interface Frame {
  flashes: Flash[];
  /** True when a password is set and this session has signed in: the header then offers to sign out. */
  canSignOut: boolean;
  /** False only on the sign-in page, and on a fault that is told to somebody who has not signed in. */
  mayEnter: boolean;
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

/** What every page of a project shows of it. */
export interface ProjectHead extends ProjectLink {
  /** From the root down to the parent; empty for a root. */
  ancestors: ProjectLink[];
  /** The environments of the settings, in their order. */
  environments: string[];
}

/** The form that creates a project; `parentId` is empty for a root. The master key is never sent back. */
export interface ProjectForm {
  name: string;
  description: string;
  parentId: string;
  errors: FieldErrors;
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
  /** The value was just made: the page begins there. */
  generated?: boolean;
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
  /** Of these, in the last 30 days. */
  readsLately: number;
  allowedIps: string;
  /** How many days an active token has left, if it ends soon; a begun day is one. */
  endsInDays: number | null;
}

export interface ServiceTokenForm {
  name: string;
  environment: string;
  rights: string;
  expiresInDays: string;
  allowedIps: string;
  errors: FieldErrors;
}
