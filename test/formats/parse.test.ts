import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type ExportFormat,
  importFormats,
  parseSecrets,
  printSecrets,
  UnprintableSecretError,
} from "../../src/formats/index.ts";
import { anyValue } from "./arbitraries.ts";

/** Names and values, without the lines. */
function read(text: string, format?: Parameters<typeof parseSecrets>[1]): Record<string, string> {
  const { entries, faults } = parseSecrets(text, format);
  expect(faults).toEqual([]);
  return Object.fromEntries(entries.map(({ name, value }) => [name, value]));
}

const anyName = fc
  .tuple(
    fc.constantFrom("A", "B_2", "_c", "__proto__", "constructor", "y", "NO", "null", "toString"),
    fc.nat(99),
  )
  .map(([name, number]) => (number < 20 ? name : `${name}_${number}`));

const anySecrets = fc.uniqueArray(fc.record({ name: anyName, value: anyValue }), {
  selector: ({ name }) => name,
  maxLength: 8,
});

describe("what a printer writes is read back exactly", () => {
  const printed: { as: Exclude<ExportFormat, "json" | "github">; told: "auto" | "docker" }[] = [
    { as: "env", told: "auto" },
    { as: "docker", told: "docker" },
    { as: "yaml", told: "auto" },
    { as: "map", told: "auto" },
    { as: "k8s", told: "auto" },
    { as: "shell", told: "auto" },
  ];
  test.each(printed)("from $as, read as $told", ({ as, told }) => {
    fc.assert(
      fc.property(anySecrets, (secrets) => {
        const sayable = secrets.filter((secret) => {
          try {
            return printSecrets(as, [secret], "shop-prod").body !== "";
          } catch (error) {
            expect(error).toBeInstanceOf(UnprintableSecretError);
            return false;
          }
        });
        const { entries, faults } = parseSecrets(printSecrets(as, sayable, "shop-prod").body, told);
        expect(faults).toEqual([]);
        expect(entries.map(({ name, value }) => ({ name, value }))).toEqual(sayable);
      }),
      { numRuns: 200 },
    );
  });

  test("from the API's own JSON", () => {
    fc.assert(
      fc.property(anySecrets, (secrets) => {
        const text = JSON.stringify({ secrets: secrets.map((secret, id) => ({ id, ...secret })) });
        const { format, entries, faults } = parseSecrets(text);
        expect({ format, faults }).toEqual({ format: "json", faults: [] });
        expect(entries.map(({ name, value }) => ({ name, value }))).toEqual(secrets);
      }),
    );
  });
});

describe("any text", () => {
  const anyText = fc.oneof(
    anyValue,
    fc
      .array(
        fc.oneof(
          anyValue,
          fc.constantFrom(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            '"',
            "A: ",
            "A=",
            "\n",
            "&a ",
            "*a",
            "!!x ",
            "? ",
            "- ",
          ),
        ),
        {
          maxLength: 30,
        },
      )
      .map((parts) => parts.join("")),
  );
  const anyFormat = fc.constantFrom(...importFormats);

  test("is read without throwing, each name once, and every line is one of the text", () => {
    fc.assert(
      fc.property(anyText, anyFormat, (text, format) => {
        const { entries, faults } = parseSecrets(text, format);
        const names = entries.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        const lines = text.split(/\r\n|\r|\n/).length;
        for (const { line } of [...entries, ...faults]) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("never has its values in a fault", () => {
    const secret = "q3Nf8s6Lp0";
    const broken = fc
      .array(
        fc.oneof(
          anyValue,
          fc.constantFrom("A: ", "A=", '{"A":', "'", '"', "%", "@", "!", "&", "*", "\t", "\n", secret),
        ),
        {
          maxLength: 20,
        },
      )
      .map((parts) => `A: ${parts.join("")}${secret}`);
    fc.assert(
      fc.property(broken, anyFormat, (text, format) => {
        for (const { message } of parseSecrets(text, format).faults) expect(message).not.toContain(secret);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(importFormats)("read as %s costs a bounded amount, however large", (format) => {
    const texts = [
      "A=1\n".repeat(500_000),
      "A: 1\n".repeat(500_000),
      Array.from({ length: 50_000 }, (_, i) => `N${i}=\n`).join(""),
      `A="${'\n"A='.repeat(200_000)}`,
      `A="${'\\"'.repeat(500_000)}`,
      "A='\n".repeat(250_001),
      "export A='\n".repeat(100_000),
      `export A='${"'\\''\nexport A='".repeat(50_000)}`,
      `export A='x'${"\\''\nexport A='".repeat(50_000)}`,
      "[".repeat(500_000),
      "- ".repeat(500_000),
      '{"a":'.repeat(200_000),
      `{"A":"${"\\\\".repeat(500_000)}"}`,
      `[${"1,".repeat(500_000)}1]`,
      "a: &a [x]\nb: &b [*a,*a]\n".repeat(20_000),
    ];
    for (const text of texts) {
      const { entries, faults } = parseSecrets(text, format);
      expect(entries.length + faults.length).toBeLessThanOrEqual(10_001);
    }
  });
});

describe("what a text is read as", () => {
  test.each([
    ["A=b", "env"],
    ["# comment\n\nexport A=b: c\n", "env"],
    ["A = b", "env"],
    ["A: b=c", "yaml"],
    ["# A=b\nA: b", "yaml"],
    ["---\nA: b", "yaml"],
    ["'A b': c", "yaml"],
    ["apiVersion: v1\nkind: Secret\n", "k8s"],
    ['{"apiVersion":"v1","kind":"Secret","data":{}}', "k8s"],
    ['\ufeff \n{"A":"b"}', "json"],
    ["[1]", "json"],
    ["", "env"],
    ["no secrets here", "env"],
  ])("%j is %s", (text, format) => {
    expect(parseSecrets(text).format).toBe(format as "env");
  });

  test("is what it is told to be, where it is told", () => {
    expect(read("A=b # c", "docker")).toEqual({ A: "b # c" });
    expect(read("A: b", "yaml")).toEqual({ A: "b" });
    expect(parseSecrets("A: b", "env").faults).toEqual([
      { line: 1, message: "NAME=value is expected here." },
    ]);
    expect(parseSecrets("{A: b}", "json").faults).toHaveLength(1);
    expect(read("{A: b}", "yaml")).toEqual({ A: "b" });
  });
});

describe("a name that is there twice", () => {
  test.each([
    ["env", "A=1\nB=2\nA=1\n"],
    ["docker", "A=1\nB=2\nA=1\n"],
    ["json", '{\n"A":1,"B":2,\n"A":1}'],
    ["yaml", "A: 1\nB: 2\nA: 1\n"],
  ] as const)("is a fault of %s that names both lines", (format, text) => {
    const { entries, faults } = parseSecrets(text, format);
    const [first, second] = format === "json" ? [2, 3] : [1, 3];
    expect(faults).toEqual([
      { line: second, name: "A", message: `It is there twice: line ${first} names it too.` },
    ]);
    expect(entries.map(({ name }) => name)).toEqual(["A", "B"]);
  });

  test("is one between the two parts of a Kubernetes Secret, too", () => {
    const text = "apiVersion: v1\nkind: Secret\ndata:\n  A: YQ==\nstringData:\n  A: a\n  B: b\n";
    const { entries, faults } = parseSecrets(text);
    expect(faults).toEqual([{ line: 6, name: "A", message: "It is there twice: line 4 names it too." }]);
    expect(entries).toEqual([
      { name: "A", value: "a", line: 4 },
      { name: "B", value: "b", line: 7 },
    ]);
  });
});
