import { and, desc, eq, inArray, lt, sql } from "drizzle-orm";
import { openText } from "../cryptography/aead.ts";
import type { Bytes } from "../cryptography/bytes.ts";
import { readInParts } from "../database/large-answers.ts";
import { secrets, secretVersions } from "../database/schema.ts";
import { invalid, notFound, type SecretsflyError } from "../errors.ts";
import { type ChangedSecret, changeSecrets, versionContext } from "./secrets.ts";
import { unlessRotated, type WritableEnvironment } from "./unlock.ts";
import type { Vault } from "./vault.ts";
import { chunks } from "./write.ts";

/** The versions of one secret of a project × environment: who made them, what they changed, and the way back to one. */

/** What a version did. `unknown`: the one before it is not kept, so nobody can say. */
type VersionChange =
  | "created"
  | "created-again"
  | "value"
  | "note"
  | "value-and-note"
  | "deleted"
  | "unknown";

export interface ListedVersion {
  version: number;
  createdAt: number;
  /** `session:<id>` or `service-token:<id>`. */
  createdBy: string;
  change: VersionChange;
  note: string;
}

/** A part of a secret's history, newest first. */
export interface SecretHistory {
  /** The newest version there is. */
  version: number;
  /** Whether that is a deletion. */
  deleted: boolean;
  versions: ListedVersion[];
  hasOlder: boolean;
}

/** What a version holds; value null is a deletion. */
export interface VersionContent {
  version: number;
  value: string | null;
  note: string;
  createdAt: number;
  createdBy: string;
}

/** As many versions as are listed at once. */
const pageSize = 50;

/** Values that are open at the same time only to be compared, in bytes. */
const comparedAtOnce = 8 * 1024 * 1024;

/**
 * The newest versions of a project × environment's own secret, those below `before` where that is given. A deleted
 * secret has its history, too; undefined: a name that never was its own here.
 */
export async function listVersions(
  vault: Vault,
  place: WritableEnvironment,
  name: string,
  before?: number,
): Promise<SecretHistory | undefined> {
  const secret = await findSecret(vault, place, name);
  if (!secret) return undefined;
  const rows = await vault.db
    .select({
      version: secretVersions.version,
      createdAt: secretVersions.createdAt,
      createdBy: secretVersions.createdBy,
      sealedNote: secretVersions.sealedNote,
      size: sql<number | null>`length(${secretVersions.sealedValue})`,
    })
    .from(secretVersions)
    .where(
      and(
        eq(secretVersions.secretId, secret.id),
        before === undefined ? undefined : lt(secretVersions.version, before),
      ),
    )
    .orderBy(desc(secretVersions.version))
    // One more: it says what the oldest of the page changed, and that there are older ones.
    .limit(pageSize + 1);
  const notes = await Promise.all(
    rows.map(({ version, sealedNote }) => openNote(place, name, version, sealedNote)),
  ).catch(unlessRotated(vault, place));
  const kept = rows.map(({ sealedNote: _sealedNote, ...row }, i) => ({ ...row, note: notes[i] ?? "" }));
  const same = await unchangedValues(vault, place, secret, kept);
  return {
    version: secret.version,
    deleted: secret.deleted,
    versions: kept.slice(0, pageSize).map(({ size, ...row }, i) => ({
      ...row,
      change: changeOf({ ...row, size }, kept[i + 1], same.has(row.version)),
    })),
    hasOlder: kept.length > pageSize,
  };
}

interface SizedVersion extends Omit<ListedVersion, "change"> {
  /** Of the sealed value; null for a deletion. */
  size: number | null;
}

function changeOf(row: SizedVersion, before: SizedVersion | undefined, hasSameValue: boolean): VersionChange {
  if (row.size === null) return "deleted";
  if (row.version === 1) return "created";
  if (!before) return "unknown";
  if (before.size === null) return "created-again";
  if (hasSameValue) return "note";
  return row.note === before.note ? "value" : "value-and-note";
}

/**
 * The versions that have the value of the one before. Where the lengths differ the values do; of the others only
 * so many are opened at once that large ones do not fill the memory.
 */
async function unchangedValues(
  vault: Vault,
  place: WritableEnvironment,
  secret: { id: number; name: string },
  rows: readonly SizedVersion[],
): Promise<Set<number>> {
  const portions: number[][] = [];
  let left = 0;
  for (const [i, { version, size }] of rows.entries()) {
    if (size === null || size !== rows[i + 1]?.size) continue;
    if (left < 2 * size || portions.length === 0) {
      portions.push([]);
      left = comparedAtOnce;
    }
    portions.at(-1)?.push(version);
    left -= 2 * size;
  }
  const same = new Set<number>();
  for (const portion of portions) {
    const contents = await openVersions(vault, place, secret, [
      ...new Set(portion.flatMap((version) => [version, version - 1])),
    ]);
    for (const version of portion) {
      if (contents.get(version)?.value === contents.get(version - 1)?.value) same.add(version);
    }
  }
  return same;
}

/**
 * What chosen versions of a secret hold, in the order in which they are asked for. Who shows values calls
 * `recordShown` first. Throws SecretsflyError `not-found` for a name that never was its own here, and
 * `invalid` for a version that there is not.
 */
export async function readVersions(
  vault: Vault,
  place: WritableEnvironment,
  name: string,
  versions: readonly number[],
): Promise<VersionContent[]> {
  const secret = await findSecret(vault, place, name);
  if (!secret) throw neverOwn();
  const contents = await openVersions(vault, place, secret, versions);
  return versions.map((version) => {
    const content = contents.get(version);
    if (!content) throw invalid("version", noVersion(secret, version));
    return content;
  });
}

function noVersion(secret: { name: string; version: number }, version: number): string {
  return version > secret.version
    ? `${secret.name} has no version ${version} yet.`
    : `Version ${version} of ${secret.name} is not kept.`;
}

/**
 * Gives a secret the value and the note of one of its versions again, as a new version: a deleted secret is back
 * with it. A version never changes, but it can be sealed anew or dropped by others, so it is read inside of the
 * write. Throws SecretsflyError `invalid` for a version that is not kept, that is a deletion, or whose references
 * would not resolve; `not-found` for a name that never was its own here.
 */
export async function rollbackSecret(
  vault: Vault,
  place: WritableEnvironment,
  name: string,
  version: number,
): Promise<ChangedSecret> {
  const [changed] = await changeSecrets(vault, place, async () => {
    const [content] = await readVersions(vault, place, name, [version]);
    if (!content || content.value === null) {
      const message = `Version ${version} of ${name} is its deletion: there is no value to go back to. To delete ${name}, use Delete.`;
      throw invalid("version", message);
    }
    return [{ kind: "set", name, value: content.value, note: content.note }];
  });
  if (!changed) throw neverOwn();
  return changed;
}

/** The row of a name that is, or was, the project × environment's own. */
async function findSecret(vault: Vault, place: WritableEnvironment, name: string) {
  const [row] = await vault.db
    .select()
    .from(secrets)
    .where(
      and(
        eq(secrets.projectId, place.projectId),
        eq(secrets.environmentId, place.environment.id),
        eq(secrets.name, name),
      ),
    );
  return row;
}

function neverOwn(): SecretsflyError {
  return notFound("secret of its own here");
}

/** By version; one that is not kept is not in it. */
async function openVersions(
  vault: Vault,
  place: WritableEnvironment,
  secret: { id: number; name: string },
  versions: readonly number[],
): Promise<Map<number, VersionContent>> {
  const contents = new Map<number, VersionContent>();
  for (const portion of chunks(versions)) {
    const rows = await readInParts(portion, (numbers) =>
      vault.db
        .select()
        .from(secretVersions)
        .where(and(eq(secretVersions.secretId, secret.id), inArray(secretVersions.version, [...numbers]))),
    );
    const opened = await Promise.all(rows.map((row) => openVersion(place, secret.name, row))).catch(
      unlessRotated(vault, place),
    );
    for (const content of opened) contents.set(content.version, content);
  }
  return contents;
}

/** Opens one stored version. Throws OpenError where the row was tampered with. */
export async function openVersion(
  place: WritableEnvironment,
  name: string,
  row: Omit<typeof secretVersions.$inferSelect, "secretId">,
): Promise<VersionContent> {
  const { version, sealedValue, sealedNote, createdAt, createdBy } = row;
  const [value, note] = await Promise.all([
    sealedValue &&
      openText(place.keys.valueKey, sealedValue, versionContext("secret-value", place, name, version)),
    openNote(place, name, version, sealedNote),
  ]);
  return { version, value, note, createdAt, createdBy };
}

async function openNote(
  place: WritableEnvironment,
  name: string,
  version: number,
  sealedNote: Bytes | null,
): Promise<string> {
  if (!sealedNote) return "";
  return openText(place.keys.valueKey, sealedNote, versionContext("secret-note", place, name, version));
}
