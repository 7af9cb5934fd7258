import { describe, expect, test } from "bun:test";
import { argon2Sync } from "node:crypto";
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { toText } from "../../src/cryptography/bytes.ts";
import { equalBytes, equalText, hkdf, sha256 } from "../../src/cryptography/hash.ts";
import vectors from "../vectors/primitives.json";
import { hex } from "./known.ts";

describe("the primitives that everything stands on are the published ones", () => {
  test.each(vectors.hkdf)("HKDF-SHA256: $from", async ({ material, salt, info, output }) => {
    const key = await crypto.subtle.importKey("raw", hex(material), "HKDF", false, ["deriveBits"]);
    const parameters = { name: "HKDF", hash: "SHA-256", salt: hex(salt), info: hex(info) };
    const bits = await crypto.subtle.deriveBits(parameters, key, output.length * 4);
    expect(new Uint8Array(bits).toHex()).toBe(output);
  });

  test("HKDF-SHA256 as it is called: RFC 5869, A.3, whose info is text", () => {
    const vector = vectors.hkdf.find(({ info }) => info === "");
    const output = hkdf(hex(vector?.material ?? ""), new Uint8Array(0), "", 42);
    expect(output.toHex()).toBe(vector?.output ?? "");
  });

  test("SHA-256 of the empty text and of abc (FIPS 180-4)", () => {
    expect(sha256("").toHex()).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(sha256("abc").toHex()).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(sha256(Uint8Array.of(0x61, 0x62, 0x63)).toHex()).toBe(sha256("abc").toHex());
  });

  test(`Argon2id: ${vectors.argon2id.from}`, () => {
    const { message, salt, secret, associatedData, memoryKib, passes, parallelism, tag } = vectors.argon2id;
    const output = argon2Sync("argon2id", {
      message: hex(message),
      nonce: hex(salt),
      secret: hex(secret),
      associatedData: hex(associatedData),
      memory: memoryKib,
      passes,
      parallelism,
      tagLength: 32,
    });
    expect(output.toString("hex")).toBe(tag);
  });

  test.each(vectors.aes256gcm)("AES-256-GCM: $from", async (vector) => {
    const { iv, additionalData, plaintext, ciphertext, tag } = vector;
    const key = await crypto.subtle.importKey("raw", hex(vector.key), "AES-GCM", false, [
      "encrypt",
      "decrypt",
    ]);
    const parameters = { name: "AES-GCM", iv: hex(iv), additionalData: hex(additionalData), tagLength: 128 };
    const sealed = await crypto.subtle.encrypt(parameters, key, hex(plaintext));
    expect(new Uint8Array(sealed).toHex()).toBe(ciphertext + tag);
    const opened = await crypto.subtle.decrypt(parameters, key, hex(ciphertext + tag));
    expect(new Uint8Array(opened).toHex()).toBe(plaintext);
  });

  test(`HPKE: ${vectors.hpke.from}`, async () => {
    const { ikmR, skRm, pkRm, enc, info, additionalData, plaintext, ciphertext } = vectors.hpke;
    const kem = new DhkemX25519HkdfSha256();
    const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes128Gcm() });
    const recipientKey = await suite.kem.deriveKeyPair(hex(ikmR));
    expect(new Uint8Array(await suite.kem.serializePrivateKey(recipientKey.privateKey)).toHex()).toBe(skRm);
    expect(new Uint8Array(await suite.kem.serializePublicKey(recipientKey.publicKey)).toHex()).toBe(pkRm);
    const parameters = { recipientKey, enc: hex(enc), info: hex(info) };
    const opened = await suite.open(parameters, hex(ciphertext), hex(additionalData));
    expect(new Uint8Array(opened).toHex()).toBe(plaintext);
  });
});

describe("equality", () => {
  test("of bytes: same length and same content", () => {
    expect(equalBytes(hex("0102"), hex("0102"))).toBe(true);
    expect(equalBytes(hex(""), hex(""))).toBe(true);
    expect(equalBytes(hex("0102"), hex("0103"))).toBe(false);
    expect(equalBytes(hex("0102"), hex("0202"))).toBe(false);
    expect(equalBytes(hex("0102"), hex("010200"))).toBe(false);
    expect(equalBytes(hex("0102"), hex("01"))).toBe(false);
  });

  test("of texts: every character counts, and nothing is normalized", () => {
    expect(equalText("correct horse", "correct horse")).toBe(true);
    expect(equalText("", "")).toBe(true);
    expect(equalText("correct horse", "correct horsf")).toBe(false);
    expect(equalText("correct horse", "correct horse ")).toBe(false);
    expect(equalText("correct horse", "")).toBe(false);
    expect(equalText("A", "a")).toBe(false);
    expect(equalText("é", "e\u0301")).toBe(false);
  });
});

describe("text of bytes", () => {
  test("is refused where it is not UTF-8, and keeps a byte order mark", () => {
    expect(() => toText(hex("ff"))).toThrow(TypeError);
    expect(() => toText(hex("c0af"))).toThrow(TypeError);
    expect(() => toText(hex("eda080"))).toThrow(TypeError);
    expect(toText(hex("efbbbf61"))).toBe("\ufeffa");
  });
});
