/** Faults that programs like this one have had, each tried here: those that no other test is about. */

import { afterEach, describe, expect, spyOn, test } from "bun:test";
import { bearer, createTestApp, fetchMap, origin, type TestApp, type TestBrowser } from "../harness.ts";
import { snapshot } from "./snapshot.ts";

let app: TestApp;
afterEach(() => app.close());

async function open(settings: Record<string, string> = {}): Promise<TestBrowser> {
  app = await createTestApp(settings);
  return app.browser();
}

/** What a text may have been made of, by every usual way of writing bytes as text. */
function decodings(text: string): string[] {
  const encodings = ["base64", "base64url", "hex"] as const;
  return encodings.flatMap((encoding) => {
    const bytes = Buffer.from(text, encoding);
    return [bytes.toString("latin1"), bytes.toString("utf8"), bytes.reverse().toString("latin1")];
  });
}

test("a service token that leaks is not the master key: no part of it, however it is read, unseals the project", async () => {
  const admin = await open();
  const passphrase = "correct horse battery staple";
  const { id } = await admin.createRoot("shop", passphrase);
  const token = await admin.createToken(id, "dev", "write");
  const parts = [token, ...token.split("_"), token.slice(5)];
  const texts = parts.flatMap((part) => [part, [...part].reverse().join(""), ...decodings(part)]);
  for (const text of texts) {
    expect(text).not.toContain(passphrase);
    for (const encoding of ["base64", "base64url", "hex"] as const)
      expect(text).not.toContain(Buffer.from(passphrase).toString(encoding));
  }
  const thief = app.browser();
  for (const text of parts) {
    expect((await thief.unseal(id, text)).status).not.toBe(303);
    app.clock.advance(60 * 60 * 1000);
  }
  expect((await thief.unseal(id, passphrase)).status).toBe(303);
});

test("a root without a single secret takes no master key but its own: not to unseal, to delete, to rotate or to add to", async () => {
  const admin = await open();
  const { id, masterKey } = await admin.createRoot("empty");
  const { masterKey: otherKey } = await admin.createRoot("other");
  const stranger = app.browser();
  const { audit_events: _events, ...before } = await snapshot(app);
  for (const wrong of [otherKey, "a passphrase of nobody", "", "x", " "]) {
    expect((await stranger.unseal(id, wrong)).status).toBe(422);
    const form = { currentMasterKey: wrong, newMasterKey: "a new passphrase" };
    expect((await stranger.post(`/admin/projects/${id}/rotate`, form)).status).toBe(422);
    const location = `/admin/projects/${id}`;
    for (const [path, fields] of [
      [`${location}/delete`, { confirmName: "empty", masterKey: wrong }],
      [`${location}/service-tokens`, { name: "t", environment: "dev", rights: "read", masterKey: wrong }],
      ["/admin/projects", { name: "child", parentId: String(id) }],
    ] as const) {
      const response = await stranger.post(path, fields);
      expect([response.status, response.headers.get("Location")]).toEqual([303, location]);
    }
  }
  expect(await snapshot(app)).toMatchObject(before);
  expect((await stranger.unseal(id, masterKey)).status).toBe(303);
});

test("a second person's master key replaces nobody's: what either writes opens with the one key there is", async () => {
  const admin = await open();
  const { id, masterKey } = await admin.createRoot("shop");
  const token = await admin.createToken(id, "dev", "read");
  const second = app.browser();
  const { masterKey: wrong } = await second.createRoot("of the second");
  expect((await second.unseal(id, wrong)).status).toBe(422);
  await admin.save(id, "dev", { FIRST: "by the first" });
  expect((await second.save(id, "dev", { SECOND: "refused" })).headers.get("Location")).toBe(
    `/admin/projects/${id}`,
  );
  await second.unseal(id, masterKey);
  await second.save(id, "dev", { SECOND: "by the second" });
  await admin.post(`/admin/projects/${id}/seal`);
  await second.save(id, "dev", { THIRD: "after the first was sealed" });
  const third = app.browser();
  await third.unseal(id, masterKey);
  const page = await third.open(`/admin/projects/${id}/environments/dev/secrets?decrypt=true`);
  for (const value of ["by the first", "by the second", "after the first was sealed"])
    expect(page).toContain(value);
  expect(Object.keys(await fetchMap(app, token))).toEqual(["FIRST", "SECOND", "THIRD"]);
});

describe("a passphrase", () => {
  test("is another one with = behind it, without it, with a blank, or in another case", async () => {
    const admin = await open();
    const passphrase = "YWJjZGVmZ2hpamtsbQ=";
    const { id } = await admin.createRoot("shop", passphrase);
    const stranger = app.browser();
    for (const near of [
      `${passphrase}=`,
      passphrase.slice(0, -1),
      `${passphrase} `,
      passphrase.toUpperCase(),
    ]) {
      expect((await stranger.unseal(id, near)).status).toBe(422);
    }
    expect((await stranger.unseal(id, passphrase)).status).toBe(303);
  });

  test.each([12, 16, 32, 43, 44, 48, 64])(
    "of %d characters is one under which values are written",
    async (length) => {
      const admin = await open();
      const passphrase = "0123456789abcdef".repeat(4).slice(0, length);
      const { id } = await admin.createRoot("shop", passphrase);
      expect((await admin.save(id, "dev", { A: "v-written" })).status).toBe(303);
      await admin.post(`/admin/projects/${id}/seal`);
      expect((await admin.unseal(id, passphrase)).status).toBe(303);
      const page = await admin.open(`/admin/projects/${id}/environments/dev/secrets?decrypt=true`);
      expect(page).toContain("v-written");
    },
  );
});

test("whether parent or child has the lower number, or was written first, does not decide which of them wins", async () => {
  const admin = await open();
  const { id: root } = await admin.createRoot("root");
  const [low, middle, high] = [
    await admin.createChild("low", root),
    await admin.createChild("middle", root),
    await admin.createChild("high", root),
  ];
  // Upside down: the lowest number is at the bottom.
  await admin.post(`/admin/projects/${middle}/edit`, { name: "middle", parentId: String(high) });
  await admin.post(`/admin/projects/${low}/edit`, { name: "low", parentId: String(middle) });
  const token = await admin.createToken(low, "dev");
  for (const [name, order] of [
    ["DOWNWARDS", [root, high, middle, low]],
    ["UPWARDS", [low, middle, high, root]],
  ] as const) {
    for (const id of order) await admin.save(id, "dev", { [name]: `of ${id}` });
  }
  expect(await fetchMap(app, token)).toEqual({ DOWNWARDS: `of ${low}`, UPWARDS: `of ${low}` });
  for (const [id, next] of [
    [low, middle],
    [middle, high],
    [high, root],
  ] as const) {
    for (const name of ["DOWNWARDS", "UPWARDS"])
      await admin.post(`/admin/projects/${id}/environments/dev/secrets/${name}/delete`);
    expect(await fetchMap(app, token)).toEqual({ DOWNWARDS: `of ${next}`, UPWARDS: `of ${next}` });
  }
});

/** A text of a page as the browser has it. */
function unescaped(html: string): string {
  const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return html.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? "");
}

test("a value that is shown and saved again from its page stays what it is, letter by letter", async () => {
  const admin = await open();
  const { id } = await admin.createRoot("shop");
  const token = await admin.createToken(id, "dev");
  const values = {
    ENTITIES: `a & b &amp; c &lt; d ' " &#39; <`,
    MARKUP: "</textarea><script>alert(1)</script>",
    TEMPLATE: "`${'$'}{x}` `$${HOME}`",
    BLANKS: "  before and behind \t ",
    EMPTY_LINES: "\n\nfirst two lines are empty\n",
  };
  const path = `/admin/projects/${id}/environments/dev/secrets`;
  const headers = {
    ...bearer(await admin.createToken(id, "dev", "write")),
    "Content-Type": "application/json",
  };
  for (const [name, value] of Object.entries(values))
    await app.request(`/api/secrets/${name}`, { method: "PUT", headers, body: JSON.stringify({ value }) });
  const before = await fetchMap(app, token);
  const { secret_versions: versions } = await snapshot(app);
  for (const name of Object.keys(values)) {
    const page = await admin.open(`${path}?decrypt=true&edit=${name}`);
    const form = page.split("<form").find((text) => text.includes(`name="name" value="${name}"`)) ?? "";
    const area = /<textarea[^>]*name="value"[^>]*>\n?([\s\S]*?)<\/textarea>/.exec(form)?.[1];
    const newlines = /name="newlines" value="([^"]*)"/.exec(form)?.[1];
    expect(area).toBeDefined();
    // As a browser sends a form.
    const value = unescaped(area ?? "").replace(/\r?\n/g, "\r\n");
    const response = await admin.post(path, { name, value, newlines: newlines ?? "" });
    expect(response.status).toBe(303);
  }
  expect(await fetchMap(app, token)).toEqual(before);
  // The same value again is no new version: had a letter changed, there would be one.
  expect((await snapshot(app)).secret_versions).toBe(versions ?? "");
});

test("what a page shows in place of a value is a value like any other", async () => {
  const admin = await open();
  const { id } = await admin.createRoot("shop");
  const token = await admin.createToken(id, "dev", "write");
  const masks = ["********", "•••••", "••••••••", "●●●●", "…", "(hidden)", "[redacted]", "<hidden>", "***"];
  const headers = { ...bearer(token), "Content-Type": "application/json" };
  for (const value of masks) {
    await admin.save(id, "dev", { BY_FORM: "another", BY_API: "another" });
    await admin.save(id, "dev", { BY_FORM: value });
    await app.request("/api/secrets/BY_API", { method: "PUT", headers, body: JSON.stringify({ value }) });
    expect(await fetchMap(app, token)).toEqual({ BY_API: value, BY_FORM: value });
  }
});

test("a wrong address or method leads nobody anywhere, whatever page they came from", async () => {
  const admin = await open();
  await admin.createRoot("shop");
  for (const from of ["https://evil.example/", `${origin}/admin/projects`, "//evil.example"]) {
    for (const [method, path, status] of [
      ["GET", "/nothing", 404],
      ["GET", "/admin/nothing", 404],
      ["GET", "/admin/projects/999", 404],
      ["GET", "/admin/seal", 405],
      ["GET", "/admin/projects/1/delete", 405],
      ["DELETE", "/admin/projects/1", 405],
      ["POST", "/livez", 405],
    ] as const) {
      const headers = { Referer: from, Origin: origin, Cookie: admin.cookie };
      const response = await app.request(path, { method, headers });
      expect(`${path} ${response.status}`).toBe(`${path} ${status}`);
      for (const name of ["Location", "Refresh"]) expect(response.headers.get(name)).toBeNull();
      expect(await response.text()).not.toContain("evil.example");
    }
  }
});

test("a session of one process is none in another, and neither ends the other's", async () => {
  const password = "the admin's password";
  const admin = await open({ ADMIN_PASSWORD: password });
  await admin.post("/admin/sign-in", { password });
  const { id, masterKey } = await admin.createRoot("shop");
  const second = await app.sibling();
  const cookie = { headers: { Cookie: admin.cookie } };
  expect((await second.request("/admin/projects", cookie)).headers.get("Location")).toBe("/admin/sign-in");
  const other = second.browser();
  await other.post("/admin/sign-in", { password });
  const sealed = await other.get(`/admin/projects/${id}/environments/dev/secrets`);
  expect(sealed.headers.get("Location")).toBe(`/admin/projects/${id}`);
  await other.unseal(id, masterKey);
  await other.save(id, "dev", { BY_THE_OTHER: "x" });
  await other.post("/admin/sign-out");
  const page = await admin.open(`/admin/projects/${id}/environments/dev/secrets`);
  expect(page).toContain("BY_THE_OTHER");
  second.close();
});

test("a fetch asks the database as often, and opens as much, for fifty secrets as for none", async () => {
  const admin = await open();
  const { id } = await admin.createRoot("shop");
  const token = await admin.createToken(id, "dev");
  const cost = async () => {
    const queries = spyOn(app.db.$client, "execute");
    const batches = spyOn(app.db.$client, "batch");
    const decryptions = spyOn(crypto.subtle, "decrypt");
    const number = Object.keys(await fetchMap(app, token)).length;
    const counted = [queries, batches, decryptions].map((spy) => spy.mock.calls.length);
    for (const spy of [queries, batches, decryptions]) spy.mockRestore();
    return { number, counted };
  };
  const first = await cost();
  expect(first.number).toBe(0);
  // Whatever is written, the database is asked again. What the token opens is known from then on.
  await admin.save(id, "prod", { OTHER: "elsewhere" });
  const none = await cost();
  const names = Array.from({ length: 50 }, (_, at) => [
    `SECRET_${at}`,
    `value ${at} \${SECRET_${(at + 1) % 51}}`,
  ]);
  await admin.save(id, "dev", { ...Object.fromEntries(names), SECRET_50: "the end" });
  const fifty = await cost();
  expect(fifty).toEqual({ number: 51, counted: none.counted });
  expect([first, fifty].map(({ counted }) => counted.slice(0, 2))).toEqual([
    [1, 0],
    [1, 0],
  ]);
});
