import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { systemRandom } from "../../src/cryptography/bytes.ts";
import { formatServiceToken, generateServiceToken } from "../../src/cryptography/service-token.ts";
import { connectInMemory } from "../../src/database/connect.ts";
import { Freshness } from "../../src/database/freshness.ts";
import { KnownTokens, type VerifiedToken } from "../../src/vault/known-tokens.ts";

const db = connectInMemory();
afterAll(() => db.$client.close());

/** Of a database that nobody changes. */
const always = new Freshness(db.$client, () => 0);
let now = 0;
let known: KnownTokens;
beforeEach(async () => {
  // It has been asked already.
  always.isFresh(always.mark());
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
  };
  const view = { revision: 1, bodyId: "AAAA", sealedBody: new Uint8Array(bytes) };
  known.keep(text, verified, view, known.freshness.mark());
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
    expect(texts.filter((text) => known.find(text)).length).toBe(32);
    keep(1000, 33 * mebibyte);
    expect(known.size.viewBytes).toBe(0);
    expect(known.find(texts.at(-1) ?? "")).toBeUndefined();
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
    expect(known.find(text)?.view.bodyId).toBe("AAAA");
    for (const other of [
      "",
      text.slice(0, -1),
      `${text} `,
      text.replace(/_[^_]+_[^_]+$/, "_x_y"),
      text.slice(0, 17),
    ])
      expect(known.find(other)).toBeUndefined();
  });
});
