import { runCommand } from "./backup.ts";
import { readEvidence } from "./evidence.ts";
import { startAtLast, type Way, ways } from "./kills.ts";
import type { KnownWrite } from "./ledger.ts";
import { crash, estateOf, type Round } from "./round.ts";
import { emptyWorld, furnish, type World } from "./world.ts";

/** How many crashes one database lives through: what was written makes the later ones slower to check. */
const roundsAWorld = 8;

/** After so many there is enough to look at. */
const mostFindings = 5;

/** A crash that lost, halved or made up something, and what it takes to look at it. */
interface Finding {
  /** Of its world. */
  seed: number;
  round: number;
  way: Way;
  faults: readonly string[];
  /** Where the database is kept. */
  folder: string;
}

/** What came of many crashes. */
export interface Campaign {
  rounds: number;
  acknowledged: number;
  refused: number;
  unknown: number;
  /** Of the unknown ones, those that were there. */
  found: number;
  /** What was acknowledged, by kind. */
  kinds: Map<string, number>;
  /** How often the server was killed in which way, and with what in flight. */
  kills: Map<string, number>;
  /** How long the start after each took, in milliseconds. */
  restarts: number[];
  findings: Finding[];
}

/**
 * Kills a server `rounds` times under everything that writes, and looks each time whether all is there that has to be.
 * The seed decides what is written, in which world and how the server dies; the moment is chance. A round with a fault
 * ends its world, whose folder is kept.
 */
export async function crashTimes(
  seed: number,
  rounds: number,
  onRound = (_round: number) => {},
): Promise<Campaign> {
  const campaign: Campaign = {
    ...{ rounds: 0, acknowledged: 0, refused: 0, unknown: 0, found: 0 },
    ...{ kinds: new Map(), kills: new Map(), restarts: [], findings: [] },
  };
  for (let i = 0; campaign.rounds < rounds && campaign.findings.length < mostFindings; i++)
    await crashWorld(seed + i, Math.min(roundsAWorld, rounds - campaign.rounds), campaign, onRound);
  return campaign;
}

async function crashWorld(
  seed: number,
  rounds: number,
  campaign: Campaign,
  onRound: (round: number) => void,
) {
  using world = emptyWorld(seed);
  const at: At = { round: 0, way: "while starting" };
  // What cannot even be read, or does not start, is a fault as any other.
  const faults = await crashAgain(world, rounds, at, (crashed) => {
    tally(campaign, at.way, crashed);
    onRound(campaign.rounds);
  }).catch((error: unknown) => [Bun.inspect(error)]);
  sum(world.ledger.writes, campaign);
  if (faults.length === 0) return;
  world.keep();
  campaign.findings.push({ seed: world.seed, ...at, faults, folder: world.folder });
}

/** Where a world is in its life. */
type At = Pick<Finding, "round" | "way">;

/** Crash after crash, up to the first with a fault. Returns its faults. */
async function crashAgain(
  world: World,
  rounds: number,
  at: At,
  onRound: (round: Round) => void,
): Promise<string[]> {
  let server = await startAtLast(world);
  try {
    await furnish(world, server);
    let estate = estateOf(await readEvidence(world.file, new Map()), { projects: world.firstProjects });
    for (; at.round < rounds; at.round++) {
      at.way = ways[(world.seed + at.round) % ways.length] as Way;
      const crashed = await crash(world, server, estate, at.way);
      ({ server, estate } = crashed);
      onRound(crashed);
      if (crashed.faults.length > 0) return crashed.faults;
    }
    return await verifyByCommand(world);
  } finally {
    await server.stop("SIGKILL");
  }
}

function tally(campaign: Campaign, way: Way, { restart, inFlight }: Round): void {
  campaign.rounds += 1;
  campaign.restarts.push(restart);
  add(campaign.kills, `killed ${way}`);
  for (const what of new Set(inFlight)) add(campaign.kills, `with a ${what} in flight`);
}

async function verifyByCommand(world: World): Promise<string[]> {
  const masterKeys = [...world.masterKeys.values()];
  const { exitCode, said } = await runCommand(world, ["verify", "--master-key-stdin"], masterKeys);
  return exitCode === 0 ? [] : [`secretsfly verify ended with ${exitCode}: ${said}`];
}

function sum(writes: readonly KnownWrite[], campaign: Campaign): void {
  for (const { fate, what } of writes) {
    if (fate === "acknowledged") {
      campaign.acknowledged += 1;
      add(campaign.kinds, what);
    } else if (fate === "refused") campaign.refused += 1;
    else campaign.unknown += 1;
    if (fate === "found") campaign.found += 1;
  }
}

function add(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
