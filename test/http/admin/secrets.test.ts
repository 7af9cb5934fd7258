import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Fields, fetchMap, type TestApp, type TestBrowser } from "../../harness.ts";
import { snapshot } from "../../security/snapshot.ts";
import { openShop } from "../../shop.ts";
import { auditOf, history, sendJson } from "../../vault/inspect.ts";

let app: TestApp;
let admin: TestBrowser;
let root: number;
let token: string;

async function begin(settings: Record<string, string> = {}): Promise<void> {
  ({ app, admin, root, token } = await openShop(settings));
}

beforeEach(() => begin());
afterEach(() => app.close());

const listOf = (id = root) => `/admin/projects/${id}/environments/prod/secrets`;
const pageOf = (name: string, id = root) => `${listOf(id)}/${name}`;

/** Saves secrets in one form: a value each, and a note where there is one. */
async function save(secrets: Record<string, string | [value: string, note: string]>, id = root) {
  const all = Object.values(secrets).map((secret) => (typeof secret === "string" ? [secret, ""] : secret));
  const fields = {
    name: Object.keys(secrets),
    value: all.map(([value = ""]) => value),
    note: all.map(([, note = ""]) => note),
  };
  expect((await admin.post(listOf(id), fields)).status).toBe(303);
}

/** `count` secrets at once, with names, notes and values that do not compress into nothing. */
async function saveMany(count: number): Promise<void> {
  const names = Array.from(
    { length: count },
    (_, i) => `SERVICE_${String(i).padStart(4, "0")}_${hex(4)}_URL`,
  );
  const notes = names.map((name) => `rotated by ${hex(4)}, asked for with ${name}`);
  expect(
    (await admin.post(listOf(), { name: names, value: names.map(() => hex(16)), note: notes })).status,
  ).toBe(303);
}

const hex = (bytes: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");

async function open(path: string, status = 200): Promise<string> {
  const response = await admin.get(path);
  expect(response.status).toBe(status);
  return response.text();
}

/** The names in the table, in its order. */
const namesOf = (html: string) => [...html.matchAll(/<tr id="secret-(\w+)"/g)].map(([, name]) => name);

/** What stands in the rows of a form: names, values and notes, those with nothing in them too. */
function rowsOf(html: string): string[][] {
  const form = html.slice(html.search(/<form [^>]*data-needs-key/));
  const rows = form.split(/name="name"/).slice(1);
  return rows.map((row) => [
    /^[^>]*? value="([^"]*)"/.exec(row)?.[1] ?? "",
    /name="value"[^>]*>\n?([^<]*)</.exec(row)?.[1] ?? "",
    /name="note"[^>]*? value="([^"]*)"/.exec(row)?.[1] ?? "",
  ]);
}

/** Bytes of a page on the wire. */
async function sizeOf(path: string): Promise<number> {
  const response = await admin.get(path, { "Accept-Encoding": "gzip" });
  expect([response.status, response.headers.get("Content-Encoding")]).toEqual([200, "gzip"]);
  return (await response.arrayBuffer()).byteLength;
}

const reveals = async () =>
  (await auditOf(app))
    .filter(({ action }) => action.endsWith(".reveal"))
    .map(({ action, name, projectId, environment }) => ({ action, name, projectId, environment }));

describe("one secret's page", () => {
  beforeEach(() => save({ A: ["value-of-a", "note-of-a"], B: ["value-of-b", "note-of-b"] }));

  test("shows its value and its note, and nothing of the others", async () => {
    const html = await open(pageOf("A"));
    for (const text of ["value-of-a", "note-of-a"]) expect(html).toContain(text);
    expect(html).not.toContain("of-b");
    expect(namesOf(html)).toEqual(["A"]);
    expect(html).not.toContain("<textarea");
    expect(await open(`${pageOf("A")}?edit=true`)).not.toContain("of-b");
  });

  test("is told to the audit by exactly that name, once each time", async () => {
    expect(await reveals()).toEqual([]);
    await open(pageOf("A"));
    await open(`${pageOf("B")}?edit=true`);
    const event = { action: "secret.reveal", projectId: root, environment: "prod" };
    expect(await reveals()).toEqual([
      { ...event, name: "A" },
      { ...event, name: "B" },
    ]);
    await open(listOf());
    expect(await reveals()).toHaveLength(2);
  });

  test("shows no value where the audit cannot be told of it", async () => {
    await app.db.$client.execute("alter table audit_events rename to elsewhere");
    const generated = { notes: "exact", generate: "0", length: "0", alphabet: "digits" };
    const answers = [
      await admin.get(pageOf("A")),
      await admin.get(`${pageOf("A")}?edit=true`),
      await admin.get(`${listOf()}?decrypt=true`),
      await admin.post(listOf(), { ...generated, name: "A", value: "x" }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(500);
      expect(await answer.text()).not.toContain("value-of-");
    }
  });

  test("is not there for a name that is nothing's, and the audit hears of nothing", async () => {
    await admin.post(`${pageOf("B")}/delete`);
    for (const name of ["NOBODY", "B", "a", "constructor", "__proto__", "A%00", "A%2F..", "%24%7BA%7D"]) {
      const html = await open(pageOf(name), 404);
      expect(html).not.toContain("value-of-");
    }
    expect(await reveals()).toEqual([]);
  });

  test("shows an inherited one, tells whose it is, and what apps get of its references", async () => {
    const child = await admin.createChild("api", root);
    await save({ HOST: "parent.internal", URL: "https://${HOST}/" });
    await save({ HOST: "child.internal" }, child);
    const html = await open(pageOf("URL", child));
    expect(html).toContain("\nhttps://${HOST}/</pre>");
    expect(html).toContain("\nhttps://child.internal/</pre>");
    expect(html).toContain(`Inherited from <a href="${listOf(root)}">shop</a>`);
    expect(html).toContain('aria-label="Override URL"');
    expect(html).not.toContain("URL/delete");
    expect((await reveals()).map(({ name, projectId }) => ({ name, projectId }))).toEqual([
      { name: "URL", projectId: child },
    ]);
  });

  test("of a sealed project leads to where it is unsealed", async () => {
    await admin.post(`/admin/projects/${root}/seal`);
    const response = await admin.get(pageOf("A"));
    expect([response.status, response.headers.get("Location")]).toEqual([303, `/admin/projects/${root}`]);
    expect(await response.text()).not.toContain("of-a");
    expect(await reveals()).toEqual([]);
  });

  test("goes back to the list when its time is over", async () => {
    expect((await admin.get(pageOf("A"))).headers.get("Refresh")).toBe(`300; url=${listOf()}`);
    expect((await admin.get(`${pageOf("A")}?edit=true`)).headers.get("Refresh")).toBe(`300; url=${listOf()}`);
    expect((await admin.get(listOf())).headers.get("Refresh")).toBeNull();
  });
});

describe("the search", () => {
  beforeEach(() =>
    save({
      A_DB_URL: "hidden-treasure",
      DB: ["x", "the main one"],
      DB_URL: "x",
      OTHER: ["x", "password of the Db"],
      REST: "x",
    }),
  );
  const found = async (query: string) => namesOf(await open(`${listOf()}?${query}`));

  test("goes over names and notes, whatever the case, with the exact name first", async () => {
    expect(await found("q=db_url")).toEqual(["DB_URL", "A_DB_URL"]);
    expect(await found("q=+Db+")).toEqual(["DB", "A_DB_URL", "DB_URL", "OTHER"]);
    expect(await found("q=MAIN+one")).toEqual(["DB"]);
    expect(await found("q=")).toEqual(["A_DB_URL", "DB", "DB_URL", "OTHER", "REST"]);
    expect(await found("decrypt=true&q=main")).toEqual(["DB"]);
  });

  test("says how many it found, and does not look into values", async () => {
    const html = await open(`${listOf()}?q=TREASURE`);
    expect(html).toContain('data-announce="0 secrets found"');
    expect(html).toContain("No secret here matches “TREASURE”");
    expect(await found("decrypt=true&q=treasure")).toEqual([]);
  });
});

describe("a long list", () => {
  test("comes in pages of 300 names and of 100 values, and each is small on the wire", async () => {
    await saveMany(2000);
    const all = Array.from({ length: 7 }, (_, i) => open(`${listOf()}?page=${i + 1}`));
    const names = (await Promise.all(all)).map(namesOf);
    expect(names.map(({ length }) => length)).toEqual([300, 300, 300, 300, 300, 300, 200]);
    expect(new Set(names.flat()).size).toBe(2000);
    expect(namesOf(await open(`${listOf()}?decrypt=true&page=20`))).toEqual(names.flat().slice(-100));
    expect(namesOf(await open(`${listOf()}?q=SERVICE&page=7`))).toEqual(names[6] ?? []);
    for (const query of ["", "?decrypt=true", "?decrypt=true&page=20", "?q=service&page=2"]) {
      expect(`${query} ${(await sizeOf(listOf() + query)) < 50_000}`).toBe(`${query} true`);
    }
  });

  test("takes no page that is none, and opens the edit form on the page of its secret", async () => {
    await saveMany(101);
    await save({ ZZ_LAST: "last" });
    const first = namesOf(await open(`${listOf()}?decrypt=true`));
    for (const page of ["0", "-1", "1.5", "x", ""]) {
      expect(namesOf(await open(`${listOf()}?decrypt=true&page=${page}`))).toEqual(first);
    }
    const last = await open(`${listOf()}?decrypt=true&page=99`);
    expect(namesOf(last)).toContain("ZZ_LAST");
    const edited = await open(`${listOf()}?decrypt=true&edit=ZZ_LAST`);
    expect(namesOf(edited)).toEqual(namesOf(last));
    expect(rowsOf(edited)[0]).toEqual(["ZZ_LAST", "last", ""]);
  });

  test("a ring of 3,000 references from above is told in few words", async () => {
    const child = await admin.createChild("api", root);
    await save({ END: "plain" });
    await save({ R0: "plain" });
    await save({ END: "${R0}" }, child);
    const set = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`R${i}`, `\${${i === 2999 ? "END" : `R${i + 1}`}}`]),
    );
    expect((await sendJson(app, token, "PATCH", "/api/secrets", { set })).status).toBe(200);
    const html = await open(listOf(child));
    expect(html).toContain("references go in a circle: ");
    expect(html).toContain("… and 2992 more");
    for (const query of ["", "?decrypt=true"]) {
      expect((await open(listOf(child) + query)).length).toBeLessThan(1_000_000);
      expect(await sizeOf(listOf(child) + query)).toBeLessThan(50_000);
    }
    expect((await open(pageOf("R7", child))).length).toBeLessThan(50_000);
  });
});

test("a link can name the secret that is to be added, and nothing else", async () => {
  const prefilled = async (name: string) => rowsOf(await open(`${listOf()}?add=${name}`))[0]?.[0];
  expect(await prefilled("NEW_ONE")).toBe("NEW_ONE");
  for (const name of ["1BAD", "a-b", "%3Cb%3E", "", "events", "sfly_1_x", "A".repeat(256), "A%0A"]) {
    expect(await prefilled(name)).toBe("");
  }
  expect(await fetchMap(app, token)).toEqual({});
});

describe("a generated value", () => {
  const typed = {
    name: ["ONE", "TWO", "", "FOUR"],
    value: ["1\r\nb", "old", "", "4"],
    note: ["n1", "n2", "", ""],
  };
  const options = { length: "24", alphabet: "hexadecimal", newlines: "lf" };
  const generate = (fields: Fields) => admin.post(listOf(), { ...options, ...typed, ...fields });

  test("fills its own row, keeps what was typed in the others, and saves nothing", async () => {
    const before = await snapshot(app);
    const response = await generate({ generate: "1" });
    expect(response.status).toBe(200);
    const html = await response.text();
    expect(rowsOf(html)).toEqual([
      ["ONE", "1\nb", "n1"],
      ["TWO", expect.stringMatching(/^[0-9a-f]{24}$/), "n2"],
      ["", "", ""],
      ["FOUR", "4", ""],
    ]);
    expect(html).toContain('<option value="hexadecimal" selected=""');
    expect(html).toMatch(/name="length"[^>]* value="24"/);
    expect(await snapshot(app)).toEqual(before);
  });

  test("is another one each time, and may be for a row without a name", async () => {
    const made = async () => rowsOf(await (await generate({ generate: "2" })).text())[2]?.[1];
    const [one, two] = [await made(), await made()];
    expect(one).toMatch(/^[0-9a-f]{24}$/);
    expect(one).not.toBe(two);
  });

  test.each(["0", "513", "", "1e1", "-5", "4.5", "99999", " "])(
    "of the length %j is refused beside the field, with all rows as they were",
    async (length) => {
      const response = await generate({ generate: "1", length });
      expect(response.status).toBe(422);
      const html = await response.text();
      expect(rowsOf(html).map(([, value]) => value)).toEqual(["1\nb", "old", "", "4"]);
      expect(html).toContain('<details class="generator" open=""');
      expect(html).toContain('id="add-generator-error">The length is a whole number from 1 to 512.</p>');
    },
  );

  test("of characters that there are not is refused in the same way", async () => {
    const response = await generate({ generate: "1", alphabet: "runes" });
    expect(response.status).toBe(422);
    expect(await response.text()).toContain('id="add-generator-error">Choose the characters from the list.');
  });

  test.each(["4", "-1", "01", "length", "constructor", ""])(
    "for the row %j, which is none, is refused",
    async (row) => {
      const before = await snapshot(app);
      const response = await generate({ generate: row });
      expect(response.status).toBe(422);
      expect(await snapshot(app)).toEqual(before);
    },
  );

  describe("in the form of one secret", () => {
    const one = { name: "A", value: "typed", note: "typed note", notes: "exact", generate: "0", ...options };
    beforeEach(() => save({ A: ["kept", "note"], B: "other-value" }));

    test("comes back in that form, and saves nothing", async () => {
      const response = await admin.post(listOf(), one);
      const html = await response.text();
      expect([response.status, rowsOf(html)]).toEqual([
        200,
        [["A", expect.stringMatching(/^[0-9a-f]{24}$/), "typed note"]],
      ]);
      expect(html).not.toContain("other-value");
      expect(await fetchMap(app, token)).toEqual({ A: "kept", B: "other-value" });
      expect((await reveals()).map(({ action, name }) => [action, name])).toEqual([["secret.reveal", "A"]]);
    });

    test("among all values comes back among all values", async () => {
      const html = await (await admin.post(listOf(), { ...one, decrypted: "true" })).text();
      expect(html).toContain("other-value");
      expect(rowsOf(html)[0]).toEqual(["A", expect.stringMatching(/^[0-9a-f]{24}$/), "typed note"]);
    });

    test("of a wrong length keeps what was typed, the kinds of its newlines too", async () => {
      await save({ A: "a\r\nb\n" });
      const mixed = { ...one, value: "a\r\nb\r\n", newlines: "mixed", length: "x" };
      const response = await admin.post(listOf(), mixed);
      const html = await response.text();
      expect([response.status, rowsOf(html).map(([, value]) => value)]).toEqual([422, ["a&#13;\nb\n"]]);
      expect(html).toContain('id="A-generator-error"');
      expect(html).toContain('name="newlines" value="mixed"');
    });

    test("is not lost where the secret is gone meanwhile: it becomes a row of the form for new ones", async () => {
      await admin.post(`${pageOf("A")}/delete`);
      for (const decrypted of ["", "true"]) {
        const response = await admin.post(listOf(), { ...one, decrypted });
        expect(response.status).toBe(200);
        expect(rowsOf(await response.text())[0]).toEqual([
          "A",
          expect.stringMatching(/^[0-9a-f]{24}$/),
          "typed note",
        ]);
      }
    });
  });
});

describe("deleting", () => {
  test("says so, with the way to undo it, and lists it among the deleted", async () => {
    await save({ A: "1", B: "2", KEPT: "3" });
    const response = await admin.post(`${pageOf("A")}/delete`);
    expect(response.headers.get("Location")).toBe(listOf());
    app.clock.advance(1000);
    const html = await open(listOf());
    expect(html).toContain("A is deleted.");
    expect(html).toContain(`<a href="${pageOf("A")}/history">Undo: restore one of its versions</a>`);
    expect(html).toContain("1 deleted secret</summary>");
    await admin.post(`${pageOf("B")}/delete`, { decrypted: "true" });
    const list = (await open(`${listOf()}?decrypt=true`)).split('id="deleted"')[1] ?? "";
    // The last deleted first.
    expect([...list.matchAll(/class="mono" href="[^"]*\/(\w+)\/history"/g)].map(([, name]) => name)).toEqual([
      "B",
      "A",
    ]);
    await save({ A: "again" });
    expect(await open(listOf())).not.toContain(`class="mono" href="${pageOf("A")}/history"`);
  });

  test("from the decrypted page leads back to it", async () => {
    await save({ A: "1" });
    const response = await admin.post(`${pageOf("A")}/delete`, { decrypted: "true" });
    expect(response.headers.get("Location")).toBe(`${listOf()}?decrypt=true`);
  });

  test("is for good where no older versions are kept, and says so", async () => {
    app.close();
    await begin({ VERSIONED_SECRET_VALUES: "false" });
    await save({ A: "1" });
    await admin.post(`${pageOf("A")}/delete`);
    const html = await open(listOf());
    expect(html).toContain("A is deleted, for good: this server keeps no older versions.");
    expect(html).not.toContain("Undo");
    expect(html).not.toContain('id="deleted"');
  });

  test("what another one refers to is refused on the page that it was asked from", async () => {
    await save({ HOST: "value-of-host", URL: "${HOST}" });
    for (const decrypted of ["", "true"]) {
      const response = await admin.post(`${pageOf("HOST")}/delete`, { decrypted });
      const html = await response.text();
      expect(response.status).toBe(422);
      expect(html).toContain("HOST was not deleted. ");
      expect(html.includes("value-of-host")).toBe(decrypted === "true");
    }
    expect(await fetchMap(app, token)).toEqual({ HOST: "value-of-host", URL: "value-of-host" });
  });

  test("a name that is not there changes nothing", async () => {
    await save({ A: "1" });
    const response = await admin.post(`${pageOf("NOBODY")}/delete`);
    expect(response.status).toBe(404);
    expect(await fetchMap(app, token)).toEqual({ A: "1" });
  });
});

describe("a save from the form of one secret", () => {
  const edit = (name: string, more: Fields = {}) =>
    admin.post(listOf(), { name, value: "new", note: "", notes: "exact", newlines: "lf", ...more });

  test("leads back to its row in the list, or among all values", async () => {
    await save({ A: "1" });
    expect((await edit("A")).headers.get("Location")).toBe(`${listOf()}#secret-A`);
    const decrypted = await edit("A", { value: "newer", decrypted: "true" });
    expect(decrypted.headers.get("Location")).toBe(`${listOf()}?decrypt=true#secret-A`);
    expect((await edit("A", { value: "newer" })).headers.get("Location")).toBe(`${listOf()}#secret-A`);
  });

  test("leads to the page that it is on, where the list has several", async () => {
    await saveMany(320);
    await save({ ZZ: "1" });
    expect((await edit("ZZ")).headers.get("Location")).toBe(`${listOf()}?page=2#secret-ZZ`);
    const decrypted = await edit("ZZ", { value: "newer", decrypted: "true" });
    expect(decrypted.headers.get("Location")).toBe(`${listOf()}?decrypt=true&page=4#secret-ZZ`);
    expect(namesOf(await open(`${listOf()}?decrypt=true&page=4`))).toContain("ZZ");
  });

  test("of new secrets leads to the list, or to all values", async () => {
    const added = await admin.post(listOf(), { name: "A", value: "1" });
    expect(added.headers.get("Location")).toBe(listOf());
    const among = await admin.post(listOf(), { name: "B", value: "1", decrypted: "true" });
    expect(among.headers.get("Location")).toBe(`${listOf()}?decrypt=true`);
  });

  test("that is refused comes back in that form, with what was typed and why", async () => {
    await save({ A: ["1", "note"], B: "other-value" });
    const response = await edit("A", { value: "${NOBODY}", note: "typed" });
    const html = await response.text();
    expect([response.status, rowsOf(html)]).toEqual([422, [["A", "${NOBODY}", "typed"]]]);
    expect(html).toContain('id="error-A">A refers to ${NOBODY}, which is not a secret here');
    expect(html).not.toContain("other-value");
    const among = await edit("A", { value: "${NOBODY}", decrypted: "true" });
    expect(rowsOf(await among.text())[0]).toEqual(["A", "${NOBODY}", ""]);
  });

  test("that is refused after the secret is gone comes back among the new ones", async () => {
    await save({ A: "1" });
    await admin.post(`${pageOf("A")}/delete`);
    const response = await edit("A", { value: "${NOBODY}" });
    expect([response.status, rowsOf(await response.text())[0]]).toEqual([422, ["A", "${NOBODY}", ""]]);
  });

  test("overrides an inherited one, which stays as it is above", async () => {
    const child = await admin.createChild("api", root);
    const below = await admin.createToken(child, "prod", "write");
    await save({ A: ["above", "note"] });
    const fields = { name: "A", value: "below", note: "note", notes: "exact", newlines: "lf" };
    expect((await admin.post(listOf(child), fields)).headers.get("Location")).toBe(
      `${listOf(child)}#secret-A`,
    );
    expect([await fetchMap(app, token), await fetchMap(app, below)]).toEqual([
      { A: "above" },
      { A: "below" },
    ]);
    expect(await open(listOf(child))).toContain("Own, overriding");
  });

  test("empties the note where it was emptied", async () => {
    await save({ A: ["1", "a note"] });
    await edit("A", { value: "1" });
    expect((await history(app, token, "A")).map(({ note }) => note)).toEqual(["a note", ""]);
  });
});

describe("compression", () => {
  const encoding = async (path: string, site: string | undefined) => {
    const headers = { "Accept-Encoding": "gzip", ...(site && { "Sec-Fetch-Site": site }) };
    const { status, headers: told } = await admin.get(path, headers);
    expect(status).toBe(200);
    expect(told.get("Vary")).toContain("Accept-Encoding");
    return told.get("Content-Encoding");
  };

  test.each(["same-site", "cross-site"])("is not for what a %s page asks for", async (site) => {
    await save({ A: "1" });
    for (const path of [listOf(), `${listOf()}?decrypt=true`, pageOf("A")]) {
      expect(await encoding(path, site)).toBeNull();
    }
  });

  test.each(["same-origin", "none", undefined])("is for what Sec-Fetch-Site calls %s", async (site) => {
    await save({ A: "1" });
    for (const path of [listOf(), `${listOf()}?decrypt=true`, pageOf("A")]) {
      expect(await encoding(path, site)).toBe("gzip");
    }
  });
});
