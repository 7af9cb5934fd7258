import { type Database, fileFault, isFileFault } from "../database/connect.ts";
import { lookWhetherVacant, NotAloneError, ServerFilling, type Vacant } from "../database/fill-server.ts";
import { readCounters, readMarks } from "../database/marks.ts";
import { migrations } from "../database/migrations.ts";
import { type AddPortion, copyTables, type Digests, findDifference, sumUp } from "../database/row-copy.ts";
import { measure, UnreadableRowsError } from "../database/rows.ts";
import { type Table, tablesOf } from "../database/tables.ts";
import { MaintenanceError, NotWrittenError } from "./maintenance-error.ts";
import { openSnapshot, type Snapshot } from "./open.ts";
import { type Restored, type RestoreOptions, refuseFaults } from "./restored.ts";
import { type VerifyReport, verifyRows, verifySnapshot } from "./verify.ts";
import type { Server } from "./where.ts";

/**
 * Fills the empty database of a server with a backup, once that was found whole, and reads all of it again. Until it has
 * come to its end, no version of the program takes for a database what is there; begun again, it begins anew.
 *
 * @throws MaintenanceError for what is no backup, and for a server that has a database or cannot be asked;
 *   NotWrittenError where it does not take it all
 */
export async function restoreToServer(
  backup: string,
  server: Server,
  options: RestoreOptions,
): Promise<Restored> {
  const tables = await tablesOf(migrations);
  const db = server.connect();
  try {
    const vacant = await requireVacant(db, server, tables);
    const source = await openSnapshot({ file: backup, env: options.env });
    try {
      const report = await new Filling(source, { ...server, db }, tables, options).run(vacant);
      return {
        file: server.place,
        former: undefined,
        isOnServer: true,
        isOlder: source.wasOlder,
        report: { ...report, place: server.place },
      };
    } finally {
      source.close();
    }
  } finally {
    db.$client.close();
  }
}

/** Throws MaintenanceError where the server has a database that somebody may miss, or cannot be asked. */
async function requireVacant(
  db: Database,
  { place, fault }: Server,
  tables: readonly Table[],
): Promise<Vacant> {
  const found = await lookWhetherVacant(db.$client, tables).catch((error: unknown) => {
    const reason = fault(error);
    if (reason === undefined) throw error;
    throw new MaintenanceError(`${place} cannot be used: ${reason}`, { cause: error });
  });
  if (found.kind === "vacant") return found;
  throw new MaintenanceError(
    `there is a database on ${place} already (${found.why}), and a restore replaces none on a server: give it an empty one, by a new folder of sqld or a new database of Turso's`,
  );
}

/** One restore into a server. */
class Filling {
  constructor(
    private readonly source: Snapshot,
    private readonly target: Server & { db: Database },
    private readonly tables: readonly Table[],
    private readonly options: RestoreOptions,
  ) {}

  async run(vacant: Vacant): Promise<VerifyReport> {
    const verifying = { masterKeys: undefined, keepsVersions: false, clock: this.options.clock };
    const { place, db } = this.source;
    const before = await verifySnapshot(this.source, verifying);
    refuseFaults(before, this.options.force);
    if (!before.contents)
      throw new MaintenanceError(`${place} lacks tables, or is damaged: no server takes it`);
    const marks = await this.#reading(() => readMarks(db.$client));
    const { rows, largest } = await this.#reading(() => measure(db.$client, this.tables));
    // Also finds what would not be carried over as it is, before anything is written.
    const digests = await this.#reading(() => sumUp(db.$client, this.tables));
    await this.#writing("nothing was changed there", () => this.#requireRoom(largest));
    const filling = await this.#writing("nothing was changed there", () =>
      ServerFilling.begin(this.target.db.$client, vacant),
    );
    await this.#writing(unfinished, () => this.#fill(filling, digests, rows));
    const after = await this.#writing(unfinished, () => verifyRows(this.target.db, verifying));
    if (after.faultCount !== before.faultCount)
      throw this.#failed(
        `what is there has other faults than the backup: ${after.faults[0]?.what}`,
        unfinished,
      );
    await this.#writing(`whether it was finished is not known; "secretsfly verify" tells`, () =>
      filling.finish(marks),
    );
    return { ...after, place: this.target.place };
  }

  /** Asks the server for as much as it will have to take and to give for one row, before anything is written. */
  async #requireRoom(largest: number): Promise<void> {
    if (largest < surelyTaken) return;
    await this.target.db.$client.execute({ sql: "select zeroblob(?)", args: [largest + overhead] });
  }

  /** Copies all rows, and reads them again. */
  async #fill(filling: ServerFilling, digests: Digests, total: number): Promise<void> {
    const [from, to] = [this.source.db.$client, this.target.db.$client];
    const { progress = () => {} } = this.options;
    const add: AddPortion = (table, portion) => filling.add(table, portion);
    await this.#reading(() => copyTables(from, this.tables, add, (rows) => progress("copied", rows, total)));
    const counters = await this.#reading(() => readCounters(from));
    await filling.setCounters(counters);
    const told = (rows: number) => progress("compared", rows, total);
    const wrong =
      (await findDifference(to, this.tables, digests, told)) ??
      (Bun.deepEquals(await readCounters(to), counters) ? undefined : "sqlite_sequence");
    if (wrong !== undefined) throw this.#failed(`the table ${wrong} is not there as it was sent`, unfinished);
  }

  /** Reads the backup. */
  async #reading<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof UnreadableRowsError)) throw error;
      const reason = isFileFault(error) ? fileFault(error) : error.message;
      throw new MaintenanceError(`${this.source.place} cannot be read to its end: ${reason}`, {
        cause: error,
      });
    }
  }

  /** Does something with the server; `state` says what is there where it fails. */
  async #writing<T>(state: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (error instanceof MaintenanceError) throw error;
      const reason = error instanceof NotAloneError ? error.message : this.target.fault(error);
      if (reason === undefined) throw error;
      throw this.#failed(reason, state, error);
    }
  }

  #failed(reason: string, state: string, cause?: unknown): NotWrittenError {
    return new NotWrittenError(`${this.target.place} cannot be filled: ${reason} (${state})`, { cause });
  }
}

const unfinished = "what is there is of no use to anybody: begin again, which clears it";

/** Bytes of a row that every server takes and gives; Turso's, and sqld, stop at 5,000,000. */
const surelyTaken = 1024 * 1024;

/** What SQLite needs for a row beside the contents of its columns, at most, in bytes. */
const overhead = 256;
