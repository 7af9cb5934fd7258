import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "yaml";
import { type NamedValue, printSecrets, UnprintableSecretError } from "../../src/formats/index.ts";
import { anyValue, shortValue } from "./arbitraries.ts";
import { readYamlElsewhere } from "./readers.ts";

const print = (secrets: NamedValue[]) => printSecrets("yaml", secrets, "shop-prod").body;
const versions = ["1.1", "1.2"] as const;
/** Names that some reader of YAML takes for something else where they stand without quotes. */
const misread = ["NO", "y", "on", "null", "True", "Yes", "OFF", "n", "false", "e0", "E12"];
const name = fc.oneof(
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/),
  fc.constantFrom(...misread, "__proto__", "_1"),
);

describe("YAML", () => {
  test("quotes every value, and the names that YAML 1.1 would misread", () => {
    const secrets = [
      { name: "PORT", value: "5432" },
      { name: "NO", value: "NO" },
      { name: "KEY", value: "a\nb\n" },
    ];
    expect(printSecrets("yaml", secrets, "x")).toEqual({
      contentType: "application/yaml",
      body: 'PORT: "5432"\n"NO": "NO"\nKEY: "a\\nb\\n"\n',
    });
  });

  test("quotes each name that is misread without quotes, and no other", () => {
    const printed = print([...misread, "yess", "e", "_1"].map((name) => ({ name, value: "" })));
    expect(printed).toBe(`${misread.map((name) => `"${name}": ""\n`).join("")}yess: ""\ne: ""\n_1: ""\n`);
  });

  test("says no secrets as an empty mapping", () => {
    expect(print([])).toBe("{}\n");
  });

  test.each(versions)("is read back exactly by a YAML %s reader", (version) => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ name, value: anyValue }), { selector: (s) => s.name, maxLength: 6 }),
        (secrets) => {
          const read: unknown = parse(print(secrets), { version });
          expect(Object.entries(Object(read))).toEqual(secrets.map((s) => [s.name, s.value]));
        },
      ),
      { numRuns: 400 },
    );
  });

  test("leaves only characters that YAML 1.1 calls printable, and no line break inside a value", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(print([{ name: "A", value }])).toMatch(
          /^A: "[\x20-\x7e\u00a0-\u2027\u202a-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}\t]*"\n$/u,
        );
      }),
      { numRuns: 1000 },
    );
  });

  test("refuses half a surrogate pair and a name that is no variable's", () => {
    expect(() => print([{ name: "A", value: "secret-part\ud800" }])).toThrow(UnprintableSecretError);
    expect(() => print([{ name: "a: b", value: "" }])).toThrow(UnprintableSecretError);
  });

  test("is read back exactly by readers that are not the writer's", () => {
    const secrets = fc.uniqueArray(fc.record({ name, value: shortValue }), {
      selector: (secret) => secret.name,
      maxLength: 6,
    });
    const documents = fc.sample(secrets, 80);
    const expected = documents.map((secrets) => secrets.map(({ name, value }) => [name, value]));
    for (const [reader, read] of readYamlElsewhere(documents.map(print)))
      expect({ reader, read }).toEqual({ reader, read: expected as typeof read });
  });
});
