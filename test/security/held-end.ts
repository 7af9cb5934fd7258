import { writeSync } from "node:fs";

/**
 * Loaded before the program (`bun --preload`): at its very end it says `SAY_AT_END`, and is held for ten minutes, so that
 * somebody can look at its memory.
 */

// However slow a machine is: what the last counts are given is over at once, and all that is given more has a minute for
// each second of it.
const { sleep } = Bun;
Bun.sleep = (duration) => {
  const milliseconds = Number(duration);
  return sleep(milliseconds > 1000 ? milliseconds * 60 : 0);
};

process.on("exit", () => {
  writeSync(process.stderr.fd, `${process.env.SAY_AT_END}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600_000);
});
