import { describe, expect, test } from "bun:test";
import {
  type ExportFormat,
  exportFormats,
  parseSecrets,
  printSecrets,
  UnprintableSecretError,
} from "../../src/formats/index.ts";
import { readAsRunner } from "./readers.ts";

type Printed = Exclude<ExportFormat, "json">;
const printed = exportFormats.filter((format) => format !== "json");

/** The value that a text says A has. */
function read(format: Printed, text: string): string | undefined {
  if (format === "github") return readAsRunner(text, "windows")[0]?.[1];
  const { entries, faults } = parseSecrets(text, format === "docker" ? "docker" : "auto");
  expect(faults).toEqual([]);
  return entries[0]?.value;
}

const mib = 1024 * 1024;

/** What each value is, and the formats that refuse it with what they say; all others hold it exactly. */
const values: [what: string, value: string, refusals: Partial<Record<Printed, string>>][] = [
  ["empty", "", {}],
  ["of blanks", " \t ", {}],
  ["with single quotes", "it's 'so'", {}],
  ["with double quotes", 'say "hi"', {}],
  ["with both quotes", `'"`, { env: 'a single quote together with $, `, \\ or "' }],
  ["with $", "$HOME ${PATH} $(id) $$", {}],
  ["with backticks", "`id`", {}],
  ["with #", "# a #b", {}],
  ["with =", "=a=b:=c", {}],
  ["with backslashes", "C:\\n\\\\ \\x", {}],
  ["with a backslash at the end", "a b\\", { env: "a backslash at the end" }],
  ["with a line break", "one\ntwo\n", { docker: "a line break" }],
  ["of line breaks", "\n\n", { docker: "a line break" }],
  ["with CRLF", "one\r\ntwo", { env: "a carriage return", docker: "a line break" }],
  [
    "with CR at the end",
    "one\r",
    { env: "a carriage return", docker: "a line break", github: "a carriage return at the end" },
  ],
  ["with ~ and !", "~/x !! ~", {}],
  ["of control characters", "\u0001\u0008\u001b[31m\u007f", {}],
  ["of Unicode", "é 日本 😀 \u0085\u2028\ufeff", {}],
  ["with NUL", "a\0b", { env: "a NUL", docker: "a NUL", github: "a NUL", shell: "a NUL" }],
  [
    "of half a surrogate pair",
    "a\ud800",
    Object.fromEntries(printed.filter((format) => format !== "map").map((format) => [format, "not Unicode"])),
  ],
  ["of 1 MiB", "x".repeat(mib), { docker: "a line longer than 65535 bytes" }],
  ["of 1 MiB of what needs quotes", "' $".repeat(mib / 3), { env: "a single quote", docker: "longer than" }],
  ["that looks like the format's own text", "A='b'\nexport C=d\nEOF\n---\n", { docker: "a line break" }],
];

describe.each(printed)("%s", (format) => {
  test.each(values)("holds a value %s exactly, or says why not", (_, value, refusals) => {
    const print = () => printSecrets(format, [{ name: "A", value }], "shop-prod").body;
    const refusal = refusals[format];
    if (refusal === undefined) {
      const isSame = read(format, print()) === value;
      expect(isSame).toBe(true);
    } else {
      expect(print).toThrow(UnprintableSecretError);
      expect(print).toThrow(refusal);
    }
  });
});
