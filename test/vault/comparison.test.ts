import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { compareEnvironments, missingSecrets, withNeeds } from "../../src/vault/comparison.ts";
import { copySecrets } from "../../src/vault/copy-secrets.ts";
import { getEnvironment, listEnvironments } from "../../src/vault/environments.ts";
import { createChildProject, createRootProject } from "../../src/vault/projects.ts";
import { type ListedSecret, listSecrets } from "../../src/vault/secret-list.ts";
import { changeSecrets } from "../../src/vault/secrets.ts";
import { onTree, readTree } from "../../src/vault/tree.ts";
import {
  RotatedRootError,
  type UnlockedRoot,
  unlockEnvironment,
  type WritableEnvironment,
} from "../../src/vault/unlock.ts";
import { failureOf } from "../failure.ts";
import { createTestApp, type TestApp } from "../harness.ts";
import { auditOf } from "./inspect.ts";
import { rotate } from "./rotation-world.ts";

const actor = { id: "session:test", address: "127.0.0.1", requestId: "r" };

let app: TestApp;
let root: UnlockedRoot;
let masterKey: string;
let shop: number;
let api: number;
let worker: number;

beforeEach(async () => {
  app = await createTestApp({ AVAILABLE_ENVIRONMENTS: "dev,staging,prod" });
  const created = await createRootProject(app.vault, { name: "shop", description: "" }, "", actor);
  root = created.root;
  masterKey = created.generatedMasterKey ?? "";
  shop = created.project.id;
  api = (await createChildProject(app.vault, root, shop, { name: "api", description: "" })).id;
  worker = (await createChildProject(app.vault, root, api, { name: "worker", description: "" })).id;
});
afterEach(() => app.close());

async function place(projectId: number, environment: string): Promise<WritableEnvironment> {
  const tree = await readTree(app.db, root.rootId);
  const named = await getEnvironment(app.vault, environment);
  return unlockEnvironment(app.vault, root, tree, projectId, named);
}

async function save(projectId: number, environment: string, values: Record<string, string>): Promise<void> {
  const changes = Object.entries(values).map(([name, value]) => ({ kind: "set" as const, name, value }));
  await changeSecrets(app.vault, await place(projectId, environment), changes);
}

async function compare(projectId: number) {
  const tree = await readTree(app.db, root.rootId);
  return compareEnvironments(app.vault, root, tree, projectId, await listEnvironments(app.vault));
}

/** Each name's cells in a few words: where from, and the groups of what was written and of what apps get. */
async function told(projectId: number): Promise<Record<string, string[]>> {
  const { secrets } = await compare(projectId);
  return Object.fromEntries(
    secrets.map(({ name, cells }) => [
      name,
      cells.map((cell) => {
        if (!cell) return "missing";
        const needless = cell.isNeedless ? " needlessly" : "";
        return `${cell.origin}${needless} ${cell.from?.name ?? "-"} ${cell.written}${cell.given}`;
      }),
    ]),
  );
}

test("read while another process rotates the master key is told as that, and not as damage", async () => {
  await save(shop, "dev", { A: "1" });
  const other = await app.sibling();
  const environments = await listEnvironments(app.vault);
  let reads = 0;
  const comparison = onTree(app.db, shop, async (tree) => {
    if (reads++ === 0) await rotate(other, shop, { currentMasterKey: masterKey });
    return compareEnvironments(app.vault, root, tree, shop, environments);
  });
  expect(await failureOf(comparison)).toBeInstanceOf(RotatedRootError);
  expect(reads).toBe(2);
  other.close();
});

async function visible(projectId: number, environment: string): Promise<Map<string, ListedSecret>> {
  const tree = await readTree(app.db, root.rootId);
  const listed = await listSecrets(app.vault, tree, await place(projectId, environment));
  return new Map(listed.map((secret) => [secret.name, secret]));
}

async function copy(projectId: number, from: string, to: string, names: readonly string[]) {
  return copySecrets(
    app.vault,
    root,
    await place(projectId, to),
    await getEnvironment(app.vault, from),
    names,
  );
}

describe("a comparison", () => {
  test("tells for each name and environment where it comes from and which values are equal", async () => {
    await save(shop, "dev", { A: "1", B: "x" });
    await save(shop, "staging", { A: "1", B: "y" });
    await save(shop, "prod", { A: "1" });
    expect(await told(shop)).toEqual({
      A: ["own - 00", "own - 00", "own - 00"],
      B: ["own - 00", "own - 11", "missing"],
    });
  });

  test("of a grandchild sees what both ancestors give, and whom it overrides", async () => {
    await save(shop, "dev", { HOST: "h", PORT: "1" });
    await save(api, "dev", { HOST: "api" });
    await save(api, "prod", { ONLY: "o" });
    await save(worker, "dev", { HOST: "api" });
    await save(worker, "prod", { HOST: "w" });
    expect(await told(worker)).toEqual({
      HOST: ["overriding needlessly api 00", "missing", "own - 11"],
      ONLY: ["missing", "missing", "inherited api 00"],
      PORT: ["inherited shop 00", "missing", "missing"],
    });
    expect((await told(api)).HOST).toEqual(["overriding shop 00", "missing", "missing"]);
  });

  test("tells what was written apart from what apps get", async () => {
    for (const environment of ["dev", "prod"])
      await save(shop, environment, { URL: "http://${HOST}/", HOST: environment });
    await save(shop, "staging", { URL: "http://dev/", HOST: "staging" });
    expect((await told(shop)).URL).toEqual(["own - 00", "own - 10", "own - 01"]);
  });

  test("leaves hidden environments out, and those without keys", async () => {
    await save(shop, "dev", { A: "1" });
    await save(shop, "staging", { B: "1" });
    const hidden = await app.sibling({ AVAILABLE_ENVIRONMENTS: "dev,qa" });
    const tree = await readTree(app.db, root.rootId);
    const { environments, secrets } = await compareEnvironments(
      hidden.vault,
      root,
      tree,
      shop,
      await listEnvironments(hidden.vault),
    );
    expect(environments.map(({ name }) => name)).toEqual(["dev"]);
    expect(secrets.map(({ name }) => name)).toEqual(["A"]);
    hidden.close();
  });

  test("never holds a value", async () => {
    await save(shop, "dev", { A: "a-value", B: "${A} and more" });
    await save(shop, "prod", { A: "another-value" });
    const text = JSON.stringify(await compare(shop));
    for (const value of ["a-value", "another-value", "and more"]) expect(text).not.toContain(value);
  });

  test("knows what is missing and what that refers to, however far", async () => {
    await save(shop, "dev", {
      URL: "${HOST}:${PORT}/${KEPT}",
      HOST: "${ZONE}.example",
      ZONE: "eu",
      PORT: "1",
      KEPT: "k",
    });
    await save(shop, "prod", { KEPT: "k", OTHER: "o" });
    const missing = missingSecrets(await compare(shop), "dev", "prod");
    expect(missing.map(({ name, needs }) => [name, needs])).toEqual([
      ["HOST", ["ZONE"]],
      ["PORT", []],
      ["URL", ["HOST", "PORT"]],
      ["ZONE", []],
    ]);
    expect([...withNeeds(missing, ["URL"])].sort()).toEqual(["HOST", "PORT", "URL", "ZONE"]);
    expect(missingSecrets(await compare(shop), "dev", "nowhere")).toEqual([]);
    expect(missingSecrets(await compare(shop), "dev", "dev")).toEqual([]);
  });

  test("of 2,000 names in three environments has them all", async () => {
    const many = (value: string) =>
      Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`NAME_${i}`, `${value} ${i}`]));
    for (const environment of ["dev", "staging", "prod"]) await save(shop, environment, many(environment));
    expect((await compare(shop)).secrets).toHaveLength(2000);
  });
});

describe("copying", () => {
  test("gives value and note as they were written, as own secrets that descendants inherit", async () => {
    await changeSecrets(app.vault, await place(shop, "dev"), [
      { kind: "set", name: "HOST", value: "dev.example", note: "ask Ada" },
      { kind: "set", name: "URL", value: "http://${HOST}/" },
    ]);
    await save(shop, "prod", { HOST: "prod.example" });
    const copied = await copy(api, "dev", "staging", ["URL", "HOST", "URL"]);
    expect(copied.map(({ name, outcome }) => `${name} ${outcome}`).sort()).toEqual([
      "HOST created",
      "URL created",
    ]);
    const here = await visible(api, "staging");
    expect(here.get("HOST")).toMatchObject({ value: "dev.example", note: "ask Ada", origin: "own" });
    expect(here.get("URL")).toMatchObject({ value: "http://${HOST}/", resolvedValue: "http://dev.example/" });
    expect((await visible(worker, "staging")).get("HOST")).toMatchObject({
      origin: "inherited",
      projectId: api,
    });
    expect((await visible(shop, "staging")).size).toBe(0);
    // A reference takes the value of the place that it is copied to.
    await copy(shop, "dev", "prod", ["URL"]);
    expect((await visible(shop, "prod")).get("URL")?.resolvedValue).toBe("http://prod.example/");
  });

  test("tells the audit what was set, and where", async () => {
    await save(shop, "dev", { A: "1", B: "2", C: "3" });
    const before = (await auditOf(app)).length;
    await copy(shop, "dev", "prod", ["A", "B"]);
    const events = (await auditOf(app)).slice(before);
    expect(
      events.map(({ action, projectId, environment, name }) => [action, projectId, environment, name]),
    ).toEqual([
      ["secret.set", shop, "prod", "A"],
      ["secret.set", shop, "prod", "B"],
    ]);
  });

  test("goes on with the versions of a name that was deleted there", async () => {
    await save(shop, "prod", { A: "old" });
    await changeSecrets(app.vault, await place(shop, "prod"), [{ kind: "delete", name: "A" }]);
    await save(shop, "dev", { A: "new" });
    expect(await copy(shop, "dev", "prod", ["A"])).toMatchObject([{ name: "A", version: 3 }]);
  });

  const refusals: [string, () => Promise<unknown>, RegExp][] = [
    [
      "a name that is there by now",
      () => copy(api, "dev", "prod", ["A", "TAKEN"]),
      /TAKEN is already in prod/,
    ],
    [
      "one that is only inherited there",
      () => copy(api, "dev", "prod", ["ABOVE"]),
      /ABOVE is already in prod/,
    ],
    [
      "a name that the other has not",
      () => copy(api, "dev", "prod", ["A", "NOT_ONE", "NOR_THIS"]),
      /NOT_ONE, NOR_THIS are not in dev/,
    ],
    ["what is no name", () => copy(api, "dev", "prod", ["A", "a value?"]), /environment variable/],
    ["no name at all", () => copy(api, "dev", "prod", []), /Tick/],
    ["an environment into itself", () => copy(api, "dev", "dev", ["A"]), /two different/],
    [
      "a reference to what is not there",
      () => copy(api, "dev", "prod", ["A", "REF"]),
      /REF refers to \$\{LOST\}/,
    ],
  ];
  test.each(refusals)("refuses %s, and writes nothing", async (_what, act, message) => {
    await save(shop, "prod", { ABOVE: "1" });
    await save(api, "dev", { A: "1", TAKEN: "2", ABOVE: "2", LOST: "3", REF: "${LOST}" });
    await save(api, "prod", { TAKEN: "mine" });
    const before = (await auditOf(app)).length;
    expect((await failureOf(act()))?.message).toMatch(message);
    expect([...(await visible(api, "prod")).keys()]).toEqual(["ABOVE", "TAKEN"]);
    expect((await visible(api, "prod")).get("TAKEN")?.value).toBe("mine");
    expect((await auditOf(app)).length).toBe(before);
  });

  test("overwrites nothing that another process sets meanwhile, and copies the rest or none of it", async () => {
    const other = await app.sibling();
    const to = await place(shop, "prod");
    const dev = await getEnvironment(app.vault, "dev");
    for (let i = 0; i < 5; i++) {
      const [name, rest] = [`RACE_${i}`, `REST_${i}`];
      await save(shop, "dev", { [name]: "from dev", [rest]: "from dev" });
      const [copied] = await Promise.allSettled([
        copySecrets(app.vault, root, to, dev, [name, rest]),
        changeSecrets(other.vault, to, [{ kind: "set", name, value: "set meanwhile" }]),
      ]);
      const here = await visible(shop, "prod");
      // Whoever was first: what somebody set by hand stands in the end.
      expect(here.get(name)?.value).toBe("set meanwhile");
      expect(here.has(rest)).toBe(copied.status === "fulfilled");
    }
    other.close();
  });
});
