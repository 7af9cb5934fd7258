import { parentPort, workerData } from "node:worker_threads";
import { type Outcome, SqliteConnection } from "./sqlite-connection.ts";
import { StorageError } from "./storage-fault.ts";
import type { Answer, Fault, Message, Start, Task } from "./write-thread.ts";

/** What runs on the thread that writes: see `WriteThread`, which starts it. */
const { file, closed } = workerData as Start;
let connection: SqliteConnection | undefined;

parentPort?.on("message", (message: Message) => {
  if (message === "close") close();
  else parentPort?.postMessage(answer(message));
});

function answer({ id, task, files }: Exclude<Message, "close">): Answer {
  try {
    if (task.kind === "let-go") return { id, outcomes: letGo() };
    // The file is there: one that was just taken away must not be made again, empty.
    connection ??= SqliteConnection.toWrite(file, { create: false, expected: files });
    return { id, outcomes: run(connection, task) };
  } catch (error) {
    return { id, fault: faultOf(error) };
  }
}

/** The next task opens what is at the path by then. */
function letGo(): Outcome[] {
  const former = connection;
  connection = undefined;
  former?.close();
  return [];
}

function run(to: SqliteConnection, task: Exclude<Task, { kind: "let-go" }>): Outcome[] {
  switch (task.kind) {
    case "foreign-commits":
      return [to.foreignCommits()];
    case "single":
      return [to.run(task.query)];
    case "batch":
      return to.batch(task.queries);
    case "migration":
      return to.migrate(task.queries);
    case "script":
      to.script(task.sql);
      return [];
  }
}

function faultOf(error: unknown): Fault {
  if (error instanceof StorageError) {
    const { name, message, kind, mayBeWritten } = error;
    return { name, message, code: undefined, storage: { kind, mayBeWritten } };
  }
  if (!(error instanceof Error)) return { name: "Error", message: String(error), code: undefined };
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { name: error.name, message: error.message, code };
}

function close(): void {
  try {
    connection?.close();
  } finally {
    // In any case: somebody holds its thread until it is so.
    Atomics.store(closed, 0, 1);
    Atomics.notify(closed, 0);
    parentPort?.close();
  }
}
