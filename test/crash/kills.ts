import { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { connect } from "../../src/database/connect.ts";
import { migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { killWhileStarting, type ServerProcess, startFileServer } from "../server-process.ts";
import type { Ledger } from "./ledger.ts";
import { settings, type World } from "./world.ts";
import type { Life } from "./writer.ts";

/** How the server dies. */
export const ways = [
  "under writes",
  "in a rotation",
  "while stopping",
  "and again while starting",
  "one of two",
] as const;
export type Way = (typeof ways)[number] | "while starting";

/** The life of a server while it is written to, and of a second one on the same file where there is one. */
export interface Lives {
  first: Life;
  second: Life | undefined;
  /** Resolves with the root whose rotation was sent; undefined where nobody sends one. */
  rotating: Promise<number | undefined>;
  /** Resolves when nobody makes a backup any more. */
  backup: Promise<unknown>;
}

/** Ends all servers of a round. The moment is random, and so is how far each write gets. Returns what was wrong with them. */
export async function kill(world: World, way: Way, lives: Lives): Promise<string[]> {
  const { dice } = world;
  const faults: string[] = [];
  const { first, second, rotating, backup } = lives;
  if (way === "in a rotation") {
    const root = await rotating;
    // Where all of it is verified, the write comes that puts it in place: every other one dies there.
    if (root !== undefined) await reaches(world, first.server, root, dice.once(2) ? swapAt : dice.next());
  } else {
    if (!(await acknowledges(world.ledger, 5 + dice.below(80)))) faults.push("nothing is written");
    await Bun.sleep(dice.below(40));
  }
  const isStopping = way === "while stopping";
  first.isEnding = true;
  if (isStopping) {
    first.server.signal("SIGTERM");
    await Bun.sleep(dice.below(60));
  }
  faults.push(...(await end(first.server)));
  if (second) {
    if (!(await acknowledges(world.ledger, 2 + dice.below(10))))
      faults.push("the other server writes no more after one has died");
    await Bun.sleep(dice.below(100));
    second.isEnding = true;
    faults.push(...(await end(second.server)));
  }
  if (way === "and again while starting") {
    // One that is still being made would have the half of what is undone.
    await backup;
    undoNewestMigration(world);
    await killStarts(world);
  }
  return faults;
}

/** How far a rotation is when all of it is staged and was read back. */
const swapAt = 2 / 3;

/** Waits until a rotation is so far, from 0 to 1, or has had its answer. */
async function reaches(world: World, server: ServerProcess, root: number, share: number): Promise<void> {
  while (world.unknownKeys.has(root)) {
    const response = await server.request(`/admin/projects/${root}/rotate/progress`);
    if (response.status !== 200) continue;
    const { done, total } = (await response.json()) as { done: number; total: number };
    if (done >= share * total) return;
  }
}

/**
 * What it logged is a fault, since it logs nothing but errors: except for a 503, which a rotation may be the reason of,
 * and for what such a 503 says of a lock.
 */
async function end(server: ServerProcess): Promise<string[]> {
  const { stderr } = await server.stop("SIGKILL");
  const lines = stderr
    .split("\n")
    .filter((line) => line !== "" && !/"status":503|"fault":"locked"/.test(line));
  return lines.slice(0, 5).map((line) => `the server logged: ${line}`);
}

/** Longer than any one write takes on a machine that has other things to do, in milliseconds. */
const patience = 60_000;

/** Waits until so many more writes are acknowledged. False where none is any more. */
async function acknowledges(ledger: Ledger, count: number): Promise<boolean> {
  const wanted = ledger.count("acknowledged") + count;
  let [before, until] = [-1, 0];
  for (;;) {
    const now = ledger.count("acknowledged");
    if (now >= wanted) return true;
    if (now > before) [before, until] = [now, performance.now() + patience];
    if (performance.now() > until) return false;
    await Bun.sleep(2);
  }
}

/** Servers that hardly live: one that dies anywhere before or after it listens, and some while they migrate. */
async function killStarts(world: World): Promise<void> {
  const { folder, dice } = world;
  await killWhileStarting(folder, () => Bun.sleep(dice.below(450)), settings);
  for (let i = 0; i < 2; i++) {
    const touched = whenTouched(`${world.file}-wal`);
    await killWhileStarting(folder, () => touched.then(() => Bun.sleep(dice.below(25))), settings);
  }
}

/** Waits until somebody writes to a file, or makes it; and no longer than a start takes that has nothing to write. */
export async function whenTouched(file: string): Promise<void> {
  const stateOf = () => {
    const stats = statSync(file, { throwIfNoEntry: false });
    return `${stats?.mtimeMs} ${stats?.size}`;
  };
  const [before, until] = [stateOf(), performance.now() + longestStart];
  while (stateOf() === before && performance.now() < until) await Bun.sleep(1);
}

/** On a machine that has nothing else to do, in milliseconds. */
const longestStart = 500;

/** The first start of all, on a database that an older version has made or on none, after some that were killed there. */
export async function startAtLast(world: World): Promise<ServerProcess> {
  const older = migrations.slice(0, world.dice.below(migrations.length));
  if (older.length > 0) {
    const db = connect({ databaseUrl: `file:${world.file}`, databaseAuthToken: undefined });
    await migrate(db.$client, older, Date.now());
    db.$client.close();
  }
  await killStarts(world);
  return startFileServer(world.folder, settings);
}

/** As the version before this one had it: the next start brings it up again, or is killed while it does. */
function undoNewestMigration({ file }: World): void {
  using database = new Database(file);
  database.run("drop table audit_blinding");
  const { changes } = database.run("delete from migrations where tag = '0002_audit_blinding'");
  if (changes !== 1) throw new Error("there was no newest migration to undo");
}
