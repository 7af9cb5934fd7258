import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNamespace, forkNamespace, type NamespaceServer, namespaceUrl } from "./namespaces.ts";
import { type Stored, storedAt } from "./stored.ts";

/** Where the database of a test is. */
export interface Place {
  /** As `DATABASE_URL` has it. */
  url: string;
  /** Its path; undefined on a server. */
  file: string | undefined;
  stored: Stored;
  /** Every file that holds something of it: on the disk of the server, which is this machine's, too. */
  files(): string[];
  /** Another place, with all that is in this one at this moment. */
  copy(): Promise<Place>;
  /** Deletes the database; on a server that ends with the run. */
  remove(): void;
}

/** The libSQL server that all tests use, and the folder that its program was told to keep databases in. */
export type TestServer = NamespaceServer & { folder: string };

/** The variables by which `test/on-sqld.ts` tells the tests of it. */
const variables = {
  url: "TEST_SQLD_URL",
  adminUrl: "TEST_SQLD_ADMIN_URL",
  folder: "TEST_SQLD_FOLDER",
} as const;

/** What is set for tests that are to use a server. */
export function environmentFor(server: TestServer): Record<string, string> {
  return {
    [variables.url]: server.url,
    [variables.adminUrl]: server.adminUrl,
    [variables.folder]: server.folder,
  };
}

/** The database on it that was migrated, and that each test is given a copy of. */
export const template = "template";

/** undefined: databases are files. */
const server: TestServer | undefined = (() => {
  const { [variables.url]: url, [variables.adminUrl]: adminUrl, [variables.folder]: folder } = process.env;
  return url && adminUrl && folder ? { url, adminUrl, folder } : undefined;
})();

/** A place of its own for a test's database: on the server, if this run has one, else in a temporary file. */
export async function newPlace(): Promise<Place> {
  if (!server) return newFile();
  const place = await forkOf(server, template);
  // The one thing in a migrated database that is each database's own.
  await place.stored.write("update audit_blinding set blinding = randomblob(32)");
  return place;
}

/** A place in a temporary file, whatever this run has. */
export function newFile(): Place {
  return placeIn(mkdtempSync(join(tmpdir(), "secretsfly-test-")));
}

/** Where a program is to make its database: on the server, if this run has one, else in this file. */
export async function emptyPlace(file: string): Promise<string> {
  if (!server) return `file:${file}`;
  const name = newName();
  await createNamespace(server, name);
  return namespaceUrl(server, name);
}

function placeIn(folder: string): Place {
  const file = join(folder, "data", "secretsfly.db");
  const url = `file:${file}`;
  return {
    ...{ url, file, stored: storedAt(url) },
    files: () => ["", "-wal", "-shm"].map((ending) => file + ending).filter((path) => existsSync(path)),
    async copy() {
      const other = mkdtempSync(join(tmpdir(), "secretsfly-copy-"));
      mkdirSync(join(other, "data"));
      // What was written last is in the WAL alone.
      for (const name of ["secretsfly.db", "secretsfly.db-wal"]) {
        const from = join(folder, "data", name);
        if (existsSync(from)) copyFileSync(from, join(other, "data", name));
      }
      return placeIn(other);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function forkOf(on: TestServer, original: string): Promise<Place> {
  const name = newName();
  await forkNamespace(on, original, name);
  const url = namespaceUrl(on, name);
  return {
    ...{ url, file: undefined, stored: storedAt(url) },
    files() {
      const folder = join(on.folder, "dbs", name);
      const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    },
    copy: () => forkOf(on, name),
    // One that deletes a database while it copies another may never answer anything again.
    remove: () => {},
  };
}

const newName = () => `t${crypto.randomUUID().replaceAll("-", "")}`;
