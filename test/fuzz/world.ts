import { systemRandom } from "../../src/cryptography/bytes.ts";
import { generateMasterKey } from "../../src/cryptography/master-key.ts";
import { createTestApp, origin, type TestApp, type TestBrowser } from "../harness.ts";

/** What nobody may be told who asks for one environment of `shop`: a text of it in an answer is a leak. */
const canaries = {
  prod: "canary-of-prod",
  bank: "canary-of-bank",
  overridden: "canary-overridden",
  note: "canary-note",
} as const;

/** An app with two roots, to be asked anything. */
export interface World {
  app: TestApp;
  /** Sends a request: to the app itself, or through a socket. */
  send(path: string, init: RequestInit): Promise<Response>;
  /** Where it is reached: what its own pages send as their origin. */
  origin: string;
  close(): Promise<void>;
  /** Signed in, with `shop` unsealed and `bank` sealed. */
  admin: TestBrowser;
  ids: { shop: number; api: number; bank: number; own: number };
  masterKey: string;
  /** One is that of `own`, a root that the fuzzer may unseal and rotate; the others it may rotate to. */
  ownKeys: readonly string[];
  tokens: { read: string; write: string; revoked: string; elsewhere: string; bank: string };
  /** What no answer at all may hold. */
  forbidden: readonly string[];
  /** What no answer of the API may hold, whoever asks. */
  unsaid: readonly string[];
  /** What no answer may hold to somebody without a good token or session. */
  own: readonly string[];
}

const password = "canary-admin-password";
/** Of the requests that carry a good token. */
export const goodAddress = "203.0.113.1";

/** A new world, behind a real socket if it is told so. The clock is the test's, so limits on guessing pass as it is turned. */
export async function createWorld(hasSocket = false): Promise<World> {
  const app = await createTestApp({
    ADMIN_PASSWORD: password,
    ADMIN_SESSION_EXPIRATION: "2592000",
    ADMIN_MASTER_KEY_EXPIRATION: "86400",
    CLIENT_IP_HEADER: "fly-client-ip",
    MAX_SECRET_BYTES: "1000",
  });
  const admin = app.browser();
  await admin.post("/admin/sign-in", { password });
  const { id: shop, masterKey } = await admin.createRoot("shop");
  const api = await admin.createChild("api", shop);
  const { id: bank, masterKey: bankKey } = await admin.createRoot("bank");
  await admin.save(shop, "dev", { DB_HOST: "canary-inherited", OVER: canaries.overridden });
  await admin.save(api, "dev", { A: "canary-own", B: "plain", OVER: "canary-over", LINES: "one\ntwo" });
  const noted = { name: "NOTED", value: "plain", note: canaries.note };
  await admin.post(`/admin/projects/${api}/environments/dev/secrets`, noted);
  // Under a name that no form asks for: what an admin copies to dev is dev's.
  await admin.save(api, "prod", { A: "of prod", OF_PROD_ALONE: canaries.prod });
  await admin.save(bank, "dev", { BANK: canaries.bank });
  const tokens = {
    read: await admin.createToken(api, "dev", "read"),
    write: await admin.createToken(api, "dev", "write"),
    revoked: await admin.createToken(api, "dev", "write"),
    elsewhere: await admin.createToken(api, "dev", "write", { allowedIps: "198.51.100.0/24" }),
    bank: await admin.createToken(bank, "dev", "write"),
  };
  const list = await admin.open(`/admin/projects/${api}/service-tokens`);
  // Newest first: elsewhere, revoked, write, read.
  const [, revoked] = [...list.matchAll(/service-tokens\/(\d+)\/revoke/g)].map(([, id]) => id);
  await admin.post(`/admin/projects/${api}/service-tokens/${revoked}/revoke`);
  await admin.post(`/admin/projects/${bank}/seal`);
  const { id: own, masterKey: ownKey } = await admin.createRoot("own");
  await admin.save(own, "dev", { A: "of its own" });
  const ownKeys = [ownKey, generateMasterKey(systemRandom), generateMasterKey(systemRandom)];
  const secretsOf = (token: string) => token.split("_")[2] ?? token;
  const server = hasSocket
    ? Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, fetch: app.handle })
    : undefined;
  const send = async (path: string, init: RequestInit) =>
    server
      ? fetch(new URL(server.url.origin + path), { ...init, redirect: "manual" })
      : app.request(path, init);
  const close = async () => {
    await server?.stop(true);
    app.close();
  };
  return {
    ...{ app, send, close, admin, ids: { shop, api, bank, own }, masterKey, ownKeys, tokens },
    origin: server ? server.url.origin : origin,
    forbidden: [
      canaries.bank,
      password,
      ...[masterKey, bankKey, ...ownKeys].map((key) => key.slice(5)),
      ...Object.values(tokens).map(secretsOf),
      "SQLITE",
      "/src/",
    ],
    unsaid: [canaries.prod, canaries.note],
    own: ["canary-own", "canary-inherited", canaries.overridden],
  };
}
