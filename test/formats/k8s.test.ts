import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "yaml";
import { type NamedValue, printSecrets, UnprintableSecretError } from "../../src/formats/index.ts";
import { anyValue, shortValue } from "./arbitraries.ts";
import { readYamlElsewhere } from "./readers.ts";

interface Manifest {
  metadata: { name: string };
  data: Record<string, string>;
}

const print = (secrets: NamedValue[], title = "shop-prod") => printSecrets("k8s", secrets, title).body;
const read = (text: string, version: "1.1" | "1.2" = "1.1"): Manifest => parse(text, { version });

describe("a Kubernetes manifest", () => {
  test("is a v1 Secret of type Opaque with base64 data", () => {
    expect(printSecrets("k8s", [{ name: "A", value: "hé" }], "shop-api-prod").contentType).toBe(
      "application/yaml",
    );
    expect(read(print([{ name: "A", value: "hé" }], "shop-api-prod"))).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "shop-api-prod" },
      type: "Opaque",
      data: { A: "aMOp" },
    } as Manifest);
    expect(read(print([])).data).toEqual({});
  });

  test("says every text exactly, to YAML 1.1 and 1.2 readers", () => {
    fc.assert(
      fc.property(fc.constantFrom("NO", "y", "A", "__proto__"), anyValue, (name, value) => {
        for (const version of ["1.1", "1.2"] as const) {
          const [entry] = Object.entries(read(print([{ name, value }]), version).data);
          expect(entry?.[0]).toBe(name);
          expect(Buffer.from(entry?.[1] ?? "", "base64").toString()).toBe(value);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ["Shop API/Prod", "shop-api-prod"],
    ["--Ünder_score--", "nder-score"],
    ["", "secretsfly"],
    ["日本", "secretsfly"],
    ["a.b", "a-b"],
  ])("makes a resource name of %j", (title, expected) => {
    expect(read(print([], title)).metadata.name).toBe(expected);
  });

  test("makes a valid resource name of anything", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (title) => {
        expect(read(print([], title)).metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?$/);
      }),
    );
    expect(read(print([], `${"a".repeat(252)}-b`)).metadata.name).toBe("a".repeat(252));
  });

  test("refuses what Kubernetes does: the name, the size, half a surrogate pair", () => {
    const half = "x".repeat(512 * 1024);
    const tooMuch = ["A", "B", "C"].map((name) => ({ name, value: half }));
    expect(() => print(tooMuch)).toThrow(/^C: with it the values exceed the 1048576 bytes/);
    expect(() => print([{ name: "a b", value: "" }])).toThrow(UnprintableSecretError);
    expect(() => print([{ name: "A", value: "\udc00" }])).toThrow(UnprintableSecretError);
  });

  test("says every text exactly to readers that are not the writer's", () => {
    const documents = fc
      .sample(shortValue, 60)
      .map((value) => ({ value, text: print([{ name: "NO", value }]) }));
    for (const [reader, read] of readYamlElsewhere(documents.map(({ text }) => text))) {
      const values = read.map((entries) => {
        const data = Object.fromEntries(entries).data as Record<string, string>;
        return Buffer.from(data.NO ?? "", "base64").toString();
      });
      expect({ reader, values }).toEqual({ reader, values: documents.map(({ value }) => value) });
    }
  });

  const testWithKubectl = Bun.which("kubectl") ? test : test.skip;
  testWithKubectl("is taken by kubectl, with every value", () => {
    const values = fc.sample(shortValue, 100);
    const secrets = values.map((value, index) => ({ name: `N_${index}`, value }));
    // Without a server: kubectl reads the manifest, and prints what it would send.
    const { stdout, stderr } = Bun.spawnSync(
      ["kubectl", "annotate", "--local", "--filename", "-", "--output", "json", "a=b"],
      { stdin: Buffer.from(print(secrets)) },
    );
    expect(stderr.toString()).toBe("");
    const { kind, data } = JSON.parse(stdout.toString()) as Manifest & { kind: string };
    expect(kind).toBe("Secret");
    expect(secrets.map(({ name }) => Buffer.from(data[name] ?? "", "base64").toString())).toEqual(values);
  });
});
