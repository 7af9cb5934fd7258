/** Somebody edits the stored rows. What was sealed for one place opens in no other, and the log names the place. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Context, OpenError } from "../../src/cryptography/aead.ts";
import { bearer, createTestApp, fetchMap, type TestApp, type TestBrowser } from "../harness.ts";
import type { StoredValue } from "../stored.ts";
import { edit } from "./blobs.ts";
import { openAsOwners } from "./owners.ts";
import { adminPassword, createPrey, type Prey } from "./prey.ts";
import { snapshot } from "./snapshot.ts";

let prey: Prey;
beforeAll(async () => {
  prey = await createPrey(createTestApp);
});
afterAll(() => prey.app.close());

/** A change to the copy, and what the app then answers. */
interface Tampering {
  what: string;
  sql: string;
  parameters?: () => StoredValue[];
  status?: number;
  /** The place that the log names. */
  place?: () => Partial<Context>;
}

const thiefId = () => prey.parsed("api dev read").id;

const tamperings: Tampering[] = [
  {
    what: "the token's row points at the parent",
    sql: "update service_tokens set project_id = ? where public_id = ?",
    parameters: () => [prey.ids.shop, thiefId()],
    place: () => ({ purpose: "service-token-view-key", project: prey.ids.shop, name: thiefId() }),
  },
  {
    what: "the token's row points at another environment",
    sql: "update service_tokens set environment_id = 2 where public_id = ?",
    parameters: () => [thiefId()],
    place: () => ({ purpose: "service-token-view-key", environment: "prod", name: thiefId() }),
  },
  {
    what: "the token's rights are edited from read to write",
    sql: "update service_tokens set rights = 'write' where public_id = ?",
    parameters: () => [thiefId()],
    place: () => ({ purpose: "service-token-environment-key", project: prey.ids.api, name: thiefId() }),
  },
  {
    what: "the sealed key of the write token is put beside the read token",
    sql: "update service_tokens set rights = 'write', sealed_key = (select sealed_key from service_tokens where public_id = ?) where public_id = ?",
    parameters: () => [prey.parsed("api dev write").id, thiefId()],
    place: () => ({ purpose: "service-token-environment-key", name: thiefId() }),
  },
  {
    what: "the parent's token row is given this token's id, verifier and public key",
    sql: "update service_tokens set public_id = 'gone' where public_id = ?1; update service_tokens set public_id = ?1, (verifier_hash, public_key) = (select verifier_hash, public_key from service_tokens where public_id = 'gone') where public_id = ?2",
    parameters: () => [thiefId(), prey.parsed("shop dev read").id],
    place: () => ({ purpose: "service-token-view-key", project: prey.ids.shop, name: thiefId() }),
  },
  {
    what: "the parent's key is put beside the token, with the parent's project",
    sql: "update service_tokens set (sealed_key, project_id) = (select sealed_key, project_id from service_tokens where public_id = ?) where public_id = ?",
    parameters: () => [prey.parsed("shop dev read").id, thiefId()],
    place: () => ({ purpose: "service-token-view-key", project: prey.ids.shop, name: thiefId() }),
  },
  {
    what: "the parent's verifier is put beside the token",
    sql: "update service_tokens set verifier_hash = (select verifier_hash from service_tokens where public_id = ?) where public_id = ?",
    parameters: () => [prey.parsed("shop dev read").id, thiefId()],
    status: 401,
  },
  {
    what: "the generation of the token's key is edited",
    sql: "update service_tokens set generation = 2 where public_id = ?",
    parameters: () => [thiefId()],
    place: () => ({ purpose: "service-token-view-key", generation: 2 }),
  },
  {
    what: "the environments change names",
    sql: "update environments set name = case id when 1 then 'swap' else name end; update environments set name = 'dev' where id = 2; update environments set name = 'prod' where id = 1",
    place: () => ({ purpose: "service-token-view-key", environment: "prod" }),
  },
  {
    what: "the response of another environment is copied in, with its revision",
    sql: "update views set (sealed_body, revision) = (select sealed_body, revision from views where project_id = ?1 and environment_id = 2) where project_id = ?1 and environment_id = 1",
    parameters: () => [prey.ids.api],
    place: () => ({ purpose: "view-body", project: prey.ids.api, environment: "dev" }),
  },
  {
    what: "the response of the sibling is copied in, with its revision",
    sql: "update views set (sealed_body, revision) = (select sealed_body, revision from views where project_id = ?2 and environment_id = 1) where project_id = ?1 and environment_id = 1",
    parameters: () => [prey.ids.api, prey.ids.web],
    place: () => ({ purpose: "view-body", project: prey.ids.api, environment: "dev" }),
  },
  {
    what: "the view's source is put in place of its response",
    sql: "update views set sealed_body = sealed_source",
    place: () => ({ purpose: "view-body", project: prey.ids.api, environment: "dev" }),
  },
  {
    what: "an old response is replayed under the new revision",
    sql: "update views set sealed_body = ?2 where project_id = ?1 and environment_id = 1",
    parameters: () => [prey.ids.api, prey.oldBody],
    place: () => ({ purpose: "view-body", project: prey.ids.api, environment: "dev", version: 5 }),
  },
  {
    what: "the revision of the response is edited",
    sql: "update views set revision = revision - 1",
    place: () => ({ purpose: "view-body", version: 4 }),
  },
  {
    what: "the response is cut off",
    sql: "update views set sealed_body = substr(sealed_body, 1, length(sealed_body) - 1)",
    place: () => ({ purpose: "view-body" }),
  },
  {
    what: "the response is emptied",
    sql: "update views set sealed_body = x''",
    place: () => ({ purpose: "view-body" }),
  },
  {
    what: "the format's version byte is changed",
    sql: "update views set sealed_body = cast(x'02' || substr(sealed_body, 2) as blob)",
    place: () => ({ purpose: "view-body" }),
  },
];

/** The places that the log names, of data that did not open. */
function placesInLog(logs: readonly string[]): Context[] {
  return logs.map((line) => JSON.parse(line) as { place?: Context }).flatMap(({ place }) => place ?? []);
}

/** What no answer to a tampered row may hold. */
const hidden = ["sfly_", "value of", "note on"];

describe("rows that were moved, swapped, replayed or edited do not open", () => {
  test("without an edit the token reads: the copy itself is good", async () => {
    const copy = await prey.app.copy();
    expect(await fetchMap(copy, prey.token("api dev read"))).toHaveProperty("OWN", "new value of api dev");
    copy.close();
  });

  for (const { what, sql, parameters, status = 500, place } of tamperings) {
    test(`${what}: ${status}`, async () => {
      const copy = await prey.app.copy(async ({ stored }) => {
        expect(await edit(stored, sql, parameters?.())).toBeGreaterThan(0);
      });
      const response = await copy.request("/api/secrets", { headers: bearer(prey.token("api dev read")) });
      expect(response.status).toBe(status);
      const body = await response.text();
      if (status === 500) expect(body).toContain("Stored data does not open");
      for (const text of hidden) expect(body).not.toContain(text);
      if (place) expect(placesInLog(copy.logs)).toContainEqual(expect.objectContaining(place()));
      copy.close();
    });
  }
});

test("rights edited from read to write change nothing, and are not even told", async () => {
  const copy = await prey.app.copy(({ stored }) =>
    stored.write("update service_tokens set rights = 'write' where public_id = ?", thiefId()),
  );
  const before = await snapshot(copy);
  const headers = { ...bearer(prey.token("api dev read")), "Content-Type": "application/json" };
  for (const [method, path, body] of [
    ["PUT", "/api/secrets/OWN", '{"value":"mine"}'],
    ["PATCH", "/api/secrets", '{"set":{"OWN":"mine"}}'],
    ["DELETE", "/api/secrets/OWN", undefined],
    ["GET", "/api/token", undefined],
  ] as const) {
    const response = await copy.request(path, { method, headers, ...(body && { body }) });
    expect(`${method} ${path} ${response.status}`).toBe(`${method} ${path} 500`);
  }
  expect(await snapshot(copy)).toEqual(before);
  copy.close();
});

/** A change to the copy, and what an admin who holds the master key is then answered. */
interface AdminTampering {
  what: string;
  sql: string;
  parameters?: () => StoredValue[];
  act: (admin: TestBrowser, copy: TestApp) => Promise<Response>;
  status: number;
  place?: () => Partial<Context>;
}

const secretsOf = (project: "shop" | "api" | "web", environment = "dev") =>
  `/admin/projects/${prey.ids[project]}/environments/${environment}/secrets`;

const adminTamperings: AdminTampering[] = [
  {
    what: "a sibling's environment key is put in place of a child's",
    sql: "update environment_keys set sealed_environment_key = (select sealed_environment_key from environment_keys where project_id = ?2 and environment_id = 1) where project_id = ?1 and environment_id = 1",
    parameters: () => [prey.ids.api, prey.ids.web],
    act: (admin) => admin.get(`${secretsOf("api")}?decrypt=true`),
    status: 500,
    place: () => ({ purpose: "environment-key", project: prey.ids.api, environment: "dev" }),
  },
  {
    what: "the environment key of prod is put in place of dev's",
    sql: "update environment_keys set sealed_environment_key = (select sealed_environment_key from environment_keys where project_id = ?1 and environment_id = 2) where project_id = ?1 and environment_id = 1",
    parameters: () => [prey.ids.shop],
    act: (admin) => admin.get(secretsOf("shop")),
    status: 500,
    place: () => ({ purpose: "environment-key", project: prey.ids.shop, environment: "dev" }),
  },
  {
    what: "a sibling's source is put in place of a child's, with its revision",
    sql: "update views set (sealed_source, revision) = (select sealed_source, revision from views where project_id = ?2 and environment_id = 1) where project_id = ?1 and environment_id = 1",
    parameters: () => [prey.ids.api, prey.ids.web],
    act: (admin) => admin.get(secretsOf("api")),
    status: 500,
    place: () => ({ purpose: "view-source", project: prey.ids.api, environment: "dev" }),
  },
  {
    what: "a project is hung below another one",
    sql: "update projects set parent_id = ?1 where id = ?2",
    parameters: () => [prey.ids.api, prey.ids.web],
    act: (admin) => admin.get(secretsOf("web")),
    status: 500,
    place: () => ({ purpose: "environment-key", project: prey.ids.web, environment: "dev" }),
  },
  {
    what: "a project is hung below the one that a write token writes to",
    sql: "update projects set parent_id = ?1 where id = ?2",
    parameters: () => [prey.ids.api, prey.ids.web],
    act: (_admin, copy) =>
      copy.request("/api/secrets/NEW", {
        method: "PUT",
        headers: { ...bearer(prey.token("api dev write")), "Content-Type": "application/json" },
        body: '{"value":"x"}',
      }),
    status: 500,
    place: () => ({ purpose: "environment-key", project: prey.ids.web, environment: "dev" }),
  },
  {
    what: "another root's key is put in place of this one's",
    sql: "update root_keys set (sealed_root_key, salt, kdf, memory_kib, passes, parallelism) = (select sealed_root_key, salt, kdf, memory_kib, passes, parallelism from root_keys where project_id = ?2) where project_id = ?1",
    parameters: () => [prey.ids.shop, prey.ids.bank],
    act: (admin) => admin.unseal(prey.ids.shop, "a passphrase of the bank"),
    status: 422,
  },
  {
    what: "a passphrase's derivation is made cheaper",
    sql: "update root_keys set memory_kib = 8 where project_id = ?",
    parameters: () => [prey.ids.bank],
    act: (admin) => admin.unseal(prey.ids.bank, "a passphrase of the bank"),
    status: 500,
  },
  {
    what: "a passphrase's derivation is made to eat the machine",
    sql: "update root_keys set memory_kib = 1073741824 where project_id = ?",
    parameters: () => [prey.ids.bank],
    act: (admin) => admin.unseal(prey.ids.bank, "a passphrase of the bank"),
    status: 500,
  },
];

describe("keys and sources that were moved do not open for an admin either", () => {
  for (const { what, sql, parameters, act, status, place } of adminTamperings) {
    test(`${what}: ${status}, and nothing is written`, async () => {
      const copy = await prey.app.copy(async ({ stored }) => {
        expect(await edit(stored, sql, parameters?.())).toBeGreaterThan(0);
      });
      const admin = copy.browser();
      await admin.post("/admin/sign-in", { password: adminPassword });
      await admin.unseal(prey.ids.shop, prey.shopMasterKey);
      const { audit_events: _events, ...before } = await snapshot(copy);
      const response = await act(admin, copy);
      expect(response.status).toBe(status);
      const body = await response.text();
      for (const text of hidden) expect(body).not.toContain(text);
      if (place) expect(placesInLog(copy.logs)).toContainEqual(expect.objectContaining(place()));
      expect(await snapshot(copy)).toMatchObject(before);
      copy.close();
    });
  }
});

/** Versions are swapped; the owners' own opening then says where. */
const versionSwaps = [
  {
    what: "between two names",
    sql: "update secret_versions set sealed_value = (select sealed_value from secret_versions join secrets on id = secret_id where project_id = ?1 and environment_id = 1 and name = 'REF' and secret_versions.version = 1) where version = 1 and secret_id = (select id from secrets where project_id = ?1 and environment_id = 1 and name = 'OWN')",
    place: { purpose: "secret-value", name: "OWN", version: 1 },
  },
  {
    what: "between two versions of one name",
    sql: "update secret_versions set sealed_value = (select sealed_value from secret_versions join secrets on id = secret_id where project_id = ?1 and environment_id = 1 and name = 'OWN' and secret_versions.version = 1) where version = 2 and secret_id = (select id from secrets where project_id = ?1 and environment_id = 1 and name = 'OWN')",
    place: { purpose: "secret-value", name: "OWN", version: 2 },
  },
  {
    what: "between a value and its note",
    sql: "update secret_versions set sealed_note = sealed_value where version = 2 and secret_id = (select id from secrets where project_id = ?1 and environment_id = 1 and name = 'OWN')",
    place: { purpose: "secret-note", name: "OWN", version: 2 },
  },
  {
    what: "by renaming the secret",
    sql: "update secrets set name = 'RENAMED' where project_id = ?1 and environment_id = 1 and name = 'OWN'",
    place: { purpose: "secret-value", name: "RENAMED" },
  },
];

describe("versions that were moved do not open", () => {
  for (const { what, sql, place } of versionSwaps) {
    test(what, async () => {
      const copy = await prey.app.copy(async ({ stored }) => {
        expect(await edit(stored, sql, [prey.ids.api])).toBe(1);
      });
      const opening = openAsOwners(copy.stored, prey.owners);
      const error = await opening.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(OpenError);
      expect((error as OpenError).context).toMatchObject({
        project: prey.ids.api,
        environment: "dev",
        ...place,
      });
      copy.close();
    });
  }
});
