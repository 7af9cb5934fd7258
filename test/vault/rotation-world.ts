import { type Rotation, type RotationInput, rotateMasterKey } from "../../src/vault/rotation.ts";
import type { Actor, Vault } from "../../src/vault/vault.ts";
import type { createTestApp, TestApp, TestBrowser } from "../harness.ts";
import { history } from "./inspect.ts";

/** A tree with everything in it that a rotation must carry over. */
export interface World {
  app: TestApp;
  admin: TestBrowser;
  masterKey: string;
  ids: Record<"shop" | "api" | "worker" | "web", number>;
  /** A write token of every project in every environment, as `api prod`. */
  tokens: Record<string, string>;
}

export const actor: Actor = { id: "session:test", address: "203.0.113.9", requestId: "r" };

const names = ["SHARED", "OWN", "REF", "GONE", "BACK", "EMPTY"];

/**
 * `shop` > `api` > `worker`, `shop` > `web`, in dev, prod and old, of which the settings name the first two.
 *
 * @param create - on a file, or wherever this run has its databases
 */
export async function createWorld(create: typeof createTestApp): Promise<World> {
  const first = await create({ AVAILABLE_ENVIRONMENTS: "dev,prod,old" });
  const before = first.browser();
  const { id: shop, masterKey } = await before.createRoot("shop");
  const api = await before.createChild("api", shop);
  const [worker, web] = [await before.createChild("worker", api), await before.createChild("web", shop)];
  const ids = { shop, api, worker, web };
  const tokens: Record<string, string> = {};
  for (const environment of ["dev", "prod", "old"]) {
    await fill(before, ids, environment);
    for (const [name, id] of Object.entries(ids))
      tokens[`${name} ${environment}`] = await before.createToken(id, environment, "write");
  }
  const later = await first.sibling({ AVAILABLE_ENVIRONMENTS: "dev,prod" });
  const closeLater = later.close;
  later.close = () => {
    closeLater();
    first.close();
  };
  return { app: later, admin: later.browser(), masterKey, ids, tokens };
}

/** The same world over again, on a copy of its database, unsealed for its admin. */
export async function copyWorld(world: World): Promise<World> {
  const app = await world.app.copy();
  const admin = app.browser();
  await admin.unseal(world.ids.shop, world.masterKey);
  return { ...world, app, admin };
}

async function fill(admin: TestBrowser, ids: World["ids"], environment: string): Promise<void> {
  const path = (id: number) => `/admin/projects/${id}/environments/${environment}/secrets`;
  const save = (id: number, name: string, value: string, note = "") =>
    admin.post(path(id), { name, value, note });
  await save(ids.shop, "SHARED", `shared of ${environment}`, "everybody's");
  await save(ids.shop, "OWN", "of the shop");
  await save(ids.shop, "EMPTY", "");
  await save(ids.api, "OWN", `first of api ${environment}`, "a note");
  await save(ids.api, "OWN", `second of api ${environment}`, "another note");
  await save(ids.api, "REF", "${SHARED}/${OWN}");
  await save(ids.worker, "SHARED", "overridden by the worker");
  for (const name of ["GONE", "BACK"]) {
    await save(ids.web, name, "to be deleted", "with a note");
    await admin.post(`${path(ids.web)}/${name}/delete`);
  }
  await save(ids.web, "BACK", "back again");
}

/** Every version of every secret as a write token opens it, by place and name. */
export async function contentsOf(app: TestApp, tokens: Record<string, string>): Promise<unknown> {
  const rows: unknown[] = [];
  for (const [place, token] of Object.entries(tokens))
    for (const name of names) rows.push([place, name, await history(app, token, name)]);
  return rows;
}

/** Rotates without a browser. */
export function rotate(
  { vault }: { vault: Vault },
  rootId: number,
  input: Pick<RotationInput, "currentMasterKey"> & Partial<RotationInput>,
  onProgress: Parameters<typeof rotateMasterKey>[4] = () => {},
): Promise<Rotation> {
  return rotateMasterKey(vault, rootId, { newMasterKey: "", revoke: [], ...input }, actor, onProgress);
}
