import { type ServerProcess, startFileServer } from "../server-process.ts";
import { ApiWriter } from "./api-writer.ts";
import { backUp } from "./backup.ts";
import { check } from "./check.ts";
import { Editor } from "./editor.ts";
import type { Evidence } from "./evidence.ts";
import { kill, type Way } from "./kills.ts";
import type { KnownWrite } from "./ledger.ts";
import { type Estate, isTransient, Owner } from "./owner.ts";
import type { Replay } from "./replay.ts";
import { settings, type World } from "./world.ts";
import { Life } from "./writer.ts";

/** What came of one crash. */
export interface Round {
  faults: string[];
  /** What had no answer when the server died. */
  inFlight: string[];
  /** From the start of the process that came after until it has answered, in milliseconds. */
  restart: number;
  /** The server that came after. */
  server: ServerProcess;
  estate: Estate;
}

/** Writes to a server until it is killed, starts it again, and looks whether all is as it has to be. Throws where
 * that cannot even be read, or the server does not start. */
export async function crash(world: World, server: ServerProcess, estate: Estate, way: Way): Promise<Round> {
  const before = world.ledger.writes.length;
  const first = new Life(world, server);
  await using other = way === "one of two" ? await startFileServer(world.folder, settings) : undefined;
  const second = other && new Life(world, other);
  const lives = [first, second ?? first];
  const of = (i: number) => lives[i % 2] as Life;
  const owner = new Owner(of(world.dice.below(2)), estate, way === "in a rotation");
  const writers = [
    owner,
    new Editor(of(0), 0),
    new Editor(of(1), 1),
    ...world.writers.map((token, i) => new ApiWriter(of(i), token)),
  ];
  const over = Promise.allSettled(writers.map((writer) => writer.run()));
  const backup = world.dice.once(4) ? backUp(world) : Promise.resolve([]);
  const faults: string[] = [];
  const rotating = Promise.race([owner.rotating.promise, over.then(() => undefined)]);
  const killed = await kill(world, way, { first, second, rotating, backup });
  for (const { reason } of (await over).filter(
    ({ status }) => status === "rejected",
  ) as PromiseRejectedResult[])
    faults.push(`a writer failed: ${reason instanceof Error ? reason.message : String(reason)}`);
  faults.push(...(await backup), ...killed);
  const inFlight = inFlightSince(world, before);
  const began = performance.now();
  const next = await startFileServer(world.folder, settings);
  await next.request("/api/status");
  const restart = performance.now() - began;
  const checked = check(world, next);
  // Nobody is given a server of whose database nothing can be said.
  await checked.catch(() => next.stop("SIGKILL"));
  const { faults: found, evidence, state } = await checked;
  return {
    faults: [...faults, ...found],
    inFlight,
    restart,
    server: next,
    estate: estateOf(evidence, state),
  };
}

function inFlightSince({ ledger }: World, before: number): string[] {
  const since = ledger.writes.slice(before);
  return since.filter(({ fate }: KnownWrite) => fate === "unknown").map(({ what }) => what);
}

/** What the owner goes on with. */
export function estateOf({ tokens }: Evidence, { projects }: Pick<Replay, "projects">): Estate {
  const live = tokens.filter(({ name, revokedAt }) => revokedAt === null && isTransient(name));
  return {
    projects,
    tokens: live.map(({ id, name, projectId }) => ({ id, name, projectId, environment: "prod" })),
  };
}
