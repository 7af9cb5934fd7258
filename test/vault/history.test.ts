import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { listVersions, readVersions, rollbackSecret } from "../../src/vault/history.ts";
import type { WritableEnvironment } from "../../src/vault/unlock.ts";
import { failureOf } from "../failure.ts";
import { fetchMap, type TestApp, type TestBrowser } from "../harness.ts";
import { openShop } from "../shop.ts";
import { auditOf, disagreements, history, openPlace, put, sendJson } from "./inspect.ts";

let app: TestApp;
let admin: TestBrowser;
let root: number;
let token: string;
let place: WritableEnvironment;

async function begin(settings: Record<string, string> = {}): Promise<void> {
  ({ app, admin, root, token } = await openShop(settings));
  place = await openPlace(app, token);
}

const set = (name: string, value: string, note?: string) => put(app, token, name, value, note);
const remove = (name: string) => sendJson(app, token, "DELETE", `/api/secrets/${name}`, undefined);
const rollback = (name: string, version: number) => rollbackSecret(app.vault, place, name, version);
const versionsOf = async (name: string) => (await listVersions(app.vault, place, name))?.versions ?? [];

beforeEach(() => begin());
afterEach(() => app.close());

describe("the versions of a secret", () => {
  test("are listed newest first, each with who, when, its note and what it changed", async () => {
    await set("A", "one", "first");
    app.clock.advance(1000);
    await set("A", "two");
    await set("A", "two", "second");
    await set("A", "six", "third");
    await remove("A");
    await set("A", "two");
    const listed = await listVersions(app.vault, place, "A");
    expect(listed).toMatchObject({ version: 6, deleted: false, hasOlder: false });
    expect(listed?.versions.map(({ version, change, note }) => [version, change, note])).toEqual([
      [6, "created-again", ""],
      [5, "deleted", ""],
      [4, "value-and-note", "third"],
      [3, "note", "second"],
      [2, "value", "first"],
      [1, "created", "first"],
    ]);
    expect(listed?.versions.at(-1)?.createdAt).toBe(app.clock.now - 1000);
    expect(listed?.versions[0]?.createdBy).toMatch(/^service-token:/);
  });

  test("have another value where only the letters differ, and the same where nothing does", async () => {
    for (const value of ["aaa", "bbb", "bbbb"]) await set("A", value);
    await set("A", "bbbb", "a note");
    expect((await versionsOf("A")).map(({ change }) => change)).toEqual([
      "note",
      "value",
      "value",
      "created",
    ]);
  });

  test("are told apart where they are larger than what is compared at once", async () => {
    const large = "x".repeat(1024 * 1024 - 1);
    for (let i = 0; i < 6; i++) await set("A", `${large}${i % 2}`, `note ${i}`);
    await set("A", `${large}1`, "only the note");
    expect((await versionsOf("A")).map(({ change }) => change)).toEqual([
      "note",
      ...Array(5).fill("value-and-note"),
      "created",
    ]);
  });

  test("of a name that never was its own are none", async () => {
    await set("A", "1");
    const child = await admin.createChild("api", root);
    const childPlace = await openPlace(app, await admin.createToken(child, "prod", "write"));
    expect(await listVersions(app.vault, childPlace, "A")).toBeUndefined();
    expect(await listVersions(app.vault, place, "B")).toBeUndefined();
    const dev = await openPlace(app, await admin.createToken(root, "dev", "write"));
    expect(await listVersions(app.vault, dev, "A")).toBeUndefined();
    expect(await failureOf(readVersions(app.vault, dev, "A", [1]))).toMatchObject({ code: "not-found" });
    expect(await failureOf(rollbackSecret(app.vault, dev, "A", 1))).toMatchObject({ code: "not-found" });
  });

  test("come in pages when there are many, without a gap between them", async () => {
    for (let i = 1; i <= 120; i++) await set("A", `value ${i}`);
    const seen: number[] = [];
    let before: number | undefined;
    do {
      const page = await listVersions(app.vault, place, "A", before);
      for (const { version, change } of page?.versions ?? []) {
        seen.push(version);
        expect(change).toBe(version === 1 ? "created" : "value");
      }
      before = page?.hasOlder ? page.versions.at(-1)?.version : undefined;
    } while (before !== undefined);
    expect(seen).toEqual(Array.from({ length: 120 }, (_, i) => 120 - i));
  });

  test("are opened as they are asked for", async () => {
    await set("A", "one", "n");
    await set("A", "");
    await remove("A");
    const read = await readVersions(app.vault, place, "A", [3, 1, 2]);
    expect(read.map(({ version, value, note }) => [version, value, note])).toEqual([
      [3, null, ""],
      [1, "one", "n"],
      [2, "", "n"],
    ]);
    expect(await failureOf(readVersions(app.vault, place, "A", [1, 4]))).toHaveProperty(
      "message",
      "A has no version 4 yet.",
    );
  });
});

describe("rolling a secret back", () => {
  test("makes a new version with the old value and note, told to the audit as a change", async () => {
    await set("A", "one", "first");
    await set("A", "two", "");
    const events = (await auditOf(app)).length;
    expect(await rollback("A", 1)).toMatchObject({ name: "A", version: 3, outcome: "changed" });
    expect((await history(app, token, "A")).at(-1)).toEqual({ version: 3, value: "one", note: "first" });
    expect((await auditOf(app)).slice(events).map(({ action, name }) => [action, name])).toEqual([
      ["secret.set", "A"],
    ]);
    expect(await disagreements(app, [token])).toEqual([]);
  });

  test("takes an empty note back, too", async () => {
    await set("A", "one");
    await set("A", "one", "now with a note");
    await rollback("A", 1);
    expect((await history(app, token, "A")).at(-1)).toEqual({ version: 3, value: "one", note: "" });
  });

  test("reaches the children that inherit it, and not those that override it", async () => {
    await set("A", "one");
    const child = await admin.createChild("api", root);
    const grandchild = await admin.createChild("worker", child);
    const tokens = [
      await admin.createToken(child, "prod", "write"),
      await admin.createToken(grandchild, "prod", "write"),
    ];
    await set("A", "two");
    await put(app, tokens[1] ?? "", "A", "its own");
    await rollback("A", 1);
    expect(await fetchMap(app, tokens[0] ?? "")).toEqual({ A: "one" });
    expect(await fetchMap(app, tokens[1] ?? "")).toEqual({ A: "its own" });
    expect(await disagreements(app, [token, ...tokens])).toEqual([]);
  });

  test("brings a deleted secret back", async () => {
    await set("A", "one", "n");
    await remove("A");
    expect(await rollback("A", 1)).toMatchObject({ version: 3, outcome: "created" });
    expect(await fetchMap(app, token)).toEqual({ A: "one" });
    expect(await disagreements(app, [token])).toEqual([]);
  });

  test("to what it is changes nothing", async () => {
    await set("A", "one");
    await set("A", "two");
    await set("A", "one");
    const events = (await auditOf(app)).length;
    for (const version of [1, 3])
      expect(await rollback("A", version)).toMatchObject({ outcome: "unchanged" });
    expect(await history(app, token, "A")).toHaveLength(3);
    expect(await auditOf(app)).toHaveLength(events);
  });

  test("is refused to a deletion and to a version that there is not", async () => {
    await set("A", "one");
    await remove("A");
    await set("A", "two");
    expect(await failureOf(rollback("A", 2))).toMatchObject({
      code: "invalid",
      message: expect.stringMatching(/its deletion/),
    });
    expect(await failureOf(rollback("A", 4))).toMatchObject({
      code: "invalid",
      message: expect.stringMatching(/no version 4/),
    });
    expect(await failureOf(rollback("GONE", 1))).toMatchObject({ code: "not-found" });
    expect(await fetchMap(app, token)).toEqual({ A: "two" });
  });

  test("is refused where a reference would not resolve, with the names", async () => {
    await set("HOST", "db");
    await set("URL", `postgres://\${HOST}/app`);
    await set("URL", "postgres://elsewhere/app");
    await remove("HOST");
    expect(await failureOf(rollback("URL", 1))).toMatchObject({
      code: "invalid",
      message: expect.stringMatching(/URL refers to \$\{HOST\}/),
    });
    expect(await fetchMap(app, token)).toEqual({ URL: "postgres://elsewhere/app" });
  });

  test("and others writing at the same time make versions one after the other", async () => {
    await set("A", "one");
    await set("A", "two");
    const other = await app.sibling();
    const there = await openPlace(other, token);
    await Promise.all([
      rollback("A", 1),
      ...["x", "y", "z"].map((value) => put(other, token, "A", value)),
      rollbackSecret(other.vault, there, "A", 2),
    ]);
    expect(await disagreements(app, [token])).toEqual([]);
    other.close();
  });

  test("is possible as far as versions are kept", async () => {
    app.close();
    await begin({ VERSIONED_SECRET_VALUES: "false" });
    for (const value of ["one", "two", "three"]) await set("A", value);
    const listed = await listVersions(app.vault, place, "A");
    expect(listed?.versions.map(({ version, change }) => [version, change])).toEqual([[3, "unknown"]]);
    expect(await failureOf(rollback("A", 2))).toMatchObject({
      code: "invalid",
      message: expect.stringMatching(/Version 2 of A is not kept/),
    });
  });
});
