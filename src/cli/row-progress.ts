import { writeNote } from "./output.ts";

/** How often somebody is told, in milliseconds: what is over sooner tells of itself. */
const every = 3000;

/** What `backup` and `restore` tell of a copy from or to a server. */
type TellProgress = (step: "copied" | "compared", rows: number, of: number) => void;

/** Tells how far a long copy is, a line now and then. `steady` counts milliseconds from whenever. */
export function rowProgress(steady: () => number, tell: (line: string) => void): TellProgress {
  let told = steady();
  return (step, rows, of) => {
    if (steady() - told < every) return;
    told = steady();
    tell(`${rows} of ${of} rows ${step}`);
  };
}

/** The same for who looks at a terminal; a log is read when all is over. */
export function progressOnTerminal(): TellProgress {
  return process.stderr.isTTY ? rowProgress(() => performance.now(), writeNote) : () => {};
}
