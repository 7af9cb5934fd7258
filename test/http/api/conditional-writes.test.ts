/** Writes under a condition, dry runs, and the ETags that both are made of. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { bearer, createTestApp, fetchMap, type TestApp, type TestBrowser } from "../../harness.ts";
import { snapshot } from "../../security/snapshot.ts";

let app: TestApp;
let admin: TestBrowser;
let shop: number;
let api: number;
let token: string;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
  ({ id: shop } = await admin.createRoot("shop"));
  api = await admin.createChild("api", shop);
  await admin.save(shop, "prod", { INHERITED: "from above" });
  await admin.save(api, "prod", { A: "1", B: "2" });
  token = await admin.createToken(api, "prod", "write");
});
afterEach(() => app.close());

type Headers = Record<string, string>;

function send(method: string, path: string, body?: unknown, headers: Headers = {}, to = app, as = token) {
  const typed = body === undefined ? {} : { "Content-Type": "application/json" };
  return to.request(path, {
    method,
    headers: { ...bearer(as), ...typed, ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

const put = (value: string, headers: Headers = {}, to = app) =>
  send("PUT", "/api/secrets/A", { value }, headers, to);

async function etagOf(path: string, as = token): Promise<string> {
  return (await send("GET", path, undefined, {}, app, as)).headers.get("ETag") ?? "";
}

const revisionOf = (etag: string) => etag.slice(etag.lastIndexOf(".") + 1, -1);

describe("an ETag", () => {
  test("of one secret answers 304 until its value, its version or what apps get changes", async () => {
    const etag = await etagOf("/api/secrets/A");
    expect(etag).toMatch(/^"\d+\.prod\.A@1\.[\w-]{22}"$/);
    const again = (known: string) => send("GET", "/api/secrets/A", undefined, { "If-None-Match": known });
    const same = await again(`"another's", W/${etag}`);
    expect([same.status, same.headers.get("ETag"), await same.text()]).toEqual([304, etag, ""]);
    await put("2");
    expect((await again(etag)).status).toBe(200);
    const second = await etagOf("/api/secrets/A");
    await send("PUT", "/api/secrets/A", { value: "2", note: "only a note" });
    expect((await again(second)).status).toBe(200);
  });

  test("comes with what was written, and is the one that a fetch then gets", async () => {
    const created = await send("PUT", "/api/secrets/NEW", { value: "x" });
    expect([created.status, created.headers.get("ETag")]).toEqual([201, await etagOf("/api/secrets/NEW")]);
    const changed = await put("2");
    expect([changed.status, changed.headers.get("ETag")]).toEqual([200, await etagOf("/api/secrets/A")]);
    const unchanged = await put("2");
    expect(unchanged.headers.get("ETag")).toBe(changed.headers.get("ETag"));
    const several = await send("PATCH", "/api/secrets", { set: { A: "3" }, delete: ["NEW"] });
    expect(several.headers.get("ETag")).toBe(await etagOf("/api/secrets"));
  });

  test("stays where only a note changes, so a list's still is a condition that holds", async () => {
    const etag = await etagOf("/api/secrets");
    await send("PUT", "/api/secrets/A", { value: "1", note: "only a note" });
    expect(await etagOf("/api/secrets")).toBe(etag);
    expect((await put("2", { "If-Match": etag })).status).toBe(200);
  });
});

describe("If-Match", () => {
  test("holds for every ETag of the revision that is there, in any format and of any secret, and for the revision alone", async () => {
    const paths = ["/api/secrets", "/api/secrets?format=env", "/api/secrets?format=k8s", "/api/secrets/B"];
    for (const [i, path] of paths.entries()) {
      expect((await put(`through ${i}`, { "If-Match": await etagOf(path) })).status).toBe(200);
    }
    const revision = revisionOf(await etagOf("/api/secrets"));
    const list = `"nobody's", W/"weak",, "${revision}"`;
    expect((await put("by list", { "If-Match": list })).status).toBe(200);
    expect(await fetchMap(app, token)).toMatchObject({ A: "by list" });
  });

  const writes: [string, string, unknown][] = [
    ["PUT", "/api/secrets/A", { value: "x" }],
    ["PUT", "/api/secrets/NEW", { value: "x" }],
    ["PATCH", "/api/secrets", { set: { A: "x" } }],
    ["DELETE", "/api/secrets/A", undefined],
  ];
  for (const [method, path, body] of writes) {
    test(`refuses ${method} ${path} with what is not there, and writes nothing: 412`, async () => {
      const stale = await etagOf("/api/secrets");
      await admin.save(shop, "prod", { INHERITED: "changed above" });
      const here = await etagOf("/api/secrets");
      const elsewhere = await etagOf("/api/secrets", await admin.createToken(shop, "prod"));
      const before = await snapshot(app);
      const bad = [
        stale,
        `"${revisionOf(stale)}"`,
        `W/${here}`,
        `W/"${revisionOf(here)}"`,
        elsewhere,
        '""',
        '"*"',
      ];
      for (const condition of bad) {
        const response = await send(method, path, body, { "If-Match": condition });
        expect(`${condition} ${response.status}`).toBe(`${condition} 412`);
        expect(response.headers.get("Content-Type")).toBe("application/problem+json");
        expect(await response.json()).toMatchObject({ type: "urn:secretsfly:problem:precondition-failed" });
      }
      const { service_tokens: _used, ...after } = await snapshot(app);
      expect(before).toMatchObject(after);
    });
  }

  test("holds for a secret that is not there yet, since the revision says so, and then no longer", async () => {
    const start = { "If-Match": await etagOf("/api/secrets") };
    const write = (method: string, name: string) =>
      send(method, `/api/secrets/${name}`, method === "PUT" ? { value: "x" } : undefined, start);
    expect((await write("DELETE", "NOBODY")).status).toBe(404);
    expect((await write("PUT", "NEW")).status).toBe(201);
    expect((await write("PUT", "NEWER")).status).toBe(412);
    expect((await write("DELETE", "NOBODY")).status).toBe(412);
    expect(await fetchMap(app, token)).toEqual({ A: "1", B: "2", INHERITED: "from above", NEW: "x" });
  });

  test("* holds for what apps get, an inherited secret too, and for the list", async () => {
    const any = { "If-Match": "*" };
    expect((await put("2", any)).status).toBe(200);
    expect((await send("PUT", "/api/secrets/INHERITED", { value: "own" }, any)).status).toBe(201);
    expect((await send("PUT", "/api/secrets/NEW", { value: "x" }, any)).status).toBe(412);
    expect((await send("DELETE", "/api/secrets/NOBODY", undefined, any)).status).toBe(412);
    expect((await send("PATCH", "/api/secrets", { set: { NEW: "x" } }, any)).status).toBe(200);
    expect((await send("DELETE", "/api/secrets/NEW", undefined, any)).status).toBe(204);
  });

  test("is refused where it is neither * nor entity tags, rather than taken for no condition", async () => {
    for (const header of [
      "",
      " ",
      ",",
      "*, *",
      "abc",
      '"',
      '"a" "b"',
      'w/"a"',
      revisionOf(await etagOf("/api/secrets")),
    ]) {
      for (const name of ["If-Match", "If-None-Match"]) {
        const response = await put("x", { [name]: header });
        expect(`${name}: ${header}: ${response.status}`).toBe(`${name}: ${header}: 422`);
        expect(await response.json()).toMatchObject({ errors: [{ field: name }] });
      }
    }
    expect(await fetchMap(app, token)).toMatchObject({ A: "1" });
  });

  test("is read in a time that grows with its length, whatever is in it", async () => {
    // In one that grows with its square, each of these would take minutes, and the test's own time be over.
    for (const part of [" ", ",", '"', '"a" ', '"a", ', "W/"])
      await put("x", { "If-Match": part.repeat(500_000 / part.length) });
  });

  test("lets one of many through who start from the same revision, in two processes", async () => {
    const sibling = await app.sibling();
    try {
      for (let round = 0; round < 3; round++) {
        const etag = await etagOf("/api/secrets");
        const answers = await Promise.all(
          Array.from({ length: 8 }, async (_, i) => {
            const to = i % 2 === 0 ? app : sibling;
            const value = `${round}.${i}`;
            const body = i < 4 ? { value } : { set: { A: value } };
            const { status } = await send(
              ...((i < 4 ? ["PUT", "/api/secrets/A"] : ["PATCH", "/api/secrets"]) as [string, string]),
              body,
              { "If-Match": etag },
              to,
            );
            return { status, value };
          }),
        );
        const won = answers.filter(({ status }) => status === 200);
        expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(412)]);
        expect(await fetchMap(app, token)).toMatchObject({ A: won[0]?.value ?? "" });
      }
    } finally {
      sibling.close();
    }
  });
});

describe("If-None-Match", () => {
  test("* creates and never changes, and an inherited secret is one that is there", async () => {
    const create = (name: string) =>
      send("PUT", `/api/secrets/${name}`, { value: "created" }, { "If-None-Match": "*" });
    expect((await create("NEW")).status).toBe(201);
    expect((await create("NEW")).status).toBe(412);
    expect((await create("A")).status).toBe(412);
    expect((await create("INHERITED")).status).toBe(412);
    expect(await fetchMap(app, token)).toEqual({ A: "1", B: "2", INHERITED: "from above", NEW: "created" });
  });

  test("* lets one of many create", async () => {
    const sibling = await app.sibling();
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        send("PUT", "/api/secrets/ONE", { value: `${i}` }, { "If-None-Match": "*" }, i % 2 ? app : sibling),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 412, 412, 412, 412, 412]);
    sibling.close();
  });

  test("with tags holds while none of them is what is there, weak ones counting", async () => {
    const etag = await etagOf("/api/secrets");
    expect((await put("2", { "If-None-Match": `W/${etag}` })).status).toBe(412);
    expect((await put("2", { "If-None-Match": '"another"' })).status).toBe(200);
    expect((await put("3", { "If-None-Match": etag })).status).toBe(200);
  });
});

describe("If-None-Match of a change and of a deletion", () => {
  test("is a condition too, and never passed over", async () => {
    const etag = await etagOf("/api/secrets");
    const change = (condition: string) =>
      send("PATCH", "/api/secrets", { set: { A: "x" } }, { "If-None-Match": condition });
    const remove = (name: string, condition: string) =>
      send("DELETE", `/api/secrets/${name}`, undefined, { "If-None-Match": condition });
    for (const condition of ["*", etag, `W/${etag}`]) {
      expect((await change(condition)).status).toBe(412);
      expect((await remove("A", condition)).status).toBe(412);
    }
    expect((await remove("NOBODY", "*")).status).toBe(404);
    expect((await change("no entity tag")).status).toBe(422);
    expect(await fetchMap(app, token)).toMatchObject({ A: "1" });
    expect((await change('"another"')).status).toBe(200);
    expect((await remove("A", etag)).status).toBe(204);
  });
});

describe("a dry run", () => {
  const dry = (body: unknown, headers: Headers = {}) =>
    send("PATCH", "/api/secrets?dryRun=true", body, headers);

  test("answers as the change would, with the ETag to make it under, and writes nothing", async () => {
    const changes = { set: { A: "1", B: "new", C: "created", INHERITED: "own" }, delete: [] };
    const etag = await etagOf("/api/secrets");
    const { service_tokens: _used, ...before } = await snapshot(app);
    const told = await dry(changes);
    expect([told.status, told.headers.get("ETag")]).toEqual([200, etag]);
    expect(await snapshot(app)).toMatchObject(before);
    const done = await send("PATCH", "/api/secrets", changes, { "If-Match": etag });
    expect(await told.json()).toEqual(await done.json());
    expect((await send("PATCH", "/api/secrets", changes, { "If-Match": etag })).status).toBe(412);
  });

  test("is refused for what the change would be", async () => {
    const read = await admin.createToken(api, "prod");
    const { service_tokens: _used, ...before } = await snapshot(app);
    expect((await dry({ set: { A: "${NOBODY}" } })).status).toBe(422);
    expect((await dry({ delete: ["NOBODY"] })).status).toBe(404);
    expect((await dry({ set: { A: "x" } }, { "If-Match": '"stale"' })).status).toBe(412);
    expect((await send("PATCH", "/api/secrets?dryRun=true", {}, {}, app, read)).status).toBe(403);
    expect(await snapshot(app)).toMatchObject(before);
  });

  test("is not taken for the change where it is mistyped, or asked of a route that has none", async () => {
    for (const query of ["dryRun=yes", "dryRun=", "dryrun=true", "dryRun=true&dryRun=true", "dry_run=true"]) {
      const response = await send("PATCH", `/api/secrets?${query}`, { set: { A: "x" } });
      expect(`${query} ${response.status}`).toBe(`${query} 422`);
    }
    expect((await send("PUT", "/api/secrets/A?dryRun=true", { value: "x" })).status).toBe(422);
    expect((await send("DELETE", "/api/secrets/A?dryRun=true")).status).toBe(422);
    expect(await fetchMap(app, token)).toMatchObject({ A: "1" });
    expect((await send("PATCH", "/api/secrets?dryRun=false", { set: { A: "x" } })).status).toBe(200);
    expect(await fetchMap(app, token)).toMatchObject({ A: "x" });
  });
});

test("a byte order mark before a body is no part of it", async () => {
  expect((await send("PUT", "/api/secrets/A", '\ufeff{"value":"x"}')).status).toBe(200);
  expect(await fetchMap(app, token)).toMatchObject({ A: "x" });
});

test("a name that is there twice in a body is refused, and named where it is a secret's", async () => {
  const bodies: [string, string, string][] = [
    ["PATCH", '{"set":{"A":"x","B":"y","A":"z"}}', "A is there twice"],
    ["PATCH", '{\n"set":{"A":"x",\n"\\u0041":"z"}}', "Line 3 of the body: A is there twice"],
    ["PATCH", '{"set":{"A":"x"},"set":{}}', "set is there twice"],
    ["PATCH", '{"set":{"not a name":"x","not a name":"x"}}', "a name is there twice"],
    ["PUT", '{"value":"x","value":"y"}', "value is there twice"],
  ];
  for (const [method, body, says] of bodies) {
    const response = await send(method, method === "PUT" ? "/api/secrets/A" : "/api/secrets", body);
    expect(response.status).toBe(422);
    const text = await response.text();
    expect(text).toContain(says);
    expect(text).not.toContain("not a name");
  }
  expect(await fetchMap(app, token)).toMatchObject({ A: "1", B: "2" });
});
