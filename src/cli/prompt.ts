import { createInterface } from "node:readline/promises";
import { CliError } from "./cli-error.ts";
import { exitCodes, signalExitCode } from "./exit-codes.ts";
import { LineReader } from "./prompt-line.ts";

/** True where somebody can be asked: what they type comes from a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true;
}

/**
 * Asks for yes or no on the terminal. Anything but a yes is a no, the end of the input too.
 *
 * @throws CliError (130) for Ctrl-C
 */
export async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  lines.on("SIGINT", () => {
    process.stderr.write("\n");
    reject(new CliError("nothing was changed", signalExitCode("SIGINT")));
  });
  const { promise: ended, resolve } = Promise.withResolvers<undefined>();
  lines.on("close", () => resolve(undefined));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), interrupted, ended]);
    // The end of the input leaves the cursor behind the question.
    if (answer === undefined) process.stderr.write("\n");
    return /^\s*y(es)?\s*$/i.test(answer ?? "");
  } finally {
    lines.close();
  }
}

/**
 * Asks for a value that is not shown while it is typed. Pasted text may have several lines, where the terminal tells
 * what is pasted; the terminal is as it was afterwards, whatever happens.
 *
 * @throws CliError (130) for Ctrl-C; for a paste of several lines that the terminal did not mark as one
 */
export async function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  const reader = new LineReader();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  const onData = (chunk: Uint8Array) => {
    try {
      const line = reader.read(decoder.decode(chunk, { stream: true }));
      if (line !== undefined) resolve(line);
    } catch (error) {
      reject(error);
    }
  };
  const onEnd = () => reject(new CliError("nothing was changed: the terminal was closed", exitCodes.failure));
  // A signal would otherwise leave a terminal that shows nothing of what is typed into it.
  const onSignal = (signal: NodeJS.Signals) =>
    reject(new CliError("nothing was changed", signalExitCode(signal)));
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  stdin.setRawMode(true);
  stderr.write(`${question}${bracketedPaste.on}`);
  stdin.on("data", onData).once("end", onEnd).resume();
  try {
    return await promise;
  } finally {
    stdin.off("data", onData).off("end", onEnd).pause();
    stdin.setRawMode(false);
    stderr.write(`${bracketedPaste.off}\n`);
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** xterm's mode 2004: what is pasted arrives between two marks. Terminals that do not know it ignore it. */
const bracketedPaste = { on: "\u001b[?2004h", off: "\u001b[?2004l" };
