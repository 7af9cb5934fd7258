import { afterAll, afterEach, beforeAll, beforeEach, expect } from "bun:test";
import { MaintenanceError } from "../../src/maintenance/maintenance-error.ts";
import { restore } from "../../src/maintenance/restore.ts";
import type { Restored, RestoreOptions } from "../../src/maintenance/restored.ts";
import { failureOf } from "../failure.ts";
import { createFileApp } from "../harness.ts";
import { temporaryFolder } from "../server-process.ts";
import { type Sqld, startSqld } from "../sqld.ts";
import { createWorld, type World } from "../vault/rotation-world.ts";
import { copyWith } from "./copies.ts";
import { clientOf, type Everything, everythingIn, everythingOn } from "./server-copies.ts";

/** A backup of a world, and a server that is empty at the start of each test. */
export interface Restores {
  readonly world: World;
  readonly backup: string;
  /** For what a test makes; it is removed when the file is done. */
  readonly folder: string;
  readonly server: Sqld;
  /** What messages call the server. */
  readonly place: string;
  clock(): number;
  /** Settings that name a server; the test's own unless told. */
  to(url?: string, token?: string): Record<string, string>;
  /** A copy of the backup, changed. */
  changed(...statements: string[]): string;
  /** Restores into the server. */
  run(file?: string, options?: Partial<RestoreOptions>): Promise<Restored>;
  /** With what a restore is refused. */
  refusal(file?: string, options?: Partial<RestoreOptions>): Promise<string>;
  /** What the server holds in these tables, in those of the backup unless told. */
  contents(tables?: readonly string[]): Promise<Everything>;
}

/** Makes them for the tests of a file. */
export function useRestores(): Restores {
  let [world, backup, server]: [World?, string?, Sqld?] = [];
  let folder: ReturnType<typeof temporaryFolder> | undefined;
  beforeAll(async () => {
    folder = temporaryFolder();
    world = await createMovedWorld();
    backup = copyWith(world.app.file, folder.path);
  });
  afterAll(() => {
    world?.app.close();
    folder?.[Symbol.dispose]();
  });
  beforeEach(async () => {
    server = await startSqld();
  });
  afterEach(() => server?.[Symbol.asyncDispose]());

  const made: Restores = {
    get world() {
      return there(world);
    },
    get backup() {
      return there(backup);
    },
    get folder() {
      return there(folder).path;
    },
    get server() {
      return there(server);
    },
    get place() {
      return new URL(there(server).url).host;
    },
    clock: () => there(world).app.clock.now,
    to: (url = there(server).url, token) => ({
      DATABASE_URL: url,
      ...(token !== undefined && { DATABASE_AUTH_TOKEN: token }),
    }),
    changed: (...statements) => copyWith(made.backup, made.folder, ...statements),
    run: (file = made.backup, options = {}) =>
      restore(file, { env: made.to(), force: false, clock: made.clock, ...options }),
    async refusal(file, options) {
      const error = await failureOf(made.run(file, options));
      expect(error).toBeInstanceOf(MaintenanceError);
      return `${error?.name}: ${error?.message}`;
    },
    async contents(tables = Object.keys(everythingIn(made.backup))) {
      using client = clientOf(made.server.url);
      return await everythingOn(client, tables);
    },
  };
  return made;
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is there once the tests run");
  return value;
}

/** A world with a parent that is younger than its child, and ids that were used and are not there. */
async function createMovedWorld(): Promise<World> {
  const world = await createWorld(createFileApp);
  const { admin, ids } = world;
  await admin.unseal(ids.shop, world.masterKey);
  const worker = `/admin/projects/${ids.worker}`;
  expect((await admin.post(`${worker}/edit`, { parentId: String(ids.web) })).status).toBe(303);
  const passing = `/admin/projects/${await admin.createChild("passing", ids.shop)}`;
  expect((await admin.post(`${passing}/delete`, { confirmName: "passing" })).status).toBe(303);
  return world;
}
