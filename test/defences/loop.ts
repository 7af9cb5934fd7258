import type { Defence } from "./defence.ts";

/** The event loop, which nobody holds for long, and what one client may cost the others. */
export const loopDefences: readonly Defence[] = [
  {
    promise: "what is written, however large, does not hold the event loop",
    file: "src/database/sqlite-client.ts",
    remove:
      "    this.#connection.refuseWrites();\n    this.#writer = new WriteThread(file, () => this.#connection.files);\n",
    test: "test/database/write-thread.test.ts",
    name: "on another thread",
  },
  {
    promise: "a large write is prepared turn by turn",
    file: "src/database/batch.ts",
    remove: "    await giveOthersATurn();\n",
    test: "test/load/event-loop.test.ts",
    name: "as many secrets",
  },
  {
    promise: "a write that is under way when the server stops is written whole",
    file: "src/database/write-thread.ts",
    remove: "    if (this.#worker) Atomics.wait(this.#closed, 0, 0, patience);\n",
    test: "test/database/write-thread.test.ts",
    name: "is whole when the client is closed",
  },
  {
    promise: "a write that SQLite refuses is told apart by its words",
    file: "src/database/write-thread.ts",
    remove: "new Error(message), { name }",
    instead: 'new Error("the write failed"), { name }',
    test: "test/database/write-thread.test.ts",
    name: "own words",
  },
  {
    promise: "a client that is slow is cut off",
    file: "src/main.ts",
    remove: "idleTimeout: idleTimeoutOf(config),",
    instead: "idleTimeout: 0,",
    test: "test/load/load.test.ts",
    name: "cut off",
  },
];
