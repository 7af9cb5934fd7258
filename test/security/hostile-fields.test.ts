/** Fields that nobody asked for: those of a row, which a form must not write, and those that every object has. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { getTableColumns, is } from "drizzle-orm";
import { SQLiteTable } from "drizzle-orm/sqlite-core";
import * as schema from "../../src/database/schema.ts";
import { bearer, createTestApp, type Fields, fetchMap, type TestApp } from "../harness.ts";
import { send } from "./battery/answers.ts";
import { type AdminRoute, adminRoutes, allRoutes, apiRoutes, methodOf, pathOf } from "./battery/routes.ts";
import { createWorld, signIn, type World } from "./battery/world.ts";
import { snapshot } from "./snapshot.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.app.close());

/** Every column that there is, as the code and as the database calls it. */
const columns = Object.values(schema)
  .filter((table) => is(table, SQLiteTable))
  .flatMap((table) => Object.entries(getTableColumns(table)).flatMap(([key, { name }]) => [key, name]));

/** What forms do have, by who has it. */
const asked: Record<string, (route: string) => boolean> = {
  name: () => true,
  description: () => true,
  at: () => true,
  parentId: (route) => /\/projects(\/:id\/edit)?$/.test(route),
  version: (route) => route.endsWith("/rollback"),
  rights: (route) => route.endsWith("/service-tokens"),
  environment: (route) => route.endsWith("/service-tokens"),
  allowedIps: (route) => route.endsWith("/service-tokens"),
};

/** Values that would do harm if they were stored. */
const values = (name: string): string =>
  ({ rights: "write", allowedIps: "0.0.0.0/0", kdf: "argon2id" })[name] ?? "77";

/** All rows of a database, without what differs by chance. */
async function rowsOf({ stored }: TestApp): Promise<Record<string, unknown[]>> {
  const tables = await stored.read("select name from sqlite_master where type = 'table'");
  const byChance = ["public_id", "body_id", "request_id", "rotation"];
  const plain = ([name, value]: [string, unknown]) => {
    if (value instanceof Uint8Array) return [name, `${value.length} bytes`];
    if (byChance.includes(name)) return [name, typeof value];
    return [name, typeof value === "string" ? value.replace(/^session:\w+$/, "session") : value];
  };
  const contents = await stored.readAll(tables.map(({ name }) => `select * from "${name}"`));
  const rows = tables.map(({ name }, i) => [
    name,
    contents[i]?.map((row) => Object.fromEntries(Object.entries(row).map(plain))),
  ]);
  return Object.fromEntries(rows) as Record<string, unknown[]>;
}

/** What a route leaves in the database when it is sent these fields more, in the form and in the address. */
async function leftBy(route: string, row: AdminRoute, more: Fields): Promise<unknown> {
  const copy = await world.app.copy();
  const admin = await signIn(copy);
  await admin.unseal(world.shop, world.masterKey);
  const query = new URLSearchParams(more as Record<string, string>);
  const { status } = await send(admin, route, `${row.path(world)}?${query}`, {
    ...more,
    ...row.fields?.(world),
  });
  const left = { status, rows: await rowsOf(copy) };
  copy.close();
  return left;
}

describe("columns that a form has no field for are not written:", () => {
  const posts = Object.entries(adminRoutes).filter(([route]) => methodOf(route) === "POST");
  for (const [route, row] of posts) {
    test(route, async () => {
      const extra = columns.filter((name) => asked[name]?.(route) !== true);
      expect(extra).toContain("id");
      const more = Object.fromEntries(extra.map((name) => [name, values(name)]));
      expect(await leftBy(route, row, more)).toEqual(await leftBy(route, row, {}));
    });
  }

  for (const [route, row] of Object.entries(apiRoutes).filter(([, { body }]) => body !== undefined)) {
    test(`${route}: they are refused`, async () => {
      const { app, tokens } = world;
      const before = await snapshot(app);
      const fields = columns.filter((name) => name !== "note");
      for (const name of [...fields, "projectId", "environment", "isAdmin"]) {
        const body = JSON.stringify({ ...JSON.parse(row.body ?? "{}"), [name]: 77 });
        const headers = { ...bearer(tokens.write), "Content-Type": "application/json" };
        const response = await app.request(row.path, { method: methodOf(route), headers, body });
        expect(`${name} ${response.status}`).toBe(`${name} 422`);
      }
      expect(await snapshot(app)).toEqual(before);
    });
  }
});

describe("nothing that is sent becomes a property of every object:", () => {
  const former = Object.getOwnPropertyNames(Object.prototype).sort();
  afterEach(() => {
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(former);
    expect(Object.getOwnPropertyNames(Array.prototype)).not.toContain("polluted");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  const fields: Fields = Object.fromEntries(
    [
      "__proto__[polluted]",
      "__proto__.polluted",
      "__proto__[]",
      "[__proto__][polluted]",
      "constructor[prototype][polluted]",
      "constructor.prototype.polluted",
      "name[__proto__][polluted]",
      "names[constructor][prototype][polluted]",
      "toString",
    ].map((name) => [name, "polluted"]),
  );

  for (const route of allRoutes) {
    test(`fields at ${route}`, async () => {
      const copy = await world.app.copy();
      const admin = await signIn(copy);
      await admin.unseal(world.shop, world.masterKey);
      const path = pathOf(world, route);
      const query = `${path.includes("?") ? "&" : "?"}${new URLSearchParams(fields as Record<string, string>)}&__proto__=polluted&__proto__=2`;
      const headers = { ...bearer(world.tokens.write), "Content-Type": "application/json" };
      const row = adminRoutes[route];
      const { status } = row
        ? await send(admin, route, path + query, { ...fields, ["__proto__"]: "x", ...row.fields?.(world) })
        : await copy.request(path + query, {
            method: methodOf(route),
            headers,
            body: apiRoutes[route]?.body ?? null,
          });
      expect(status).toBeLessThan(500);
      copy.close();
    });
  }

  const bodies = [
    '{"__proto__":{"polluted":"1"}}',
    '{"value":"x","__proto__":{"note":"polluted","polluted":"1"}}',
    '{"value":"x","\\u005f_proto__":{"polluted":"1"}}',
    '{"value":"x","constructor":{"prototype":{"polluted":"1"}}}',
    '{"set":{"A":"x","__proto__":{"polluted":"1"}}}',
    '{"set":{"constructor":{"prototype":{"polluted":"1"}}}}',
    '{"set":{"A":{"__proto__":{"polluted":"1"}}}}',
    '{"set":[["__proto__",{"polluted":"1"}]]}',
    '{"delete":{"__proto__":["polluted"]}}',
    '{"delete":["__proto__"]}',
    '[{"__proto__":{"polluted":"1"}}]',
    '{"set":{"__proto__":null}}',
  ];
  test("bodies of the API, which are refused", async () => {
    const { app, tokens } = world;
    const before = await snapshot(app);
    for (const body of bodies) {
      for (const [method, path] of [
        ["PUT", "/api/secrets/A"],
        ["PATCH", "/api/secrets"],
      ] as const) {
        const headers = { ...bearer(tokens.write), "Content-Type": "application/json" };
        const response = await app.request(path, { method, headers, body });
        expect([body, [404, 422].includes(response.status)]).toEqual([body, true]);
      }
    }
    expect(await snapshot(app)).toEqual(before);
  });

  const texts = [
    "__proto__=x\nconstructor=y\nA=z",
    "__proto__.polluted=x",
    "export __proto__='x'",
    '{"__proto__":{"polluted":"1"},"A":"x"}',
    '{"__proto__":"x","constructor":"y","A":"z"}',
    '{"constructor":{"prototype":{"polluted":"1"}}}',
    '{"secrets":[{"name":"A","value":"x","__proto__":{"polluted":"1"}}]}',
    '[{"key":"__proto__","value":{"polluted":"1"}}]',
    "__proto__: x\nconstructor: y\nA: z",
    "__proto__:\n  polluted: x",
    "A: &a {polluted: x}\n__proto__: *a",
    "<<: {polluted: x}\nA: b",
    "? __proto__\n: {polluted: x}",
    "!!js/object {polluted: x}",
    '!!js/function "function () { return 1 }"',
    'A: !!python/object/apply:os.system ["true"]',
    "apiVersion: v1\nkind: Secret\ndata:\n  __proto__: eA==\n",
    "apiVersion: v1\nkind: Secret\n__proto__:\n  polluted: x\nstringData: {A: x}\n",
  ];
  test("texts that are imported: of some the secrets of these names are taken, and nothing else", async () => {
    for (const text of texts) {
      const copy = await world.app.copy();
      const admin = await signIn(copy);
      await admin.unseal(world.shop, world.masterKey);
      const path = `/admin/projects/${world.shop}/environments/dev/import`;
      const { status } = await admin.post(path, { text, confirm: "true" });
      expect([text, [200, 303, 422].includes(status)]).toEqual([text, true]);
      const map = await fetchMap(copy, world.tokens.read);
      const known = ["SHOP_SECRET", "A", "__proto__", "constructor"];
      expect(Object.keys(map).filter((name) => !known.includes(name))).toEqual([]);
      copy.close();
    }
  });
});

test("environments, projects and tokens that are called as every object's properties work like others", async () => {
  const environments = ["constructor", "toString", "hasOwnProperty", "valueOf", "prototype"];
  const app = await createTestApp({ AVAILABLE_ENVIRONMENTS: environments.join() });
  const admin = app.browser();
  for (const name of ["__proto__", "constructor", "hasOwnProperty"]) {
    const { id } = await admin.createRoot(name);
    const child = await admin.createChild("__proto__", id);
    for (const environment of environments) {
      await admin.save(id, environment, { [environment]: `of ${name}`, ["__proto__"]: environment });
      const token = await admin.createToken(child, environment, "write", { name: "__proto__" });
      const expected = new Map([
        ["__proto__", environment],
        [environment, `of ${name}`],
      ]);
      const map = new Map(Object.entries(await fetchMap(app, token)));
      expect(map).toEqual(expected);
      const audit = await admin.get(`/admin/projects/${id}/audit?environment=${environment}`);
      expect(await audit.text()).toContain(environment);
      const secrets = `/admin/projects/${child}/environments/${environment}/secrets?decrypt=true`;
      expect(await admin.open(secrets)).toContain(`of ${name}`);
    }
    const compared = await admin.get(`/admin/projects/${child}/compare?environments=constructor`);
    expect(compared.status).toBe(200);
    for (const query of ["?action=__proto__", "?actor=constructor", "?name=__proto__", "?q=__proto__"])
      expect((await admin.get(`/admin/projects/${id}/audit${query}`)).status).toBeLessThan(500);
  }
  app.close();
});
