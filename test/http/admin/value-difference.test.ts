import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { valueDifference } from "../../../src/http/admin/value-difference.ts";

/** Each line with its sign, what is marked in brackets. */
function written(before: string | null, after: string | null): string[] {
  const signs = { same: " ", removed: "-", added: "+" };
  return valueDifference(before, after).map((line) =>
    line.kind === "skipped"
      ? `… ${line.count}`
      : signs[line.kind] + line.parts.map(({ text, isChanged }) => (isChanged ? `[${text}]` : text)).join(""),
  );
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`).join("\n");

describe("what differs between two values", () => {
  test.each<[string, string | null, string | null, string[]]>([
    ["nothing", "a\nb", "a\nb", []],
    [
      "a part of the only line",
      "postgres://old/app",
      "postgres://new/app",
      ["-postgres://[old]/app", "+postgres://[new]/app"],
    ],
    ["a line in the middle", "a\nb\nc", "a\nB\nc", [" a", "-[b]", "+[B]", " c"]],
    ["a line that is new", "a\nc", "a\nb\nc", [" a", "+b", " c"]],
    ["a line that moved", "a\nb\nc\n", "b\nc\na\n", ["-a", " b", " c", "+a"]],
    ["the last line end", "a\n", "a", ["-a[␊]", "+a"]],
    ["the kind of line end", "a\r\nb", "a\nb", ["-a[␍]", "+a", " b"]],
    ["white space at the end", "a ", "a", ["-a[ ]", "+a"]],
    ["what repeats itself", "aa", "aaa", ["-aa", "+aa[a]"]],
    ["a character of two halves", "x😀y", "x😁y", ["-x[😀]y", "+x[😁]y"]],
    ["all of it", null, "a\nb", ["+a", "+b"]],
    ["all of it, gone", "a", null, ["-a"]],
    ["none and an empty one", "", null, []],
  ])("%s", (_what, before, after, lines) => {
    expect(written(before, after)).toEqual(lines);
  });

  test("leaves out what is far from every change, and says how much", () => {
    const before = numbered(1, 20);
    expect(written(before, before.replace("line 10", "other"))).toEqual([
      "… 6",
      ...[" line 7", " line 8", " line 9"],
      ...["-[line 10]", "+[other]"],
      ...[" line 11", " line 12", " line 13"],
      "… 7",
    ]);
  });

  test("is no more than a page holds, however large both are", () => {
    const many = (letter: string) => Array.from({ length: 60_000 }, (_, i) => `${letter}${i}`).join("\n");
    const long = (letter: string) => `${"x".repeat(500_000)}${letter.repeat(9000)}${"y".repeat(500_000)}`;
    for (const [before, after] of [
      [many("a"), many("b")],
      [long("a"), long("b")],
      [numbered(1, 3000), numbered(1, 3000).replaceAll("1", "one")],
    ] as const) {
      const lines = valueDifference(before, after);
      expect(lines.length).toBeGreaterThan(1);
      expect(JSON.stringify(lines).length).toBeLessThan(60_000);
    }
  });

  test("gives both texts back, line by line", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "c", "ab", "", "😀", "😁x"), { maxLength: 6 })
      .map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = valueDifference(before, after);
        if (before === after) return lines.length === 0;
        const side = (other: "removed" | "added") =>
          lines
            .flatMap((line) => (line.kind === "skipped" || line.kind === other ? [] : [line.parts]))
            .map((parts) => parts.map((part) => part.text.replace("␊", "")).join(""));
        const skips = lines.some(({ kind }) => kind === "skipped");
        const linesOf = (whole: string) => whole.replace(/\n$/, "").split("\n");
        const isSame = (found: string[], whole: string) =>
          skips || whole === "" || found.join("\n") === linesOf(whole).join("\n");
        return isSame(side("added"), before) && isSame(side("removed"), after);
      }),
      { numRuns: 500 },
    );
  });
});
