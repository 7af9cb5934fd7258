import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { OpenError, open } from "../../src/cryptography/aead.ts";
import { systemRandom, toBytes } from "../../src/cryptography/bytes.ts";
import {
  deriveWrappingKey,
  generateMasterKey,
  type KeyDerivation,
  KeyDerivationError,
  type MasterKey,
  MasterKeyError,
  newKeyDerivation,
  parseMasterKey,
  wipeMasterKey,
} from "../../src/cryptography/master-key.ts";
import vectors from "../vectors/master-key.json";
import { given, hex, nothingButMethods, partsOf } from "./known.ts";

/** How a derivation is written in the vectors. */
interface DerivationVector {
  kdf: string;
  salt: string;
}

function derivationOf({ salt, ...rest }: DerivationVector): KeyDerivation {
  return { ...rest, salt: hex(salt) } as KeyDerivation;
}

function secretOf(masterKey: MasterKey): string {
  return (masterKey.kind === "generated" ? masterKey.secret : masterKey.text).toHex();
}

const [fullEntropy, stretched] = ["hkdf-sha256", "argon2id"].map((kdf) =>
  vectors.wrappingKeys.find(({ derivation }) => derivation.kdf === kdf),
);

describe("a generated master key", () => {
  test.each(vectors.generated)("$text", ({ secret, text }) => {
    const random = hex(secret);
    expect(generateMasterKey(() => random)).toBe(text);
    expect(random).toEqual(new Uint8Array(32));
    expect(parseMasterKey(text)).toEqual({ kind: "generated", secret: hex(secret) });
    expect(parseMasterKey(`\t ${text}\r\n`)).toEqual({ kind: "generated", secret: hex(secret) });
  });

  test("is refused after a change of any one character", () => {
    const change = fc.tuple(fc.nat(53), fc.constantFrom(..."0123456789ABCXYZabcxyz_-:. é"));
    const property = fc.property(change, ([index, other]) => {
      const text = generateMasterKey(systemRandom);
      fc.pre(text[index] !== other);
      const changed = text.slice(0, index) + other + text.slice(index + 1);
      // Without its prefix it is a passphrase like any other: another key, which opens nothing.
      if (!changed.trim().startsWith("sfmk_") && !changed.includes(":")) {
        expect(parseMasterKey(changed).kind).toBe("passphrase");
      } else {
        expect(() => parseMasterKey(changed)).toThrow(MasterKeyError);
      }
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe("what somebody types", () => {
  test.each(vectors.refuse)("is no master key: $why", ({ text }) => {
    let message = "";
    try {
      parseMasterKey(text);
    } catch (error) {
      expect(error).toBeInstanceOf(MasterKeyError);
      message = String(error);
    }
    expect(message).not.toBe("");
    if (text.trim().length > 5) expect(message).not.toContain(text.trim());
  });

  test("is told apart: mistyped, too short, a colon, too long, empty", () => {
    expect(() => parseMasterKey(`${vectors.generated[0]?.text}0`)).toThrow("mistyped or cut off");
    expect(() => parseMasterKey("elevenchars")).toThrow("at least 12 characters");
    expect(() => parseMasterKey("correct:horse:battery")).toThrow("colon");
    expect(() => parseMasterKey("x".repeat(1025))).toThrow("longer than 1024 bytes");
    expect(() => parseMasterKey("   ")).toThrow("empty");
  });

  test("is a passphrase as it stands: white space and case count, composition does not", () => {
    expect(parseMasterKey(" twelve chars ")).toEqual({
      kind: "passphrase",
      text: toBytes(" twelve chars "),
    });
    expect(parseMasterKey("Twelve Chars")).not.toEqual(parseMasterKey("twelve chars"));
    expect(parseMasterKey("zwo\u0308lf Zeichen")).toEqual(parseMasterKey("zw\u00f6lf Zeichen"));
    expect(parseMasterKey("x".repeat(1024)).kind).toBe("passphrase");
  });
});

test("a master key that has done its work is overwritten, whichever kind it is", () => {
  for (const text of [generateMasterKey(systemRandom), "twelve or more characters"]) {
    const masterKey = parseMasterKey(text);
    wipeMasterKey(masterKey);
    expect(secretOf(masterKey)).toMatch(/^0+$/);
  }
});

test("a master key that is given as bytes is the one that is given as text, and the bytes stay as they are", () => {
  for (const text of [
    generateMasterKey(systemRandom),
    " \t white space around it \n",
    "zwo\u0308lf Zeichen",
    `\u00a0${generateMasterKey(systemRandom)}\ufeff`,
  ]) {
    const bytes = toBytes(text);
    expect(parseMasterKey(bytes)).toEqual(parseMasterKey(text));
    expect(bytes).toEqual(toBytes(text));
  }
});

describe("the wrapping key", () => {
  test.each(vectors.wrappingKeys)("$masterKey, $info", async (vector) => {
    const masterKey = parseMasterKey(vector.masterKey);
    expect(secretOf(masterKey)).toBe(vector.material);
    const key = await deriveWrappingKey(masterKey, derivationOf(vector.derivation), vector.project);
    expect(partsOf(key)).toBe(nothingButMethods);
    const context = { purpose: "root-key", project: vector.project, generation: 1 } as const;
    expect((await open(key, hex(vector.sealedRootKey), context)).toHex()).toBe(vector.rootKey);
    // The caller's master key is still whole: the same one can be asked for again.
    expect(secretOf(masterKey)).toBe(vector.material);
  });

  test("is the same for a passphrase typed composed and decomposed", () => {
    const keys = vectors.wrappingKeys.filter(({ derivation, project }) => {
      return derivation.kdf === "argon2id" && derivation.passes === 3 && project === 1;
    });
    expect(new Set(keys.map(({ masterKey }) => masterKey)).size).toBe(2);
    expect(new Set(keys.map(({ wrappingKey }) => wrappingKey)).size).toBe(1);
  });

  test.each(vectors.refuseDerivations)("is not derived: $why", async (vector) => {
    const deriving = deriveWrappingKey(parseMasterKey(vector.masterKey), derivationOf(vector.derivation), 1);
    expect(await deriving.catch((error: unknown) => error)).toBeInstanceOf(KeyDerivationError);
  });

  test("is another for another project, salt, cost or kind of derivation", async () => {
    if (!fullEntropy || !stretched) throw new Error("no vector");
    const base = derivationOf(fullEntropy.derivation);
    const weak = {
      ...derivationOf(stretched.derivation),
      kdf: "argon2id",
      memoryKib: 19456,
      passes: 2,
    } as const;
    const cases: [KeyDerivation, number][] = [
      [base, fullEntropy.project + 1],
      [{ ...base, salt: new Uint8Array(16) }, fullEntropy.project],
      [{ ...weak, parallelism: 1 }, fullEntropy.project],
    ];
    for (const [derivation, project] of cases) {
      const key = await deriveWrappingKey(parseMasterKey(fullEntropy.masterKey), derivation, project);
      const context = { purpose: "root-key", project: fullEntropy.project, generation: 1 } as const;
      const opening = open(key, hex(fullEntropy.sealedRootKey), context);
      expect(await opening.catch((error: unknown) => error)).toBeInstanceOf(OpenError);
    }
  });
});

describe("a new derivation", () => {
  const salt = systemRandom(16);

  test("is HKDF for a generated key: it has full entropy", () => {
    const masterKey = parseMasterKey(generateMasterKey(systemRandom));
    expect(newKeyDerivation(masterKey, given(salt))).toEqual({ kdf: "hkdf-sha256", salt });
  });

  test("is Argon2id with 64 MiB and 3 passes for a passphrase", () => {
    const expected = { kdf: "argon2id", salt, memoryKib: 65536, passes: 3, parallelism: 1 } as const;
    expect(newKeyDerivation(parseMasterKey("correct horse battery"), given(salt))).toEqual(expected);
  });
});
