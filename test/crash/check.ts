import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { bearer } from "../harness.ts";
import type { ServerProcess } from "../server-process.ts";
import { type Evidence, integrityOf, readEvidence } from "./evidence.ts";
import { judge } from "./judge.ts";
import { placeKey } from "./ledger.ts";
import type { Replay } from "./replay.ts";
import { expectedView, servedFaults, storedViewFaults } from "./views.ts";
import type { World } from "./world.ts";

/** What is there after a crash, and what is wrong with it. */
export interface Checked {
  faults: string[];
  evidence: Evidence;
  state: Replay;
}

/** Looks at everything there is, with a server that has started again and that nobody else uses. */
export async function check(world: World, server: ServerProcess): Promise<Checked> {
  const evidence = await readEvidence(world.file, candidateKeys(world));
  const { faults, state } = judge(world.ledger, evidence, world.firstProjects);
  faults.push(...keyFaults(world, evidence, state));
  faults.push(...storedViewFaults(state, evidence));
  for (const { text, place } of world.readers) {
    const key = placeKey(place);
    const expected = { key, body: evidence.bodies.get(key) ?? "", map: expectedView(state, place) };
    faults.push(...(await servedFaults(server, text, expected, world.etags)));
  }
  faults.push(...(await tokenFaults(world, server, state)));
  faults.push(...(await formFaults(world, server)));
  faults.push(...lostReads(world, evidence));
  const integrity = integrityOf(world.file);
  if (integrity !== "ok") faults.push(`PRAGMA integrity_check: ${integrity}`);
  faults.push(...(await verifyFaults(world.file, [...world.masterKeys.values()])));
  return { faults, evidence, state };
}

/** What `secretsfly verify` finds, without its process. */
async function verifyFaults(file: string, masterKeys: readonly string[]): Promise<string[]> {
  const options = { masterKeys, keepsVersions: true, clock: Date.now };
  const { faults } = await verifyDatabase({ file, env: {} }, options);
  return faults.map((fault) => `verify: ${JSON.stringify(fault)}`);
}

/** By root: the keys that may open it, and those that were replaced. */
function candidateKeys(world: World): Map<number, string[]> {
  const candidates = new Map([...world.masterKeys].map(([root, masterKey]) => [root, [masterKey]]));
  for (const [root, masterKey] of [...world.unknownKeys, ...world.formerKeys])
    candidates.get(root)?.push(masterKey);
  return candidates;
}

/** Exactly one key opens each root: the one that the audit tells of. It is the world's from then on. */
function keyFaults(world: World, { opening }: Evidence, state: Replay): string[] {
  const faults: string[] = [];
  for (const [root, before] of world.masterKeys) {
    const told = state.masterKeys.get(root) ?? before;
    const opens = opening.get(root) ?? [];
    if (opens.length !== 1 || opens[0] !== told)
      faults.push(
        `root ${root} is opened by ${opens.length} keys, and ${opens.includes(told) ? "not only" : "not"} by its own`,
      );
    if (told === before) continue;
    world.formerKeys.push([root, before]);
    world.masterKeys.set(root, told);
  }
  world.unknownKeys.clear();
  return faults;
}

/** A token whose revocation is told of is refused, and every other one is let in and opens its view. */
async function tokenFaults(world: World, server: ServerProcess, state: Replay): Promise<string[]> {
  const faults: string[] = [];
  for (const { text, name } of world.tokens) {
    const { status } = await server.request("/api/secrets", { headers: bearer(text) });
    const expected = state.revoked.has(name) ? 401 : 200;
    if (status !== expected) faults.push(`${name} is answered ${status}, not ${expected}`);
  }
  return faults;
}

/** What people see: the master key of now unseals, and the newest one that was replaced does not. */
async function formFaults(world: World, server: ServerProcess): Promise<string[]> {
  const admin = server.browser();
  const former = world.formerKeys.at(-1);
  const faults: string[] = [];
  for (const [root, masterKey] of world.masterKeys) {
    if (former?.[0] === root && (await admin.unseal(...former)).status !== 422)
      faults.push(`a master key that was replaced unseals root ${root}`);
    const { status } = await admin.unseal(root, masterKey);
    if (status !== 303) faults.push(`the master key of root ${root} is answered ${status}`);
  }
  return faults;
}

/** What was given out before the crash and is not there: it was served before it was on disk. */
function lostReads({ seenValues }: World, { versions }: Evidence): string[] {
  const stored = new Set<string>();
  for (const names of versions.values())
    for (const own of names.values())
      for (const { value } of own) stored.add(/^[pr]\d+/.exec(value ?? "")?.[0] ?? "");
  return [...seenValues]
    .filter((value) => !stored.has(value))
    .map((value) => `${value} was served, and is gone`);
}
