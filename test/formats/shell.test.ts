import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { printSecrets, UnprintableSecretError } from "../../src/formats/index.ts";
import { anyValue } from "./arbitraries.ts";
import { testWithPython } from "./readers.ts";
import { exportShells, namesSetIn, sourceInShell, testIn } from "./shells.ts";

const print = (value: string, name = "A") => printSecrets("shell", [{ name, value }], "shop-prod").body;

const shellValue = anyValue.filter((value) => !value.includes("\0"));

describe("lines for a shell", () => {
  test.each([
    ["postgres://u:p@h:5432/db", "export A='postgres://u:p@h:5432/db'\n"],
    ["", "export A=''\n"],
    ["it's", "export A='it'\\''s'\n"],
    ["'", "export A=''\\'''\n"],
    ["$(id) `id` $HOME !! ~ \\", "export A='$(id) `id` $HOME !! ~ \\'\n"],
    ["one\r\ntwo\n", "export A='one\r\ntwo\n'\n"],
  ])("say %j", (value, expected) => {
    expect(print(value)).toBe(expected);
  });

  test("say several secrets in the order given, and none as nothing", () => {
    const secrets = [
      { name: "B", value: "2" },
      { name: "A", value: "1" },
    ];
    expect(printSecrets("shell", secrets, "x")).toEqual({
      contentType: "text/plain; charset=utf-8",
      body: "export B='2'\nexport A='1'\n",
    });
    expect(printSecrets("shell", [], "x").body).toBe("");
  });

  test.each([
    ["a NUL", "secret-part\0", "A: a shell cannot hold a NUL character; the format map can hold it"],
    [
      "half a surrogate pair",
      "secret-part\ud800",
      "A: it is not Unicode text (half a surrogate pair); the format map can hold it",
    ],
  ])("refuse %s, naming the secret and not its value", (_, value, message) => {
    expect(() => print(value)).toThrow(new UnprintableSecretError("A", message.slice(3)));
  });

  test.each(["A B", "A;id", "$(id)", "1A", "", "A-B", "-p", "é"])("refuse %j as a name", (name) => {
    expect(() => print("x", name)).toThrow(UnprintableSecretError);
  });

  test.each(["RANDOM", "PS1", "BASH_ENV", "PROMPT_COMMAND", "IFS", "COLUMNS", "TMOUT", "PROMPT"])(
    "refuse %s, which a shell does not simply set",
    (name) => {
      expect(() => print("x", name)).toThrow(/: a shell keeps this variable for itself/);
    },
  );

  test.each(["USERNAME", "path", "status"])("refuse %s, which zsh does not simply set", (name) => {
    expect(() => print("x", name)).toThrow(/: zsh keeps this variable for itself/);
    expect(() => printSecrets("env", [{ name, value: "x" }], "x")).not.toThrow();
  });

  for (const shell of exportShells) {
    testIn(shell)(`are read back exactly by ${shell}, sourced or evaluated, and nothing in them runs`, () => {
      fc.assert(
        fc.property(
          fc.array(shellValue, { minLength: 1, maxLength: 150 }),
          fc.constantFrom("source" as const, "eval" as const),
          (values, reading) => {
            const files = values.map((value) => print(value));
            expect(sourceInShell(shell, files, reading)).toEqual({ values, noise: "", made: [] });
          },
        ),
        { numRuns: 12 },
      );
    });

    testIn(shell)(`hold a value of 1 MiB for ${shell}`, () => {
      const value = `'$(id)\r\n${"é'\\".repeat(262_144)}`.slice(0, 1024 * 1024);
      const { values, noise } = sourceInShell(shell, [print(value)]);
      expect({ noise, isSame: values[0] === value }).toEqual({ noise: "", isSame: true });
    });
  }

  for (const shell of ["bash", "zsh"] as const) {
    testIn(shell)(`set every name of ${shell}'s own that they do not refuse, and run nothing`, () => {
      const { set, ran } = namesSetIn(shell, print);
      expect(set.filter(({ isSet }) => !isSet)).toEqual([]);
      expect(ran).toBe(false);
    });
  }

  testWithPython("give a process exactly these bytes, as Python sees its environment", () => {
    const folder = mkdtempSync(join(tmpdir(), "secretsfly-python-"));
    const program =
      'import base64,json,os;print(json.dumps({k.decode():base64.b64encode(v).decode() for k,v in os.environb.items() if k.startswith(b"V_")}))';
    try {
      fc.assert(
        fc.property(fc.array(shellValue, { minLength: 60, maxLength: 120 }), (values) => {
          // Linux takes 128 KiB for a variable and 2 MiB for all.
          const bounded = values.filter((value, index) => value.length < 1000 || index % 10 === 0);
          const secrets = bounded.map((value, index) => ({ name: `V_${index}`, value }));
          const file = join(folder, "export.sh");
          writeFileSync(file, printSecrets("shell", secrets, "x").body);
          const { stdout, stderr } = Bun.spawnSync([
            "sh",
            "-c",
            '. "$1" && exec python3 -c "$2"',
            "sh",
            file,
            program,
          ]);
          expect(stderr.toString()).toBe("");
          const read: Record<string, string> = JSON.parse(stdout.toString());
          const seen = secrets.map(({ name }) => Buffer.from(read[name] ?? "", "base64").toString());
          expect(Object.keys(read)).toHaveLength(secrets.length);
          expect(seen).toEqual(bounded);
        }),
        { numRuns: 4 },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
