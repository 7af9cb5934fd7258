import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SecretsflyError } from "../../src/errors.ts";
import { checkChanges, nameFault, type SecretChange, valueFault } from "../../src/vault/secret-input.ts";

const plenty = 1_048_576;
const set = (name: string, value: string, note?: string): SecretChange => ({
  kind: "set",
  name,
  value,
  note,
});

/** Any sequence of UTF-16 units, lone surrogates too; half of them from the first 128. */
const anyText = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)), { maxLength: 20 })
  .map((units) => String.fromCharCode(...units));

/** The refusal of some changes; undefined where they are good. */
function refusal(changes: SecretChange[], maxSecretBytes = plenty): SecretsflyError | undefined {
  try {
    checkChanges(changes, maxSecretBytes);
    return undefined;
  } catch (error) {
    if (error instanceof SecretsflyError) return error;
    throw error;
  }
}

describe("a secret's name", () => {
  test.each(["A", "_", "a", "A1", "__proto__", "constructor", "toString", "PATH", "a_B_9", "x".repeat(255)])(
    "may be %s",
    (name) => expect(nameFault(name)).toBeUndefined(),
  );

  test.each([
    ["", "needs a name"],
    ["x".repeat(256), "at most 255"],
    ["1A", "environment variable"],
    ["A-B", "environment variable"],
    ["A.B", "environment variable"],
    ["A B", "environment variable"],
    [" A", "environment variable"],
    ["A\n", "environment variable"],
    ["A=B", "environment variable"],
    ["A\0", "environment variable"],
    ["A|B", "environment variable"],
    ["Ä", "environment variable"],
    ["А", "environment variable"],
    ["A\u0301", "environment variable"],
    ["A١", "environment variable"],
    ["${A}", "environment variable"],
    ["'; drop table secrets; --", "environment variable"],
    ["<script>", "environment variable"],
    ["../A", "environment variable"],
  ])("may not be %p", (name, reason) => expect(nameFault(name)).toContain(reason));

  test("holds nothing that separates the fields of a context or a line of a file", () => {
    const property = fc.property(anyText, (name) => {
      if (nameFault(name) === undefined) expect(name).toMatch(/^[A-Za-z0-9_]+$/);
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe("a secret's value", () => {
  test.each([
    "",
    " ",
    "\n",
    "\r\n",
    "\u0001\u001b[31m",
    "\ufeff",
    "😀",
    "\u2028",
    "${A",
    "<b>&amp;'\"`",
    "\u007f",
  ])("may be %p", (value) => expect(valueFault(value)).toBeUndefined());

  test("may hold no NUL: no environment variable can", () => {
    expect(valueFault("a\0b")).toContain("NUL");
    expect(valueFault("\0")).toContain("NUL");
  });

  test.each(["\ud800", "a\udc00", "\udc00\ud800", "😀".slice(0, 1), "😀".slice(1)])(
    "may not be a broken character: %j",
    (value) => expect(valueFault(value)).toContain("Unicode"),
  );

  test("that is taken survives UTF-8", () => {
    const property = fc.property(anyText, (value) => {
      if (valueFault(value) === undefined) expect(Buffer.from(value).toString()).toBe(value);
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe("changes", () => {
  test("that are good are let through", () => {
    const changes: SecretChange[] = [
      set("A", "a"),
      set("a", "", "a note"),
      set("B", "b", ""),
      { kind: "delete", name: "C" },
      set("__proto__", "p"),
      set("constructor", "c"),
    ];
    expect(refusal(changes)).toBeUndefined();
    expect(refusal([])).toBeUndefined();
  });

  test("name each secret once", () => {
    expect(refusal([set("A", "a"), set("B", "b"), set("A", "c")])?.fields).toEqual({
      A: "The secret A is there twice.",
    });
    expect(refusal([set("A", "a"), { kind: "delete", name: "A" }])?.code).toBe("invalid");
    expect(
      refusal([
        { kind: "delete", name: "A" },
        { kind: "delete", name: "A" },
      ])?.code,
    ).toBe("invalid");
    expect(refusal([set("__proto__", "a"), set("__proto__", "b")])?.code).toBe("invalid");
  });

  test("have good names, in a deletion too", () => {
    expect(refusal([set("A-B", "a")])).toMatchObject({
      code: "invalid",
      fields: { name: expect.any(String) },
    });
    expect(refusal([{ kind: "delete", name: "" }])?.code).toBe("invalid");
  });

  test("hold values up to the bound, in bytes of UTF-8", () => {
    expect(refusal([set("A", "€€")], 6)).toBeUndefined();
    expect(refusal([set("A", "€€")], 5)).toMatchObject({
      code: "too-large",
      fields: { A: expect.any(String) },
    });
    expect(refusal([set("A", "x".repeat(plenty))])).toBeUndefined();
    expect(refusal([set("A", "x".repeat(plenty + 1))])?.code).toBe("too-large");
  });

  test("hold notes up to a thousand characters, without a NUL", () => {
    expect(refusal([set("A", "a", "n".repeat(1000))])).toBeUndefined();
    expect(refusal([set("A", "a", "n".repeat(1001))])?.fields).toHaveProperty("A");
    expect(refusal([set("A", "a", "n\0")])?.fields).toHaveProperty("A");
    expect(refusal([set("A", "a", "\ud800")])?.fields).toHaveProperty("A");
  });

  test("that are refused are not repeated", () => {
    const canary = "canary-6e1f";
    const refusals = [
      refusal([set("A", `${canary}\0`)]),
      refusal([set("A", `${canary}\ud800`)]),
      refusal([set("A", canary.repeat(9))], 20),
      refusal([set("A", "a", canary.repeat(200))]),
      refusal([set("A", "a", `${canary}\0`)]),
      refusal([set(canary, canary)]),
    ];
    for (const error of refusals) {
      expect(error).toBeInstanceOf(SecretsflyError);
      expect(JSON.stringify([error?.message, error?.fields])).not.toContain(canary);
    }
  });
});
