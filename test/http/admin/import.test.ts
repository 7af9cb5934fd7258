import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  bearer,
  createFileApp,
  createTestApp,
  type Fields,
  fetchMap,
  type TestApp,
  type TestBrowser,
} from "../../harness.ts";
import { auditOf, history } from "../../vault/inspect.ts";

let app: TestApp;
let admin: TestBrowser;
let shop: number;
let api: number;

beforeEach(async () => {
  app = await createTestApp();
  admin = app.browser();
  shop = (await admin.createRoot("shop")).id;
  api = await admin.createChild("api", shop);
});
afterEach(() => app.close());

const importPath = (id: number) => `/admin/projects/${id}/environments/prod/import`;
const secretsPath = (id: number) => `/admin/projects/${id}/environments/prod/secrets`;
const send = (id: number, fields: Fields) => admin.post(importPath(id), fields);
const confirm = (id: number, text: string, more: Fields = {}) => send(id, { text, confirm: "true", ...more });

async function preview(id: number, text: string, more: Fields = {}): Promise<string> {
  const response = await send(id, { text, ...more });
  expect(response.status).toBe(200);
  return response.text();
}

/** Everything of a page but the text that was typed. */
function besideText(page: string): string {
  return page.replace(/<textarea[^>]*>[\s\S]*?<\/textarea>/, "");
}

/** The cells of the rows of a table, without markup. */
function rowsOf(page: string, caption: string): string[][] {
  const table = new RegExp(`<caption[^>]*>${caption}</caption>[\\s\\S]*?</table>`).exec(page)?.[0] ?? "";
  const body = /<tbody>([\s\S]*)<\/tbody>/.exec(table)?.[1] ?? "";
  return body
    .split("</tr>")
    .slice(0, -1)
    .map((row) =>
      row
        .split(/<\/t[hd]>/)
        .slice(0, -1)
        .map((cell) =>
          cell
            .replaceAll(/<[^>]*>/g, " ")
            .replaceAll("&quot;", '"')
            .replaceAll("&#39;", "'")
            .replaceAll(/\s+/g, " ")
            .trim(),
        ),
    );
}

const plan = (page: string) => rowsOf(page, "What would happen");
const faults = (page: string) => rowsOf(page, "What is wrong");
const digestIn = (page: string) => /name="previewed" value="([0-9a-f]+)"/.exec(page)?.[1] ?? "";

/** Values of a project's own and inherited secrets, as its apps get them. */
async function fetched(id: number): Promise<Record<string, string>> {
  return fetchMap(app, await admin.createToken(id, "prod", "write"));
}

describe("the preview of an import", () => {
  test("says what each entry would do, what it hides, and shows no value; nothing is written", async () => {
    await admin.save(shop, "prod", { SAME_ABOVE: "v-same", HIDDEN: "v-above", HOST: "v-host" });
    await admin.save(api, "prod", { SAME: "v-mine", CHANGED: "v-old", URL: "http://${HOST}/" });
    const events = (await auditOf(app)).length;
    const text = [
      "SAME=v-mine",
      "CHANGED=v-new",
      "HIDDEN=v-below",
      "SAME_ABOVE=v-same",
      'NEW="v-one\nv-two"',
      "URL=http://v-host/",
      "EMPTY=",
    ].join("\n");
    const page = await preview(api, text);
    expect(plan(page)).toEqual([
      ["CHANGED", "Changed", "2", "5 characters"],
      ["HIDDEN", "New takes the place of the one that shop gives it", "3", "7 characters"],
      ["NEW", "New", "5", "11 characters, 2 lines"],
      ["URL", "Changed apps get the same as now; only how it is written here changes", "7", "14 characters"],
      ["EMPTY", "New", "8", "empty"],
      ["SAME", "Unchanged", "1", "6 characters"],
      ["SAME_ABOVE", "Unchanged inherited with this value; it stays inherited", "4", "6 characters"],
    ]);
    expect(page).toContain("Read as a .env file.");
    expect(page).toContain("Import 5 secrets");
    expect(besideText(page)).not.toContain("v-");
    expect((await auditOf(app)).length).toBe(events);
    expect(await fetched(api)).toMatchObject({ CHANGED: "v-old", HIDDEN: "v-above" });
  });

  test("comes for anything but `confirm=true`", async () => {
    for (const word of ["", "false", "TRUE", "yes", "1"]) await preview(shop, "A=1", { confirm: word });
    expect(await fetched(shop)).toEqual({});
  });

  test("lists every fault with its line, of the text and of the secrets, and offers no import", async () => {
    await admin.save(shop, "prod", { A: "1" });
    const text = [
      "OK=1",
      "not a line",
      "A-B=v-x",
      "sfly_x=v-x",
      "REF=${NOPE}",
      "OK=v-2",
      "A=${B}",
      "B=${A}",
      "OPEN='v-open",
    ].join("\n");
    const page = await preview(shop, text);
    expect(faults(page)).toEqual([
      ["2", "–", "NAME=value is expected here."],
      [
        "3",
        "A-B",
        "A secret's name is an environment variable's: letters, digits and _, not beginning with a digit.",
      ],
      ["4", "sfly_x", "This looks like a service token or a master key, not like a secret's name."],
      ["5", "REF", "REF refers to ${NOPE}, which is not a secret here."],
      ["6", "OK", "It is there twice: line 1 names it too."],
      ["7", "A", "references go in a circle: A → B → A."],
      ["9", "OPEN", "Its quote (') is not closed."],
    ]);
    expect(plan(page).map(([name]) => name)).toEqual(["OK", "B"]);
    expect(page).not.toContain('name="confirm"');
    expect(besideText(page)).not.toContain("v-");
    const refused = await confirm(shop, text);
    expect(refused.status).toBe(422);
    expect(faults(await refused.text())).toEqual(faults(page));
    expect(await fetched(shop)).toEqual({ A: "1" });
  });

  test("gives the text, the format and the choice back as they were sent", async () => {
    const text = "A='</textarea><script>alert(1)</script>\n\n${B}'\r\nB=2\r\n";
    const page = await preview(shop, text, { format: "env", literal: "true" });
    expect(page).toContain(
      "\nA=&#39;&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;\n\n${B}&#39;\nB=2\n</textarea>",
    );
    expect(page).toContain('<option value="env" selected="">');
    expect(/<input type="checkbox"[^>]*name="literal"[^>]*>/.exec(page)?.[0]).toContain("checked");
  });

  test("is bounded for a long text, and says how much more there is", async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `NAME_${i}=v-${i}`);
    await admin.save(shop, "prod", { NAME_0: "v-0" });
    const page = await preview(shop, lines.join("\n"));
    expect(plan(page)).toHaveLength(300);
    expect(page).toContain("and 1,700 more");
    expect(page).toContain("Import 1,999 secrets");
    expect(Bun.gzipSync(besideText(page)).byteLength).toBeLessThan(15_000);
    const wrong = await preview(shop, lines.map((line) => `-${line}`).join("\n"));
    expect(faults(wrong)).toHaveLength(100);
    expect(wrong).toContain("and 1,900 more");
    expect((await confirm(shop, lines.join("\n"))).status).toBe(303);
    expect(Object.keys(await fetched(shop))).toHaveLength(2000);
  });

  test("says that a text holds no secret, or none that would change, and that an empty one cannot be read", async () => {
    await admin.save(shop, "prod", { A: "1" });
    expect(await preview(shop, "# only a comment")).toContain("There is no secret in it.");
    const same = await preview(shop, '{"A": 1}');
    expect(same).toContain("There is nothing to import");
    expect(same).not.toContain('name="confirm"');
    for (const text of ["", " \r\n "]) {
      const response = await send(shop, { text });
      expect(response.status).toBe(422);
      expect(await response.text()).toContain("Paste what is to be imported.");
    }
    const response = await send(shop, { text: "A=1", format: "toml" });
    expect(response.status).toBe(422);
    expect(await response.text()).toContain("There is no such format.");
  });

  test("refuses what is too large, one value and all together", async () => {
    app.close();
    app = await createTestApp({ MAX_SECRET_BYTES: "100" });
    admin = app.browser();
    shop = (await admin.createRoot("shop")).id;
    const large = `OK=1\nA=${"x".repeat(101)}`;
    expect(faults(await preview(shop, large))).toEqual([["2", "A", "Its value is larger than 100 bytes."]]);
    const many = Array.from({ length: 17 }, (_, i) => `N${i}=${"x".repeat(100)}`).join("\n");
    const message = "All values of an environment together have at most 1600 bytes.";
    expect(faults(await preview(shop, many))).toEqual([["–", "–", message]]);
    expect((await confirm(shop, many)).status).toBe(422);
    const body = await send(shop, { text: "x".repeat(12 * 100 + 1024 * 1024) });
    expect(body.status).toBe(413);
    expect(await fetched(shop)).toEqual({});
  });

  test("takes a text of twelve megabytes, which a file takes as well", async () => {
    app.close();
    app = await createFileApp();
    admin = app.browser();
    shop = (await admin.createRoot("shop")).id;
    const text = Array.from({ length: 12 }, (_, i) => `N${i}=${"x".repeat(1_000_000)}`).join("\n");
    const page = await preview(shop, text);
    expect(plan(page)).toHaveLength(12);
    expect((await confirm(shop, text, { previewed: digestIn(page) })).status).toBe(303);
  });
});

describe("a confirmed import", () => {
  test("writes all, leaves notes, and tells what happened", async () => {
    await admin.post(secretsPath(api), { name: "OLD", value: "one", note: "ask Marta" });
    await admin.save(shop, "prod", { SAME_ABOVE: "v" });
    await admin.save(api, "prod", { SAME: "s", UNNAMED: "u" });
    const text = "OLD=two\nNEW=n\nNEW_2=n\nSAME=s\nSAME_ABOVE=v\n";
    const response = await confirm(api, text);
    expect(response.status).toBe(303);
    expect(response.headers.get("Location")).toBe(secretsPath(api));
    expect(await admin.open(secretsPath(api))).toContain("Imported: 2 new, 1 changed, 2 unchanged.");
    const token = await admin.createToken(api, "prod", "write");
    expect(await fetchMap(app, token)).toEqual({
      OLD: "two",
      NEW: "n",
      NEW_2: "n",
      SAME: "s",
      SAME_ABOVE: "v",
      UNNAMED: "u",
    });
    expect(await history(app, token, "OLD")).toEqual([
      { version: 1, value: "one", note: "ask Marta" },
      { version: 2, value: "two", note: "ask Marta" },
    ]);
    // What is inherited with this value gets none of its own.
    expect(await history(app, token, "SAME_ABOVE")).toEqual([]);
    expect(await history(app, token, "SAME")).toHaveLength(1);
    const set = (await auditOf(app)).filter(({ action }) => action === "secret.set").map(({ name }) => name);
    expect(set.slice(-3).sort()).toEqual(["NEW", "NEW_2", "OLD"]);
  });

  test("goes by what is there when it is written", async () => {
    const text = "A=1\nB=2\n";
    const page = await preview(shop, text);
    await admin.save(shop, "prod", { A: "1", B: "other" });
    expect((await confirm(shop, text, { previewed: digestIn(page) })).status).toBe(303);
    expect(await admin.open(secretsPath(shop))).toContain("Imported: 1 changed, 1 unchanged.");
    expect((await confirm(shop, text)).status).toBe(303);
    expect(await admin.open(secretsPath(shop))).toContain("Nothing was imported: no secret would change.");
  });

  test("is of the text that was previewed: another one is previewed first", async () => {
    const digest = digestIn(await preview(shop, "A=1"));
    for (const other of [
      { text: "A=2" },
      { text: "A=1", format: "docker" },
      { text: "A=1", literal: "true" },
    ]) {
      const response = await send(shop, { ...other, confirm: "true", previewed: digest });
      expect(response.status).toBe(422);
      const page = await response.text();
      expect(page).toContain("the text was changed after its preview");
      expect(plan(page).map(([name]) => name)).toEqual(["A"]);
    }
    expect(await fetched(shop)).toEqual({});
    // A browser sends its line ends as CRLF.
    const two = digestIn(await preview(shop, "A=1\nB=2"));
    expect((await confirm(shop, "A=1\r\nB=2", { previewed: two })).status).toBe(303);
  });

  test("takes ${…} as a reference, or to the letter where that is asked for", async () => {
    const text = "HOST=h\nURL='http://${HOST}/$${x}'\nOTHER='${1}'";
    expect((await confirm(shop, text)).status).toBe(303);
    expect(await fetched(shop)).toEqual({ HOST: "h", URL: "http://h/${x}", OTHER: "${1}" });
    expect((await confirm(api, text, { literal: "true" })).status).toBe(303);
    expect(await fetched(api)).toEqual({ HOST: "h", URL: "http://${HOST}/$${x}", OTHER: "${1}" });
  });

  test.each(["env", "docker", "yaml", "map", "k8s", "json"])(
    "gives back what was exported as %s, to the letter",
    async (format) => {
      await admin.save(shop, "prod", { A: "a 'b' # c", HOST: "h", URL: "x ${HOST} $${HOST}", E: "" });
      const exported = await admin.get(`/admin/projects/${shop}/environments/prod/export?format=${format}`);
      const other = (await admin.createRoot("other")).id;
      const chosen: Fields = format === "docker" ? { format } : {};
      const response = await confirm(other, await exported.text(), { literal: "true", ...chosen });
      expect(response.status).toBe(303);
      expect(await fetched(other)).toEqual(await fetched(shop));
    },
  );

  test("comes as multipart, too, as the page's own form sends it", async () => {
    expect(await admin.open(importPath(shop))).toContain('enctype="multipart/form-data"');
    const body = new FormData();
    body.append("text", "A=é\r\nB='x\r\ny'");
    body.append("confirm", "true");
    const response = await app.request(importPath(shop), {
      method: "POST",
      body,
      headers: { Origin: "http://localhost:3000", Cookie: admin.cookie },
    });
    expect(response.status).toBe(303);
    expect(await fetched(shop)).toEqual({ A: "é", B: "x\ny" });
  });

  test("is refused where the project is sealed meanwhile, and says that nothing was saved", async () => {
    await admin.post(`/admin/projects/${shop}/seal`);
    const response = await confirm(api, "A=1");
    expect(response.headers.get("Location")).toBe(`/admin/projects/${api}`);
    expect(await admin.open(`/admin/projects/${api}`)).toContain("Nothing was saved.");
    expect((await admin.get(importPath(api))).status).toBe(303);
  });

  test("is all or nothing where it meets another write", async () => {
    const token = await admin.createToken(shop, "prod", "write");
    const text = (value: string) => Array.from({ length: 50 }, (_, i) => `N${i}=${value}`).join("\n");
    const answers = await Promise.all(["1", "2", "3", "4"].map((value) => confirm(shop, text(value))));
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303]);
    const values = Object.values(await fetchMap(app, token));
    expect([values.length, new Set(values).size]).toEqual([50, 1]);
    const answer = await app.request("/api/secrets/N0", { headers: bearer(token) });
    expect((await answer.json()) as object).toMatchObject({ version: 4 });
  });
});
