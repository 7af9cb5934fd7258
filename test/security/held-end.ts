import { writeSync } from "node:fs";

/**
 * Loaded before the program (`bun --preload`): at its very end it says `SAY_AT_END`, and is held for a minute, so that
 * somebody can look at its memory.
 */
process.on("exit", () => {
  writeSync(process.stderr.fd, `${process.env.SAY_AT_END}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
});
