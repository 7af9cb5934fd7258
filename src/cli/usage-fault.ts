import { maskCredentials } from "./mask-credentials.ts";
import { visibleLines } from "./output.ts";

/**
 * What commander says of a command line that it does not take, beginning as every other message of this program does,
 * and without what may be a secret in it: the value behind an option that there is not, arguments that are too many,
 * and tokens wherever they stand; nor what a terminal would obey.
 */
export function describeUsageFault(message: string): string {
  const told = message
    .replace(/^error: /, "secretsfly: ")
    .replace(/unknown option '(--[^=']*(?=[='])|-[^-]).*'/s, "unknown option '$1'")
    .replace(/( but got \d+): .*/s, "$1.\n");
  return visibleLines(maskCredentials(told));
}
