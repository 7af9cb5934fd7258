import { OneAtATime } from "./one-at-a-time.ts";

/**
 * The one line in which all runs of Argon2id of this process stand. Each takes up to 256 MiB and holds a thread of the
 * pool that also does AES, files and the like: as many at once as there are threads stop the API for as long as
 * they take (measured: 0.7 s for 16 on two cores, against 3 ms for one at a time).
 */
export const stretching = new OneAtATime(16);
