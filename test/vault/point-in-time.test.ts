import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { previewRollback, rollBackEnvironment } from "../../src/vault/point-in-time.ts";
import { listMoments } from "../../src/vault/timeline.ts";
import type { WritableEnvironment } from "../../src/vault/unlock.ts";
import { failureOf } from "../failure.ts";
import { fetchMap, type TestApp, type TestBrowser } from "../harness.ts";
import { openShop } from "../shop.ts";
import { auditOf, disagreements, history, openPlace, sendJson } from "./inspect.ts";

let app: TestApp;
let admin: TestBrowser;
let root: number;
let token: string;
let place: WritableEnvironment;

async function begin(settings: Record<string, string> = {}): Promise<void> {
  ({ app, admin, root, token } = await openShop(settings));
  place = await openPlace(app, token);
}

/** Makes several changes in one write, a second after whatever was before, and returns when. */
async function change(set: Record<string, string>, gone: string[] = [], by = token): Promise<number> {
  app.clock.advance(1000);
  const answer = await sendJson(app, by, "PATCH", "/api/secrets", { set, delete: gone });
  expect(answer.status).toBe(200);
  return app.clock.now;
}

const preview = (at: number) => previewRollback(app.vault, place, at);
const goBack = (at: number, fingerprint?: string) => rollBackEnvironment(app.vault, place, at, fingerprint);

beforeEach(() => begin());
afterEach(() => app.close());

describe("the timeline", () => {
  test("tells each write once, newest first, with who and the names", async () => {
    const first = await change({ B: "1", A: "1" });
    const other = await admin.createToken(root, "prod", "write");
    const second = await change({ A: "2", C: "1" }, ["B"], other);
    const { moments, olderBefore } = await listMoments(app.vault, place);
    expect(moments).toEqual([
      {
        at: second,
        by: expect.stringContaining(other.split("_")[1] ?? "?"),
        set: { names: ["A", "C"], count: 2 },
        deleted: { names: ["B"], count: 1 },
      },
      {
        at: first,
        by: expect.stringContaining(token.split("_")[1] ?? "?"),
        set: { names: ["A", "B"], count: 2 },
        deleted: { names: [], count: 0 },
      },
    ]);
    expect(olderBefore).toBeUndefined();
  });

  test("keeps apart what two did in the same millisecond, and counts a secret once", async () => {
    const other = await admin.createToken(root, "prod", "write");
    for (const [by, value] of [
      [token, "1"],
      [other, "2"],
      [token, "3"],
    ] as const)
      await sendJson(app, by, "PATCH", "/api/secrets", { set: { A: value } });
    const { moments } = await listMoments(app.vault, place);
    expect(moments.map(({ set }) => set)).toEqual([
      { names: ["A"], count: 1 },
      { names: ["A"], count: 1 },
    ]);
  });

  test("names the first of many and counts all", async () => {
    await change(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`S_${i}`, "x"])));
    const [moment] = (await listMoments(app.vault, place)).moments;
    expect(moment?.set.count).toBe(300);
    expect(moment?.set.names.slice(0, 3)).toEqual(["S_0", "S_1", "S_10"]);
    expect(moment?.set.names).toHaveLength(10);
  });

  test("comes in pages of at most 100, none lost between two", async () => {
    const times: number[] = [];
    for (let i = 0; i < 230; i++) times.unshift(await change({ A: String(i) }));
    const seen: number[] = [];
    let before: number | undefined;
    do {
      const page = await listMoments(app.vault, place, before);
      expect(page.moments.length).toBeLessThanOrEqual(100);
      seen.push(...page.moments.map(({ at }) => at));
      before = page.olderBefore;
    } while (before !== undefined);
    expect(seen).toEqual(times);
  });

  test("is of this project and this environment only", async () => {
    await change({ A: "1" });
    const child = await admin.createChild("api", root);
    const dev = await admin.createToken(root, "dev", "write");
    const api = await admin.createToken(child, "prod", "write");
    for (const foreign of [dev, api])
      expect((await listMoments(app.vault, await openPlace(app, foreign))).moments).toEqual([]);
  });
});

describe("going back to a moment", () => {
  test("sets back, adds again and deletes what differs, and nothing else, as new versions", async () => {
    await change({ KEPT: "k", CHANGED: "one", GONE: "g", TWICE: "a" });
    const then = await change({ TWICE: "b" });
    await change({ CHANGED: "two", NEW: "n", TWICE: "c" }, ["GONE"]);
    await change({ TWICE: "b" });
    const plan = await preview(then);
    expect(plan.returns).toMatchObject([
      { name: "CHANGED", kind: "value", fromVersion: 2, toVersion: 1 },
      { name: "GONE", kind: "add", fromVersion: 2, toVersion: 1 },
      { name: "NEW", kind: "delete", fromVersion: 1, toVersion: null },
    ]);
    expect(plan).toMatchObject({ unchanged: 2, unreachable: [], problems: [] });
    expect(JSON.stringify(plan)).not.toContain('"two"');

    const events = (await auditOf(app)).length;
    app.clock.advance(1000);
    const changed = await goBack(then, plan.fingerprint);
    expect(changed?.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      "CHANGED changed",
      "GONE created",
      "NEW deleted",
    ]);
    expect(await fetchMap(app, token)).toEqual({ KEPT: "k", CHANGED: "one", GONE: "g", TWICE: "b" });
    expect((await history(app, token, "CHANGED")).map(({ value }) => value)).toEqual(["one", "two", "one"]);
    expect((await auditOf(app)).slice(events).map(({ action, name }) => [action, name])).toEqual([
      ["secret.set", "CHANGED"],
      ["secret.set", "GONE"],
      ["secret.delete", "NEW"],
    ]);
    expect(await disagreements(app, [token])).toEqual([]);
    expect((await listMoments(app.vault, place)).moments[0]).toMatchObject({
      set: { count: 2 },
      deleted: { count: 1 },
    });
    expect((await preview(then)).returns).toEqual([]);
  });

  test("takes a going back itself back", async () => {
    const then = await change({ A: "1" });
    const later = await change({ A: "2", B: "2" });
    app.clock.advance(1000);
    await goBack(then);
    app.clock.advance(1000);
    await goBack(later);
    expect(await fetchMap(app, token)).toEqual({ A: "2", B: "2" });
    expect(await disagreements(app, [token])).toEqual([]);
  });

  test("to before everything deletes everything, and to now changes nothing", async () => {
    const first = await change({ A: "1", B: "2" });
    expect(await preview(app.clock.now)).toMatchObject({ returns: [], unchanged: 2 });
    expect(await goBack(app.clock.now)).toEqual([]);
    expect((await preview(first)).returns).toEqual([]);
    expect((await preview(first - 1)).returns.map(({ kind }) => kind)).toEqual(["delete", "delete"]);
    await goBack(first - 1);
    expect(await fetchMap(app, token)).toEqual({});
  });

  test("that is still to come is refused", async () => {
    await change({ A: "1" });
    for (const act of [preview, goBack])
      expect(await failureOf(act(app.clock.now + 1))).toMatchObject({
        code: "invalid",
        fields: { at: expect.stringMatching(/still to come/) },
      });
  });

  test("counts a note, alone and with a value", async () => {
    const then = await change({ A: "1", B: "1" });
    app.clock.advance(1000);
    for (const [name, value] of [
      ["A", "1"],
      ["B", "2"],
    ])
      await sendJson(app, token, "PUT", `/api/secrets/${name}`, { value, note: "written since" });
    expect((await preview(then)).returns.map(({ name, kind }) => [name, kind])).toEqual([
      ["A", "note"],
      ["B", "value-and-note"],
    ]);
    await goBack(then);
    expect((await history(app, token, "A")).at(-1)?.note).toBe("");
  });

  test("reaches the children, and lets what they inherit take the place of what is deleted", async () => {
    const child = await admin.createChild("api", root);
    const childToken = await admin.createToken(child, "prod", "write");
    const then = await change({ A: "shop's" });
    await change({ A: "api's" }, [], childToken);
    const childPlace = await openPlace(app, childToken);
    const plan = await previewRollback(app.vault, childPlace, then);
    expect(plan.returns).toMatchObject([{ name: "A", kind: "delete", inheritedFrom: root }]);
    await rollBackEnvironment(app.vault, childPlace, then, plan.fingerprint);
    expect(await fetchMap(app, childToken)).toEqual({ A: "shop's" });
    await change({ A: "newer" });
    await goBack(then);
    expect(await fetchMap(app, childToken)).toEqual({ A: "shop's" });
    expect(await disagreements(app, [token, childToken])).toEqual([]);
  });

  test("touches neither another environment nor another project", async () => {
    const child = await admin.createChild("api", root);
    const dev = await admin.createToken(root, "dev", "write");
    const api = await admin.createToken(child, "prod", "write");
    await change({ D: "1" }, [], dev);
    await change({ C: "1" }, [], api);
    await goBack(app.clock.now - 60_000);
    expect(await fetchMap(app, dev)).toEqual({ D: "1" });
    expect(await fetchMap(app, api)).toEqual({ C: "1" });
  });

  test("does nothing where something was changed since the preview, and in what is unchanged by it, too", async () => {
    const then = await change({ A: "1", B: "1" });
    await change({ A: "2" });
    const { fingerprint } = await preview(then);
    await change({ B: "2" });
    expect(await goBack(then, fingerprint)).toBeUndefined();
    expect(await fetchMap(app, token)).toEqual({ A: "2", B: "2" });
    // Set and set back: the values are those of the preview, the versions are not.
    await change({ B: "1" });
    expect(await goBack(then, fingerprint)).toBeUndefined();
    expect(await goBack(then - 1, (await preview(then)).fingerprint)).toBeUndefined();
    expect(await goBack(then, (await preview(then)).fingerprint)).toHaveLength(1);
  });

  test("is not stopped by what changes elsewhere", async () => {
    const child = await admin.createChild("api", root);
    const childToken = await admin.createToken(child, "prod", "write");
    const then = await change({ A: "1" }, [], childToken);
    await change({ A: "2" }, [], childToken);
    const childPlace = await openPlace(app, childToken);
    const { fingerprint } = await previewRollback(app.vault, childPlace, then);
    await change({ OTHER: "x" });
    expect(await rollBackEnvironment(app.vault, childPlace, then, fingerprint)).toHaveLength(1);
  });

  test("happens once when two confirm the same preview", async () => {
    const then = await change({ A: "1", B: "1" });
    await change({ A: "2" }, ["B"]);
    const { fingerprint } = await preview(then);
    const other = await app.sibling();
    const there = await openPlace(other, token);
    const done = await Promise.all([
      goBack(then, fingerprint),
      rollBackEnvironment(other.vault, there, then, fingerprint),
    ]);
    expect(done.filter((changed) => changed !== undefined)).toHaveLength(1);
    expect(await history(app, token, "A")).toHaveLength(3);
    expect(await disagreements(app, [token])).toEqual([]);
    other.close();
  });

  test("tells references that would no longer resolve, and is refused for them, whole", async () => {
    const child = await admin.createChild("api", root);
    const childToken = await admin.createToken(child, "prod", "write");
    await change({ HOST: "db" });
    const then = await change({ URL: `\${HOST}/app`, OTHER: "1" }, [], childToken);
    await change({ URL: "elsewhere", OTHER: "2" }, [], childToken);
    await change({}, ["HOST"]);
    const childPlace = await openPlace(app, childToken);
    const { problems } = await previewRollback(app.vault, childPlace, then);
    expect(problems).toEqual([`URL refers to \${HOST}, which is not a secret here`]);
    expect(await failureOf(rollBackEnvironment(app.vault, childPlace, then))).toMatchObject({
      code: "invalid",
      message: expect.stringMatching(/URL refers to \$\{HOST\}/),
    });
    expect(await fetchMap(app, childToken)).toEqual({ URL: "elsewhere", OTHER: "2" });
  });

  test("leaves alone what it no longer has the versions of, and says so", async () => {
    const before = app.clock.now;
    const then = await change({ LOST: "1", DELETED: "1", STAYS: "1", CHANGED: "1" });
    const forgetful = await app.sibling({ VERSIONED_SECRET_VALUES: "false" });
    app.clock.advance(1000);
    await sendJson(forgetful, token, "PATCH", "/api/secrets", { set: { LOST: "2" }, delete: ["DELETED"] });
    forgetful.close();
    await change({ CHANGED: "2", LOST: "3" });
    const plan = await preview(then);
    expect(plan.unreachable).toEqual(["DELETED", "LOST"]);
    expect(plan.returns.map(({ name }) => name)).toEqual(["CHANGED"]);
    await goBack(then, plan.fingerprint);
    expect(await fetchMap(app, token)).toEqual({ LOST: "3", STAYS: "1", CHANGED: "1" });
    expect((await preview(before)).unreachable).toEqual(["DELETED", "LOST"]);
  });
});
