import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { getEnvironment } from "../../src/vault/environments.ts";
import { createChildProject, createRootProject } from "../../src/vault/projects.ts";
import { listDeletedSecrets, listSecrets } from "../../src/vault/secret-list.ts";
import { changeSecrets } from "../../src/vault/secrets.ts";
import { readTree } from "../../src/vault/tree.ts";
import { type UnlockedRoot, unlockEnvironment, type WritableEnvironment } from "../../src/vault/unlock.ts";
import { createTestApp, type TestApp } from "../harness.ts";

const actor = { id: "session:test", address: "127.0.0.1", requestId: "r" };

let app: TestApp;
let root: UnlockedRoot;
let shop: number;
let api: number;

beforeEach(async () => {
  app = await createTestApp();
  const created = await createRootProject(app.vault, { name: "shop", description: "" }, "", actor);
  root = created.root;
  shop = created.project.id;
  api = (await createChildProject(app.vault, root, shop, { name: "api", description: "" })).id;
});
afterEach(() => app.close());

async function place(projectId: number, environment = "prod"): Promise<WritableEnvironment> {
  const tree = await readTree(app.db, root.rootId);
  return unlockEnvironment(app.vault, root, tree, projectId, await getEnvironment(app.vault, environment));
}

/** One write, a second after whatever was before. */
async function change(
  projectId: number,
  set: Record<string, string>,
  gone: string[] = [],
  environment = "prod",
): Promise<void> {
  app.clock.advance(1000);
  await changeSecrets(app.vault, await place(projectId, environment), [
    ...Object.entries(set).map(([name, value]) => ({ kind: "set" as const, name, value })),
    ...gone.map((name) => ({ kind: "delete" as const, name })),
  ]);
}

const deletedIn = async (projectId: number, environment = "prod") =>
  listDeletedSecrets(app.vault, await place(projectId, environment));

/** What is told of each secret that has a problem. */
async function problemsIn(projectId: number): Promise<Record<string, string>> {
  const listed = await listSecrets(app.vault, await readTree(app.db, root.rootId), await place(projectId));
  return Object.fromEntries(
    listed.flatMap(({ name, problem }) => (problem === undefined ? [] : [[name, problem]])),
  );
}

describe("what was deleted", () => {
  test("is listed with when and by whom, the last one first, and names in order", async () => {
    await change(shop, { A: "1", B: "2", C: "3", KEPT: "4" });
    await change(shop, {}, ["B"]);
    const first = app.clock.now;
    await change(shop, {}, ["C", "A"]);
    const second = app.clock.now;
    expect(await deletedIn(shop)).toEqual([
      { name: "A", deletedAt: second, deletedBy: actor.id },
      { name: "C", deletedAt: second, deletedBy: actor.id },
      { name: "B", deletedAt: first, deletedBy: actor.id },
    ]);
  });

  test("is no more listed when it is there again", async () => {
    await change(shop, { A: "1" });
    await change(shop, {}, ["A"]);
    await change(shop, { A: "again" });
    expect(await deletedIn(shop)).toEqual([]);
  });

  test("is of this project and this environment only", async () => {
    await change(shop, { A: "1" });
    await change(shop, { A: "1" }, [], "dev");
    await change(api, { A: "1", B: "2" });
    await change(api, {}, ["A"]);
    await change(shop, {}, ["A"], "dev");
    expect((await deletedIn(api)).map(({ name }) => name)).toEqual(["A"]);
    expect((await deletedIn(shop, "dev")).map(({ name }) => name)).toEqual(["A"]);
    expect(await deletedIn(shop)).toEqual([]);
    expect(await deletedIn(api, "dev")).toEqual([]);
  });
});

describe("problems of references", () => {
  test("are told of the secret that holds them, and not above, where there are none", async () => {
    await change(shop, { HOST: "h", URL: "${HOST}", FINE: "${HOST}" });
    await change(api, { OWN: "${HOST}", OTHER: "x" });
    await change(shop, { URL: "gone", FINE: "fine" }, ["HOST"]);
    expect(await problemsIn(api)).toEqual({ OWN: "OWN refers to ${HOST}, which is not a secret here" });
    expect(await problemsIn(shop)).toEqual({});
  });

  test("of a circle are told of each secret in it, and of no other", async () => {
    await change(shop, { A: "plain", END: "plain", BESIDE: "${END}" });
    await change(api, { END: "${A}" });
    await change(shop, { A: "${B}", B: "${END}" });
    const told = "references go in a circle: A → B → END → A";
    expect(await problemsIn(api)).toEqual({ A: told, B: told, END: told });
    expect(await problemsIn(shop)).toEqual({});
  });

  test("are told of one secret ten at most", async () => {
    const names = Array.from({ length: 30 }, (_, i) => `N${i}`);
    await change(shop, Object.fromEntries(names.map((name) => [name, "x"])));
    await change(api, { ALL: names.map((name) => `\${${name}}`).join(), TWO: "${N0}${N1}" });
    await change(shop, {}, names);
    const { ALL = "", TWO = "" } = await problemsIn(api);
    expect(ALL.split("; ")).toHaveLength(10);
    expect(TWO.split("; ")).toEqual([
      "TWO refers to ${N0}, which is not a secret here",
      "TWO refers to ${N1}, which is not a secret here",
    ]);
  });
});
