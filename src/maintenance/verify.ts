import { sql } from "drizzle-orm";
import { systemRandom } from "../cryptography/bytes.ts";
import type { Database } from "../database/connect.ts";
import { StorageHealth } from "../database/storage-health.ts";
import { type ChainReport, verifyChain } from "../vault/audit-chain.ts";
import type { SealedCounts } from "../vault/sealed-rows.ts";
import type { Vault } from "../vault/vault.ts";
import { WriteQueue } from "../vault/write-queue.ts";
import { TreeCheck } from "./contents.ts";
import { type Fault, Faults } from "./faults.ts";
import { MaintenanceError } from "./maintenance-error.ts";
import { openSnapshot, type Snapshot } from "./open.ts";
import { openRoots, type RootReport } from "./roots.ts";
import { checkSchema } from "./schema-check.ts";
import { type Contents, checkStructure, countContents, type StructureOptions } from "./structure.ts";
import type { Where } from "./where.ts";

/** What was found of a database. */
export interface VerifyReport {
  /** The path of the file, or the host of the server. */
  place: string;
  /** The first of the faults; none: everything that was looked at is as it has to be. */
  faults: readonly Fault[];
  faultCount: number;
  /** Undefined where the file is so damaged that its rows cannot be asked for. */
  contents: Contents | undefined;
  audit: ChainReport | undefined;
  /** Undefined where no master key was given. */
  opened: OpenedReport | undefined;
}

/** What was opened with the master keys. */
interface OpenedReport extends SealedCounts {
  roots: RootReport[];
}

/** What is asked of a database. */
export interface VerifyOptions {
  /** Each opens the root project that it fits; undefined: nothing is opened. */
  masterKeys: readonly string[] | undefined;
  keepsVersions: boolean;
  clock: () => number;
}

/**
 * Looks whether a database is whole: without a master key its structure and the chain of its audit, with them all
 * that is sealed in their trees, and each view rebuilt from the versions. A server may have it open; what is looked at
 * is one moment of it.
 *
 * @throws MaintenanceError where there is none, it cannot be read, or a text is no master key
 */
export async function verifyDatabase(where: Where, options: VerifyOptions): Promise<VerifyReport> {
  const open = await openSnapshot(where);
  try {
    return await verifySnapshot(open, options);
  } finally {
    open.close();
  }
}

/** The same of one that is open. */
export async function verifySnapshot(open: Snapshot, options: VerifyOptions): Promise<VerifyReport> {
  const { db, place, tellsHead } = open;
  try {
    const report = { place, ...(await verifyRows(db, options)) };
    return tellsHead || !report.audit
      ? report
      : { ...report, audit: { ...report.audit, toldHead: undefined } };
  } catch (error) {
    const reason = open.fault(error);
    // Of any other error the message may quote what was opened.
    if (reason === undefined) throw error;
    throw new MaintenanceError(`${place} cannot be read to its end: ${reason}`, { cause: error });
  }
}

/** The same of what is there at any moment of the look. Throws what the database throws. */
export async function verifyRows(db: Database, options: VerifyOptions): Promise<Omit<VerifyReport, "place">> {
  const { masterKeys, clock, keepsVersions } = options;
  const faults = new Faults(await projectNames(db));
  const found = (rest: Pick<VerifyReport, "contents" | "audit" | "opened">) => ({
    faults: faults.list,
    faultCount: faults.count,
    ...rest,
  });
  if (!(await checkSchema(db, faults)))
    return found({ contents: undefined, audit: undefined, opened: undefined });
  await checkStructure(db, faults, { keepsVersions, now: clock() } satisfies StructureOptions);
  const audit = await verifyChain(db);
  if (audit.fault) faults.add(`the audit is broken: ${audit.fault.what}`);
  const opened = masterKeys && (await openAll(vaultOf(db, clock), masterKeys, faults));
  return found({ contents: await countContents(db), audit, opened });
}

/** Before anything is known of the database: where they cannot be read, faults are told by ids alone. */
async function projectNames(db: Database): Promise<Map<number, string>> {
  try {
    const rows = await db.all<{ id: number; name: string }>(sql`select id, name from projects`);
    return new Map(rows.map(({ id, name }) => [id, name]));
  } catch {
    return new Map();
  }
}

async function openAll(vault: Vault, masterKeys: readonly string[], faults: Faults): Promise<OpenedReport> {
  const { roots, opened } = await openRoots(vault, masterKeys, faults);
  const sum: SealedCounts = { environmentKeys: 0, versions: 0, views: 0, serviceTokens: 0 };
  for (const root of opened) {
    const check = new TreeCheck(vault, root, faults);
    await check.run();
    for (const kind of Object.keys(sum) as (keyof SealedCounts)[]) sum[kind] += check.opened[kind];
  }
  return { roots, ...sum };
}

/** What the vault's functions that only read stand on. */
function vaultOf(db: Database, clock: () => number): Vault {
  return {
    db,
    clock,
    random: systemRandom,
    writes: new WriteQueue(),
    storage: new StorageHealth(),
    written: () => {},
    settings: { availableEnvironments: [], maxSecretBytes: 0, versionedSecretValues: true },
  };
}
