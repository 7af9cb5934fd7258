import { bench, group } from "mitata";
import { AeadKey, type Context, open, seal } from "../../src/cryptography/aead.ts";
import { systemRandom } from "../../src/cryptography/bytes.ts";
import { deriveEnvironmentKeys, deriveViewKey } from "../../src/cryptography/environment-key.ts";
import { equalText, hkdf, sha256 } from "../../src/cryptography/hash.ts";
import {
  deriveWrappingKey,
  generateMasterKey,
  newKeyDerivation,
  parseMasterKey,
} from "../../src/cryptography/master-key.ts";
import {
  formatServiceToken,
  generateServiceToken,
  openWithServiceToken,
  parseServiceToken,
  sealFormatOf,
  sealTargetOf,
  sealToServiceToken,
  verifierHash,
} from "../../src/cryptography/service-token.ts";
import { sizes } from "./samples.ts";

const context: Context = {
  purpose: "view-body",
  project: 1,
  environment: "prod",
  version: 1,
  generation: 1,
};

/** Registers what seals and opens, hashes and derives. */
export async function registerCryptography(): Promise<void> {
  await registerSealing();
  await registerTokens();
  await registerDerivations();
  registerHashes();
}

async function registerSealing(): Promise<void> {
  const key = new AeadKey(systemRandom(32));
  const samples = await Promise.all(
    sizes.map(async ({ name, bytes }) => {
      const plaintext = systemRandom(bytes);
      return { name, plaintext, sealed: await seal(key, plaintext, context, systemRandom) };
    }),
  );
  group("seal and open at rest (AES-256-GCM)", () => {
    for (const { name, plaintext, sealed } of samples) {
      bench(`seal ${name}`, () => seal(key, plaintext, context, systemRandom));
      bench(`open ${name}`, () => open(key, sealed, context));
    }
  });
}

async function registerTokens(): Promise<void> {
  const token = generateServiceToken(systemRandom);
  const text = formatServiceToken(token);
  const [hash, stored] = [verifierHash(token), verifierHash(token)];
  const target = await sealTargetOf(token);
  const key = systemRandom(32);
  const place: Context = { ...context, purpose: "service-token-view-key", name: token.id };
  const sealed = await sealToServiceToken(target, key, place);
  group("service tokens", () => {
    bench("parse a token", () => parseServiceToken(text));
    bench("parse a token and hash its verifier", () => {
      const parsed = parseServiceToken(text);
      return parsed && verifierHash(parsed);
    });
    bench("compare a token's verifier with the stored one", () => sealFormatOf(token, hash, stored));
    bench("make a token and print it", () => formatServiceToken(generateServiceToken(systemRandom)));
  });
  group("keys sealed to service tokens (HPKE)", () => {
    bench("HPKE: derive what is sealed to", () => sealTargetOf(token));
    bench("HPKE: seal a key to a token", () => sealToServiceToken(target, key, place));
    bench("HPKE: open a key with a token", () => openWithServiceToken(token, sealed, place));
  });
}

async function registerDerivations(): Promise<void> {
  const environmentKey = systemRandom(32);
  const masterKey = parseMasterKey(generateMasterKey(systemRandom));
  const derivation = newKeyDerivation(masterKey, systemRandom);
  const noSalt = new Uint8Array(0);
  group("derive keys (HKDF-SHA256)", () => {
    bench("derive 32 bytes", () => hkdf(environmentKey, noSalt, "secretsfly/bench"));
    bench("derive a view key", () => deriveViewKey(environmentKey));
    // What it is given is overwritten, so it is given a copy.
    bench("derive all keys of an environment", () => deriveEnvironmentKeys(environmentKey.slice()));
    bench("derive the wrapping key of a generated master key", () =>
      deriveWrappingKey(masterKey, derivation, 1),
    );
  });
}

function registerHashes(): void {
  const text = "x".repeat(64);
  const other = `${"x".repeat(63)}y`;
  group("hash and compare", () => {
    for (const { name, bytes } of sizes) {
      const data = systemRandom(bytes);
      bench(`SHA-256 of ${name}`, () => sha256(data));
    }
    bench("compare two texts of 64 B in constant time", () => equalText(text, other));
  });
}
