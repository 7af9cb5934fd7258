/**
 * Somebody took the database with its WAL, the settings, the logs and every backup of some days in which values changed,
 * tokens were revoked and expired, and the master key was rotated; and all read tokens of one environment of a child
 * project that there ever were. They have all of this program's code. What opens?
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { open } from "../../src/cryptography/aead.ts";
import { encodeSecret } from "../../src/cryptography/base62.ts";
import { toText } from "../../src/cryptography/bytes.ts";
import { deriveWrappingKey, type KeyDerivation, parseMasterKey } from "../../src/cryptography/master-key.ts";
import type { ServiceToken } from "../../src/cryptography/service-token.ts";
import { createFileApp, fetchMap } from "../harness.ts";
import { type Blob, blobColumns } from "./blobs.ts";
import { createHaul, type Haul } from "./haul.ts";
import { derived, Hoard, loot, opensAs, openTokenKeys } from "./loot.ts";
import { contextOf, plausibleContexts } from "./owners.ts";
import { adminPassword, configuration, createPrey, type Prey } from "./prey.ts";

let haul: Haul;
let hoard: Hoard;
beforeAll(async () => {
  haul = await createHaul();
  hoard = await Hoard.of(haul.copies, haul.prey.owners);
});
afterAll(() => haul[Symbol.dispose]());

/** BLOBs that are not sealed, and why they may be known. */
const plainColumns: Readonly<Record<string, string>> = {
  "root_keys.salt": "makes each derivation one of its own, and is no secret",
  "service_tokens.verifier_hash": "a hash of 256 random bits",
  "service_tokens.public_key": "public",
  "audit_events.hash": "of what is in plain sight",
  "audit_blinding.blinding": "hides the hashes of the audit from who has no database",
};

const all = () => Object.values(haul.held).flat();
const sorted = (places: Iterable<string>) => [...places].sort();

/** `copy: place` of all that is for somebody who holds these tokens. */
function due(held: readonly ServiceToken[]): string[] {
  const ids = new Set(held.map(({ id }) => id));
  const isTheirKey = ({ target, row, bytes }: Blob) =>
    target === "sealed_key" && ids.has(String(row.public_id)) && bytes.length > 0;
  const isTheirBody = ({ target, row }: Blob) =>
    target === "sealed_body" && row.project === "api" && row.environment === "dev";
  const sealed = [...hoard.sealed.values()];
  return sealed.flatMap(({ places, blob }) => (isTheirKey(blob) || isTheirBody(blob) ? places : []));
}

describe("a thief with everything that lies about, and every read token of one environment", () => {
  test("is tried on every sealed column that the schema has, in databases that have something in it", () => {
    const seen = new Set([...hoard.sealed.values()].map(({ blob }) => `${blob.table}.${blob.column}`));
    const columns = blobColumns();
    expect(columns.filter((column) => !seen.has(column)).sort()).toEqual(Object.keys(plainColumns).sort());
    expect(columns.filter((column) => column.includes("sealed_")).sort()).toEqual(sorted(seen));
    // The owners open all of it, so the truth is known of every place of every copy.
    const lost = hoard.blobs.filter(
      ({ column, bytes }) =>
        column.startsWith("sealed_") && bytes.length > 0 && !hoard.sealed.has(bytes.toHex()),
    );
    expect(lost.map(({ place }) => place)).toEqual([]);
    expect(haul.copies.length).toBe(9);
  });

  test("opens the keys that those tokens were given and the bodies of that view, and nothing else", async () => {
    const found = await loot(hoard, all(), haul.texts);
    expect(sorted(found.keys())).toEqual(sorted(due(all())));
    const bodies = [...found].filter(([place]) => place.endsWith("sealed_body"));
    expect(new Set(bodies.map(([, content]) => toText(content)))).toEqual(new Set(haul.served));
  });

  test("sees in those bodies no overridden value, no note, no older or deleted version than apps got", () => {
    const texts = [...haul.served].join();
    expect(texts).toContain("rotated value of api dev");
    for (const hidden of [
      "hidden",
      "note on",
      "old value",
      "deleted",
      "GONE",
      "prod",
      "worker",
      "web",
      "bank",
    ])
      expect(texts).not.toContain(hidden);
  });

  test("gains nothing from many tokens that one would not give", async () => {
    const [one] = haul.held.live;
    if (!one) throw new Error("no token");
    const bodies = (places: Iterable<string>) =>
      sorted(places).filter((place) => place.endsWith("sealed_body"));
    expect(bodies((await loot(hoard, [one])).keys())).toEqual(bodies(due(all())));
  });

  const over: [string, keyof Haul["held"], string[]][] = [
    ["that was revoked", "revoked", ["the first backup", "after a change"]],
    [
      "that has expired",
      "expired",
      [
        "the first backup",
        "after a change",
        "the files after the revocation",
        "after the revocation",
        "after the expiry",
        "the files during the rotation",
      ],
    ],
    [
      "that a rotation revoked",
      "revokedByRotation",
      [
        "the first backup",
        "after a change",
        "the files after the revocation",
        "after the revocation",
        "after the expiry",
        "the files during the rotation",
      ],
    ],
    ["that was made after a rotation", "made later", ["the last backup", "the files of today"]],
  ];
  test.each(over)(
    "with one token alone, %s, opens copies of its own time only",
    async (_what, fate, copies) => {
      const found = await loot(hoard, haul.held[fate]);
      const opened = new Set([...found.keys()].map((place) => place.split(": ")[0] ?? ""));
      // The same key and the same body are in later copies, too: what is counted is where the token has its own key.
      const keys = [...found.keys()].filter((place) => place.includes("sealed_key"));
      expect(sorted(new Set(keys.map((place) => place.split(": ")[0] ?? "")))).toEqual(sorted(copies));
      const isAfter = [...opened].some((copy) => ["after the rotation", "the last backup"].includes(copy));
      expect(isAfter).toBe(fate === "made later");
    },
  );

  test("finds no context, of all that are used, in which those keys open more", async () => {
    const given = [...(await openTokenKeys(all(), hoard)).values()].flatMap(derived);
    const keys = new Map(given.map((key) => [key.toHex(), key])).values().toArray();
    const sealed = hoard.sealedAtRest().map(({ blob }) => blob);
    const opened = sealed.flatMap((blob) => {
      const contexts = plausibleContexts(blob, sealed);
      return keys.flatMap((key) => opensAs(key, blob.bytes, contexts).map((text) => ({ blob, text })));
    });
    expect(opened.length).toBeGreaterThanOrEqual(haul.served.size);
    for (const { blob, text } of opened) {
      const { revision, generation } = blob.row;
      expect([blob.target, text]).toEqual([
        "sealed_body",
        `secretsfly/v1/view-body|${haul.prey.ids.api}|dev||${revision}|${generation}`,
      ]);
    }
  });

  test("holds no text that is a master key", async () => {
    const roots = [...hoard.sealed.values()].filter(({ blob }) => blob.target === "sealed_root_key");
    expect(roots.length).toBe(3);
    const texts = [
      ...Object.values(configuration),
      ...all().map(({ id, secret }) => `sfly_${id}_${encodeSecret(secret)}`),
    ];
    for (const { blob } of roots) {
      const { kdf, salt, memory_kib, passes, parallelism, project_id } = blob.row;
      const derivation = {
        kdf,
        salt: new Uint8Array(salt as Uint8Array),
        memoryKib: memory_kib,
        passes,
        parallelism,
      };
      for (const text of texts.filter((candidate) => candidate.length >= 12 && !candidate.includes(":"))) {
        const key = await deriveWrappingKey(
          parseMasterKey(text),
          derivation as KeyDerivation,
          Number(project_id),
        );
        const opening = open(key, blob.bytes, contextOf(blob));
        expect(await opening.then(() => text).catch(() => "does not open")).toBe("does not open");
      }
    }
  });

  test("finds no key and no value in the bytes of the files, of the WAL, the settings and the logs", () => {
    const secret = [...hoard.sealed.values()].filter(({ blob }) => !blob.target.endsWith("public_key"));
    const contents = secret.map(({ truth }) => Buffer.from(truth)).filter(({ length }) => length >= 12);
    const keys = contents
      .filter(({ length }) => length === 32)
      .flatMap((key) => derived(new Uint8Array(key)));
    const tokens = all().map((token) => token.secret);
    const needles = [
      ...contents,
      ...keys.map((key) => Buffer.from(key)),
      ...tokens.map((key) => Buffer.from(key)),
    ];
    const found = haul.files.flatMap((file) => needles.filter((needle) => file.includes(needle)));
    expect(found).toEqual([]);
    const texts = haul.texts.join("\n");
    const written = needles.flatMap((needle) => [
      needle.toString("hex"),
      needle.toString("base64").replace(/=+$/, ""),
      needle.toString("base64url"),
      needle.length === 32 ? encodeSecret(new Uint8Array(needle)) : needle.toString(),
      needle.toString(),
    ]);
    expect(written.filter((text) => texts.includes(text))).toEqual([]);
    for (const masterKey of haul.prey.owners.masterKeys) expect(texts).not.toContain(masterKey);
  });
});

describe("what is held alone", () => {
  let prey: Prey;
  beforeAll(async () => {
    prey = await createPrey(createFileApp);
  });
  afterAll(() => prey.app.close());

  test("the password of the settings runs the stolen database, and finds every project sealed", async () => {
    const stolen = await prey.app.copy();
    const thief = stolen.browser();
    await thief.post("/admin/sign-in", { password: adminPassword });
    for (const key of [prey.token("api dev read"), adminPassword, prey.parsed("api dev read").id.repeat(2)]) {
      for (const project of [prey.ids.shop, prey.ids.api, prey.ids.bank]) {
        expect((await thief.unseal(project, key)).status).toBe(422);
      }
    }
    for (const project of Object.values(prey.ids)) {
      for (const environment of ["dev", "prod"]) {
        const path = `/admin/projects/${project}/environments/${environment}/secrets?decrypt=true`;
        expect((await thief.get(path)).status).toBe(303);
      }
    }
    expect(await fetchMap(stolen, prey.token("api dev read"))).toEqual({
      OWN: "new value of api dev",
      REF: "value of shop dev!",
      SHARED: "value of shop dev",
    });
    stolen.close();
  });

  test("a write token opens the source, versions, notes and records of its environment and of the children's, no further", async () => {
    const { id } = prey.parsed("api dev write");
    const copies = await Hoard.of([{ what: "copy", file: prey.app.file }], prey.owners);
    const found = await loot(copies, [prey.parsed("api dev write")]);
    const within = copies
      .sealedAtRest()
      .flatMap(({ places }) => places)
      .filter(
        (place) =>
          /^copy: (?:api|worker) dev /.test(place) && !place.endsWith("api dev sealed_environment_key"),
      );
    expect(within).toContain("copy: api dev sealed_source");
    expect(within).toContain("copy: api dev sealed_value OWN 1");
    expect(within).toContain("copy: worker dev sealed_environment_key");
    // Its own environment key it was given; the wrapped copy of it opens with the parent's only.
    expect(sorted(found.keys())).toEqual(sorted([...within, `copy: api dev sealed_key test ${id}`]));
  });
});
