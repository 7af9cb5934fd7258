import type { Client, InArgs, InStatement, ResultSet, TransactionMode } from "@libsql/client";
import { isRead, toQuery } from "../query.ts";
import { StorageError, storageFault } from "../storage-fault.ts";
import { isDamage } from "./damage.ts";
import type { Replica } from "./replica.ts";

/** How long what was written may take to come back to this machine before it is acknowledged all the same. Milliseconds. */
const ownWritePatience = 5000;
/** Until it is looked for again, in milliseconds. */
const ownWritePause = 50;

/**
 * Reads from an embedded replica and writes to its primary, behind libSQL's `Client` interface. What was written is read
 * by the next read; of what others wrote, a replica knows a moment later. A write that lost against a faster one is
 * refused once the replica has that one, too: whoever computes it again does so from what there is by then.
 * Throws StorageError while the primary is not to be reached.
 */
export class ReplicaClient implements Client {
  readonly protocol = "http";

  constructor(
    private readonly replica: Replica,
    private readonly primary: Client,
  ) {}

  get closed(): boolean {
    return this.primary.closed;
  }

  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const query = toQuery(statement, args);
    if (isRead(query)) return this.#read(() => this.replica.local.execute(query));
    return this.#write(() => this.primary.execute(query));
  }

  async batch(statements: (InStatement | [string, InArgs?])[], mode?: TransactionMode): Promise<ResultSet[]> {
    const reads = statements.every((statement) => isRead(toQuery(statement)));
    if (reads) return this.#read(() => this.replica.local.batch(statements));
    return this.#write(() => this.primary.batch(statements, mode ?? "write"));
  }

  async migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#write(() => this.primary.migrate(statements));
  }

  async executeMultiple(sql: string): Promise<void> {
    return this.#write(() => this.primary.executeMultiple(sql));
  }

  /** Why nothing can be written; undefined: it can. What is there can be read all the time. */
  async look(): Promise<StorageError | undefined> {
    const { fault } = this.replica;
    return fault && new StorageError(fault);
  }

  /** How often another past, or another database, came in the place of what was read. */
  get reopened(): number {
    return this.replica.reopened;
  }

  /** For how long what is read may lack what others have written, in milliseconds. */
  get age(): number {
    return this.replica.age;
  }

  /** Another text whenever something that is read here may have changed. */
  async foreignCommits(): Promise<string> {
    return String(this.replica.changes);
  }

  /** Calls `listener` after what is read has changed, whoever wrote it, until the function that is returned is called. */
  onChange(listener: () => void): () => void {
    this.replica.listeners.add(listener);
    return () => this.replica.listeners.delete(listener);
  }

  transaction(): never {
    throw new Error("interactive transactions are not used: write one batch");
  }

  async sync(): Promise<undefined> {
    await this.replica.catchUp();
    return undefined;
  }

  reconnect(): void {}

  close(): void {
    this.replica.stop();
    this.primary.close();
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!isDamage(error)) throw error;
      void this.replica.damaged();
      throw new StorageError("rebuilding", false, { cause: error });
    }
  }

  async #write<T>(write: () => Promise<T>): Promise<T> {
    const { fault } = this.replica;
    if (fault) throw new StorageError(fault);
    try {
      return await write();
    } catch (error) {
      const met = storageFault(error);
      if (met?.kind !== "unreachable" && met?.kind !== "refused") throw error;
      this.replica.cutOff();
      throw new StorageError("cut-off", met.mayBeWritten, { cause: error });
    } finally {
      // Also of one that was refused: what was in its way is to be seen.
      if (!this.replica.fault) await this.#catchUp();
    }
  }

  /** What was written is on the primary all the same: where it does not come back in time, this machine says so. */
  async #catchUp(): Promise<void> {
    const isLate = Bun.sleep(ownWritePatience).then(() => undefined);
    for (;;) {
      const isThere = await Promise.race([this.replica.catchUp(), isLate]);
      if (isThere) return;
      if (isThere === undefined || this.replica.fault) break;
      await Bun.sleep(ownWritePause);
    }
    this.replica.cutOff();
  }
}
