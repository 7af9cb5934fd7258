import { eq } from "drizzle-orm";
import {
  KeyDerivationError,
  MasterKeyError,
  parseMasterKey,
  wipeMasterKey,
} from "../cryptography/master-key.ts";
import { projects, rootKeys } from "../database/schema.ts";
import { SecretsflyError } from "../errors.ts";
import { openRootKey } from "../vault/root-keys.ts";
import type { UnlockedRoot } from "../vault/unlock.ts";
import type { Vault } from "../vault/vault.ts";
import type { Faults } from "./faults.ts";
import { MaintenanceError } from "./maintenance-error.ts";

/** A root project, and whether one of the master keys was its own. */
export interface RootReport {
  id: number;
  name: string;
  isOpened: boolean;
}

/** Nobody: what is opened here is looked at, and written nowhere. */
const nobody = { id: "system", address: "", requestId: "" };

/**
 * Opens each root project with the master key that fits it. A master key that fits none is a fault.
 *
 * @throws MaintenanceError for a text that is no master key; it names its place among the others, and repeats nothing
 */
export async function openRoots(
  { db }: Vault,
  masterKeys: readonly string[],
  faults: Faults,
): Promise<{ roots: RootReport[]; opened: UnlockedRoot[] }> {
  for (const [position, masterKey] of masterKeys.entries()) requireMasterKey(masterKey, position);
  const rows = await db
    .select({ row: rootKeys, name: projects.name })
    .from(rootKeys)
    .innerJoin(projects, eq(projects.id, rootKeys.projectId))
    .orderBy(projects.id);
  const used = new Set<number>();
  const roots: RootReport[] = [];
  const opened: UnlockedRoot[] = [];
  for (const { row, name } of rows) {
    const found = await firstThatFits(row, masterKeys, faults);
    if (found) {
      used.add(found.position);
      opened.push(found.root);
    }
    roots.push({ id: row.projectId, name, isOpened: found !== undefined });
  }
  for (const position of masterKeys.keys())
    if (!used.has(position)) faults.add(`the master key in line ${position + 1} opens no root project`);
  return { roots, opened };
}

function requireMasterKey(text: string, position: number): void {
  try {
    wipeMasterKey(parseMasterKey(text));
  } catch (error) {
    if (!(error instanceof MasterKeyError)) throw error;
    throw new MaintenanceError(`the master key in line ${position + 1}: ${error.message}`);
  }
}

async function firstThatFits(
  row: typeof rootKeys.$inferSelect,
  masterKeys: readonly string[],
  faults: Faults,
): Promise<{ position: number; root: UnlockedRoot } | undefined> {
  for (const [position, masterKey] of masterKeys.entries()) {
    try {
      return { position, root: await openRootKey(row, masterKey, "masterKey", nobody) };
    } catch (error) {
      if (error instanceof KeyDerivationError) {
        faults.add("its root key is derived in no way that secretsfly does", { projectId: row.projectId });
        return undefined;
      }
      if (!(error instanceof SecretsflyError) || error.code !== "wrong-master-key") throw error;
    }
  }
  return undefined;
}
