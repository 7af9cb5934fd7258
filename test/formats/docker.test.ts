import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { printSecrets, UnprintableSecretError } from "../../src/formats/index.ts";
import { anyValue } from "./arbitraries.ts";

const print = (value: string, name = "A") => printSecrets("docker", [{ name, value }], "shop-prod").body;

/** How docker/cli reads an env file: lines without their CR, blanks before a name dropped, the value raw. */
function readAsDocker(text: string): string[] {
  const lines = text.split("\n").slice(0, -1);
  return lines
    .map((line) => line.replace(/\r$/, "").trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

describe("a Docker env file", () => {
  test("holds the raw value after the first equals sign", () => {
    expect(print(` "it's" $HOME # = \\ `)).toBe(`A= "it's" $HOME # = \\ \n`);
    expect(print("")).toBe("A=\n");
  });

  test.each(["secret-part\n", "secret\r-part", "secret-part\0", "x".repeat(65_534), "secret-part\udc00"])(
    "refuses what a line cannot say, naming the secret only",
    (value) => {
      expect(() => print(value)).toThrow(UnprintableSecretError);
      expect(() => print(value)).toThrow(/^A: /);
      expect(() => print(value)).not.toThrow(/secret/);
    },
  );

  test("allows a line of exactly 65,535 bytes, counted in UTF-8", () => {
    expect(print("x".repeat(65_533))).toHaveLength(65_536);
    expect(() => print("é".repeat(32_767))).toThrow(UnprintableSecretError);
  });

  test.each(["#A", "A B", "A=B", ""])("refuses %j as a name", (name) => {
    expect(() => print("x", name)).toThrow(UnprintableSecretError);
  });

  test("is read back exactly, or refused", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const sayable = !/[\r\n\0]/.test(value) && Buffer.byteLength(value) <= 65_533;
        if (sayable) expect(readAsDocker(print(value))).toEqual([`A=${value}`]);
        else expect(() => print(value)).toThrow(UnprintableSecretError);
      }),
      { numRuns: 2000 },
    );
  });
});
