import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bearer, createTestApp, type Fields, fetchMap, type TestApp, type TestBrowser } from "../harness.ts";
import { auditOf, disagreements, history, put, sendJson } from "./inspect.ts";

let app: TestApp;
let admin: TestBrowser;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
});
afterEach(() => app.close());

/** A root, its child and its grandchild, with a write token of each in `prod`. */
async function family() {
  const { id: root } = await admin.createRoot("shop");
  const child = await admin.createChild("api", root);
  const grandchild = await admin.createChild("worker", child);
  const tokens = {
    root: await admin.createToken(root, "prod", "write"),
    child: await admin.createToken(child, "prod", "write"),
    grandchild: await admin.createToken(grandchild, "prod", "write"),
  };
  return { root, child, grandchild, tokens };
}

const secretsPath = (id: number, environment = "prod") =>
  `/admin/projects/${id}/environments/${environment}/secrets`;

async function save(id: number, values: Record<string, string>, environment = "prod"): Promise<void> {
  expect((await admin.save(id, environment, values)).status).toBe(303);
}

async function remove(id: number, name: string): Promise<void> {
  expect((await admin.post(`${secretsPath(id)}/${name}/delete`)).status).toBe(303);
}

async function etagOf(token: string): Promise<string> {
  const response = await app.request("/api/secrets", { headers: bearer(token) });
  return response.headers.get("ETag") ?? "";
}

async function fault(response: Response): Promise<{ status: number; detail: string }> {
  const { detail } = (await response.json()) as { detail: string };
  return { status: response.status, detail };
}

describe("versions", () => {
  test("every change of a value is one, a deletion too, and setting again goes on with number and id", async () => {
    const { root, tokens } = await family();
    await save(root, { A: "one" });
    await save(root, { A: "two" });
    await remove(root, "A");
    await save(root, { A: "three" });
    expect(await history(app, tokens.root, "A")).toEqual([
      { version: 1, value: "one", note: "" },
      { version: 2, value: "two", note: "" },
      { version: 3, value: null, note: "" },
      { version: 4, value: "three", note: "" },
    ]);
    const answer = await app.request("/api/secrets/A", { headers: bearer(tokens.root) });
    expect(await answer.json()).toEqual({ id: 1, name: "A", value: "three", version: 4 });
    expect(await disagreements(app, Object.values(tokens))).toEqual([]);
  });

  test("a save that changes nothing makes no version, no event and no new ETag", async () => {
    const { root, tokens } = await family();
    await save(root, { A: "same", B: "old" });
    const [events, etag] = [(await auditOf(app)).length, await etagOf(tokens.root)];
    await save(root, { A: "same" });
    expect((await put(app, tokens.root, "A", "same")).status).toBe(200);
    expect([(await auditOf(app)).length, await etagOf(tokens.root)]).toEqual([events, etag]);
    await save(root, { A: "same", B: "new" });
    expect((await history(app, tokens.root, "A")).map(({ version }) => version)).toEqual([1]);
    expect((await history(app, tokens.root, "B")).map(({ version }) => version)).toEqual([1, 2]);
  });

  test("a note stays where none is given, changes alone as a version, and goes when it is emptied", async () => {
    const { tokens } = await family();
    await put(app, tokens.root, "A", "1", "from the vendor");
    await put(app, tokens.root, "A", "2");
    await put(app, tokens.root, "A", "2", "renewed");
    await put(app, tokens.root, "A", "2", "");
    expect(await history(app, tokens.root, "A")).toEqual([
      { version: 1, value: "1", note: "from the vendor" },
      { version: 2, value: "2", note: "from the vendor" },
      { version: 3, value: "2", note: "renewed" },
      { version: 4, value: "2", note: "" },
    ]);
  });

  test("without VERSIONED_SECRET_VALUES only the newest is kept, and numbers go on", async () => {
    app.close();
    app = await createTestApp({ VERSIONED_SECRET_VALUES: "false" });
    admin = app.browser();
    const { root, tokens } = await family();
    for (const value of ["one", "two", "three"]) await save(root, { A: value, [`B_${value}`]: value });
    expect(await history(app, tokens.root, "A")).toEqual([{ version: 3, value: "three", note: "" }]);
    await remove(root, "A");
    expect(await history(app, tokens.root, "A")).toEqual([{ version: 4, value: null, note: "" }]);
    await save(root, { A: "again" });
    expect(await history(app, tokens.root, "A")).toEqual([{ version: 5, value: "again", note: "" }]);
    expect(await history(app, tokens.root, "B_one")).toHaveLength(1);
  });

  test("several changes are made all or none", async () => {
    const { tokens } = await family();
    const patch = (body: unknown) => sendJson(app, tokens.root, "PATCH", "/api/secrets", body);
    expect((await patch({ set: { A: "1", B: "2" } })).status).toBe(200);
    expect((await patch({ set: { C: "3" }, delete: ["GONE"] })).status).toBe(404);
    expect((await patch({ set: { C: "3", "not a name": "4" } })).status).toBe(422);
    expect((await patch({ set: { A: "3" }, delete: ["A"] })).status).toBe(422);
    expect(await fetchMap(app, tokens.root)).toEqual({ A: "1", B: "2" });
    const moved = await patch({ set: { A: "5", C: "6" }, delete: ["B"] });
    expect(await moved.json()).toEqual({
      secrets: [
        { id: 1, name: "A", version: 2, outcome: "changed" },
        { id: 3, name: "C", version: 1, outcome: "created" },
        { id: 2, name: "B", version: 2, outcome: "deleted" },
      ],
    });
    expect(await fetchMap(app, tokens.root)).toEqual({ A: "5", C: "6" });
  });
});

describe("inheritance", () => {
  test("a change of the root reaches child and grandchild, and none of them reaches upwards", async () => {
    const { root, child, grandchild, tokens } = await family();
    await save(root, { A: "root" });
    await save(child, { B: "child" });
    await save(grandchild, { C: "grandchild" });
    expect(await fetchMap(app, tokens.root)).toEqual({ A: "root" });
    expect(await fetchMap(app, tokens.child)).toEqual({ A: "root", B: "child" });
    expect(await fetchMap(app, tokens.grandchild)).toEqual({ A: "root", B: "child", C: "grandchild" });
    await save(root, { A: "changed", D: "new" });
    expect(await fetchMap(app, tokens.grandchild)).toEqual({
      A: "changed",
      B: "child",
      C: "grandchild",
      D: "new",
    });
    await remove(root, "A");
    expect(await fetchMap(app, tokens.grandchild)).toEqual({ B: "child", C: "grandchild", D: "new" });
    expect(await disagreements(app, Object.values(tokens))).toEqual([]);
  });

  test("the nearest one wins, and deleting it brings back the one behind", async () => {
    const { root, child, grandchild, tokens } = await family();
    await save(grandchild, { A: "grandchild" });
    await save(root, { A: "root" });
    await save(child, { A: "child" });
    const seen = async () =>
      Promise.all(Object.values(tokens).map(async (token) => (await fetchMap(app, token)).A));
    expect(await seen()).toEqual(["root", "child", "grandchild"]);
    await remove(grandchild, "A");
    expect(await seen()).toEqual(["root", "child", "child"]);
    await remove(child, "A");
    expect(await seen()).toEqual(["root", "root", "root"]);
    expect(await disagreements(app, Object.values(tokens))).toEqual([]);
  });

  test("an inherited secret cannot be deleted where it is inherited", async () => {
    const { root, tokens } = await family();
    await save(root, { A: "root" });
    const refused = await app.request("/api/secrets/A", { method: "DELETE", headers: bearer(tokens.child) });
    expect(refused.status).toBe(404);
    expect(await fetchMap(app, tokens.child)).toEqual({ A: "root" });
  });

  test("a write token of the root rebuilds what its descendants get", async () => {
    const { tokens } = await family();
    expect((await put(app, tokens.root, "A", "by token")).status).toBe(201);
    expect(await fetchMap(app, tokens.grandchild)).toEqual({ A: "by token" });
  });

  test("siblings and other environments keep theirs", async () => {
    const { root, child } = await family();
    const sibling = await admin.createChild("site", root);
    const [siblingToken, devToken] = [
      await admin.createToken(sibling, "prod"),
      await admin.createToken(child, "dev"),
    ];
    await save(root, { A: "dev only" }, "dev");
    const before = [await etagOf(siblingToken), await etagOf(devToken)];
    await save(child, { B: "child's" });
    expect([await etagOf(siblingToken), await etagOf(devToken)]).toEqual(before);
    expect(await fetchMap(app, siblingToken)).toEqual({});
    expect(await fetchMap(app, devToken)).toEqual({ A: "dev only" });
  });

  test("an ETag stays where an override hides the parent's change", async () => {
    const { root, child, tokens } = await family();
    await save(root, { A: "root", B: "root" });
    await save(child, { A: "child" });
    const before = [await etagOf(tokens.child), await etagOf(tokens.grandchild)];
    await save(root, { A: "hidden below" });
    expect([await etagOf(tokens.child), await etagOf(tokens.grandchild)]).toEqual(before);
    await save(root, { B: "seen below" });
    expect(await etagOf(tokens.child)).not.toBe(before[0] as string);
    expect(await etagOf(tokens.grandchild)).not.toBe(before[1] as string);
  });

  test("the answer has each secret's own id, sorted by name in the order of code units", async () => {
    const { root, child, tokens } = await family();
    await save(root, { b: "1", B: "2", A1: "3", A_: "4", _: "5" });
    await save(child, { B: "6" });
    const answer = await app.request("/api/secrets", { headers: bearer(tokens.child) });
    expect(await answer.text()).toBe(
      JSON.stringify({
        secrets: [
          { id: 3, name: "A1", value: "3" },
          { id: 4, name: "A_", value: "4" },
          { id: 6, name: "B", value: "6" },
          { id: 5, name: "_", value: "5" },
          { id: 1, name: "b", value: "1" },
        ],
      }),
    );
  });
});

describe("references", () => {
  test("are expanded in the view of the reader, with its own values", async () => {
    const { root, child, tokens } = await family();
    await save(root, { HOST: "db", URL: "postgres://${HOST}/app", LITERAL: "$${HOST} $HOST ${not-one}" });
    await save(child, { HOST: "child-db" });
    expect((await fetchMap(app, tokens.root)).URL).toBe("postgres://db/app");
    expect((await fetchMap(app, tokens.grandchild)).URL).toBe("postgres://child-db/app");
    expect((await fetchMap(app, tokens.grandchild)).LITERAL).toBe("${HOST} $HOST ${not-one}");
  });

  test("to an unknown name are refused at the write that would make them, with both names", async () => {
    const { root, tokens } = await family();
    expect(await fault(await put(app, tokens.root, "URL", "${HOST}/${PATH_}"))).toEqual({
      status: 422,
      detail: expect.stringContaining(
        "URL refers to ${HOST}, which is not a secret here; URL refers to ${PATH_}, which is not a secret here",
      ),
    });
    await save(root, { HOST: "db", PATH_: "/", URL: "${HOST}${PATH_}" });
    const deleted = await app.request("/api/secrets/HOST", {
      method: "DELETE",
      headers: bearer(tokens.root),
    });
    expect(await fault(deleted)).toEqual({
      status: 422,
      detail: expect.stringContaining("URL refers to ${HOST}, which is not a secret here"),
    });
    expect(await fetchMap(app, tokens.root)).toEqual({ HOST: "db", PATH_: "/", URL: "db/" });
    expect(await history(app, tokens.root, "HOST")).toHaveLength(1);
  });

  test("in a circle are refused at the write that would close it, with every name on it", async () => {
    const { root, child, tokens } = await family();
    await save(root, { A: "a", B: "${A}", C: "${B}" });
    expect(await fault(await put(app, tokens.root, "A", "${C}"))).toEqual({
      status: 422,
      detail: expect.stringContaining("references go in a circle: A → C → B → A"),
    });
    expect(await fault(await put(app, tokens.root, "SELF", "${SELF}"))).toEqual({
      status: 422,
      detail: expect.stringContaining("SELF → SELF"),
    });
    expect((await fault(await put(app, tokens.child, "A", "${C}"))).status).toBe(422);
    await save(child, { A: "child" });
    expect((await fetchMap(app, tokens.child)).C).toBe("child");
  });

  test("that a parent's deletion breaks stay as they are, and the child's page says so", async () => {
    const { root, child, tokens } = await family();
    await save(root, { HOST: "db" });
    await save(child, { URL: "postgres://${HOST}/app" });
    await remove(root, "HOST");
    expect(await fetchMap(app, tokens.child)).toEqual({ URL: "postgres://${HOST}/app" });
    expect(await fetchMap(app, tokens.grandchild)).toEqual({ URL: "postgres://${HOST}/app" });
    const page = await admin.open(secretsPath(child));
    expect(page).toContain("URL refers to ${HOST}, which is not a secret here");
    expect(await admin.open(secretsPath(root))).not.toContain("which is not a secret here");

    // A problem that is there already is in nobody's way.
    await save(child, { OTHER: "1" });
    await save(child, { URL: "https://${HOST}/" });
    expect((await put(app, tokens.child, "MORE", "${OTHER}")).status).toBe(201);
    expect((await put(app, tokens.child, "WRONG", "${HOST}")).status).toBe(422);
    await save(root, { HOST: "back" });
    expect((await fetchMap(app, tokens.child)).URL).toBe("https://back/");
    expect(await admin.open(secretsPath(child))).not.toContain("which is not a secret here");
  });

  test("that a parent's change closes to a circle below leave the child as it is written", async () => {
    const { root, child, tokens } = await family();
    await save(root, { A: "a" });
    await save(child, { B: "b${A}" });
    await save(root, { B: "root's", A: "${B}" });
    expect(await fetchMap(app, tokens.root)).toEqual({ A: "root's", B: "root's" });
    expect(await fetchMap(app, tokens.child)).toEqual({ A: "${B}", B: "b${A}" });
    expect(await admin.open(secretsPath(child))).toContain("references go in a circle: A → B → A");
  });
});

describe("values come back as they were given", () => {
  const values: Record<string, string> = {
    EMPTY: "",
    SPACES: "  both ends\t ",
    LINES: "-----BEGIN KEY-----\nline\n\n-----END KEY-----\n",
    LEADING: "\n\nafter two newlines",
    CRLF: "a\r\nb\rc\nd\r\n",
    UNICODE: "\u{feff}é e\u0301 漢字 😀 \u2028 \u0085 \u{10ffff}",
    MARKUP: `<b>&amp; "quotes" 'and' \`backticks\`</b>`,
    DOLLAR: "$1 $& $` $$",
  };

  test("by form and by API", async () => {
    const { root, tokens } = await family();
    await save(root, values);
    expect(await fetchMap(app, tokens.root)).toEqual(values);
    for (const [name, value] of Object.entries(values)) {
      expect((await put(app, tokens.child, name, value)).status).toBe(201);
    }
    expect(await fetchMap(app, tokens.child)).toEqual(values);
    expect(await history(app, tokens.child, "CRLF")).toEqual([
      { version: 1, value: values.CRLF as string, note: "" },
    ]);
  });

  test("by a form that says that its newlines are LF, as a browser sends them as CRLF", async () => {
    const { root, tokens } = await family();
    const posted = (name: string, more: Fields) =>
      admin.post(secretsPath(root), { name, value: "\r\none\r\ntwo\r\n", ...more });
    await posted("LF", { newlines: "lf" });
    await posted("CRLF", { newlines: "crlf" });
    await posted("UNSAID", {});
    expect(await fetchMap(app, tokens.root)).toEqual({
      LF: "\none\ntwo\n",
      CRLF: "\r\none\r\ntwo\r\n",
      UNSAID: "\r\none\r\ntwo\r\n",
    });
  });

  test("up to 1 MiB of UTF-8, and not one byte more", async () => {
    const { root, tokens } = await family();
    const [ascii, accented] = ["x".repeat(1_048_576), "é".repeat(524_288)];
    await save(root, { FORM: ascii, ACCENTED: accented });
    const map = await fetchMap(app, tokens.grandchild);
    expect(map.FORM === ascii && map.ACCENTED === accented).toBe(true);
    expect((await put(app, tokens.root, "ACCENTED", ascii)).status).toBe(200);
    expect((await fetchMap(app, tokens.grandchild)).ACCENTED === ascii).toBe(true);
    expect(await fault(await put(app, tokens.root, "MORE", `${accented}x`))).toEqual({
      status: 413,
      detail: "The value of MORE is larger than 1048576 bytes.",
    });
    expect((await admin.save(root, "prod", { MORE: `${ascii}x` })).status).toBe(413);
    expect(Object.keys(await fetchMap(app, tokens.root))).toEqual(["ACCENTED", "FORM"]);
  });

  test("except for NUL and lone surrogates, which no environment variable can hold", async () => {
    const { tokens } = await family();
    expect((await put(app, tokens.root, "A", "a\0b")).status).toBe(422);
    expect((await put(app, tokens.root, "A", "\ud800")).status).toBe(422);
    expect((await put(app, tokens.root, "A", "fine", "note\0")).status).toBe(422);
    expect(await fetchMap(app, tokens.root)).toEqual({});
  });
});

describe("what one environment holds is bounded", () => {
  test("an environment's own values have sixteen times the largest value together, and may shrink", async () => {
    app.close();
    app = await createTestApp({ MAX_SECRET_BYTES: "1000" });
    admin = app.browser();
    const { tokens } = await family();
    const patch = (body: unknown) => sendJson(app, tokens.root, "PATCH", "/api/secrets", body);
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`N_${i}`, "x".repeat(1000)]));
    expect((await patch({ set: many(17) })).status).toBe(413);
    expect((await patch({ set: many(16) })).status).toBe(200);
    expect((await put(app, tokens.root, "MORE", "x")).status).toBe(413);
    expect((await patch({ set: { N_0: "", MORE: "x" } })).status).toBe(200);
    expect((await put(app, tokens.child, "MORE", "its own")).status).toBe(201);
  });
});

describe("any sequence of writes in any tree", () => {
  const environments = ["dev", "prod"] as const;
  // Names that an object has by itself among them; a value refers to later ones only, so that no circle comes up.
  const names = ["A", "B", "__proto__", "constructor"] as const;
  const maxProjects = 4;

  const value = (name: string) => {
    const later = names.slice(names.indexOf(name as (typeof names)[number]) + 1);
    const parts = ["1", "$", "$${", ...later.map((other) => `\${${other}}`)];
    return fc.array(fc.constantFrom(...parts), { maxLength: 3 }).map((chosen) => chosen.join(""));
  };
  const change = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .constantFrom(...names)
        .chain((name) => fc.record({ name: fc.constant(name), value: value(name) })),
    },
    { weight: 2, arbitrary: fc.record({ name: fc.constantFrom(...names), value: fc.constant(undefined) }) },
  );
  const step = fc.record({
    project: fc.nat(maxProjects - 1),
    environment: fc.constantFrom(...environments),
    changes: fc.uniqueArray(change, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
  });
  const scenario = fc.record({
    /** Of every project but the root: its parent is an earlier one. */
    parents: fc.tuple(...Array.from({ length: maxProjects - 1 }, (_, i) => fc.nat(i))),
    steps: fc.array(step, { minLength: 1, maxLength: 8 }),
  });

  type Values = ReadonlyMap<string, string>;

  /** What a place shows: its ancestors' values and its own over them. */
  function visible(own: readonly Values[], parents: readonly number[], project: number): Map<string, string> {
    const parent = parents[project - 1];
    const above = parent === undefined ? new Map<string, string>() : visible(own, parents, parent);
    return new Map([...above, ...(own[project] ?? [])]);
  }

  const reference = /\$\$\{|\$\{(\w+)\}/g;
  const referencesOf = (text: string) => [...text.matchAll(reference)].flatMap(([, name]) => name ?? []);

  function unknownReferences(view: Values): Set<string> {
    return new Set(
      [...view].flatMap(([name, text]) =>
        referencesOf(text)
          .filter((other) => !view.has(other))
          .map((other) => `${name} ${other}`),
      ),
    );
  }

  function expand(view: Values, text: string): string {
    return text.replaceAll(reference, (written, name: string | undefined) => {
      if (name === undefined) return "${";
      const target = view.get(name);
      return target === undefined ? written : expand(view, target);
    });
  }

  test("leaves every project × environment with what a simple model says", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async ({ parents, steps }) => {
        const admin = app.browser();
        const ids = [(await admin.createRoot(`tree ${run++}`)).id];
        for (const parent of parents) {
          ids.push(await admin.createChild(`p${ids.length}`, ids[parent] as number));
        }
        const model = await Promise.all(
          environments.map(async (environment) => ({
            environment,
            own: ids.map(() => new Map<string, string>()),
            tokens: await Promise.all(ids.map((id) => admin.createToken(id, environment, "write"))),
          })),
        );
        const secretIds = new Map<string, number>();
        const answers = new Map<string, { etag: string; body: string }>();
        for (const { project, environment, changes } of steps) {
          const place = model.find((one) => one.environment === environment) as (typeof model)[number];
          const before = place.own[project] as Map<string, string>;
          const after = new Map(before);
          for (const { name, value: text } of changes) {
            if (text === undefined) after.delete(name);
            else after.set(name, text);
          }
          const known = unknownReferences(visible(place.own, parents, project));
          const changed = place.own.with(project, after);
          const made = unknownReferences(visible(changed, parents, project)).difference(known);
          const missing = changes.some(({ name, value: text }) => text === undefined && !before.has(name));
          const status = missing ? 404 : made.size > 0 ? 422 : 200;
          const sets = changes.filter((one) => one.value !== undefined).map((one) => [one.name, one.value]);
          const response = await sendJson(app, place.tokens[project] as string, "PATCH", "/api/secrets", {
            set: Object.fromEntries(sets),
            delete: changes.filter((one) => one.value === undefined).map(({ name }) => name),
          });
          expect(response.status).toBe(status);
          if (status === 200) place.own = changed;

          for (const { own, tokens } of model) {
            for (const [i, token] of tokens.entries()) {
              const view = visible(own, parents, i);
              const fetched = await app.request("/api/secrets", { headers: bearer(token) });
              const body = await fetched.text();
              const { secrets } = JSON.parse(body) as {
                secrets: { id: number; name: string; value: string }[];
              };
              expect(secrets.map(({ name, value: text }) => [name, text])).toEqual(
                [...view.keys()].sort().map((name) => [name, expand(view, view.get(name) ?? "")]),
              );
              for (const { id, name } of secrets) {
                if (!own[i]?.has(name)) continue;
                expect(id).toBe(secretIds.get(`${token} ${name}`) ?? id);
                secretIds.set(`${token} ${name}`, id);
              }
              const etag = fetched.headers.get("ETag") ?? "";
              const last = answers.get(token);
              if (last) expect(etag === last.etag).toBe(body === last.body);
              answers.set(token, { etag, body });
            }
          }
        }
        expect(new Set(secretIds.values()).size).toBe(secretIds.size);
        expect(
          await disagreements(
            app,
            model.flatMap(({ tokens }) => tokens),
          ),
        ).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});
