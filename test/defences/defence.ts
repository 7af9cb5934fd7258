/**
 * A defence, and how it is taken out. `bun run test:defences` takes each one out of a copy of the program and runs the
 * tests that are there to hold it: they must fail. A test that passes without its defence holds nothing.
 */
export interface Defence {
  /** What stops being true without it, in a few words. */
  promise: string;
  /** The file that it is in, from the root of the repository. */
  file: string;
  /** The text to take out: exactly once in the file. */
  remove: string;
  /** What stands there instead; nothing unless told. */
  instead?: string;
  /** The test file that must then fail. */
  test: string;
  /** A regular expression for the names of the tests that must fail; all of the file unless told. */
  name?: string;
}
