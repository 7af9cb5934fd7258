import { auditDefences } from "./audit.ts";
import { backupDefences } from "./backup.ts";
import { batteryDefences } from "./battery.ts";
import { crashDefences } from "./crash.ts";
import type { Defence } from "./defence.ts";
import { faultDefences } from "./faults.ts";
import { guessingDefences } from "./guessing.ts";
import { loopDefences } from "./loop.ts";
import { memoryDefences } from "./memory.ts";
import { replicaDefences } from "./replica.ts";
import { thiefDefences } from "./thief.ts";

const areas: readonly (readonly Defence[])[] = [
  auditDefences, // the chain, and nothing without its event
  backupDefences, // nothing lost, and nothing called whole that is not
  batteryDefences, // the doors, and what an answer carries
  guessingDefences, // limits on guessing, and what the program is made of
  crashDefences, // what a killed server could lose
  thiefDefences, // what is sealed, to whom, and one spelling of everything that is read
  faultDefences, // disks, files, clocks, memory: refused clearly, nothing lost, over by itself
  loopDefences, // the event loop, and what one client may cost the others
  replicaDefences, // several machines: nothing lost, nothing served that never was
  memoryDefences, // what was sealed is gone from memory
];

/** All of them, by area. */
export const defences: readonly Defence[] = areas.flat();
