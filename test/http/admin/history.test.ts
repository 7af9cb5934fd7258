import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { fetchMap, type TestApp, type TestBrowser } from "../../harness.ts";
import { snapshot } from "../../security/snapshot.ts";
import { openShop } from "../../shop.ts";
import { auditOf, put, sendJson } from "../../vault/inspect.ts";

let app: TestApp;
let admin: TestBrowser;
let root: number;
let token: string;

async function begin(settings: Record<string, string> = {}): Promise<void> {
  ({ app, admin, root, token } = await openShop(settings));
}

beforeEach(() => begin());
afterEach(() => app.close());

const environmentOf = (id: number, environment = "prod") =>
  `/admin/projects/${id}/environments/${environment}`;
const historyOf = (name: string, id = root) => `${environmentOf(id)}/secrets/${name}/history`;
const rollbackOf = (name: string, id = root) => `${environmentOf(id)}/secrets/${name}/rollback`;
const pointIn = (id = root) => `${environmentOf(id)}/rollback`;

/** Saves secrets in one write, a second after whatever was before, and returns when. */
async function save(values: Record<string, string>, id = root): Promise<number> {
  app.clock.advance(1000);
  expect((await admin.save(id, "prod", values)).status).toBe(303);
  return app.clock.now;
}

async function remove(name: string, id = root): Promise<void> {
  app.clock.advance(1000);
  expect((await admin.post(`${environmentOf(id)}/secrets/${name}/delete`)).status).toBe(303);
}

async function pageOf(path: string, status = 200): Promise<string> {
  const response = await admin.get(path);
  expect(response.status).toBe(status);
  return response.text();
}

/** What a page says, without its tags. */
const textOf = (html: string) =>
  html
    .slice(html.indexOf("<main"))
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ([.,:])/g, "$1");

/** Bytes of a page on the wire. */
async function sizeOf(path: string): Promise<number> {
  const response = await admin.get(path, { "Accept-Encoding": "gzip" });
  expect(response.headers.get("Content-Encoding")).toBe("gzip");
  return (await response.arrayBuffer()).byteLength;
}

const reveals = async () =>
  (await auditOf(app))
    .filter(({ action }) => action === "secret.reveal")
    .map(({ name, environment, projectId, actor }) => ({ name, environment, projectId, actor }));

describe("the history of a secret", () => {
  test("lists all versions with who and when, the newest marked, and no value", async () => {
    await save({ A: "value-one" });
    await put(app, token, "A", "value-two", "from the vendor");
    const html = await pageOf(historyOf("A"));
    const text = textOf(html);
    expect(text).toContain("Version 2 current");
    expect(text).toContain("Value and note from the vendor");
    expect(text).toMatch(/Version 1 Created 1 Jan 2026, 00:00 UTC by you/);
    expect(text).toContain("by token sfly_");
    expect(html).not.toContain("value-");
    expect(await reveals()).toEqual([]);
  });

  test("shows values when it is asked to, tells the audit, and hides them in time", async () => {
    await save({ A: "value-one" });
    await save({ A: "value-two" });
    const response = await admin.get(`${historyOf("A")}?decrypt=true`);
    const html = await response.text();
    for (const value of ["value-one", "value-two"]) expect(html).toContain(value);
    expect(response.headers.get("Refresh")).toBe(`300; url=${historyOf("A")}`);
    expect(await reveals()).toEqual([
      { name: "A", environment: "prod", projectId: root, actor: expect.stringMatching(/^session:/) },
    ]);
    const one = await pageOf(`${historyOf("A")}?decrypt=true&version=1`);
    expect([one.includes("value-one"), one.includes("value-two")]).toEqual([true, false]);
  });

  test("shows no value where the audit cannot be told of it", async () => {
    await save({ A: "value-one" });
    await save({ A: "value-two" });
    await app.db.$client.execute("alter table audit_events rename to elsewhere");
    for (const query of ["decrypt=true", "from=1&to=2"]) {
      const html = await pageOf(`${historyOf("A")}?${query}`, 500);
      expect(html).not.toContain("value-");
    }
  });

  test("compares two versions line by line, with signs", async () => {
    await save({ A: "first line\nsame\nold end" });
    await save({ A: "first line\nsame\nnew end\nand more" });
    const response = await admin.get(`${historyOf("A")}?from=1&to=2`);
    const html = await response.text();
    const text = textOf(html);
    expect(text).toContain("first line same − removed: old end + added: new end + added: and more");
    expect(text).toContain("The note is the same.");
    expect(response.headers.get("Refresh")).toBe(`300; url=${historyOf("A")}`);
    expect((await reveals()).map(({ name }) => name)).toEqual(["A"]);
    expect(textOf(await pageOf(`${historyOf("A")}?from=2&to=2`))).toContain("The value is the same.");
  });

  test("compares notes, and with a deletion", async () => {
    await put(app, token, "A", "a value", "old note");
    await put(app, token, "A", "a value", "new note");
    await remove("A");
    const notes = textOf(await pageOf(`${historyOf("A")}?from=1&to=2`));
    expect(notes).toContain("The value is the same.");
    expect(notes).toContain("− removed: old note + added: new note");
    const gone = textOf(await pageOf(`${historyOf("A")}?from=2&to=3`));
    expect(gone).toContain("Version 3, the deletion:");
    expect(gone).toContain("− removed: a value");
  });

  test("says what cannot be compared, and shows nothing then", async () => {
    await save({ A: "value-one" });
    for (const [query, fault] of [
      ["from=1", "Choose two versions"],
      ["from=1&to=2", "A has no version 2 yet."],
      ["from=1&to=x", "A version is a whole number"],
      ["decrypt=true&version=7", "A has no version 7 yet."],
      ["before=-1", "A version is a whole number"],
    ]) {
      const html = await pageOf(`${historyOf("A")}?${query}`, 422);
      expect(html).toContain(fault ?? "");
      expect(html).not.toContain("value-one");
    }
    expect(await reveals()).toEqual([]);
  });

  test("is under 50 KB with 500 versions, and leads to the first of them", async () => {
    for (let i = 1; i <= 500; i++) await put(app, token, "A", `value ${i}`, `note number ${i}`);
    expect(await sizeOf(historyOf("A"))).toBeLessThan(50_000);
    expect(await sizeOf(`${historyOf("A")}?decrypt=true`)).toBeLessThan(50_000);
    let path: string | undefined = historyOf("A");
    const seen: number[] = [];
    while (path) {
      const html: string = await pageOf(path);
      seen.push(...[...html.matchAll(/scope="row">Version (\d+)/g)].map(([, number]) => Number(number)));
      path = /href="([^"]+)" rel="next"/.exec(html)?.[1];
    }
    expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => 500 - i));
  });

  test("is under 50 KB with large values, of which it shows the beginning and one whole where asked", async () => {
    const random = () => crypto.getRandomValues(new Uint8Array(60_000)).toBase64();
    for (let i = 0; i < 40; i++) await put(app, token, "A", random());
    expect(await sizeOf(`${historyOf("A")}?decrypt=true`)).toBeLessThan(50_000);
    expect(await sizeOf(`${historyOf("A")}?from=1&to=40`)).toBeLessThan(50_000);
    const html = await pageOf(`${historyOf("A")}?decrypt=true`);
    const whole = /href="([^"]+)">Show version 40 whole/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(await pageOf(whole)).toContain((await fetchMap(app, token)).A ?? "?");
  });

  test("is where the secret comes from: an inherited one leads there, and no other has one", async () => {
    const child = await admin.createChild("api", root);
    await save({ A: "1" });
    await save({ OF_CHILD: "1" }, child);
    expect(await pageOf(historyOf("A", child), 404)).toContain(`href="${historyOf("A")}"`);
    await pageOf(historyOf("OF_CHILD"), 404);
    await pageOf(historyOf("NEVER"), 404);
    await pageOf(`${environmentOf(root, "dev")}/secrets/A/history`, 404);
    await pageOf(`${environmentOf(root, "nowhere")}/secrets/A/history`, 404);
    await save({ A: "its own" }, child);
    expect(textOf(await pageOf(historyOf("A", child)))).toContain("This one hides the A of shop.");
  });

  test("says that only the newest version is kept, and by which setting", async () => {
    app.close();
    await begin({ VERSIONED_SECRET_VALUES: "false" });
    await save({ A: "1" });
    await save({ A: "2" });
    const html = await pageOf(historyOf("A"));
    expect(textOf(html)).toContain(
      "VERSIONED_SECRET_VALUES is false on this server: only the newest version",
    );
    expect(html).not.toContain(rollbackOf("A"));
    expect(html).not.toContain("Compare two versions");
    expect(await pageOf(`${environmentOf(root)}/history`)).toContain("VERSIONED_SECRET_VALUES");
  });
});

describe("rolling a secret back", () => {
  test("makes a new version, which apps of the project and its children get", async () => {
    const child = await admin.createChild("api", root);
    const childToken = await admin.createToken(child, "prod");
    await save({ A: "one" });
    await save({ A: "two" });
    const answer = await admin.post(rollbackOf("A"), { version: "1" });
    expect([answer.status, answer.headers.get("Location")]).toEqual([303, historyOf("A")]);
    expect(textOf(await pageOf(historyOf("A")))).toContain(
      "A is rolled back to version 1. This is version 3.",
    );
    for (const of of [token, childToken]) expect(await fetchMap(app, of)).toEqual({ A: "one" });
    await admin.post(rollbackOf("A"), { version: "1" });
    const text = textOf(await pageOf(historyOf("A")));
    expect(text).toContain("Nothing changed: A already has the value and the note of version 1.");
    expect(text).toContain("Version 3 current");
  });

  test("restores what was deleted, while what was inherited took its place", async () => {
    const child = await admin.createChild("api", root);
    const childToken = await admin.createToken(child, "prod");
    await save({ A: "shop's" });
    await save({ A: "api's" }, child);
    await remove("A", child);
    const html = await pageOf(historyOf("A", child));
    expect(textOf(html)).toContain("A is deleted here. Apps now get the A of shop.");
    expect(html).toContain("Restore A from version 1");
    await admin.post(rollbackOf("A", child), { version: "1" });
    expect(await pageOf(historyOf("A", child))).toContain("A is restored from version 1. This is version 3.");
    expect(await fetchMap(app, childToken)).toEqual({ A: "api's" });
  });

  test("is refused with its reason on the page, and writes nothing", async () => {
    await save({ HOST: "db" });
    await save({ A: `\${HOST}` });
    await remove("A");
    expect((await put(app, token, "A", "plain")).status).toBe(201);
    await remove("HOST");
    const before = await snapshot(app);
    for (const [version, fault] of [
      ["1", "A refers to ${HOST}, which is not a secret here"],
      ["2", "is its deletion"],
      ["9", "A has no version 9 yet."],
      ["x", "A version is a whole number"],
      ["", "A version is a whole number"],
    ] as const) {
      const answer = await admin.post(rollbackOf("A"), { version });
      expect(answer.status).toBe(422);
      const html = await answer.text();
      expect(html).toContain(fault);
      expect(html).toContain('role="alert"');
    }
    expect((await admin.post(rollbackOf("NEVER"), { version: "1" })).status).toBe(404);
    expect(await snapshot(app)).toEqual(before);
  });

  test("keeps to its own project", async () => {
    const child = await admin.createChild("api", root);
    await save({ A: "one" });
    await save({ A: "two" });
    const other = (await admin.createRoot("other")).id;
    for (const id of [child, other])
      expect((await admin.post(rollbackOf("A", id), { version: "1" })).status).toBe(404);
    expect(await fetchMap(app, token)).toEqual({ A: "two" });
  });
});

describe("the history of an environment", () => {
  test("tells each write once, with who, when and the names, and leads to before it", async () => {
    const first = await save({ A: "v-1", B: "v-1" });
    await remove("B");
    const html = await pageOf(`${environmentOf(root)}/history`);
    const text = textOf(html);
    expect(text).toContain("1 secret deleted B");
    expect(text).toContain("2 secrets set A, B");
    expect(html).toContain(`${pointIn()}?at=${first - 1}`);
    expect(html).toContain(historyOf("B"));
    expect(html).not.toContain("v-1");
  });

  test("is the way back from where one goes back, below its environment's secrets", async () => {
    const secrets = `${environmentOf(root)}/secrets`;
    const history = `${environmentOf(root)}/history`;
    const crumbs = async (path: string) => {
      const html = await pageOf(path);
      const nav = html.slice(html.indexOf('class="breadcrumbs"'), html.indexOf("<h1>"));
      return [...nav.matchAll(/href="([^"]+)"/g)].map(([, href]) => href);
    };
    const above = ["/admin/projects", `/admin/projects/${root}`];
    expect(await crumbs(secrets)).toEqual(above);
    expect(await crumbs(history)).toEqual([...above, secrets]);
    expect(await crumbs(`${pointIn()}?at=${app.clock.now}`)).toEqual([...above, secrets, history]);
  });

  test("teaches when it is empty", async () => {
    const html = await pageOf(`${environmentOf(root)}/history`);
    expect(html).toContain("Nothing has changed in prod yet");
    expect(html).not.toContain("data-utc");
  });

  test("is under 50 KB however much changed, and leads to the older ones", async () => {
    await save(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`SECRET_NUMBER_${i}`, "x"])));
    for (let i = 0; i < 150; i++) await save({ [`SECRET_NUMBER_${i}`]: String(i), [`OTHER_${i}`]: "x" });
    expect(await sizeOf(`${environmentOf(root)}/history`)).toBeLessThan(50_000);
    const next = /href="([^"]+)" rel="next"/.exec(await pageOf(`${environmentOf(root)}/history`))?.[1] ?? "";
    expect(textOf(await pageOf(next))).toContain("1,000 secrets set");
    expect(await sizeOf(`${pointIn()}?at=${app.clock.now - 3_600_000}`)).toBeLessThan(50_000);
  });
});

describe("going back to a moment", () => {
  /** A is set, B deleted and C new since the moment that is returned. */
  async function changedSince(): Promise<number> {
    const then = await save({ A: "v-old", B: "v-gone", D: "v-same" });
    await save({ A: "v-new", C: "v-added" });
    await remove("B");
    return then;
  }
  const stateIn = (html: string) => /name="state" value="([^"]+)"/.exec(html)?.[1] ?? "";
  const old = { A: "v-old", B: "v-gone", D: "v-same" };
  const now = { A: "v-new", C: "v-added", D: "v-same" };

  test("is previewed without a value and without writing anything", async () => {
    const then = await changedSince();
    const before = await snapshot(app);
    for (const answer of [
      await admin.get(`${pointIn()}?at=${then}`),
      await admin.post(pointIn(), { at: String(then) }),
      await admin.post(pointIn(), { at: String(then), confirm: "yes" }),
    ]) {
      expect(answer.status).toBe(200);
      const html = await answer.text();
      const text = textOf(html);
      expect(text).toContain("1 set back 1 added again 1 deleted 1 unchanged");
      expect(text).toContain("A Value set back");
      expect(text).toContain("B Added again: it was deleted since");
      expect(text).toContain("C Deleted: it was not there yet");
      expect(html).not.toContain("v-");
    }
    expect(await snapshot(app)).toEqual(before);
  });

  test("is done in one write when it is confirmed", async () => {
    const then = await changedSince();
    const state = stateIn(await pageOf(`${pointIn()}?at=${then}`));
    app.clock.advance(1000);
    const answer = await admin.post(pointIn(), { at: String(then), state, confirm: "true" });
    expect([answer.status, answer.headers.get("Location")]).toEqual([303, `${environmentOf(root)}/history`]);
    expect(await fetchMap(app, token)).toEqual(old);
    const text = textOf(await pageOf(`${environmentOf(root)}/history`));
    expect(text).toContain("Gone back: 1 set back, 1 added again, 1 deleted.");
    expect(text).toContain("2 secrets set A, B 1 secret deleted C");
    expect(textOf(await pageOf(`${pointIn()}?at=${then}`))).toContain("Nothing would change");
    const again = await admin.post(pointIn(), { at: String(then), confirm: "true" });
    expect(again.status).toBe(303);
    expect(await pageOf(`${environmentOf(root)}/history`)).toContain(
      "Nothing changed: all is as it was then.",
    );
  });

  test("is not done where something was changed since the preview: the new preview is shown", async () => {
    const then = await changedSince();
    const state = stateIn(await pageOf(`${pointIn()}?at=${then}`));
    await sendJson(app, token, "PATCH", "/api/secrets", { set: { LATER: "x" } });
    const before = await snapshot(app);
    const answer = await admin.post(pointIn(), { at: String(then), state, confirm: "true" });
    expect(answer.status).toBe(409);
    const html = await answer.text();
    expect(html).toContain("Secrets were changed since that preview, so nothing was written.");
    expect(textOf(html)).toContain("LATER Deleted: it was not there yet");
    expect(await snapshot(app)).toEqual(before);
    const confirmed = await admin.post(pointIn(), {
      at: String(then),
      state: stateIn(html),
      confirm: "true",
    });
    expect(confirmed.status).toBe(303);
    expect(await fetchMap(app, token)).toEqual(old);
  });

  test("takes a moment as a browser and as a script write it", async () => {
    const then = await changedSince();
    const iso = new Date(then).toISOString();
    const east = `${new Date(then + 7_200_000).toISOString().slice(0, 19)}+02:00`;
    for (const at of [iso, iso.slice(0, 19), `${iso.slice(0, 19)}Z`, east, String(then)])
      expect(stateIn(await pageOf(`${pointIn()}?at=${encodeURIComponent(at)}`))).not.toBe("");
  });

  test("says beside the field what is no moment, or is still to come", async () => {
    await changedSince();
    const future = new Date(app.clock.now + 60_000).toISOString();
    const before = await snapshot(app);
    for (const [at, fault] of [
      ["", "A moment is a date with a time"],
      ["yesterday", "A moment is a date with a time"],
      ["2026-13-01T00:00", "A moment is a date with a time"],
      [future, "This moment is still to come."],
    ] as const) {
      const preview = await admin.get(`${pointIn()}?at=${encodeURIComponent(at)}`);
      const confirmed = await admin.post(pointIn(), { at, confirm: "true" });
      for (const answer of [preview, confirmed]) {
        expect(answer.status).toBe(422);
        const html = await answer.text();
        expect(html).toContain('aria-describedby="moment-hint moment-error" aria-invalid="true"');
        expect(html).toContain(fault);
        if (at === future) expect(html).toContain(`value="${future.slice(0, 19)}"`);
      }
    }
    expect(await snapshot(app)).toEqual(before);
  });

  test("says what it cannot set back because it is not kept, and leaves it alone", async () => {
    app.close();
    await begin({ VERSIONED_SECRET_VALUES: "false" });
    const then = await save({ A: "1", B: "1" });
    await save({ A: "2", C: "2" });
    const html = await pageOf(`${pointIn()}?at=${then}`);
    expect(textOf(html)).toContain("1 secret cannot be set back, and stays as now");
    await admin.post(pointIn(), { at: String(then), state: stateIn(html), confirm: "true" });
    expect(await fetchMap(app, token)).toEqual({ A: "2", B: "1" });
  });

  test("with references that would not resolve is told in the preview and refused", async () => {
    const child = await admin.createChild("api", root);
    await save({ HOST: "db" });
    const then = await save({ URL: `\${HOST}` }, child);
    await save({ URL: "plain" }, child);
    await remove("HOST");
    const html = await pageOf(`${pointIn(child)}?at=${then}`);
    expect(html).toContain("URL refers to ${HOST}, which is not a secret here");
    expect(html).not.toContain('name="confirm"');
    const before = await snapshot(app);
    const answer = await admin.post(pointIn(child), { at: String(then), confirm: "true" });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("URL refers to ${HOST}");
    expect(await snapshot(app)).toEqual(before);
  });

  test("comes in pages where much would change, all of which the confirmation changes", async () => {
    const then = app.clock.now;
    await save(Object.fromEntries(Array.from({ length: 450 }, (_, i) => [`S_${1000 + i}`, "x"])));
    const first = await pageOf(`${pointIn()}?at=${then}`);
    expect(first).toContain("S_1199");
    expect(first).not.toContain("S_1200");
    const last = await pageOf(`${pointIn()}?at=${then}&page=3`);
    expect(last).toContain("S_1449");
    await admin.post(pointIn(), { at: String(then), state: stateIn(last), confirm: "true" });
    expect(await fetchMap(app, token)).toEqual({});
  });

  test("is of one project and environment", async () => {
    const then = await changedSince();
    const state = stateIn(await pageOf(`${pointIn()}?at=${then}`));
    const child = await admin.createChild("api", root);
    await save({ OWN: "1" }, child);
    expect((await admin.post(pointIn(child), { at: String(then), state, confirm: "true" })).status).toBe(409);
    expect(await fetchMap(app, token)).toEqual(now);
    await pageOf(`${environmentOf(root, "nowhere")}/rollback?at=1`, 404);
  });
});

test("all of it is there after the master key was rotated", async () => {
  const { id, masterKey } = await admin.createRoot("rotated", "a passphrase of the root");
  const then = await save({ A: "value-one", B: "x" }, id);
  await save({ A: "value-two" }, id);
  const rotated = await admin.post(`/admin/projects/${id}/rotate`, {
    currentMasterKey: masterKey,
    newMasterKey: "another passphrase of it",
  });
  expect(rotated.status).toBeLessThan(400);
  await admin.unseal(id, "another passphrase of it");
  expect(await pageOf(`${historyOf("A", id)}?decrypt=true`)).toContain("value-one");
  app.clock.advance(1000);
  expect((await admin.post(rollbackOf("A", id), { version: "1" })).status).toBe(303);
  expect(textOf(await pageOf(`${pointIn(id)}?at=${then}`))).toContain("Nothing would change");
  await admin.post(pointIn(id), { at: String(then + 1000), confirm: "true" });
  expect(await pageOf(`${historyOf("A", id)}?decrypt=true&version=4`)).toContain("value-two");
});

test("sealed, all of it leads to where the project is unsealed, and says nothing of its secrets", async () => {
  await save({ SECRET_NAME: "a value" });
  await admin.post(`/admin/projects/${root}/seal`);
  const name = "SECRET_NAME";
  for (const answer of [
    await admin.get(historyOf(name)),
    await admin.get(`${historyOf(name)}?decrypt=true`),
    await admin.get(historyOf("NEVER")),
    await admin.post(rollbackOf(name), { version: "1" }),
    await admin.get(`${environmentOf(root)}/history`),
    await admin.get(`${pointIn()}?at=1`),
    await admin.post(pointIn(), { at: "1", confirm: "true" }),
  ]) {
    expect([answer.status, answer.headers.get("Location")]).toEqual([303, `/admin/projects/${root}`]);
    expect(await answer.text()).not.toContain(name);
  }
  expect(await fetchMap(app, token)).toEqual({ SECRET_NAME: "a value" });
});
