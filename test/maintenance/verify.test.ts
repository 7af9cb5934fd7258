import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, seal } from "../../src/cryptography/aead.ts";
import { systemRandom, toBytes, toText } from "../../src/cryptography/bytes.ts";
import type { Fault } from "../../src/maintenance/faults.ts";
import { MaintenanceError } from "../../src/maintenance/maintenance-error.ts";
import { type VerifyOptions, verifyDatabase } from "../../src/maintenance/verify.ts";
import { openRoot } from "../../src/vault/root-keys.ts";
import { Descent, placesOf, viewOf, viewSlots } from "../../src/vault/sealed-rows.ts";
import { readTree } from "../../src/vault/tree.ts";
import { createFileApp } from "../harness.ts";
import { temporaryFolder } from "../server-process.ts";
import { actor, createWorld, rotate, type World } from "../vault/rotation-world.ts";
import { copyWith } from "./copies.ts";

let world: World;
let folder: ReturnType<typeof temporaryFolder>;

beforeAll(async () => {
  world = await createWorld(createFileApp);
  folder = temporaryFolder();
});
afterAll(() => {
  world.app.close();
  folder[Symbol.dispose]();
});

const changed = (...statements: string[]) => copyWith(world.app.file, folder.path, ...statements);

/** As the command does it, with the master key of the world, at the world's time. */
function verify(file: string, options: Partial<VerifyOptions> = {}) {
  const usual = { masterKeys: [world.masterKey], keepsVersions: true, clock: () => world.app.clock.now };
  return verifyDatabase({ file, env: {} }, { ...usual, ...options });
}

/** `project environment name version: what`, as far as there are such. */
const told = ({ projectName, environment, name, version, what }: Fault) =>
  `${[projectName, environment, name, version].filter((part) => part !== null).join(" ")}: ${what}`;

const faultsOf = async (file: string, options: Partial<VerifyOptions> = {}) =>
  (await verify(file, options)).faults.map(told);

/** `name` in `prod` of a project, in SQL. */
const secretOf = (project: keyof World["ids"], name: string) =>
  `(select id from secrets where name = '${name}' and project_id = ${world.ids[project]}
    and environment_id = (select id from environments where name = 'prod'))`;
const prod = "(select id from environments where name = 'prod')";

describe("a whole database", () => {
  test("has no fault, and is told by what is in it, with a key and without, while an app has it open", async () => {
    const withKey = await verify(world.app.file);
    expect(withKey).toMatchObject({ place: world.app.file, faults: [], faultCount: 0 });
    expect(withKey.contents).toEqual({
      projects: 4,
      roots: 1,
      environments: 3,
      secrets: 21,
      versions: 36,
      serviceTokens: 12,
    });
    expect(withKey.audit).toMatchObject({ fault: undefined });
    expect(withKey.opened).toEqual({
      roots: [{ id: world.ids.shop, name: "shop", isOpened: true }],
      environmentKeys: 12,
      versions: 30,
      views: 12,
      serviceTokens: 12,
    });
    const without = await verify(world.app.file, { masterKeys: undefined });
    expect(without).toEqual({ ...withKey, opened: undefined });
  });

  test("has none after a rotation, a move and a deletion, and while others write", async () => {
    const app = await world.app.copy();
    const admin = app.browser();
    await admin.unseal(world.ids.shop, world.masterKey);
    const { web, worker } = world.ids;
    const moved = await admin.post(`/admin/projects/${worker}/edit`, { parentId: String(web) });
    expect(moved.status).toBe(303);
    const newMasterKey = "a passphrase for a while";
    await rotate(app, world.ids.shop, { currentMasterKey: world.masterKey, newMasterKey });
    const masterKeys = [newMasterKey];
    expect(await faultsOf(app.file, { masterKeys })).toEqual([]);
    const writer = app.browser();
    await writer.unseal(world.ids.shop, newMasterKey);
    const looks = [1, 2, 3].map(() => faultsOf(app.file, { masterKeys }));
    for (let i = 0; i < 5; i++) await writer.save(world.ids.shop, "prod", { SHARED: `write ${i}` });
    expect(await Promise.all(looks)).toEqual([[], [], []]);
    app.close();
  });

  test("where only the newest versions are kept has none if that is said", async () => {
    const app = await createFileApp({ VERSIONED_SECRET_VALUES: "false" });
    const admin = app.browser();
    const { id, masterKey } = await admin.createRoot("shop");
    for (const value of ["one", "two", "three"]) await admin.save(id, "prod", { A: value });
    const masterKeys = [masterKey];
    expect(await faultsOf(app.file, { masterKeys, keepsVersions: false })).toEqual([]);
    expect(await faultsOf(app.file, { masterKeys })).toEqual([
      expect.stringContaining("shop prod A 3: its first versions are missing"),
    ]);
    app.close();
  });
});

/** What somebody did to the rows, and the first fault that tells of it without a key. */
const structural: [string, () => string[], string][] = [
  [
    "a key of a root that is gone",
    () => ["delete from root_keys"],
    "shop: a root project without a root key",
  ],
  [
    "a root key of a child",
    () => [
      `insert into root_keys select ${world.ids.api}, revision, generation, kdf, salt, memory_kib, passes,
      parallelism, sealed_root_key, created_at from root_keys`,
    ],
    "api: has a root key, and is no root project",
  ],
  [
    "a child in another tree",
    () => [`update projects set root_id = 77 where id = ${world.ids.worker}`],
    "worker: is said to be in another tree than its parent",
  ],
  [
    "a circle of parents",
    () => [`update projects set parent_id = ${world.ids.worker} where id = ${world.ids.api}`],
    "api: hangs below no root project",
  ],
  [
    "a parent that is gone",
    () => ["pragma foreign_keys = off", `update projects set parent_id = 77 where id = ${world.ids.api}`],
    `: a row of projects (rowid 2) refers to a row of projects that is gone`,
  ],
  [
    "a view that is gone",
    () => [`delete from views where project_id = ${world.ids.web} and environment_id = ${prod}`],
    "web prod: has keys and no view",
  ],
  [
    "keys that are gone",
    () => [`delete from environment_keys where project_id = ${world.ids.web} and environment_id = ${prod}`],
    "web prod: has a view and no keys",
  ],
  [
    "an environment that a child has alone",
    () =>
      ["environment_keys", "views"].map(
        (table) => `delete from ${table} where project_id = ${world.ids.shop} and environment_id = ${prod}`,
      ),
    "api prod: has keys, and the root of its tree has none",
  ],
  [
    "an environment that a child has not",
    () =>
      ["environment_keys", "views"].map(
        (table) => `delete from ${table} where project_id = ${world.ids.worker} and environment_id = ${prod}`,
      ),
    "worker prod: has no keys, and the root of its tree has",
  ],
  [
    "the newest version that is gone",
    () => [`delete from secret_versions where secret_id = ${secretOf("api", "OWN")} and version = 2`],
    "api prod OWN 2: its newest version is another than its row says",
  ],
  [
    "a version that is gone",
    () => [`delete from secret_versions where secret_id = ${secretOf("web", "BACK")} and version = 2`],
    "web prod BACK 3: a version between two others is missing",
  ],
  [
    "the first version that is gone",
    () => [`delete from secret_versions where secret_id = ${secretOf("web", "BACK")} and version = 1`],
    "web prod BACK 2: its first versions are missing",
  ],
  [
    "a deletion that was undone",
    () => [`update secrets set deleted = 0 where id = ${secretOf("web", "GONE")}`],
    "web prod GONE 2: is marked as deleted or not, and its newest version says the other",
  ],
  [
    "a count of own secrets",
    () => [`update views set own_count = 9 where project_id = ${world.ids.web} and environment_id = ${prod}`],
    "web prod: its view counts other secrets of its own than there are",
  ],
  [
    "a count of inherited secrets",
    () => [
      `update views set inherited_count = 9 where project_id = ${world.ids.worker} and environment_id = ${prod}`,
    ],
    "worker prod: its view counts other inherited secrets than there are",
  ],
  [
    "a token of other keys",
    () => ["update service_tokens set generation = 5 where id = 1"],
    "shop dev test: a live service token where there are no keys, or of former ones",
  ],
  ["a guard", () => ["insert into guards values (1)"], "1: a write was left half done: there is a guard"],
  [
    "a counter of ids",
    () => ["update sqlite_sequence set seq = 1 where name = 'secrets'"],
    "secrets: ids that were used may be used again",
  ],
  [
    "a trigger",
    () => ["create trigger t after insert on secrets begin delete from audit_events; end"],
    ": the trigger t is none of secretsfly's",
  ],
  ["an index that is gone", () => ["drop index secrets_name"], ": the index secrets_name is missing"],
  [
    "a table of another shape",
    () => ["alter table guards add column more text"],
    ": the table guards is another than the migrations make",
  ],
  [
    "an event",
    () => ["update audit_events set name = 'X' where id = 5"],
    ": the audit is broken: event 5 was changed",
  ],
];

describe("without a key is found", () => {
  test.each(structural)("%s", async (_what, statements, fault) => {
    const faults = await faultsOf(changed("pragma foreign_keys = off", ...statements()), {
      masterKeys: undefined,
    });
    expect(faults.map((text) => text.slice(0, fault.length))).toContain(fault);
  });

  test("a page that is damaged", async () => {
    const file = changed();
    const bytes = readFileSync(file);
    // The page of a table's root, behind the schema's.
    using database = new Database(file, { readonly: true });
    const name = "select rootpage from sqlite_master where name = 'secret_versions'";
    const [[page]] = database.query(name).values() as [[number]];
    bytes.fill(0xff, (page - 1) * 4096 + 8, page * 4096);
    writeFileSync(file, bytes);
    const { faults, contents } = await verify(file, { masterKeys: undefined });
    expect(faults.map(told)[0]).toStartWith(": SQLite finds damage: ");
    expect(contents).toBeUndefined();
  });

  test("no more of many faults than anybody reads, and their number", async () => {
    const many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)";
    const { faults, faultCount } = await verify(
      changed(
        "pragma foreign_keys = off",
        `${many} insert into views select i + 100, 1, 1, '', x'', x'', 0, 0, 0 from n`,
      ),
    );
    expect(faults.length).toBe(1000);
    expect(faultCount).toBeGreaterThan(1000);
  });
});

/** What somebody did to what is sealed, and all faults that a key then finds. */
const sealed: [string, () => string[], string[]][] = [
  [
    "a value in the place of another version's",
    () => [
      `update secret_versions set sealed_value = (select sealed_value from secret_versions
        where secret_id = ${secretOf("api", "OWN")} and version = 1)
       where secret_id = ${secretOf("api", "OWN")} and version = 2`,
    ],
    ["api prod OWN 2: the value does not open"],
  ],
  [
    "a note in the place of another secret's",
    () => [
      `update secret_versions set sealed_note = (select sealed_note from secret_versions
        where secret_id = ${secretOf("api", "OWN")} and version = 1)
       where secret_id = ${secretOf("shop", "SHARED")}`,
    ],
    ["shop prod SHARED 1: the note does not open"],
  ],
  [
    "an environment key",
    () => [
      `update environment_keys set sealed_environment_key = zeroblob(61)
       where project_id = ${world.ids.api} and environment_id = ${prod}`,
    ],
    ["api prod: its environment key, and with it all that is below, does not open"],
  ],
  [
    "the body of a view",
    () => [
      `update views set sealed_body = sealed_source where project_id = ${world.ids.web} and environment_id = ${prod}`,
    ],
    ["web prod: the body of its view, which apps get, does not open"],
  ],
  [
    "the source of a view",
    () => [
      `update views set sealed_source = x'01' where project_id = ${world.ids.web} and environment_id = ${prod}`,
    ],
    ["web prod: the source of its view does not open"],
  ],
  [
    "the public key of a token",
    () => ["update service_tokens set public_key = zeroblob(32) where id = 1"],
    ["shop dev test: a service token whose public key was changed"],
  ],
  [
    "the sealed key of a token",
    () => [
      "update service_tokens set sealed_key = (select sealed_key from service_tokens where id = 2) where id = 1",
    ],
    ["shop dev test: a service token whose sealed key was changed"],
  ],
  [
    "the sealed public key of a token",
    () => [
      "update service_tokens set sealed_public_key = (select sealed_public_key from service_tokens where id = 2) where id = 1",
    ],
    ["shop dev test: the record of a service token does not open"],
  ],
  [
    "the root key",
    () => ["update root_keys set sealed_root_key = zeroblob(61)"],
    [": the master key in line 1 opens no root project"],
  ],
  [
    "the cost of a root key's derivation",
    () => ["update root_keys set kdf = 'argon2id', memory_kib = 1, passes = 1, parallelism = 1"],
    [": the master key in line 1 opens no root project"],
  ],
];

describe("with the master key is found by its place", () => {
  test.each(sealed)("%s", async (_what, statements, faults) => {
    expect(await faultsOf(changed(...statements()))).toEqual(faults);
  });

  type Part = "source" | "body";

  /** Seals anew a part of a view, changed as only a fault of the program could. */
  async function resealed(part: Part, change: (text: string) => string): Promise<string> {
    const { vault, db } = world.app;
    const root = await openRoot(vault, world.ids.shop, world.masterKey, "masterKey", actor);
    const descent = new Descent(root.rootKey);
    for (const place of await placesOf(vault, await readTree(db, world.ids.shop))) {
      const keys = await descent.open(place, place.row);
      if (place.project.name !== "worker" || place.environment.name !== "prod") continue;
      const view = await viewOf(vault, place);
      const slot = viewSlots(keys, view)[part === "source" ? 0 : 1];
      const before = await open(
        slot.key,
        part === "source" ? view.sealedSource : view.sealedBody,
        slot.context,
      );
      const sealedPart = await seal(slot.key, toBytes(change(toText(before))), slot.context, systemRandom);
      const file = changed();
      using database = new Database(file);
      const here = `where project_id = ${place.project.id} and environment_id = ${place.environment.id}`;
      database.run(`update views set sealed_${part} = ? ${here}`, [sealedPart]);
      return file;
    }
    throw new Error("no such place");
  }

  const views: [string, Part, string, string, string][] = [
    [
      "an own secret with another value",
      "source",
      "overridden by the worker",
      "overridden by nobody",
      "worker prod SHARED: its view has another value, note or version than its newest version",
    ],
    [
      "an inherited secret with another note",
      "source",
      "another note",
      "another letter",
      "worker prod OWN: its view inherits something else than is above",
    ],
    [
      "a secret that apps get with another value",
      "body",
      "second of api prod",
      "first of api prod",
      "worker prod OWN: what apps get is something else than its view's source makes",
    ],
    [
      "a body of the same secrets in other bytes",
      "body",
      '{"secrets":',
      '{ "secrets":',
      "worker prod: what apps get is something else than its view's source makes",
    ],
    [
      "own secrets twice",
      "source",
      '"own":[',
      '"own":[{"name":"SHARED"},',
      "worker prod: its view names secrets twice, or in another order",
    ],
  ];

  test.each([
    ["source", "the source of its view is none that secretsfly writes"],
    ["body", "what apps get is something else than its view's source makes"],
  ] as const)("in a view whose %s is no JSON, and nothing of it is told", async (part, fault) => {
    for (const text of [
      "canary of a value",
      '{"canary',
      "null",
      '{"own":["canary"],"inherited":[],"secrets":7}',
    ])
      expect(await faultsOf(await resealed(part, () => text))).toEqual([`worker prod: ${fault}`]);
  });

  test.each(views)("in a view that was sealed anew %s", async (_what, part, from, to, fault) => {
    const file = await resealed(part, (text) => text.replace(from, to));
    expect(await faultsOf(file)).toEqual([fault]);
  });
});

describe("master keys", () => {
  test("each open the root that they fit, and one that fits none is a fault", async () => {
    const app = await world.app.copy();
    const passphrase = "a passphrase of another root";
    await app.browser().createRoot("other", passphrase);
    const both = await verify(app.file, { masterKeys: [passphrase, world.masterKey] });
    expect([both.faults, both.opened?.roots.map(({ isOpened }) => isOpened)]).toEqual([[], [true, true]]);
    const one = await verify(app.file, { masterKeys: [passphrase] });
    expect([one.faults, one.opened?.roots.map(({ isOpened }) => isOpened)]).toEqual([[], [false, true]]);
    const cheap = copyWith(app.file, folder.path, "update root_keys set memory_kib = 1 where project_id > 1");
    expect(await faultsOf(cheap, { masterKeys: [passphrase] })).toEqual([
      "other: its root key is derived in no way that secretsfly does",
      ": the master key in line 1 opens no root project",
    ]);
    const wrong = await verify(app.file, { masterKeys: [passphrase, "a passphrase of nobody's"] });
    expect(wrong.faults.map(told)).toEqual([": the master key in line 2 opens no root project"]);
    app.close();
  });

  test("that are none are told by their line, and not repeated", async () => {
    const error = await verify(world.app.file, { masterKeys: [world.masterKey, "cocoa"] }).catch(String);
    expect(error).toStartWith("MaintenanceError: the master key in line 2: This passphrase is too short");
    expect(error).not.toContain('too short"');
  });
});

describe("what cannot be verified", () => {
  test("is told by its place and the fault", async () => {
    const newer = changed("insert into migrations values (99, '0099_of_tomorrow', 1)");
    writeFileSync(join(folder.path, "text.db"), "only text ".repeat(1000));
    const faults: [string | undefined, Record<string, string>, string][] = [
      [join(folder.path, "none.db"), {}, "there is no such file"],
      [join(folder.path, "text.db"), {}, "the file is no SQLite database"],
      [newer, {}, "written by a newer secretsfly (it has the migration 0099_of_tomorrow)"],
      [undefined, { DATABASE_URL: "http://127.0.0.1:1" }, "127.0.0.1:1 cannot be read: it does not answer"],
      [undefined, { DATABASE_URL: "nonsense" }, "DATABASE_URL: must be file:PATH"],
    ];
    for (const [file, env, message] of faults) {
      const options = { masterKeys: undefined, keepsVersions: true, clock: Date.now };
      const error = await verifyDatabase({ file, env }, options).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MaintenanceError);
      expect(String(error)).toContain(message);
    }
  });

  test("leaves nothing behind, beside the database or in the temporary folder", async () => {
    const older = ["drop table audit_blinding", "delete from migrations where tag = '0002_audit_blinding'"];
    // The second is looked at in a copy. In a temporary folder of its own: others use the machine's at the same time.
    const files = [changed(), changed(...older)];
    using own = temporaryFolder();
    const before = readdirSync(folder.path);
    const usual = process.env.TMPDIR;
    process.env.TMPDIR = own.path;
    try {
      expect(tmpdir()).toBe(own.path);
      for (const file of files) expect((await verify(file)).faults).toEqual([]);
    } finally {
      if (usual === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = usual;
    }
    expect([readdirSync(folder.path), readdirSync(own.path)]).toEqual([before, []]);
    for (const file of files) expect(existsSync(`${file}-wal`)).toBe(false);
  });
});
