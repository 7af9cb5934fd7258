import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { eq, sql } from "drizzle-orm";
import { type AeadKey, open, seal } from "../../src/cryptography/aead.ts";
import { type Bytes, systemRandom } from "../../src/cryptography/bytes.ts";
import { generateMasterKey } from "../../src/cryptography/master-key.ts";
import {
  environmentKeys,
  environments,
  rootKeys,
  secretVersions,
  serviceTokens,
  stagedSeals,
  views,
} from "../../src/database/schema.ts";
import type { SecretsflyError } from "../../src/errors.ts";
import { openRoot } from "../../src/vault/root-keys.ts";
import { Descent, placesOf } from "../../src/vault/sealed-rows.ts";
import { readTree } from "../../src/vault/tree.ts";
import { publicKeyContext, RotatedRootError, unlockEnvironment } from "../../src/vault/unlock.ts";
import { verifyTree } from "../../src/vault/verify-tree.ts";
import type { OpenPlace } from "../../src/vault/views.ts";
import { WriteQueue } from "../../src/vault/write-queue.ts";
import { bearer, createTestApp, fetchMap, type TestApp } from "../harness.ts";
import { snapshot } from "../security/snapshot.ts";
import { auditOf, disagreements, firstBrokenEvent, history, put } from "./inspect.ts";
import { actor, contentsOf, copyWorld, createWorld, rotate, type World } from "./rotation-world.ts";

const day = 24 * 60 * 60 * 1000;
let world: World;
let app: TestApp;
let root: number;
let masterKey: string;

let original: World;
beforeAll(async () => {
  original = await createWorld(createTestApp);
});
afterAll(() => original.app.close());
beforeEach(async () => {
  world = await copyWorld(original);
  ({ app, masterKey } = world);
  root = world.ids.shop;
});
afterEach(() => app.close());

const token = (place: string) => world.tokens[place] as string;
const openWith = (typed: string) => openRoot(app.vault, root, typed, "masterKey", actor);
const rowOf = async (text: string) => {
  const [row] = await app.db
    .select()
    .from(serviceTokens)
    .where(eq(serviceTokens.publicId, text.split("_")[1] ?? ""));
  if (!row) throw new Error("no such token");
  return row;
};
const status = async (text: string, headers = {}) =>
  (await app.request("/api/secrets", { headers: { ...bearer(text), ...headers } })).status;

/** What is thrown, and that nothing was written but the audit's event of a refusal. */
async function refused(rotation: () => Promise<unknown>, audited = false): Promise<SecretsflyError> {
  const { audit_events: events, ...before } = await snapshot(app);
  const error = await rotation().then(
    () => new Error("it was done"),
    (thrown: unknown) => thrown,
  );
  const { audit_events: eventsAfter, ...after } = await snapshot(app);
  expect(after).toEqual(before);
  expect(eventsAfter !== events).toBe(audited);
  return error as SecretsflyError;
}

describe("a rotation of the master key", () => {
  test("keeps every value, version, note, deletion and reference, in hidden environments too", async () => {
    const places = Object.values(world.tokens);
    const before = await contentsOf(app, world.tokens);
    const maps = await Promise.all(places.map((text) => fetchMap(app, text)));
    expect(maps[1]).toMatchObject({ OWN: "second of api dev", REF: "shared of dev/second of api dev" });
    const { generatedMasterKey, sealed, faults, revoked } = await rotate(app, root, {
      currentMasterKey: masterKey,
    });
    expect(sealed).toEqual({ environmentKeys: 12, versions: 30, views: 12, serviceTokens: 12 });
    expect([faults, revoked]).toEqual([[], []]);
    expect(await contentsOf(app, world.tokens)).toEqual(before);
    expect(await Promise.all(places.map((text) => fetchMap(app, text)))).toEqual(maps);
    expect(await disagreements(app, places)).toEqual([]);
    const verified = await verifyTree(app.vault, await openWith(generatedMasterKey ?? ""));
    expect(verified).toEqual({ opened: sealed, faults: [] });
    expect(await app.db.select().from(stagedSeals)).toEqual([]);
  });

  test("leaves nothing that the old master key or an old environment key opens", async () => {
    const old = await openWith(masterKey);
    const tree = await readTree(app.db, root);
    const descent = new Descent(old.rootKey);
    const oldPlaces: OpenPlace[] = [];
    for (const place of await placesOf(app.vault, tree)) oldPlaces.push(await descent.open(place, place.row));
    await rotate(app, root, { currentMasterKey: masterKey });
    expect((await openWith(masterKey).catch((error: unknown) => error)) as object).toMatchObject({
      code: "wrong-master-key",
    });
    expect(await verifyTree(app.vault, old).catch((error: unknown) => error)).toBeInstanceOf(
      RotatedRootError,
    );
    const sealed = [
      ...(await app.db.select().from(environmentKeys)).map((row) => row.sealedEnvironmentKey),
      ...(await app.db.select().from(secretVersions)).flatMap((row) => [row.sealedValue, row.sealedNote]),
      ...(await app.db.select().from(views)).flatMap((row) => [row.sealedSource, row.sealedBody]),
      ...(await app.db.select().from(serviceTokens)).map((row) => row.sealedPublicKey),
      ...(await app.db.select().from(rootKeys)).map((row) => row.sealedRootKey),
    ].filter((bytes) => bytes !== null);
    const keys = [old.rootKey, ...oldPlaces.flatMap(({ keys: all }) => Object.values(all) as AeadKey[])];
    // Without its tag, so that no context can be the reason.
    const ivs = new Set(sealed.map((bytes) => bytes.slice(1, 13).toHex()));
    expect(ivs.size).toBe(sealed.length);
    for (const key of keys)
      for (const bytes of sealed)
        for (const generation of [1, 2]) {
          const context = { purpose: "secret-value", project: root, generation } as const;
          expect(await open(key, bytes, context).catch(() => undefined)).toBeUndefined();
        }
    for (const { generation } of await app.db.select().from(environmentKeys)) expect(generation).toBe(2);
  });

  test("keeps tokens working to read and to write, with their ETags", async () => {
    const reader = await world.admin.createToken(world.ids.worker, "prod");
    const etag = (await app.request("/api/secrets", { headers: bearer(reader) })).headers.get("ETag") ?? "";
    await rotate(app, root, { currentMasterKey: masterKey });
    expect(await status(reader, { "If-None-Match": etag })).toBe(304);
    for (const place of ["shop prod", "api prod", "worker prod", "api old"])
      expect((await put(app, token(place), "NEW", place)).status).toBe(201);
    expect(await fetchMap(app, reader)).toMatchObject({ NEW: "worker prod" });
    expect(await fetchMap(app, token("web prod"))).toMatchObject({ NEW: "shop prod" });
    expect(
      await disagreements(
        app,
        ["shop", "api", "worker", "web"].map((name) => token(`${name} prod`)),
      ),
    ).toEqual([]);
  });

  test("goes from a generated key to a passphrase, to another, and back", async () => {
    const keys = [
      masterKey,
      "a passphrase of the shop",
      "another passphrase here",
      generateMasterKey(systemRandom),
    ];
    for (const [i, newMasterKey] of keys.slice(1).entries()) {
      const result = await rotate(app, root, { currentMasterKey: keys[i] as string, newMasterKey });
      expect([result.generatedMasterKey, result.faults]).toEqual([undefined, []]);
    }
    const [row] = await app.db.select().from(rootKeys);
    expect(row).toMatchObject({ generation: 4, kdf: "hkdf-sha256", memoryKib: null });
    for (const typed of keys.slice(0, 3))
      expect(
        await openWith(typed).then(
          () => "opened",
          ({ code }) => code,
        ),
      ).toBe("wrong-master-key");
    expect((await verifyTree(app.vault, await openWith(keys[3] as string))).faults).toEqual([]);
    expect(await fetchMap(app, token("api prod"))).toHaveProperty("OWN", "second of api prod");
  });

  test("is told of in the audit, and how far it is", async () => {
    const told: number[][] = [];
    await rotate(app, root, { currentMasterKey: masterKey }, ({ done, total }) => told.push([done, total]));
    expect(told[0]).toEqual([0, 198]);
    expect(told.at(-1)).toEqual([198, 198]);
    expect(told.map(([done]) => done)).toEqual(
      told.map(([done]) => done).sort((a, b) => Number(a) - Number(b)),
    );
    const events = await auditOf(app);
    expect(events.at(-1)).toMatchObject({ action: "master-key.rotate", projectId: root, actor: actor.id });
    expect(firstBrokenEvent(events)).toBeUndefined();
  });

  test("lets environments that come back, and those that are added, be used", async () => {
    const { root: rotated } = await rotate(app, root, {
      currentMasterKey: masterKey,
      newMasterKey: "a passphrase for later",
    });
    expect(rotated.generation).toBe(2);
    const later = await app.sibling({ AVAILABLE_ENVIRONMENTS: "dev,prod,old,new" });
    const admin = later.browser();
    expect((await admin.unseal(root, "a passphrase for later")).status).toBe(303);
    for (const environment of ["old", "new"]) {
      expect((await admin.save(world.ids.api, environment, { A: environment })).status).toBe(303);
      const text = await admin.createToken(world.ids.worker, environment);
      expect(await fetchMap(later, text)).toHaveProperty("A", environment);
    }
    later.close();
  });
});

describe("service tokens at a rotation", () => {
  test("that are chosen are revoked in the same write, and told of", async () => {
    const { id } = await rowOf(token("api prod"));
    const { revoked, sealed } = await rotate(app, root, { currentMasterKey: masterKey, revoke: [id, id] });
    expect([revoked, sealed.serviceTokens]).toEqual([["test"], 11]);
    expect(await status(token("api prod"))).toBe(401);
    expect(await rowOf(token("api prod"))).toMatchObject({
      sealedKey: new Uint8Array(0),
      sealedPublicKey: null,
      revokedAt: app.clock.now,
    });
    const [rotated, revocation] = (await auditOf(app)).slice(-2);
    expect(rotated?.action).toBe("master-key.rotate");
    expect(revocation).toMatchObject({
      action: "service-token.revoke",
      projectName: "api",
      environment: "prod",
    });
  });

  test("of another tree cannot be chosen", async () => {
    const { id: other } = await world.admin.createRoot("other");
    const { id } = await rowOf(await world.admin.createToken(other, "prod"));
    for (const revoke of [[id], [0], [999_999]]) {
      const error = await refused(() => rotate(app, root, { currentMasterKey: masterKey, revoke }));
      expect(error).toMatchObject({ code: "invalid", fields: { revoke: expect.any(String) } });
    }
  });

  test("that were revoked or have expired stay so, and keep no key", async () => {
    const expired = await world.admin.createToken(root, "prod", "write", { expiresInDays: "1" });
    const revoked = await world.admin.createToken(root, "prod", "write");
    await world.admin.post(`/admin/projects/${root}/service-tokens/${(await rowOf(revoked)).id}/revoke`);
    expect(await rowOf(revoked)).toMatchObject({ sealedPublicKey: null });
    app.clock.advance(day);
    const { revoked: names } = await rotate(app, root, { currentMasterKey: masterKey });
    expect(names).toEqual([]);
    for (const text of [expired, revoked]) {
      expect(await rowOf(text)).toMatchObject({ sealedKey: new Uint8Array(0), sealedPublicKey: null });
      expect(await status(text)).toBe(401);
    }
    expect((await rowOf(expired)).revokedAt).toBeNull();
  });

  /** Makes a token one of a version before. */
  async function makeFormer(text: string, sealedPublicKey: Bytes | null) {
    const { id } = await rowOf(text);
    await app.db
      .update(serviceTokens)
      .set({ sealedPublicKey, name: "from before" })
      .where(eq(serviceTokens.id, id));
  }

  test("that were made before public keys were sealed are revoked", async () => {
    await makeFormer(token("web dev"), null);
    const { revoked } = await rotate(app, root, { currentMasterKey: masterKey });
    expect(revoked).toEqual(["from before"]);
    expect(await status(token("web dev"))).toBe(401);
    expect(await status(token("web prod"))).toBe(200);
  });

  test("that were made before there were pre-shared keys are revoked, where their rows say the truth", async () => {
    const row = await rowOf(token("shop dev"));
    const unlocked = await openRoot(app.vault, root, masterKey, "masterKey", actor);
    const tree = await readTree(app.db, root);
    const environment = { id: row.environmentId, name: "dev" };
    const { keys } = await unlockEnvironment(app.vault, unlocked, tree, root, environment);
    const context = publicKeyContext(row.publicId, { ...row, environment });
    const sealed = await seal(keys.valueKey, row.publicKey, context, app.vault.random);
    for (const [record, isTrue] of [
      [sealed.with(20, (sealed[20] ?? 0) ^ 1), false],
      [sealed, true],
    ] as const) {
      await makeFormer(token("shop dev"), record);
      const rotating = () => rotate(app, root, { currentMasterKey: masterKey });
      if (isTrue) expect((await rotating()).revoked).toEqual(["from before"]);
      else expect((await refused(rotating)).fields.revoke).toContain("from before");
      expect(await status(token("shop dev"))).toBe(isTrue ? 401 : 200);
    }
  });

  const tamperings: [string, Partial<typeof serviceTokens.$inferInsert>][] = [
    ["public key", { publicKey: new Uint8Array(32).fill(9) }],
    ["sealed public key", { sealedPublicKey: new Uint8Array(125).fill(1) }],
    ["sealed key", { sealedKey: new Uint8Array(81).fill(2) }],
    ["rights", { rights: "read" }],
    ["environment", { environmentId: 2 }],
    ["project", { projectId: 2 }],
  ];
  test.each(tamperings)(
    "whose %s was edited get nothing: the rotation fails and names them",
    async (_what, edit) => {
      const { id } = await rowOf(token("shop dev"));
      await app.db
        .update(serviceTokens)
        .set({ ...edit, name: "edited" })
        .where(eq(serviceTokens.id, id));
      const error = await refused(() => rotate(app, root, { currentMasterKey: masterKey }));
      expect(error.code).toBe("invalid");
      expect(error.fields.revoke).toContain("edited");
      const { revoked } = await rotate(app, root, { currentMasterKey: masterKey, revoke: [id] });
      expect(revoked).toEqual(["edited"]);
    },
  );
});

test("a service token that was put where there are no keys gets nothing, and the rotation names it at once", async () => {
  const [nowhere] = await app.db.insert(environments).values({ name: "nowhere", createdAt: 0 }).returning();
  const { id } = await rowOf(token("shop dev"));
  await app.db
    .update(serviceTokens)
    .set({ environmentId: nowhere?.id ?? 0, name: "edited" })
    .where(eq(serviceTokens.id, id));
  const error = await refused(() => rotate(app, root, { currentMasterKey: masterKey }));
  expect(error.fields.revoke).toContain("edited");
  const { revoked } = await rotate(app, root, { currentMasterKey: masterKey, revoke: [id] });
  expect(revoked).toEqual(["edited"]);
});

test("what a killed rotation left and a locked database keeps is told as busy, not as a fault", async () => {
  const left = { rotation: "killed", kind: "version" as const, firstId: 1, secondId: 1, createdAt: 0 };
  await app.db.insert(stagedSeals).values(left);
  await app.db.run(
    "create trigger locked before delete on staged_seals begin select raise(abort, 'database is locked'); end",
  );
  let now = performance.now();
  const time = spyOn(performance, "now").mockImplementation(() => {
    now += 5000;
    return now;
  });
  try {
    const error = await refused(() => rotate(app, root, { currentMasterKey: masterKey }));
    expect(error).toMatchObject({ code: "busy" });
  } finally {
    time.mockRestore();
  }
});

describe("a rotation is refused", () => {
  test("without the current master key, which is audited", async () => {
    for (const currentMasterKey of ["a passphrase of nobody", generateMasterKey(systemRandom), "short"]) {
      const error = await refused(() => rotate(app, root, { currentMasterKey }), true);
      expect(Object.keys(error.fields)).toEqual(["currentMasterKey"]);
      expect((await auditOf(app)).at(-1)).toMatchObject({
        action: "master-key.rotate-refused",
        projectId: root,
      });
    }
  });

  test("to the same key, to none, and for a child", async () => {
    for (const newMasterKey of [
      masterKey,
      ` ${masterKey}\n`,
      "short",
      "with a : colon in it",
      masterKey.slice(0, -1),
    ]) {
      const error = await refused(() => rotate(app, root, { currentMasterKey: masterKey, newMasterKey }));
      expect([error.code, Object.keys(error.fields)]).toEqual(["invalid", ["newMasterKey"]]);
    }
    const child = await refused(() => rotate(app, world.ids.api, { currentMasterKey: masterKey }));
    expect(child.code).toBe("invalid");
    const gone = await refused(() => rotate(app, 999, { currentMasterKey: masterKey }));
    expect(gone.code).toBe("not-found");
  });

  test("to the same passphrase in another Unicode form", async () => {
    await rotate(app, root, { currentMasterKey: masterKey, newMasterKey: "Zoë knows this one" });
    const error = await refused(() =>
      rotate(app, root, { currentMasterKey: "Zoë knows this one", newMasterKey: "Zoe\u0308 knows this one" }),
    );
    expect(Object.keys(error.fields)).toEqual(["newMasterKey"]);
  });
});

/** A queue that tells when a second write to a tree stands in line, behind the first. */
class Watched extends WriteQueue {
  readonly #second = Promise.withResolvers<void>();
  readonly second = this.#second.promise;
  #writes = 0;

  override run<T>(scope: string, task: () => Promise<T>): Promise<T> {
    const turn = super.run(scope, task);
    if (scope.startsWith("tree ")) this.#writes += 1;
    if (this.#writes === 2) this.#second.resolve();
    return turn;
  }
}

/** A place in that queue for the first one, which commits nothing before. */
class Held extends WriteQueue {
  constructor(private readonly line: Watched) {
    super();
  }

  override async run<T>(scope: string, task: () => Promise<T>): Promise<T> {
    if (scope === "commit") await this.line.second;
    return this.line.run(scope, task);
  }
}

/** A queue that lets something happen right before the first write is committed. */
class Interrupted extends WriteQueue {
  constructor(private interruption: (() => Promise<unknown>) | undefined) {
    super();
  }

  override async run<T>(scope: string, task: () => Promise<T>): Promise<T> {
    return super.run(scope, async () => {
      const interrupt = scope === "commit" ? this.interruption : undefined;
      if (interrupt) this.interruption = undefined;
      await interrupt?.();
      return task();
    });
  }
}

describe("while others write", () => {
  const interrupted = (interruption: () => Promise<unknown>) => ({
    vault: { ...app.vault, writes: new Interrupted(interruption) },
  });
  /** However slowly others read the old key: what is written with this is not there before they stand in line. */
  const heldUntilOthersWait = ({ vault }: TestApp) => {
    const line = new Watched();
    vault.writes = line;
    return { vault: { ...vault, writes: new Held(line) } };
  };
  let other: TestApp;
  beforeEach(async () => {
    other = await app.sibling();
  });
  afterEach(() => other.close());

  /** Everything opens with the new key, and nothing is staged. */
  async function expectWhole(generatedMasterKey: string | undefined): Promise<void> {
    expect((await verifyTree(app.vault, await openWith(generatedMasterKey ?? ""))).faults).toEqual([]);
    expect(await app.db.select().from(stagedSeals)).toEqual([]);
  }

  test("another process's writes at the last moment are carried over, and the rotation is computed again", async () => {
    const late = interrupted(() => put(other, token("api prod"), "LATE", "in time"));
    const { generatedMasterKey } = await rotate(late, root, { currentMasterKey: masterKey });
    await expectWhole(generatedMasterKey);
    expect(await fetchMap(app, token("worker prod"))).toHaveProperty("LATE", "in time");
  });

  test("a token that another process revokes at the last moment stays revoked and gets no key", async () => {
    const { id } = await rowOf(token("api prod"));
    const browser = other.browser();
    const late = interrupted(() =>
      browser.post(`/admin/projects/${world.ids.api}/service-tokens/${id}/revoke`),
    );
    const { generatedMasterKey, sealed } = await rotate(late, root, { currentMasterKey: masterKey });
    await expectWhole(generatedMasterKey);
    expect(sealed.serviceTokens).toBe(11);
    expect(await rowOf(token("api prod"))).toMatchObject({
      sealedKey: new Uint8Array(0),
      sealedPublicKey: null,
    });
  });

  for (const kind of ["environment-key", "version", "view", "service-token"] as const) {
    test(`a staged ${kind} that is gone at the last moment leads to no half of a rotation`, async () => {
      let deletions = 0;
      const late = interrupted(async () => {
        const one = other.db
          .select({ rowid: sql`rowid` })
          .from(stagedSeals)
          .where(eq(stagedSeals.kind, kind))
          .limit(1);
        const { rowsAffected } = await other.db.delete(stagedSeals).where(sql`rowid = (${one})`);
        deletions = rowsAffected;
      });
      const { generatedMasterKey } = await rotate(late, root, { currentMasterKey: masterKey });
      expect(deletions).toBe(1);
      await expectWhole(generatedMasterKey);
    });
  }

  test("writers in this process wait in line; one that had its old key is told to try again", async () => {
    let answer: Promise<Response> | undefined;
    await rotate(heldUntilOthersWait(app), root, { currentMasterKey: masterKey }, () => {
      answer ??= put(app, token("api prod"), "WAITING", "1");
    });
    const response = await answer;
    expect([response?.status, response?.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect((await put(app, token("api prod"), "WAITING", "1")).status).toBe(201);
    expect(await disagreements(app, Object.values(world.tokens))).toEqual([]);
  });

  test("twenty writes of another process lose nothing", async () => {
    const rotation = rotate(app, root, { currentMasterKey: masterKey });
    const kept: string[] = [];
    for (let i = 0; i < 20; i++) {
      const { status: answered } = await put(other, token("web prod"), `N_${i}`, `${i}`);
      if (answered === 201) kept.push(`N_${i}`);
      else expect(answered).toBe(503);
    }
    await expectWhole((await rotation).generatedMasterKey);
    expect(kept.length).toBeGreaterThan(15);
    expect(Object.keys(await fetchMap(app, token("web prod")))).toEqual(expect.arrayContaining(kept));
    expect(await disagreements(app, Object.values(world.tokens))).toEqual([]);
  });

  test("of two rotations at once, in one process or in two, one wins and the other changes nothing", async () => {
    let current = masterKey;
    for (const second of [app, other]) {
      const attempts = [app, second].map((one) => rotate(one, root, { currentMasterKey: current }));
      const results = await Promise.allSettled(attempts);
      const won = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      const lost = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
      expect([won.length, lost.length]).toEqual([1, 1]);
      expect(lost[0]).toMatchObject({
        code: "wrong-master-key",
        fields: { currentMasterKey: expect.any(String) },
      });
      current = won[0]?.generatedMasterKey ?? "";
      await expectWhole(current);
    }
    const [row] = await app.db.select().from(rootKeys);
    expect(row?.generation).toBe(3);
  });

  test("an unseal with the former key that finishes late adds no keys under it", async () => {
    const later = await app.sibling({ AVAILABLE_ENVIRONMENTS: "dev,prod,new" });
    const admin = later.browser();
    let unsealing: Promise<Response> | undefined;
    const rotation = rotate(heldUntilOthersWait(later), root, { currentMasterKey: masterKey }, () => {
      unsealing ??= admin.unseal(root, masterKey);
    });
    const { generatedMasterKey } = await rotation;
    expect((await unsealing)?.status).toBe(303);
    expect(await admin.open(`/admin/projects/${root}`)).toContain("has been rotated");
    await expectWhole(generatedMasterKey);
    later.close();
  });
});

describe("a failure changes nothing", () => {
  test.each([0, 1, 20, 60, 90])("after %i draws of random bytes", async (draws) => {
    let left = draws + 3; // The generated key, the salt, the root key.
    const random = (length: number) => {
      if (left-- === 0) throw new Error("no more random bytes");
      return systemRandom(length);
    };
    const error = await refused(() =>
      rotate({ vault: { ...app.vault, random } }, root, { currentMasterKey: masterKey }),
    );
    expect(error.message).toBe("no more random bytes");
    expect(await fetchMap(app, token("api prod"))).toHaveProperty("OWN", "second of api prod");
  });

  const damages: [string, string][] = [
    ...(["environment-key", "version", "view"] as const).map((kind): [string, string] => [
      `a staged ${kind} that is not what was written`,
      `create trigger damage after insert on staged_seals when new.kind = '${kind}' begin update staged_seals set sealed_first = zeroblob(length(sealed_first)) where rowid = new.rowid; end`,
    ]),
    [
      "a note that is not what was written",
      "create trigger damage after insert on staged_seals when new.kind = 'version' begin update staged_seals set sealed_second = null where rowid = new.rowid; end",
    ],
    [
      "a staged public key that is not what was written",
      "create trigger damage after insert on staged_seals when new.kind = 'service-token' begin update staged_seals set sealed_second = zeroblob(61) where rowid = new.rowid; end",
    ],
    [
      "a staged version that is gone",
      "create trigger damage after insert on staged_seals when new.kind = 'version' begin delete from staged_seals where rowid = new.rowid; end",
    ],
    ...["environment_keys", "secret_versions", "views", "service_tokens", "root_keys", "audit_events"].map(
      (table): [string, string] => [
        `a last write that ${table} refuses`,
        `create trigger damage before ${table === "audit_events" ? "insert" : "update"} on ${table} begin select raise(abort, 'the disk is on fire'); end`,
      ],
    ),
  ];
  test.each(damages)("%s", async (_what, trigger) => {
    await app.db.run(trigger);
    expect((await refused(() => rotate(app, root, { currentMasterKey: masterKey }))).message).not.toBe(
      "it was done",
    );
    await app.db.run("drop trigger damage");
    expect((await rotate(app, root, { currentMasterKey: masterKey })).faults).toEqual([]);
  });

  test("a version that does not open is not rotated over", async () => {
    await app.db
      .update(secretVersions)
      .set({ sealedValue: new Uint8Array(40).fill(1) })
      .where(eq(secretVersions.secretId, 1));
    const error = await refused(() => rotate(app, root, { currentMasterKey: masterKey }));
    expect(error.name).toBe("OpenError");
    const { faults } = await verifyTree(app.vault, await openWith(masterKey));
    expect(faults).toMatchObject([{ purpose: "secret-value", name: "SHARED", version: 1 }]);
  });
});

test("what the database does not keep is told after it, with the key that was made", async () => {
  await app.db.run(
    "create trigger damage after update on root_keys begin update views set sealed_body = x'00' where project_id = 1; end",
  );
  const { generatedMasterKey, faults } = await rotate(app, root, { currentMasterKey: masterKey });
  expect(generatedMasterKey).toStartWith("sfmk_");
  expect(faults?.map(({ purpose }) => purpose)).toEqual(["view-body", "view-body", "view-body"]);
});

test("is not taken for one that failed where only the database server's answer was lost: its key is told", async () => {
  let lost = 0;
  const { $client } = app.db;
  const client = new Proxy($client, {
    get: (target, name) =>
      name === "batch"
        ? async (statements: Parameters<typeof target.batch>[0]) => {
            const results = await target.batch(statements);
            if (statements.length < 10) return results;
            lost += 1;
            throw new Error("fetch failed");
          }
        : Reflect.get(target, name),
  });
  const db = new Proxy(app.db, {
    get: (target, name) => (name === "$client" ? client : Reflect.get(target, name)),
  });
  const { generatedMasterKey, sealed, faults } = await rotate({ vault: { ...app.vault, db } }, root, {
    currentMasterKey: masterKey,
  });
  expect([lost, sealed.views, faults]).toEqual([1, 12, []]);
  expect((await verifyTree(app.vault, await openWith(generatedMasterKey ?? ""))).faults).toEqual([]);
});

test("a key that was rotated away in another process changes, adds and deletes nothing", async () => {
  const other = await app.sibling();
  const admin = other.browser();
  const paths = {
    edit: `/admin/projects/${world.ids.api}/edit`,
    create: "/admin/projects",
    delete: `/admin/projects/${root}/delete`,
  };
  const posts = [
    [paths.edit, { name: "renamed" }],
    [paths.create, { name: "added", parentId: `${root}` }],
    [paths.delete, { confirmName: "shop" }],
  ] as const;
  const later = generateMasterKey(systemRandom);
  for (const [path, fields] of posts) {
    await admin.unseal(root, masterKey);
    await rotate(app, root, { currentMasterKey: masterKey, newMasterKey: later });
    const { audit_events: _events, ...before } = await snapshot(app);
    const response = await admin.post(path, fields);
    expect([response.status, response.headers.get("Location")]).toEqual([303, `/admin/projects/${root}`]);
    expect(await admin.open(`/admin/projects/${root}`)).toContain("has been rotated");
    const { audit_events: _later, ...after } = await snapshot(app);
    expect(after).toEqual(before);
    await rotate(app, root, { currentMasterKey: later, newMasterKey: masterKey });
  }
  other.close();
});

test("what a killed rotation left is deleted a day later, by a rotation of any root", async () => {
  const left = { kind: "version" as const, firstId: 1, secondId: 1, createdAt: app.clock.now };
  await app.db.insert(stagedSeals).values([
    { ...left, rotation: "killed" },
    { ...left, rotation: "still running", createdAt: app.clock.now + day },
  ]);
  app.clock.advance(day + 1);
  const { id, masterKey: another } = await world.admin.createRoot("other");
  await rotate(app, id, { currentMasterKey: another });
  expect((await app.db.select().from(stagedSeals)).map(({ rotation }) => rotation)).toEqual([
    "still running",
  ]);
});

test("only versions that hold something are counted, however many and large they are", async () => {
  const text = token("web prod");
  const large = "x".repeat(1_000_000);
  for (let i = 0; i < 6; i++) await put(app, text, "LARGE", `${large}${i}`);
  const many = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`MANY_${i}`, `${i}`]));
  await world.admin.save(world.ids.web, "prod", many);
  const before = await history(app, text, "LARGE");
  const { sealed, faults } = await rotate(app, root, { currentMasterKey: masterKey });
  expect([sealed.versions, faults]).toEqual([30 + 6 + 250, []]);
  expect(await history(app, text, "LARGE")).toEqual(before);
  expect(await fetchMap(app, text)).toMatchObject(many);
});
