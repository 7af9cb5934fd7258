import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { AeadKey } from "../../src/cryptography/aead.ts";
import { type Bytes, systemRandom } from "../../src/cryptography/bytes.ts";
import { formatServiceToken, generateServiceToken } from "../../src/cryptography/service-token.ts";
import { connectInMemory } from "../../src/database/connect.ts";
import { Freshness } from "../../src/database/freshness.ts";
import { KnownTokens, type VerifiedToken } from "../../src/vault/known-tokens.ts";
import type { ReadableEnvironment } from "../../src/vault/unlock.ts";

const db = connectInMemory();
afterAll(() => db.$client.close());

/** Of a database that nobody changes. */
const always = new Freshness(undefined, () => 0);
let now = 0;
let known: KnownTokens;
beforeEach(async () => {
  // It has been asked already.
  always.mark();
  await Bun.sleep(0);
  now = 1_000_000;
  known = new KnownTokens(always, () => now);
});

/** A token of a project that was just read, with a view of so many bytes. Returns its text. */
function keep(projectId: number, bytes = 100): string {
  const token = generateServiceToken(systemRandom);
  const text = formatServiceToken(token);
  const environment = { id: 1, name: "prod" } as VerifiedToken["grant"]["environment"];
  const [rights, generation] = ["read", 1] as const;
  const verified: VerifiedToken = {
    description: {
      ...{ publicId: token.id, name: "test", rights, expiresAt: null, createdAt: 0, projectId },
      ...{ projectName: "shop", environment: "prod" },
    },
    grant: { projectId, rootId: 1, environment, rights, sealedKey: new Uint8Array(81), generation },
    format: "authenticated",
    allowedIps: "",
    view: { revision: 1, bodyId: "AAAA", sealedBody: new Uint8Array(bytes) },
  };
  known.keep(text, verified, known.freshness.mark());
  return text;
}

describe("what is known of tokens", () => {
  test("is bounded in number: the first to be known is the first to be forgotten", () => {
    const texts = Array.from({ length: 32_768 }, () => keep(1));
    expect([known.size.tokens, known.size.viewBytes]).toEqual([32_768, 100]);
    expect(known.find(texts[0] ?? "")).toBeDefined();
    keep(1);
    expect(known.size.tokens).toBe(32_768);
    expect(known.find(texts[0] ?? "")).toBeUndefined();
    expect(known.find(texts[1] ?? "")).toBeDefined();
  });

  test("is bounded in the bytes of its views", () => {
    const mebibyte = 1024 * 1024;
    const texts = Array.from({ length: 40 }, (_, id) => keep(id, mebibyte));
    expect(known.size.viewBytes).toBe(32 * mebibyte);
    expect(texts.filter((text) => known.find(text)?.place.view).length).toBe(32);
    keep(1000, 33 * mebibyte);
    expect(known.size.viewBytes).toBe(0);
    expect(known.find(texts.at(-1) ?? "")?.place.view).toBeUndefined();
  });

  test("is forgotten where nobody has used it for five minutes", () => {
    const [idle, used] = [keep(1), keep(2)];
    for (let second = 0; second < 600; second++) {
      now += 500;
      keep(3);
    }
    expect(known.size.tokens).toBe(602);
    now += 1;
    known.sweep();
    expect(known.size.tokens).toBe(600);
    expect([idle, used].map((text) => known.find(text))).toEqual([undefined, undefined]);
    now += 300_001;
    known.sweep();
    expect(known.size).toEqual({ tokens: 0, viewBytes: 0 });
  });

  test("is the text's own: another text with its public id is unknown", () => {
    const text = keep(1);
    expect(known.find(text)?.place.view?.bodyId).toBe("AAAA");
    for (const other of [
      "",
      text.slice(0, -1),
      `${text} `,
      text.replace(/_[^_]+_[^_]+$/, "_x_y"),
      text.slice(0, 17),
    ])
      expect(known.find(other)).toBeUndefined();
  });

  test("is one key for all read tokens of a place that open the same, and another's own where it is another", async () => {
    const [raw, forged] = [systemRandom(32), systemRandom(32)];
    const opened = (bytes: Bytes) =>
      ({ projectId: 1, viewKey: new AeadKey(bytes) }) as unknown as ReadableEnvironment;
    const tokens = [raw, raw, forged].map((bytes) => ({ token: known.find(keep(1)), bytes }));
    const keys: (AeadKey | undefined)[] = [];
    for (const { token, bytes } of tokens) {
      if (!token) throw new Error("it is not known");
      await known.open(token, async () => opened(bytes));
      keys.push(token.opened?.viewKey);
    }
    expect(keys[1]).toBe(keys[0] as AeadKey);
    expect(keys[2]).not.toBe(keys[0] as AeadKey);
    expect(keys[2]?.equals(new AeadKey(forged))).toBe(true);
  });

  test("is opened once for all who come at once, and again where that failed", async () => {
    const token = known.find(keep(1));
    if (!token) throw new Error("it is not known");
    let times = 0;
    const fail = async () => {
      times++;
      throw new Error("it does not open");
    };
    const failed = await Promise.allSettled([known.open(token, fail), known.open(token, fail)]);
    expect([times, ...failed.map(({ status }) => status)]).toEqual([1, "rejected", "rejected"]);
    const key = new AeadKey(systemRandom(32));
    const succeed = async () => ({ viewKey: key }) as unknown as ReadableEnvironment;
    expect((await known.open(token, succeed)).viewKey).toBe(key);
    expect((await known.open(token, fail)).viewKey).toBe(key);
    expect(times).toBe(1);
  });
});
