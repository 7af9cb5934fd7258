import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Context,
  contextBytes,
  importAeadKey,
  OpenError,
  open,
  overhead,
  type Purpose,
  seal,
} from "../../src/cryptography/aead.ts";
import { systemRandom, toText } from "../../src/cryptography/bytes.ts";
import vectors from "../vectors/aead.json";
import { given, hex, nothingButMethods, partsOf, place } from "./known.ts";

const purposes: readonly Purpose[] = [
  "root-key",
  "environment-key",
  "secret-value",
  "secret-note",
  "view-source",
  "view-body",
  "service-token-view-key",
  "service-token-environment-key",
  "service-token-read-public-key",
  "service-token-write-public-key",
];

const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const anyContext = fc.record(
  {
    purpose: fc.constantFrom(...purposes),
    project: positive,
    environment: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/),
    name: fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,60}$/),
    version: positive,
    generation: positive,
  },
  { requiredKeys: ["purpose", "project", "generation"] },
) as fc.Arbitrary<Context>;
const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes));

const newKey = () => importAeadKey(systemRandom(32));

describe("what is sealed at rest", () => {
  test.each(vectors.seal)("$additionalData", async (vector) => {
    const context = place(vector.context);
    expect(toText(contextBytes(context))).toBe(vector.additionalData);
    const key = await importAeadKey(hex(vector.key));
    const sealed = await seal(key, hex(vector.plaintext), context, given(hex(vector.iv)));
    expect(sealed.toHex()).toBe(vector.sealed);
    expect((await open(key, hex(vector.sealed), context)).toHex()).toBe(vector.plaintext);
  });

  test.each(vectors.refuse)("does not open: $why", async (vector) => {
    const key = await importAeadKey(hex(vector.key));
    const opening = open(key, hex(vector.sealed), place(vector.context));
    expect(await opening.catch((error: unknown) => error)).toBeInstanceOf(OpenError);
  });

  test("does not open at any length but its own", async () => {
    const [vector] = vectors.seal;
    if (!vector) throw new Error("no vector");
    const key = await importAeadKey(hex(vector.key));
    for (let length = 0; length < vector.sealed.length / 2; length++) {
      const opening = open(key, hex(vector.sealed).slice(0, length), place(vector.context));
      expect(await opening.catch((error: unknown) => error)).toBeInstanceOf(OpenError);
    }
  });

  test("the error names the place, and nothing of what is there", async () => {
    const context = {
      purpose: "secret-value",
      project: 2,
      environment: "prod",
      name: "A",
      version: 3,
      generation: 1,
    };
    const opening = open(await newKey(), new Uint8Array(40), place(context));
    const error = await opening.catch((thrown: unknown) => thrown);
    expect(String(error)).toBe(
      "OpenError: sealed data does not open: secretsfly/v1/secret-value|2|prod|A|3|1",
    );
    expect(error).toHaveProperty("context", context);
  });
});

describe("for any plaintext and context", () => {
  test("what was sealed opens, is longer by the overhead, and never the same twice", async () => {
    const key = await newKey();
    const property = fc.asyncProperty(anyBytes, anyContext, async (plaintext, context) => {
      const sealed = await seal(key, plaintext, context, systemRandom);
      expect(sealed.length).toBe(plaintext.length + overhead);
      expect(sealed.toHex()).not.toBe((await seal(key, plaintext, context, systemRandom)).toHex());
      expect((await open(key, sealed, context)).toHex()).toBe(plaintext.toHex());
    });
    await fc.assert(property);
  });

  test("a change of any one byte is refused", async () => {
    const key = await newKey();
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    const property = fc.asyncProperty(
      anyBytes,
      anyContext,
      change,
      async (plaintext, context, [where, mask]) => {
        const sealed = await seal(key, plaintext, context, systemRandom);
        const index = where % sealed.length;
        sealed[index] = (sealed[index] ?? 0) ^ mask;
        expect(await open(key, sealed, context).catch((error: unknown) => error)).toBeInstanceOf(OpenError);
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });

  test("another context is other additional data, and does not open", async () => {
    const key = await newKey();
    const property = fc.asyncProperty(anyContext, anyContext, async (here, there) => {
      fc.pre(!Bun.deepEquals(here, there));
      expect(contextBytes(here).toHex()).not.toBe(contextBytes(there).toHex());
      const sealed = await seal(key, Uint8Array.of(1), here, systemRandom);
      expect(await open(key, sealed, there).catch((error: unknown) => error)).toBeInstanceOf(OpenError);
    });
    await fc.assert(property);
  });

  test("another key does not open it", async () => {
    const context: Context = { purpose: "root-key", project: 1, generation: 1 };
    const sealed = await seal(await newKey(), systemRandom(32), context, systemRandom);
    const opening = open(await newKey(), sealed, context);
    expect(await opening.catch((error: unknown) => error)).toBeInstanceOf(OpenError);
  });
});

describe("a key that is held", () => {
  test("is not given back, and its raw bytes are overwritten", async () => {
    const raw = systemRandom(32);
    const key = await importAeadKey(raw);
    expect(partsOf(key)).toBe(nothingButMethods);
    expect(raw).toEqual(new Uint8Array(32));
  });

  test("is overwritten even where it is no key", async () => {
    const raw = systemRandom(31);
    expect(await importAeadKey(raw).catch((error: unknown) => error)).toBeInstanceOf(Error);
    expect(raw).toEqual(new Uint8Array(31));
  });
});
