import type { Defence } from "./defence.ts";

const test = "test/crash/crash.test.ts";

/**
 * What a crash could take: found by killing a real server at random moments, so a row holds if it is found nearly always.
 * `synchronous=FULL` has no row, since a process that is killed leaves all that it wrote to the system: only a power cut
 * shows what it is for.
 */
export const crashDefences: readonly Defence[] = [
  {
    promise: "a batch is there wholly or not at all",
    file: "src/database/sqlite-connection.ts",
    remove: "const run = database.transaction(() => {\n      const outcomes",
    instead:
      "const run = ((all: () => Outcome[]) => ({ deferred: all, immediate: all }))(() => {\n      const outcomes",
    test,
  },
  {
    promise: "what is acknowledged is on disk",
    file: "src/vault/write.ts",
    remove: "await runBatch(db, [...changes, ...appended]);",
    instead: "setTimeout(() => runBatch(db, [...changes, ...appended]).catch(() => {}), 2);",
    test,
  },
  {
    promise: "an event is on disk with what it tells of, or neither is",
    file: "src/vault/write.ts",
    remove: "await runBatch(db, [...changes, ...appended]);",
    instead: "for (const part of [changes, appended]) if (part.length > 0) await runBatch(db, part);",
    test,
  },
  {
    promise: "what was computed from an older state is not written",
    file: "src/vault/write.ts",
    remove: "const guards = [...trees.values()].flatMap((tree) => guardTree(vault, tree));",
    instead: "const guards: Statement[] = [];",
    test,
  },
  {
    promise: "a write that collided with another process's is not acknowledged",
    file: "src/vault/write.ts",
    remove: "if (isWriteConflict(error)) return false;",
    instead: "if (isWriteConflict(error)) return true;",
    test,
  },
  {
    promise: "the views of all descendants are in the same batch",
    file: "src/vault/secrets.ts",
    remove: "replaceViews(vault, [built.row, ...descendants])",
    instead: "replaceViews(vault, [built.row])",
    test,
  },
  {
    promise: "another body has another ETag",
    file: "src/vault/views.ts",
    remove: "return isSame ? previous.bodyId : undefined;",
    instead: "return isSame || previous.bodyId ? previous.bodyId : undefined;",
    test,
  },
  {
    promise: "a rotation puts all in place at once",
    file: "src/vault/rotation-swap.ts",
    remove: "    rootKeyStatement(vault, swap),\n",
    test,
  },
  {
    promise: "a migration is there with its mark, or neither is",
    file: "src/database/migrate.ts",
    remove: "await whenNotBusy(patience, () => client.migrate(statements));",
    instead: "for (const step of statements) await whenNotBusy(patience, () => client.migrate([step]));",
    test: "test/database/migrate.test.ts",
    name: "that fail leave nothing",
  },
];
