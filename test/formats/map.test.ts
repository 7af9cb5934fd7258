import { expect, test } from "bun:test";
import fc from "fast-check";
import { printSecrets } from "../../src/formats/index.ts";
import { anyValue } from "./arbitraries.ts";

test("a map is one JSON object in the order given", () => {
  const secrets = [
    { name: "B", value: "2" },
    { name: "A", value: 'say "hi"\n' },
  ];
  expect(printSecrets("map", secrets, "x")).toEqual({
    contentType: "application/json",
    body: '{"B":"2","A":"say \\"hi\\"\\n"}',
  });
  expect(printSecrets("map", [], "x").body).toBe("{}");
});

test("a map says every string, also under the names that objects have already", () => {
  const name = fc.constantFrom("__proto__", "constructor", "toString", "A");
  const value = fc.oneof(anyValue, fc.constant("\ud800"));
  fc.assert(
    fc.property(name, value, (name, value) => {
      const read: object = JSON.parse(printSecrets("map", [{ name, value }], "x").body);
      expect(Object.entries(read)).toEqual([[name, value]]);
    }),
  );
});
