/** Runs before each file of tests. */

import { setDefaultTimeout } from "bun:test";

// A time-out is there to notice what hangs. Bun's own 5 s may be over on a busy machine before a process has started.
setDefaultTimeout(60_000);
