import { Dice } from "../fuzz/dice.ts";
import type { TestBrowser } from "../harness.ts";
import { databaseIn, type ServerProcess, temporaryFolder } from "../server-process.ts";
import { readEvidence } from "./evidence.ts";
import { Ledger, type Place, type ProjectState } from "./ledger.ts";
import { EtagBook } from "./views.ts";

/** Of every server: what it logs is a fault. Two environments, so that there is something to copy. */
export const settings = { AVAILABLE_ENVIRONMENTS: "dev,prod", LOG_LEVEL: "error" };
const environments = ["dev", "prod"] as const;

/** A service token that the harness knows. */
export interface KnownToken {
  text: string;
  name: string;
  place: Place;
}

/** One database through all its crashes, and what is known of it from outside. */
export interface World extends Disposable {
  seed: number;
  folder: string;
  file: string;
  dice: Dice;
  ledger: Ledger;
  etags: EtagBook;
  ids: Record<(typeof names)[number], number>;
  /** By root: the master key that is known to open it. */
  masterKeys: Map<number, string>;
  /** Roots and master keys that an acknowledged rotation has replaced. */
  formerKeys: [number, string][];
  /** What a rotation that had no answer would have made of a key. */
  unknownKeys: Map<number, string>;
  /** The first projects, as they were before anything was written by way of the ledger. */
  firstProjects: Map<number, ProjectState>;
  /** Those that are never revoked: a read token of each place, and a write token each for who writes. */
  readers: KnownToken[];
  writers: KnownToken[];
  /** Those that come and go. */
  tokens: KnownToken[];
  /** Values that somebody was given through the API before a crash. */
  seenValues: Set<string>;
  /** A number that no value, name or project of this world has yet. */
  next(): number;
  keep(): void;
}

const names = ["shop", "api", "worker", "nomad", "bank", "ledger"] as const;

/** An empty place for a database. */
export function emptyWorld(seed: number): World {
  const folder = temporaryFolder();
  let [count, isKept] = [0, false];
  return {
    ...{
      seed,
      folder: folder.path,
      file: databaseIn(folder.path),
      dice: new Dice(seed),
      ledger: new Ledger(),
    },
    ...{ etags: new EtagBook(), ids: { shop: 0, api: 0, worker: 0, nomad: 0, bank: 0, ledger: 0 } },
    ...{ masterKeys: new Map(), unknownKeys: new Map(), formerKeys: [], firstProjects: new Map() },
    ...{ readers: [], writers: [], tokens: [], seenValues: new Set() },
    next: () => ++count,
    keep: () => {
      isKept = true;
    },
    [Symbol.dispose]() {
      if (!isKept) folder[Symbol.dispose]();
    },
  };
}

/** Two trees, `shop` > `api` > `worker` and `shop` > `nomad`, `bank` > `ledger`, with tokens and a first secret each. */
export async function furnish(world: World, server: ServerProcess): Promise<void> {
  const admin = server.browser();
  const { ids } = world;
  for (const root of ["shop", "bank"] as const) {
    const { id, masterKey } = await admin.createRoot(root);
    ids[root] = id;
    world.masterKeys.set(id, masterKey);
  }
  ids.api = await admin.createChild("api", ids.shop);
  ids.worker = await admin.createChild("worker", ids.api);
  ids.nomad = await admin.createChild("nomad", ids.shop);
  ids.ledger = await admin.createChild("ledger", ids.bank);
  for (const name of names)
    for (const environment of environments) {
      const place = { project: ids[name], environment };
      await admin.save(place.project, environment, { BASE: `base of ${name} ${environment}` });
      world.readers.push(await createToken(admin, place, "read"));
    }
  for (const name of ["shop", "api", "worker", "nomad", "ledger"] as const)
    world.writers.push(await createToken(admin, { project: ids[name], environment: "dev" }, "write"));
  world.writers.push(await createToken(admin, { project: ids.api, environment: "prod" }, "write"));
  const { events, projects } = await readEvidence(world.file, new Map());
  world.ledger.firstEvents = events.length;
  world.firstProjects = projects;
}

async function createToken(admin: TestBrowser, place: Place, rights: string): Promise<KnownToken> {
  const text = await admin.createToken(place.project, place.environment, rights);
  return { text, name: "test", place };
}
