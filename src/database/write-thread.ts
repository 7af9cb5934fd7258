import { Worker } from "node:worker_threads";
import type { FileIdentities } from "./open-files.ts";
import type { Query } from "./query.ts";
import type { Outcome } from "./sqlite-connection.ts";
import { StorageError } from "./storage-fault.ts";

/** What the thread is given to do; what is sealed in it stays sealed there. */
export type Task =
  | { kind: "single"; query: Query }
  | { kind: "batch" | "migration"; queries: readonly Query[] }
  | { kind: "script"; sql: string }
  | { kind: "foreign-commits" }
  | { kind: "let-go" };

/**
 * What goes to the thread: tasks, and in the end that it is the end. `files` are those that the one who gives the task has
 * open: a thread that has none open yet opens these.
 */
export type Message = { id: number; task: Task; files: FileIdentities | undefined } | "close";

/** What comes back for each task. */
export type Answer = { id: number; outcomes: Outcome[] } | { id: number; fault: Fault };

/** What an error says: its class does not come along from another thread. */
export interface Fault {
  name: string;
  message: string;
  code: string | undefined;
  /** Of a StorageError. */
  storage?: Pick<StorageError, "kind" | "mayBeWritten">;
}

/** What the thread is told when it starts. */
export interface Start {
  file: string;
  /** Not 0 as soon as the connection is closed. */
  closed: Int32Array;
}

/** How long the thread may take to finish what it is doing when the client closes, in milliseconds. */
const patience = 2000;

interface Waiting {
  resolve: (outcomes: Outcome[]) => void;
  reject: (error: Error) => void;
}

/**
 * A thread with a connection of its own that writes to a database file, one task after the other, in the order in
 * which they were given to it. It begins with the first task, and keeps the process alive only while it has one.
 */
export class WriteThread {
  #worker: Worker | undefined;
  #closed = new Int32Array(new SharedArrayBuffer(4));
  #isClosed = false;
  #lastId = 0;
  #started = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** @param files - which files its owner has open, asked for each task */
  constructor(
    private readonly file: string,
    private readonly files: () => FileIdentities | undefined,
  ) {}

  /** How many threads there have been: each has another connection. */
  get started(): number {
    return this.#started;
  }

  /** Rejects with what SQLite says, under its name and code, and with StorageError where other files are at the paths. */
  async run(task: Task): Promise<Outcome[]> {
    if (this.#isClosed) throw new Error("the database is closed");
    const worker = this.#worker ?? this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<Outcome[]>();
    const id = ++this.#lastId;
    const message: Message = { id, task, files: this.files() };
    worker.postMessage(message);
    this.#waiting.set(id, { resolve, reject });
    worker.ref();
    return promise;
  }

  /** Closes the thread's connection once all that was given to it before is done: its next task opens the file anew. */
  async letGo(): Promise<void> {
    if (this.#worker && !this.#isClosed) await this.run({ kind: "let-go" });
  }

  /**
   * Waits until all that was given to it is done and its connection is closed, and holds this thread meanwhile: a
   * client is closed when nobody is served any more.
   */
  close(): void {
    this.#isClosed = true;
    const message: Message = "close";
    this.#worker?.postMessage(message);
    if (this.#worker) Atomics.wait(this.#closed, 0, 0, patience);
  }

  #start(): Worker {
    const start: Start = { file: this.file, closed: this.#closed };
    const worker = new Worker(new URL("./write-thread-main.ts", import.meta.url), { workerData: start });
    worker.on("message", (answer: Answer) => this.#settle(answer));
    worker.on("error", (error: Error) => this.#lose(worker, error));
    worker.on("exit", () => this.#lose(worker, new Error("the database is closed")));
    this.#worker = worker;
    this.#started++;
    return worker;
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if ("outcomes" in answer) waiting?.resolve(answer.outcomes);
    else waiting?.reject(toError(answer.fault));
  }

  /** What it was doing may or may not have been done. The next task starts another thread. */
  #lose(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function toError({ name, message, code, storage }: Fault): Error {
  if (storage) return new StorageError(storage.kind, storage.mayBeWritten);
  return Object.assign(new Error(message), { name }, code !== undefined && { code });
}
