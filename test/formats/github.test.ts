import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { printGithub } from "../../src/formats/github.ts";
import { type NamedValue, printSecrets, UnprintableSecretError } from "../../src/formats/index.ts";
import { anyValue } from "./arbitraries.ts";
import { readAsRunner } from "./readers.ts";

const print = (secrets: NamedValue[]) => printSecrets("github", secrets, "shop-prod").body;
const systems = ["linux", "windows"] as const;

describe("lines for $GITHUB_ENV", () => {
  test("are a name with a delimiter, the value, and the delimiter", () => {
    const secrets = [
      { name: "B", value: "one\ntwo" },
      { name: "A", value: "" },
    ];
    let number = 0;
    expect(printGithub(secrets, () => `end_${number++}`)).toBe(
      "B<<end_0\none\ntwo\nend_0\nA<<end_1\n\nend_1\n",
    );
    expect(print([])).toBe("");
    expect(printSecrets("github", secrets, "x").contentType).toBe("text/plain; charset=utf-8");
  });

  test("have another delimiter for each secret, which nobody can foresee", () => {
    const delimiters = Array.from({ length: 50 }, () => print([{ name: "A", value: "" }]).split(/<<|\n/)[1]);
    expect(new Set(delimiters).size).toBe(50);
    for (const delimiter of delimiters) expect(delimiter).toMatch(/^secretsfly_[0-9a-f-]{36}$/);
  });

  test("take another delimiter where the value holds it", () => {
    const value = "x\nend_0\nEVIL=1\nA<<end_1";
    let number = 0;
    const text = printGithub([{ name: "A", value }], () => `end_${number++}`);
    expect(text).toStartWith("A<<end_2\n");
    expect(readAsRunner(text, "linux")).toEqual([["A", value]]);
  });

  test.each([
    ["GITHUB_TOKEN", "GitHub keeps the names GITHUB_… and RUNNER_… for itself"],
    ["Runner_temp", "GitHub keeps the names GITHUB_… and RUNNER_… for itself"],
    ["NODE_OPTIONS", "GitHub does not take this variable from a step"],
    ["node_options", "GitHub does not take this variable from a step"],
    ["A<<B", "its name is no environment variable's"],
    ["A\nB", "its name is no environment variable's"],
  ])("refuse %j as a name", (name, reason) => {
    expect(() => print([{ name, value: "secret-part" }])).toThrow(new UnprintableSecretError(name, reason));
  });

  test.each(["CI", "GITHUB", "MY_GITHUB_TOKEN", "NODE_ENV"])("take %s as a name", (name) => {
    expect(readAsRunner(print([{ name, value: "x" }]), "linux")).toEqual([[name, "x"]]);
  });

  test("refuse a carriage return at the end, which a runner on Windows would take away", () => {
    expect(readAsRunner("A<<end\nx\r\nend\n", "windows")).toEqual([["A", "x"]]);
    expect(() => print([{ name: "A", value: "secret-part\r" }])).toThrow(
      /^A: \$GITHUB_ENV cannot hold a carriage return at the end; the format map can hold it$/,
    );
  });

  test("are read back exactly by a runner, or refused", () => {
    const refused = (value: string) => /\0|\r$/.test(value);
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 12 }), (values) => {
        const secrets = values.map((value, index) => ({ name: `N_${index}`, value }));
        for (const secret of secrets.filter(({ value }) => refused(value)))
          expect(() => print([secret])).toThrow(UnprintableSecretError);
        const kept = secrets.filter(({ value }) => !refused(value));
        for (const system of systems) {
          expect(readAsRunner(print(kept), system)).toEqual(kept.map(({ name, value }) => [name, value]));
        }
      }),
      { numRuns: 400 },
    );
  });
});
