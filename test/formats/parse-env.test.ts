import { describe, expect, test } from "bun:test";
import { parse as dotenv } from "dotenv";
import fc from "fast-check";
import { parseSecrets } from "../../src/formats/index.ts";

function values(text: string): Record<string, string> {
  const { entries, faults } = parseSecrets(text, "env");
  expect(faults).toEqual([]);
  return Object.fromEntries(entries.map(({ name, value }) => [name, value]));
}

const faultsOf = (text: string) => parseSecrets(text, "env").faults;

describe("a .env file", () => {
  test.each([
    ["A=b", "b"],
    ["A=", ""],
    ["  export\tA = b c \t", "b c"],
    ["A=b # comment", "b"],
    ["A=b\t#comment", "b"],
    ["A=b#c", "b#c"],
    ["A=#b", "#b"],
    ["A= # comment", ""],
    ["A='b # c' # comment", "b # c"],
    ["A='b'#comment", "b"],
    ["A=it's", "it's"],
    ["A=$HOME ${B} $(id)", "$HOME ${B} $(id)"],
    ["A='$HOME \\n \\\\ \"'", '$HOME \\n \\\\ "'],
    ["A=`'b' \\n \"c\"`", `'b' \\n "c"`],
    [String.raw`A="\n\r\t\"\\\$\d\\n"`, '\n\r\t"\\$\\d\\n'],
    ["A='one\n\n# two\nB=3'", "one\n\n# two\nB=3"],
    ['A="one\r\ntwo\rthree"', "one\ntwo\nthree"],
    ["\ufeffA=b", "b"],
    ["A=b=c==", "b=c=="],
    ['A={"b": "c"}', '{"b": "c"}'],
    ["A=  spaced  ", "spaced"],
    ["A='  spaced  '", "  spaced  "],
    ["A='it'\\''s'", "it's"],
    ["A=''\\'''\\''' # comment", "''"],
    ["A='C:\\'", "C:\\"],
    ["export -- A='b'", "b"],
    ["export A='one\r\ntwo\r'\n", "one\r\ntwo\r"],
    ["export A='one\r\ntwo'\r\n", "one\ntwo"],
    ["export A='one\r\ntwo'", "one\ntwo"],
  ])("reads %j", (text, value) => {
    expect(values(text)).toEqual({ A: value });
  });

  test("tells the line that each name is on, behind values of several lines and with any line ends", () => {
    const lines = ["# one", "A=1", "", "B='a", "b", "c'", "export C=3", 'D="', '"', "E=5"];
    for (const ending of ["\n", "\r\n", "\r"]) {
      const { entries, faults } = parseSecrets(lines.join(ending), "env");
      expect(faults).toEqual([]);
      expect(entries.map(({ name, line }) => [name, line])).toEqual([
        ["A", 2],
        ["B", 4],
        ["C", 7],
        ["D", 8],
        ["E", 10],
      ]);
    }
  });

  test("tells what is wrong, where, and reads on", () => {
    const text = "A=1\nnot an assignment\nB='open\nC=\"x\" y\nexport D\nE: 1\n=2\nF=6\nG=`open\nH='closed'\n";
    // What is open in B closes before the quote of H.
    expect(faultsOf(text.replace("H='closed'", "H=8"))).toEqual([
      { line: 2, message: "NAME=value is expected here." },
      { line: 3, name: "B", message: "Its quote (') is not closed." },
      { line: 4, name: "C", message: 'There is text behind its closing quote (").' },
      { line: 5, message: "NAME=value is expected here." },
      { line: 6, message: "NAME=value is expected here." },
      { line: 7, message: "NAME=value is expected here." },
      { line: 9, name: "G", message: "Its quote (`) is not closed." },
    ]);
    expect(parseSecrets(text.replace("H='closed'", "H=8")).entries.map(({ name }) => name)).toEqual([
      "A",
      "F",
      "H",
    ]);
    expect(faultsOf(text)).toContainEqual({
      line: 3,
      name: "B",
      message: "There is text behind its closing quote (').",
    });
  });

  test("is read as dotenv reads it, but for the differences that parseEnv lists", () => {
    const bare = fc
      .stringMatching(/^[A-Za-z0-9 $\\'"`=:/{}()é.,;-]*$/)
      .filter((text) => !/^\s*['"`]/.test(text));
    const quoted = fc
      .tuple(fc.constantFrom("'", '"', "`"), fc.stringMatching(/^[A-Za-z0-9 $#'"`=:/{}()é.,;\t\n-]*$/))
      .map(([quote, text]) => quote + text.replaceAll(quote, "") + quote);
    const escaped = fc.stringMatching(/^(?:[a-z ]|\\[nr])*$/).map((text) => `"${text}"`);
    const line = fc
      .record({
        before: fc.constantFrom("", " ", "export ", "\texport  "),
        equals: fc.constantFrom("=", " = ", "= ", " ="),
        value: fc.oneof(bare, quoted, escaped),
        after: fc.constantFrom("", " ", " # a comment", "\t#"),
      })
      .map(
        ({ before, equals, value, after }) =>
          (i: number) =>
            `${before}N_${i}${equals}${value}${after}`,
      );
    const other = fc.constantFrom("", "  ", "# a comment", "\t# A=b").map((text) => () => text);
    const file = fc
      .tuple(fc.array(fc.oneof(line, other), { maxLength: 8 }), fc.constantFrom("\n", "\r\n", "\r"))
      .map(([lines, ending]) =>
        lines
          .map((print, i) => print(i))
          .join("\n")
          .replaceAll("\n", ending),
      );
    let accepted = 0;
    fc.assert(
      fc.property(file, (text) => {
        const { entries, faults } = parseSecrets(text, "env");
        if (faults.length > 0) return;
        accepted += 1;
        expect(Object.fromEntries(entries.map(({ name, value }) => [name, value]))).toEqual(dotenv(text));
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(2000);
  });
});

describe("a Docker env file", () => {
  test("is read to the letter, as Docker reads it", () => {
    const text = "# comment\n  A='b' # c \r\nB=\n\n\tC==x\\n\n";
    expect(parseSecrets(text, "docker")).toEqual({
      format: "docker",
      faults: [],
      entries: [
        { name: "A", value: "'b' # c ", line: 2 },
        { name: "B", value: "", line: 3 },
        { name: "C", value: "=x\\n", line: 5 },
      ],
    });
  });

  test.each(["A", "export A=b", "A =b", "=b"])("refuses %j, with its line", (line) => {
    expect(parseSecrets(`B=1\n${line}\n`, "docker").faults).toEqual([
      { line: 2, message: "NAME=value is expected here." },
    ]);
  });
});
