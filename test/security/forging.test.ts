/**
 * Somebody writes to the database and holds no key, but knows all that this program does: they choose an environment
 * key of their own, seal a whole environment with it, and seal it to the tokens' public keys, which are in plain sight.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { type Context, type Purpose, seal } from "../../src/cryptography/aead.ts";
import { type Bytes, systemRandom, toBytes } from "../../src/cryptography/bytes.ts";
import { deriveEnvironmentKeys, deriveViewKey } from "../../src/cryptography/environment-key.ts";
import {
  formatServiceToken,
  generateServiceToken,
  parseServiceToken,
  sealToServiceToken,
  verifierHash,
} from "../../src/cryptography/service-token.ts";
import { secretVersions, serviceTokens, views } from "../../src/database/schema.ts";
import { openRoot } from "../../src/vault/root-keys.ts";
import { readTree } from "../../src/vault/tree.ts";
import { openEnvironmentKey } from "../../src/vault/unlock.ts";
import { bearer, createTestApp, fetchMap, type TestApp } from "../harness.ts";
import { sealToPublicKey } from "./hpke.ts";

let app: TestApp;
let project: number;
let masterKey: string;
let tokens: { read: string; write: string };

beforeEach(async () => {
  app = await createTestApp();
  const admin = app.browser();
  ({ id: project, masterKey } = await admin.createRoot("shop"));
  await admin.save(project, "dev", { A: "true" });
  const [read, write] = [
    await admin.createToken(project, "dev", "read"),
    await admin.createToken(project, "dev", "write"),
  ];
  tokens = { read, write };
});
afterEach(() => app.close());

type TokenRow = typeof serviceTokens.$inferSelect;
type Forge = (row: TokenRow, key: Bytes, context: Context) => Promise<Bytes>;

const contextOf = (purpose: Purpose, more: Partial<Context> = {}): Context => ({
  purpose,
  project,
  environment: "dev",
  generation: 1,
  ...more,
});

/** Puts an environment of the forger's in place of the true one: its view, and its key for each token. */
async function forge(sealForToken: Forge): Promise<void> {
  const raw = systemRandom(32);
  const { viewKey, valueKey } = await deriveEnvironmentKeys(raw.slice());
  for (const row of await app.db.select().from(serviceTokens)) {
    const isWrite = row.rights === "write";
    const purpose = isWrite ? "service-token-environment-key" : "service-token-view-key";
    const context = contextOf(purpose, { name: row.publicId });
    const sealedKey = await sealForToken(row, isWrite ? raw.slice() : deriveViewKey(raw), context);
    await app.db.update(serviceTokens).set({ sealedKey }).where(eq(serviceTokens.id, row.id));
  }
  const body = '{"secrets":[{"id":1,"name":"A","value":"forged"}]}';
  const source = `{"inherited":[],"own":[{"id":1,"name":"A","value":"forged","note":"","version":1,"projectId":${project}}]}`;
  for (const { environmentId, revision: version } of await app.db.select().from(views)) {
    const sealedBody = await seal(viewKey, toBytes(body), contextOf("view-body", { version }), systemRandom);
    const sealedSource = await seal(
      valueKey,
      toBytes(source),
      contextOf("view-source", { version }),
      systemRandom,
    );
    await app.db
      .update(views)
      .set({ sealedBody, sealedSource })
      .where(eq(views.environmentId, environmentId));
  }
}

const forgeries: [string, Forge][] = [
  ["sealed to its public key", ({ publicKey }, key, context) => sealToPublicKey(publicKey, key, context, 2)],
  [
    "sealed to its public key, in the former format",
    ({ publicKey }, key, context) => sealToPublicKey(publicKey, key, context, 1),
  ],
  [
    "sealed with a pre-shared key of the forger's",
    ({ publicKey }, key, context) =>
      sealToServiceToken({ publicKey, preSharedKey: systemRandom(32) }, key, context),
  ],
  [
    "sealed with what is known of it as the pre-shared key",
    ({ publicKey, verifierHash: known }, key, context) =>
      sealToServiceToken({ publicKey, preSharedKey: known }, key, context),
  ],
];

describe("a key of the forger's", () => {
  test.each(forgeries)("%s is not taken by a token: apps get nothing forged", async (_what, sealForToken) => {
    await forge(sealForToken);
    for (const token of [tokens.read, tokens.write]) {
      const response = await app.request("/api/secrets", { headers: bearer(token) });
      expect(response.status).toBe(500);
      const text = await response.text();
      expect(text).toContain("Stored data does not open");
      expect(text).not.toContain("forged");
      const { id: name } = parseServiceToken(token) ?? {};
      expect(app.logs.map((line) => JSON.parse(line).place)).toContainEqual(
        expect.objectContaining({ project, environment: "dev", name }),
      );
    }
  });

  test.each(forgeries)("%s seals nothing that a token writes from then on", async (_what, sealForToken) => {
    await forge(sealForToken);
    const before = await app.db.select().from(secretVersions);
    const headers = { ...bearer(tokens.write), "Content-Type": "application/json" };
    const body = '{"value":"only for the owners"}';
    expect((await app.request("/api/secrets/NEW", { method: "PUT", headers, body })).status).toBe(500);
    expect(await app.db.select().from(secretVersions)).toEqual(before);
  });
});

test("a token that was made before there were pre-shared keys goes on reading, by the former format alone", async () => {
  const token = parseServiceToken(tokens.read);
  if (!token) throw new Error("the token is none");
  const isIt = eq(serviceTokens.publicId, token.id);
  await app.db
    .update(serviceTokens)
    .set({ verifierHash: verifierHash(token, "former") })
    .where(isIt);
  expect((await app.request("/api/secrets", { headers: bearer(tokens.read) })).status).toBe(500);
  const { publicKey } = await publicKeyOf(token.id);
  const context = contextOf("service-token-view-key", { name: token.id });
  const sealedKey = await sealToPublicKey(publicKey, await openViewKey(), context, 1);
  await app.db.update(serviceTokens).set({ sealedKey }).where(isIt);
  expect(await fetchMap(app, tokens.read)).toEqual({ A: "true" });
});

async function publicKeyOf(publicId: string) {
  const [row] = await app.db.select().from(serviceTokens).where(eq(serviceTokens.publicId, publicId));
  if (!row) throw new Error("no token");
  return row;
}

/** The view key of the project in dev, as its owner opens it. */
async function openViewKey(): Promise<Bytes> {
  const actor = { id: "session:test", address: "", requestId: "" };
  const root = await openRoot(app.vault, project, masterKey, "masterKey", actor);
  const tree = await readTree(app.db, project);
  const { raw } = await openEnvironmentKey(app.vault, root, tree, project, { id: 1, name: "dev" });
  return deriveViewKey(raw);
}

test("a token of the forger's own, with no key to give it, reads nothing", async () => {
  const token = generateServiceToken(systemRandom);
  const [row] = await app.db.select().from(serviceTokens);
  if (!row) throw new Error("no token");
  const { id: _id, ...columns } = row;
  await app.db
    .insert(serviceTokens)
    .values({ ...columns, publicId: token.id, verifierHash: verifierHash(token) });
  const headers = bearer(formatServiceToken(token));
  expect((await app.request("/api/secrets", { headers })).status).toBe(500);
});
