import type { Bytes } from "../../src/cryptography/bytes.ts";
import { parseServiceToken, type ServiceToken } from "../../src/cryptography/service-token.ts";
import type { createTestApp, TestApp, TestBrowser } from "../harness.ts";
import type { Owners } from "./owners.ts";

/** In the configuration that the thief has too. */
export const adminPassword = "the-configuration-s-password";
const bankPassphrase = "a passphrase of the bank";

/** Every setting that could hold something of worth. */
export const configuration = {
  ADMIN_PASSWORD: adminPassword,
  DATABASE_AUTH_TOKEN: "the-token-of-the-database-server",
  ADMIN_SESSION_EXPIRATION: "2592000",
  ADMIN_MASTER_KEY_EXPIRATION: "86400",
  PUBLIC_ORIGIN: "http://localhost:3000",
};

type Ids = Record<"shop" | "api" | "web" | "worker" | "bank", number>;

/** Two trees full of secrets: `shop` > `api` > `worker`, `shop` > `web`; and `bank`. */
export interface Prey {
  app: TestApp;
  /** Signed in, with both roots unsealed. */
  admin: TestBrowser;
  ids: Ids;
  shopMasterKey: string;
  owners: Owners;
  /** Of api × dev, before its last change. */
  oldBody: Bytes;
  /** By `project environment rights`; and `api dev read 2` and `3`. */
  token(name: string): string;
  parsed(name: string): ServiceToken;
}

/** @param open - on a file, or wherever this run has its databases */
export async function createPrey(open: typeof createTestApp): Promise<Prey> {
  const app = await open(configuration);
  const admin = app.browser();
  await admin.post("/admin/sign-in", { password: adminPassword });
  const { id: shop, masterKey: shopMasterKey } = await admin.createRoot("shop");
  const api = await admin.createChild("api", shop);
  const web = await admin.createChild("web", shop);
  const worker = await admin.createChild("worker", api);
  const { id: bank } = await admin.createRoot("bank", bankPassphrase);
  const ids: Ids = { shop, api, web, worker, bank };
  const save = async (project: keyof Ids, environment: string, secrets: Record<string, string>) => {
    const path = `/admin/projects/${ids[project]}/environments/${environment}/secrets`;
    const names = Object.keys(secrets);
    const note = names.map((name) => `note on ${name} of ${project} ${environment}`);
    const { status } = await admin.post(path, { name: names, value: Object.values(secrets), note });
    if (status !== 303) throw new Error(`saving in ${project} ${environment} answered ${status}`);
  };
  for (const environment of ["dev", "prod"]) {
    await save("shop", environment, {
      SHARED: `value of shop ${environment}`,
      OWN: `hidden value of shop ${environment}`,
    });
    await save("api", environment, {
      OWN: `old value of api ${environment}`,
      REF: "${SHARED}!",
      GONE: "deleted value of api",
    });
    await save("web", environment, { WEB: `value of web ${environment}` });
    await save("worker", environment, { JOB: `value of worker ${environment}` });
    await save("bank", environment, { GOLD: `value of bank ${environment}` });
  }
  const body = "select sealed_body from views where project_id = ? and environment_id = 1";
  const [old] = await app.stored.read(body, api);
  const oldBody = old?.sealed_body as Bytes;
  await save("api", "dev", { OWN: "new value of api dev" });
  await admin.post(`/admin/projects/${api}/environments/dev/secrets/GONE/delete`);
  const tokens = new Map<string, string>();
  const create = async (name: string, project: keyof Ids, environment: string, rights: string) => {
    tokens.set(name, await admin.createToken(ids[project], environment, rights));
  };
  for (const rights of ["read", "write"]) {
    for (const project of ["shop", "api", "web", "worker", "bank"] as const) {
      await create(`${project} dev ${rights}`, project, "dev", rights);
    }
    await create(`api prod ${rights}`, "api", "prod", rights);
  }
  await create("api dev read 2", "api", "dev", "read");
  await create("api dev read 3", "api", "dev", "read");
  const token = (name: string) => {
    const text = tokens.get(name);
    if (text === undefined) throw new Error(`no token ${name}`);
    return text;
  };
  const parsed = (name: string) => {
    const read = parseServiceToken(token(name));
    if (!read) throw new Error(`token ${name} does not parse`);
    return read;
  };
  const owners: Owners = { masterKeys: [shopMasterKey, bankPassphrase], drawn: [] };
  return { app, admin, ids, shopMasterKey, owners, oldBody, token, parsed };
}
