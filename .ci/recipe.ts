/** A page of `docs/recipes`, read into its steps, and the steps done in a folder as a reader would do them. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the markers before the fenced blocks of a page say, in its order. */
export type Step =
  | { kind: "file"; line: number; path: string; mode: number; text: string }
  | { kind: "run"; line: number; text: string; pasted: Paste | undefined; output: string | undefined }
  | { kind: "start"; line: number; text: string; until: string }
  | { kind: "not run"; line: number; text: string; reason: string };

/** What somebody pastes while a step runs. */
type Paste = "read token" | "write token" | "master key";

/**
 * Reads a page. Each fenced block has a marker in the line before it:
 *
 *     <!-- file: PATH [MODE] -->      it is written to PATH
 *     <!-- run -->                    bash runs it; "run, pasting the read token" (or write, or the master key) has that
 *                                     on its stdin
 *     <!-- start, until URL answers -->   bash starts it, and it runs on beside the steps that follow
 *     <!-- output -->                 it is what the run before it prints, line for line
 *     <!-- not run: REASON -->        nobody runs it here
 *
 * @throws Error with the line of a block that has no marker, or one that means nothing
 */
export function readPage(text: string): Step[] {
  const lines = text.split("\n");
  const steps: Step[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (!/^\s*(`{3,}|~{3,})/.test(lines[at] ?? "")) continue;
    const line = at + 1;
    assert.match(lines[at] ?? "", /^```\w*$/, `line ${line}: a fence stands at the start of its line`);
    const end = lines.indexOf("```", at + 1);
    assert.ok(end > at, `line ${line}: the block does not end`);
    const marker = /^<!-- (.+) -->$/.exec(lines[at - 1] ?? "")?.[1];
    assert.ok(marker, `line ${line}: no marker before the block says what to do with it`);
    addStep(steps, marker, line, `${lines.slice(at + 1, end).join("\n")}\n`);
    at = end;
  }
  return steps;
}

function addStep(steps: Step[], marker: string, line: number, text: string): void {
  const file = /^file: (\S+)(?: (0[0-7]{3}))?$/.exec(marker);
  const run = /^run(?:, pasting the (read token|write token|master key))?$/.exec(marker);
  const start = /^start, until (\S+) answers$/.exec(marker);
  const notRun = /^not run: (.+)$/.exec(marker);
  if (file?.[1]) {
    steps.push({ kind: "file", line, path: file[1], mode: Number.parseInt(file[2] ?? "0644", 8), text });
  } else if (run) {
    steps.push({ kind: "run", line, text, pasted: run[1] as Paste | undefined, output: undefined });
  } else if (start?.[1]) {
    steps.push({ kind: "start", line, text, until: start[1] });
  } else if (notRun?.[1]) {
    steps.push({ kind: "not run", line, text, reason: notRun[1] });
  } else {
    const before = steps.at(-1);
    assert.ok(marker === "output", `line ${line}: the marker ${marker} means nothing`);
    assert.ok(before?.kind === "run", `line ${line}: no run comes before this output`);
    before.output = text;
  }
}

/** How a command went. */
export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

interface RunOptions {
  env?: Record<string, string>;
  stdin?: string;
  /** Where it runs, inside of the page's folder. */
  folder?: string;
}

/** The folder that a page's steps share, and what they find around them. */
export class Scratch {
  readonly #running = new Set<number>();
  /** What was started to run on. */
  readonly #started = new Set<number>();
  /** Variables that the page's runs have exported, in a file of the shell's own words. */
  readonly #exported: string;

  /**
   * @param folder empty, the page's own
   * @param steps all of the page
   * @param origin of the server that has the page's secrets
   * @param environment all that its commands inherit
   */
  constructor(
    readonly folder: string,
    readonly steps: readonly Step[],
    readonly origin: string,
    readonly tokens: Readonly<Record<Paste, string>>,
    readonly environment: Readonly<Record<string, string>>,
  ) {
    this.#exported = `${folder}.exported`;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** The words of the only step that holds this. */
  step(part: string): string {
    const found = this.steps.filter(({ text }) => text.includes(part));
    assert.equal(found.length, 1, part);
    return found[0]?.text ?? "";
  }

  /** A file that a step has written. */
  text(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** Does a step; throws with what it printed where it fails or prints something else. */
  async do(step: Step): Promise<void> {
    if (step.kind === "not run") return;
    if (step.kind === "file") {
      this.write(step.path, step.text, step.mode);
      return;
    }
    const remembered = existsSync(this.#exported) ? `source '${this.#exported}'\n` : "";
    if (step.kind === "start") return this.#start(step, remembered);
    const remember = `trap 'declare -px >"${this.#exported}"' EXIT\n`;
    const stdin = step.pasted ? `${this.tokens[step.pasted]}\n` : "";
    const outcome = await this.bash(remembered + remember + step.text, { stdin });
    const said = `line ${step.line}:\n${step.text}\n${outcome.stdout}${outcome.stderr}`;
    assert.equal(outcome.exitCode, 0, said);
    if (step.output !== undefined) assert.equal(outcome.stdout, step.output, said);
  }

  /** Starts what a step says and waits until it answers; throws with what it printed where it ends before. */
  async #start({ line, text, until }: Step & { kind: "start" }, remembered: string): Promise<void> {
    const child = Bun.spawn(["bash", "-euo", "pipefail", "-c", remembered + text], {
      cwd: this.folder,
      env: { ...this.environment },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    this.#started.add(child.pid);
    const said = Promise.all([child.stdout.text(), child.stderr.text()]);
    const deadline = performance.now() + 60_000;
    while (!(await answers(until))) {
      if (child.exitCode === null && performance.now() < deadline) await Bun.sleep(20);
      else {
        this.end();
        throw new Error(`line ${line}: it does not answer:\n${(await said).join("")}`);
      }
    }
  }

  write(name: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    chmodSync(this.path(name), mode);
  }

  bash(script: string, options: RunOptions = {}): Promise<Outcome> {
    return this.run(["bash", "-euo", "pipefail", "-c", script], options);
  }

  /** Runs a command to its end, with everything that it started. */
  async run(command: string[], { env = {}, stdin = "", folder = "" }: RunOptions = {}): Promise<Outcome> {
    const child = Bun.spawn(command, {
      cwd: this.path(folder),
      env: { ...this.environment, ...env },
      stdin: Buffer.from(stdin),
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    this.#running.add(child.pid);
    const patience = setTimeout(() => this.stop(), 90_000);
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    const exitCode = await child.exited;
    clearTimeout(patience);
    this.stop();
    return { exitCode, stdout, stderr };
  }

  /** Runs a command that must succeed, and gives what it printed. */
  async printed(command: string[] | string, options: RunOptions = {}): Promise<string> {
    const way = typeof command === "string" ? this.bash(command, options) : this.run(command, options);
    const { exitCode, stdout, stderr } = await way;
    assert.equal(exitCode, 0, `${command}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Ends whatever its commands have left behind. */
  stop(): void {
    endGroups(this.#running);
  }

  /** Ends what was started to run on, too. */
  end(): void {
    this.stop();
    endGroups(this.#started);
  }
}

function endGroups(groups: Set<number>): void {
  for (const group of groups) {
    try {
      process.kill(-group, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  groups.clear();
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}
