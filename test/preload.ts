/** Runs before each file of tests: with `--parallel` or `--isolate` before all of them, otherwise before the first. */

import { setDefaultTimeout } from "bun:test";

// A time-out is there to notice what hangs, on any machine: many tests run at once, and Bun's own 5 s may be over before a
// process has started, a passphrase is stretched or a disk has written. A file that takes longer says so itself.
setDefaultTimeout(120_000);
