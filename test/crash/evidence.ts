import { Database as SqliteFile } from "bun:sqlite";
import { asc, eq } from "drizzle-orm";
import { open } from "../../src/cryptography/aead.ts";
import { systemRandom, toText } from "../../src/cryptography/bytes.ts";
import { connectToRead } from "../../src/database/connect.ts";
import { auditEvents, projects, secrets, secretVersions, serviceTokens } from "../../src/database/schema.ts";
import { StorageHealth } from "../../src/database/storage-health.ts";
import { SecretsflyError } from "../../src/errors.ts";
import type { AuditEvent } from "../../src/vault/audit.ts";
import { openRoot } from "../../src/vault/root-keys.ts";
import {
  Descent,
  openPair,
  type Place as PlaceRow,
  placesOf,
  versionSlots,
  viewOf,
  viewSlots,
} from "../../src/vault/sealed-rows.ts";
import { readTree } from "../../src/vault/tree.ts";
import type { UnlockedRoot } from "../../src/vault/unlock.ts";
import type { Vault } from "../../src/vault/vault.ts";
import type { OpenPlace } from "../../src/vault/views.ts";
import { WriteQueue } from "../../src/vault/write-queue.ts";
import { placeKey } from "./ledger.ts";

/** One version as it is stored; value null is a deletion. */
export interface StoredVersion {
  version: number;
  value: string | null;
  note: string;
  createdAt: number;
}

/** What the database file holds, opened with the master keys and with nothing that builds or reads views. */
export interface Evidence {
  events: AuditEvent[];
  projects: Map<number, { name: string; parentId: number | null }>;
  /** By place and name, oldest first. */
  versions: Map<string, Map<string, StoredVersion[]>>;
  /** By place: what the view has ready for apps, byte for byte. */
  bodies: Map<string, string>;
  tokens: (typeof serviceTokens.$inferSelect)[];
  /** By root: those of the candidates that open it. */
  opening: Map<number, string[]>;
}

const nobody = { id: "system", address: "", requestId: "" };

/** Reads a database that nobody writes to. `candidates`: by root, the master keys that may open it. */
export async function readEvidence(
  file: string,
  candidates: ReadonlyMap<number, readonly string[]>,
): Promise<Evidence> {
  const db = connectToRead({ databaseUrl: `file:${file}`, databaseAuthToken: undefined });
  const vault: Vault = {
    ...{ db, clock: Date.now, random: systemRandom, writes: new WriteQueue(), written: () => {} },
    storage: new StorageHealth(),
    settings: { availableEnvironments: [], maxSecretBytes: 0, versionedSecretValues: true },
  };
  try {
    const rows = await db.select().from(projects);
    const evidence: Evidence = {
      events: await db.select().from(auditEvents).orderBy(asc(auditEvents.id)),
      projects: new Map(rows.map(({ id, name, parentId }) => [id, { name, parentId }])),
      versions: new Map(),
      bodies: new Map(),
      tokens: await db.select().from(serviceTokens),
      opening: new Map(),
    };
    for (const [root, masterKeys] of candidates) await openTree(vault, root, masterKeys, evidence);
    return evidence;
  } finally {
    db.$client.close();
  }
}

async function openTree(vault: Vault, root: number, masterKeys: readonly string[], evidence: Evidence) {
  const opened: [string, UnlockedRoot][] = [];
  for (const masterKey of masterKeys) {
    try {
      opened.push([masterKey, await openRoot(vault, root, masterKey, "masterKey", nobody)]);
    } catch (error) {
      if (!(error instanceof SecretsflyError)) throw error;
    }
  }
  evidence.opening.set(
    root,
    opened.map(([masterKey]) => masterKey),
  );
  const [first] = opened;
  if (!first) return;
  const descent = new Descent(first[1].rootKey);
  for (const place of await placesOf(vault, await readTree(vault.db, root))) {
    const keys = await descent.open(place, place.row);
    const key = placeKey({ project: place.project.id, environment: place.environment.name });
    evidence.versions.set(key, await openVersions(vault, place, keys));
    const view = await viewOf(vault, place);
    const [, body] = await openPair(viewSlots(keys, view), [view.sealedSource, view.sealedBody]);
    evidence.bodies.set(key, body ? toText(body) : "");
  }
}

async function openVersions(vault: Vault, place: PlaceRow, keys: OpenPlace) {
  const rows = await vault.db
    .select({ name: secrets.name, environmentId: secrets.environmentId, row: secretVersions })
    .from(secretVersions)
    .innerJoin(secrets, eq(secrets.id, secretVersions.secretId))
    .where(eq(secrets.projectId, place.project.id))
    .orderBy(asc(secrets.name), asc(secretVersions.version));
  const opened = await Promise.all(
    rows
      .filter(({ environmentId }) => environmentId === place.environment.id)
      .map(async ({ name, row }) => {
        const [value, note] = versionSlots(keys, { name, version: row.version });
        const { sealedValue, sealedNote, version, createdAt } = row;
        const stored: StoredVersion = {
          ...{ version, createdAt },
          value: sealedValue && toText(await open(value.key, sealedValue, value.context)),
          note: sealedNote ? toText(await open(note.key, sealedNote, note.context)) : "",
        };
        return [name, stored] as const;
      }),
  );
  const found = new Map<string, StoredVersion[]>();
  for (const [name, stored] of opened) found.set(name, [...(found.get(name) ?? []), stored]);
  return found;
}

/** What SQLite itself says of the file: `ok`, or what is damaged. */
export function integrityOf(file: string): string {
  using database = new SqliteFile(file, { readonly: true });
  const rows = database.query("PRAGMA integrity_check").values();
  return rows.flat().join("; ");
}
