import { systemRandom } from "../../../src/cryptography/bytes.ts";
import {
  formatServiceToken,
  generateServiceToken,
  parseServiceToken,
} from "../../../src/cryptography/service-token.ts";
import { createTestApp, type TestApp, type TestBrowser } from "../../harness.ts";

export const password = "the admin's password";
const day = 24 * 60 * 60 * 1000;

/** Service tokens of `shop` in dev, by what is wrong, or right, with them; `prod` and `other` are of elsewhere. */
type TokenName =
  | "read"
  | "write"
  | "expired"
  | "revoked"
  | "prod"
  | "other"
  | "elsewhere"
  | "unknown"
  | "wrongSecret"
  | "mistyped";

/** What every route is tried on: two root projects with secrets, and tokens of every kind. */
export interface World {
  app: TestApp;
  masterKey: string;
  otherMasterKey: string;
  shop: number;
  other: number;
  tokens: Record<TokenName, string>;
  /** Ids of a service token of each project that may be revoked. */
  tokenIds: { shop: number; other: number };
}

/** What no answer to a request that is refused may hold: values, notes, names of secrets, keys, tokens, places in the code. */
export const secret: readonly string[] = [
  "v-shop",
  "v-other",
  "note-",
  "SHOP_SECRET",
  "OTHER_SECRET",
  "sfmk_",
  "sfly_",
  "/src/",
  ".ts:",
  password,
];

/** And what only those may see who are signed in, or hold a token of it. */
export const names: readonly string[] = ["shop-project", "other-project"];

/** Makes one. Whoever did closes its app. */
export async function createWorld(): Promise<World> {
  const app = await createTestApp({ ADMIN_PASSWORD: password, CLIENT_IP_HEADER: "fly-client-ip" });
  const admin = await signIn(app);
  const { id: shop, masterKey } = await admin.createRoot("shop-project");
  const { id: other, masterKey: otherMasterKey } = await admin.createRoot("other-project");
  await fill(admin, shop, other);
  const tokens = await createTokens(admin, shop, other);
  // Newest first: elsewhere, prod, revoked, expired, write, read.
  const [, , revoked = 0, , , read = 0] = await listed(admin, shop);
  const tokenIds = { shop: read, other: (await listed(admin, other))[0] ?? 0 };
  await admin.post(`/admin/projects/${shop}/service-tokens/${revoked}/revoke`);
  app.clock.advance(day);
  return { app, masterKey, otherMasterKey, shop, other, tokens, tokenIds };
}

/** A browser that has signed in. */
export async function signIn(app: TestApp): Promise<TestBrowser> {
  const browser = app.browser();
  const { status } = await browser.post("/admin/sign-in", { password });
  if (status !== 303) throw new Error(`signing in answered ${status}`);
  return browser;
}

async function fill(admin: TestBrowser, shop: number, other: number): Promise<void> {
  const save = (id: number, environment: string, name: string, value: string) => {
    const path = `/admin/projects/${id}/environments/${environment}/secrets`;
    return admin.post(path, { name, value, note: value.replace("v-", "note-") });
  };
  await save(shop, "dev", "SHOP_SECRET", "v-shop-dev");
  await save(shop, "prod", "SHOP_SECRET", "v-shop-prod");
  await save(shop, "prod", "SHOP_SECRET_OF_PROD", "v-shop-before");
  await save(shop, "prod", "SHOP_SECRET_OF_PROD", "v-shop-prod");
  await save(other, "dev", "OTHER_SECRET", "v-other");
}

async function createTokens(admin: TestBrowser, shop: number, other: number): Promise<World["tokens"]> {
  const read = await admin.createToken(shop, "dev", "read");
  const write = await admin.createToken(shop, "dev", "write");
  const id = parseServiceToken(write)?.id ?? "";
  return {
    read,
    write,
    expired: await admin.createToken(shop, "dev", "write", { expiresInDays: "1" }),
    revoked: await admin.createToken(shop, "dev", "write"),
    prod: await admin.createToken(shop, "prod", "write"),
    other: await admin.createToken(other, "dev", "write"),
    elsewhere: await admin.createToken(shop, "dev", "write", {
      allowedIps: "203.0.113.0/24, 2001:db8::/32",
    }),
    unknown: formatServiceToken(generateServiceToken(systemRandom)),
    wrongSecret: formatServiceToken({ id, secret: systemRandom(32) }),
    mistyped: write.slice(0, -1) + (write.endsWith("0") ? "1" : "0"),
  };
}

async function listed(admin: TestBrowser, project: number): Promise<number[]> {
  const page = await admin.open(`/admin/projects/${project}/service-tokens`);
  return [...page.matchAll(/service-tokens\/(\d+)\/revoke/g)].map(([, id]) => Number(id));
}
