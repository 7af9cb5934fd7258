import fc from "fast-check";

/** What stands in many texts, and could be repeated in one. */
const usual = [..."aA0 \t\n\r-_=:./\\\"'`,;${}<>é\0"];

/** A text that a regular expression may have trouble with: a beginning, and a piece that is repeated behind it. */
interface Attack {
  head: string;
  pump: string;
}

/** No expression has it in it: where a text ends with it, what began to match does not. */
const end = "\u0001";

/** Texts that fit an expression; none where there is no telling. */
function samples(expression: RegExp): string[] {
  try {
    return fc.sample(fc.stringMatching(expression), { numRuns: 3, seed: 1 });
  } catch {
    // It has a part that cannot be turned round, such as a look behind: then what is written in it has to do.
    return [];
  }
}

/** Runs of letters that are written in an expression as they are. */
function written({ source }: RegExp): string[] {
  const runs = source.match(/(?:[A-Za-z0-9 '"=_:/-]|\\[/.$\\-])+/g) ?? [];
  return runs.map((text) => text.replaceAll("\\", ""));
}

/**
 * What may take an expression long: of texts that fit it, every beginning, with what stands there and with usual letters
 * repeated behind it.
 */
function attacksOn(expression: RegExp): Attack[] {
  const attacks = new Map<string, Attack>();
  for (const text of ["", ...samples(expression), ...written(expression)]) {
    for (let at = 0; at <= Math.min(text.length, 12); at++) {
      const around = [text[at - 1] ?? "", text.slice(at - 2, at), text.slice(at, at + 3), text.slice(0, 40)];
      for (const pump of new Set([...usual, ...around])) {
        const attack = { head: text.slice(0, at), pump };
        if (pump !== "") attacks.set(JSON.stringify(attack), attack);
      }
    }
  }
  return [...attacks.values()];
}

/** The text of an attack, of about so many characters. */
function textOf({ head, pump }: Attack, length: number): string {
  return head + pump.repeat(Math.ceil(length / pump.length)) + end;
}

/**
 * How long an expression is busy with a text: to find one match, and to replace all. In milliseconds of this process's
 * own time, which is the same on a machine that is busy with others.
 */
function timeOf(expression: RegExp, text: string): number {
  const everywhere = new RegExp(expression.source, `${expression.flags.replace("g", "")}g`);
  const start = process.cpuUsage();
  expression.lastIndex = 0;
  expression.test(text);
  text.replace(everywhere, "");
  return process.cpuUsage(start).user / 1000;
}

/** How long it takes when nothing else, such as a compiler, happens to run. */
function fastestOf(times: number, expression: RegExp, text: string): number {
  return Math.min(...Array.from({ length: times }, () => timeOf(expression, text)));
}

/** So short that one which takes the square of it is told from one which takes a multiple, and the rest is quick. */
const short = 600;
/** What no expression takes for a short text that it reads a few times, in milliseconds; one that does is looked at. */
const suspicious = 0.1;
/** An expression that takes the square of this takes a second, one that takes a multiple of it a few milliseconds. */
const long = 30_000;
/** In milliseconds. */
const tooLong = 250;

/** The attack that an expression takes too long for, and for how many characters; undefined where there is none. */
export function weaknessOf(expression: RegExp): (Attack & { length: number }) | undefined {
  for (const attack of attacksOn(expression)) {
    // Twenty-four first: what doubles with every character would never come back.
    const isSuspicious = [24, short].some(
      (length) => fastestOf(3, expression, textOf(attack, length)) > suspicious,
    );
    if (!isSuspicious) continue;
    for (const length of [32, short, 2000, 8000, long]) {
      if (timeOf(expression, textOf(attack, length)) < tooLong) continue;
      if (fastestOf(2, expression, textOf(attack, length)) >= tooLong) return { ...attack, length };
    }
  }
  return undefined;
}
