import { CliError } from "./cli-error.ts";
import { exitCodes, signalExitCode } from "./exit-codes.ts";

const pasteStart = "\u001b[200~";
const pasteEnd = "\u001b[201~";

/** What a key sends that means nothing here, such as an arrow. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys send them
const keySequence = /^\u001b(?:\[[0-9;?]*[ -/]*[@-~]|O.|[^[O])/s;
/** One that has not arrived completely. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys send them
const cutSequence = /^\u001b(?:\[[0-9;?]*[ -/]*|O)?$/;
/** What may be the first half of a paste's end, or of a CRLF. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send them
const cutPaste = /(?:\r|\u001b(?:\[(?:2(?:01?)?)?)?)$/;

/**
 * Puts a line together from what a terminal in raw mode sends. Between the marks of a paste everything is text, with
 * line ends as LF.
 */
export class LineReader {
  #line = "";
  /** What arrived and was not read yet. */
  #typed = "";
  #isPasting = false;

  /**
   * Takes what was typed.
   *
   * @returns the line once Enter was pressed
   * @throws CliError for Ctrl-C, for Ctrl-D where nothing was typed, and for text behind the line's end
   */
  read(typed: string): string | undefined {
    this.#typed += typed;
    while (this.#typed !== "") {
      if (this.#isPasting) {
        if (!this.#readPaste()) return undefined;
      } else if (this.#typed.startsWith(pasteStart)) {
        this.#isPasting = true;
        this.#skip(pasteStart);
      } else if (cutSequence.test(this.#typed)) {
        return undefined;
      } else if (this.#readKey()) {
        return this.#line;
      }
    }
    return undefined;
  }

  /** Adds what was pasted, and returns whether its end has come. What may be half of something is left for later. */
  #readPaste(): boolean {
    const end = this.#typed.indexOf(pasteEnd);
    const ready = end === -1 ? this.#typed.replace(cutPaste, "") : this.#typed.slice(0, end);
    this.#line += ready.replace(/\r\n?/g, "\n");
    this.#skip(ready);
    if (end === -1) return false;
    this.#skip(pasteEnd);
    this.#isPasting = false;
    return true;
  }

  /** Reads one key, and returns whether it was Enter. */
  #readKey(): boolean {
    const [sequence] = keySequence.exec(this.#typed) ?? [];
    const [key = ""] = sequence === undefined ? this.#typed : [sequence];
    this.#skip(key);
    if (sequence !== undefined) return false;
    if (key === "\r" || key === "\n") {
      // Whatever is behind would otherwise be typed into the shell, and obeyed there.
      if (!/^\n?$/.test(this.#typed)) throw severalLines();
      return true;
    }
    this.#press(key);
    return false;
  }

  #press(key: string): void {
    if (key === "\u0003") throw new CliError("nothing was changed", signalExitCode("SIGINT"));
    if (key === "\u0004" && this.#line === "") throw new CliError("nothing was changed", exitCodes.failure);
    if (key === "\u0015") this.#line = "";
    else if (key === "\u007f" || key === "\b") this.#line = [...this.#line].slice(0, -1).join("");
    else if (key >= " " || key === "\t") this.#line += key;
  }

  #skip(text: string): void {
    this.#typed = this.#typed.slice(text.length);
  }
}

function severalLines(): CliError {
  const message = "what was pasted has several lines: give it on stdin (secretsfly secrets set NAME < FILE)";
  return new CliError(message, exitCodes.usage);
}
