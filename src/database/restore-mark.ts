/**
 * What stands in `migrations` of a database on a server, in the place of what was done, while a restore fills it: no
 * version of the program takes it for a whole one. A version that does not know the word takes it for a newer one's.
 */
const word = "unfinished-restore";

/** A mark of its own for each restore, so that one notices where another has begun anew. */
export function newRestoreMark(): string {
  return `${word} ${crypto.randomUUID()}`;
}

/** What LIKE finds such a mark by. */
export const unfinishedRestorePattern = `${word}%`;

/** Whether the tags of a database say that a restore into it has not come to its end. */
export function isUnfinishedRestore(tags: readonly unknown[]): boolean {
  return tags.some((tag) => typeof tag === "string" && tag.startsWith(word));
}

/** What somebody is told who wants to use such a database, after its name. */
export const unfinishedRestore =
  'holds a restore that did not come to its end: run "secretsfly restore" again, which clears it and begins anew';
