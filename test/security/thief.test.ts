/**
 * Somebody has a copy of the database with its WAL, the configuration, and valid service tokens of one
 * environment of a child project; and all of this program's code. What opens?
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { contextBytes, importAeadKey, open } from "../../src/cryptography/aead.ts";
import { type Bytes, toText } from "../../src/cryptography/bytes.ts";
import { fetchMap } from "../harness.ts";
import {
  adminPassword,
  blobsOf,
  createPrey,
  derived,
  isSealed,
  loot,
  openAsOwners,
  openTokenKeys,
  type Prey,
  plausibleContexts,
} from "./prey.ts";

let prey: Prey;
beforeAll(async () => {
  prey = await createPrey();
});
afterAll(() => prey.app.close());

const names = (found: Map<string, Bytes>) => [...found.keys()].sort();

describe("a thief with the files and a read token", () => {
  test("the owners open every sealed place of every table: nothing is left out of these tests", async () => {
    const sealed = blobsOf(prey.file).filter(isSealed);
    expect(names(await openAsOwners(prey))).toEqual(sealed.map(({ place }) => place).sort());
    const others = blobsOf(prey.file).filter((blob) => !isSealed(blob));
    expect([...new Set(others.map(({ column }) => column))].sort()).toEqual([
      "blinding",
      "hash",
      "public_key",
      "salt",
      "verifier_hash",
    ]);
  });

  test("opens the response of that environment and the key that the token was given, and nothing else", async () => {
    const { id } = prey.parsed("api dev read");
    const found = await loot(prey, [prey.parsed("api dev read")]);
    expect(names(found)).toEqual(["api dev sealed_body", `api dev sealed_key test ${id}`]);
    expect(toText(found.get("api dev sealed_body") ?? new Uint8Array())).toMatch(
      /"OWN","value":"new value of api dev".*"REF","value":"value of shop dev!".*"SHARED","value":"value of shop dev"/,
    );
  });

  test("gains nothing from more read tokens of the same environment", async () => {
    const held = ["api dev read", "api dev read 2", "api dev read 3"].map(prey.parsed);
    const keys = held.map(({ id }) => `api dev sealed_key test ${id}`);
    expect(names(await loot(prey, held))).toEqual(["api dev sealed_body", ...keys].sort());
  });

  test("sees in the response no overridden value, no note, no old or deleted version", async () => {
    const found = await loot(prey, [prey.parsed("api dev read")]);
    const text = toText(found.get("api dev sealed_body") ?? new Uint8Array());
    for (const hidden of ["hidden", "note on", "old value", "deleted", "GONE", "prod", "worker", "web"]) {
      expect(text).not.toContain(hidden);
    }
  });

  test("finds no context, of all that are used, in which the program's own code opens more", async () => {
    const blobs = blobsOf(prey.file).filter(isSealed);
    const given = [...(await openTokenKeys([prey.parsed("api dev read")], blobs)).values()];
    const raw = [...given, prey.parsed("api dev read").secret].flatMap(derived);
    const keys = await Promise.all(raw.map((key) => importAeadKey(key.slice())));
    const opened: string[] = [];
    for (const blob of blobs.filter(({ column }) => column !== "sealed_key")) {
      for (const context of plausibleContexts(blob, blobs)) {
        for (const key of keys) {
          const content = await open(key, blob.bytes, context).catch(() => undefined);
          if (content) opened.push(`${blob.place} as ${toText(contextBytes(context))}`);
        }
      }
    }
    expect(opened).toEqual([`api dev sealed_body as secretsfly/v1/view-body|${prey.ids.api}|dev||5|1`]);
  }, 60_000);

  test("runs the stolen database with the password of the configuration, and finds every project sealed", async () => {
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
});

test("a write token opens the source, versions and notes of its environment and of the children's, no further", async () => {
  const { id } = prey.parsed("api dev write");
  const found = await loot(prey, [prey.parsed("api dev write")]);
  const within = blobsOf(prey.file)
    .filter((blob) => isSealed(blob) && blob.column !== "sealed_key")
    .map(({ place }) => place)
    .filter((place) => /^(?:api|worker) dev /.test(place) && place !== "api dev sealed_environment_key");
  expect(within).toContain("api dev sealed_source");
  expect(within).toContain("api dev sealed_value OWN 1");
  expect(within).toContain("worker dev sealed_environment_key");
  // Its own environment key it was given; the wrapped copy of it opens with the parent's only.
  expect(names(found)).toEqual([...within, `api dev sealed_key test ${id}`].sort());
});
