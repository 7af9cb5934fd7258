import { describe, expect, test } from "bun:test";
import { OpenError, open } from "../../src/cryptography/aead.ts";
import { systemRandom } from "../../src/cryptography/bytes.ts";
import { deriveEnvironmentKeys, deriveViewKey } from "../../src/cryptography/environment-key.ts";
import vectors from "../vectors/environment-key.json";
import { hex, nothingButMethods, partsOf, place } from "./known.ts";

const parts = ["value", "view", "child"] as const;

describe("the keys of an environment", () => {
  test.each(vectors.environmentKeys)(
    "open what each is for, and nothing else: $environmentKey",
    async (vector) => {
      const keys = await deriveEnvironmentKeys(hex(vector.environmentKey));
      for (const { part, context, sealed, plaintext } of vector.derived) {
        for (const other of parts) {
          const opening = open(keys[`${other}Key`], hex(sealed), place(context));
          const opened = await opening.catch((error: unknown) => error);
          if (other === part) expect(opened).toEqual(hex(plaintext));
          else expect(opened).toBeInstanceOf(OpenError);
        }
      }
    },
  );

  test.each(vectors.environmentKeys)(
    "the raw view key, which a read token is given: $environmentKey",
    (vector) => {
      const raw = hex(vector.environmentKey);
      const view = vector.derived.find(({ part }) => part === "view");
      expect(deriveViewKey(raw).toHex()).toBe(view?.key ?? "");
      // The caller's to wipe: it derives other keys from it.
      expect(raw.toHex()).toBe(vector.environmentKey);
    },
  );

  test("are not given back, and the raw key is overwritten", async () => {
    const raw = systemRandom(32);
    const keys = await deriveEnvironmentKeys(raw);
    expect(raw).toEqual(new Uint8Array(32));
    for (const part of parts) expect(partsOf(keys[`${part}Key`])).toBe(nothingButMethods);
  });
});
