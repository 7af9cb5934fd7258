import { describe, expect, test } from "bun:test";
import { parse as dotenv } from "dotenv";
import fc from "fast-check";
import { printSecrets, UnprintableSecretError } from "../../src/formats/index.ts";
import { anyValue } from "./arbitraries.ts";
import { namesSetIn, shells, sourceInShell, testIn } from "./shells.ts";

const print = (value: string, name = "A") => printSecrets("env", [{ name, value }], "shop-prod").body;

/** The text, or undefined where the format refuses the value. */
function printOrRefuse(value: string): string | undefined {
  try {
    return print(value);
  } catch (error) {
    expect(error).toBeInstanceOf(UnprintableSecretError);
    return undefined;
  }
}

describe("a .env file", () => {
  test.each([
    ["postgres://u:p@h:5432/db", "A=postgres://u:p@h:5432/db\n"],
    ["", "A=''\n"],
    ["two words", "A='two words'\n"],
    ["~/x", "A='~/x'\n"],
    ["$(id) `id` $HOME", "A='$(id) `id` $HOME'\n"],
    ["a#b", "A='a#b'\n"],
    ["one\ntwo\n", "A='one\ntwo\n'\n"],
    ["it's", `A="it's"\n`],
    ["C:\\dir", "A='C:\\dir'\n"],
  ])("says %j", (value, expected) => {
    expect(print(value)).toBe(expected);
  });

  test("says several secrets, a line each, and none as nothing", () => {
    const secrets = [
      { name: "B", value: "2" },
      { name: "A", value: "1" },
    ];
    expect(printSecrets("env", secrets, "x")).toEqual({
      contentType: "text/plain; charset=utf-8",
      body: "B=2\nA=1\n",
    });
    expect(printSecrets("env", [], "x").body).toBe("");
  });

  test.each([
    ["a NUL", "secret-part\0"],
    ["a CR, which dotenv makes a line feed", "secret-part\r\n"],
    ["a last backslash, which dotenv reads with the quote", "secret-part $\\"],
    ["a quote together with what a shell expands", "secret-part's $HOME"],
    ["half a surrogate pair", "secret-part \ud800"],
  ])("refuses %s, naming the secret and not its value", (_, value) => {
    expect(() => print(value)).toThrow(UnprintableSecretError);
    expect(() => print(value)).toThrow(/^A: .*; the format map can hold it$/);
    expect(() => print(value)).not.toThrow(/secret-part/);
  });

  test.each(["A B", "A;id", "$(id)", "1A", "", "A-B", "é"])("refuses %j as a name", (name) => {
    expect(() => print("x", name)).toThrow(UnprintableSecretError);
  });

  test.each([
    "RANDOM",
    "OPTIND",
    "HISTCMD",
    "SRANDOM",
    "UID",
    "PS1",
    "PROMPT_COMMAND",
    "BASH_ENV",
    "MAILPATH",
  ])("refuses %s, which a shell does not simply set", (name) => {
    expect(() => print("x", name)).toThrow(/keeps this variable for itself/);
  });

  test("is read back exactly by the dotenv package", () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 20 }), (values) => {
        const kept = values.filter((value) => printOrRefuse(value) !== undefined);
        const secrets = kept.map((value, index) => ({ name: `N_${index}`, value }));
        expect(Object.values(dotenv(printSecrets("env", secrets, "x").body))).toEqual(kept);
      }),
      { numRuns: 200 },
    );
  });

  test.each(shells)("is read back exactly by %s, and nothing in it runs", (shell) => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 150 }), (values) => {
        const printed = values.flatMap((value) => {
          const text = printOrRefuse(value);
          return text === undefined ? [] : [{ value, text }];
        });
        const read = sourceInShell(
          shell,
          printed.map(({ text }) => text),
        );
        expect(read).toEqual({ values: printed.map(({ value }) => value), noise: "", made: [] });
      }),
      { numRuns: 12 },
    );
  });

  for (const shell of ["bash", "zsh"] as const) {
    testIn(shell)(`runs nothing under any name of ${shell}'s own`, () => {
      const { set, ran } = namesSetIn(shell, print);
      expect(ran).toBe(false);
      // zsh's arrays are refused by `shell` alone: a .env file is for sh and bash.
      if (shell === "bash") expect(set.filter(({ isSet }) => !isSet)).toEqual([]);
    });
  }

  test.each(["=ls", "a:=ls", "==", ":="])(
    "leaves nothing of %j to zsh, which makes a path of =ls",
    (value) => {
      expect(print(value)).toBe(`A='${value}'\n`);
    },
  );
});
