/** A secret that a text names, and the line its name is on. */
export interface ParsedSecret {
  name: string;
  value: string;
  line: number;
}

/** What cannot be read. The message never repeats a value. */
export interface ParseFault {
  line: number;
  /** The secret that it is about, where that is known. */
  name?: string;
  message: string;
}

/**
 * As many secrets and faults as are read of one text: twice what an environment can hold. What is typed
 * by mistake, such as a log file, should cost no more than that.
 */
const maxFindings = 10_000;

/** Collects what is read of a text, in its order. A name counts once. */
export class Findings {
  readonly entries: ParsedSecret[] = [];
  readonly faults: ParseFault[] = [];
  #lines = new Map<string, number>();
  #isFull = false;

  /** True when reading has to stop. */
  get isFull(): boolean {
    return this.#isFull;
  }

  add(name: string, value: string, line: number): void {
    const first = this.#lines.get(name);
    if (first !== undefined) {
      this.fault(line, `It is there twice: line ${first} names it too.`, name);
    } else if (this.#hasRoom(line)) {
      this.#lines.set(name, line);
      this.entries.push({ name, value, line });
    }
  }

  fault(line: number, message: string, name?: string): void {
    if (this.#hasRoom(line)) this.faults.push({ line, message, ...(name !== undefined && { name }) });
  }

  #hasRoom(line: number): boolean {
    if (this.#isFull) return false;
    if (this.entries.length + this.faults.length < maxFindings) return true;
    this.#isFull = true;
    const most = maxFindings.toLocaleString("en");
    this.faults.push({ line, message: `More than ${most} entries: nothing from here on was read.` });
    return false;
  }
}
