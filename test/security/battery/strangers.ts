import { bearer, type TestBrowser } from "../../harness.ts";
import { password, type World } from "./world.ts";

/** Somebody whom the API must refuse, by what they send. */
interface Stranger {
  who: string;
  headers: (world: World, admin: TestBrowser) => HeadersInit;
  status: 401 | 403;
}

const allowed = "203.0.113.7";

/** What is no `Authorization` of ours. */
const malformed: [who: string, authorization: (world: World) => string][] = [
  ["an empty Authorization", () => ""],
  ["a bearer of nothing", () => "Bearer"],
  ["a bearer of blanks", () => "Bearer      "],
  ["only a scheme and a comma", () => "Bearer ,"],
  ["another scheme with the token as it is", ({ tokens }) => `Token ${tokens.write}`],
  ["the token as Basic", ({ tokens }) => `Basic ${btoa(tokens.write)}`],
  ["the token as the password of Basic", ({ tokens }) => `Basic ${btoa(`token:${tokens.write}`)}`],
  ["the token as a parameter of Digest", ({ tokens }) => `Digest username="${tokens.write}"`],
  ["a scheme that only begins like ours", ({ tokens }) => `Bearers ${tokens.write}`],
  ["our scheme without a blank", ({ tokens }) => `Bearer${tokens.write}`],
  ["our scheme twice", ({ tokens }) => `Bearer Bearer ${tokens.write}`],
  ["the token in quotes", ({ tokens }) => `Bearer "${tokens.write}"`],
  ["two tokens", ({ tokens }) => `Bearer ${tokens.read}, Bearer ${tokens.write}`],
  ["two tokens with a blank between", ({ tokens }) => `Bearer ${tokens.read} ${tokens.write}`],
  ["a token twice", ({ tokens }) => `Bearer ${tokens.write}, ${tokens.write}`],
  ["a token of the wrong shape", () => "Bearer sfly_this_is_none"],
  ["the beginning alone", () => "Bearer sfly_"],
  ["a token that is cut off", ({ tokens }) => `Bearer ${tokens.write.slice(0, -1)}`],
  ["a token with more behind it", ({ tokens }) => `Bearer ${tokens.write}0`],
  ["a token in capitals", ({ tokens }) => `Bearer ${tokens.write.toUpperCase()}`],
  ["a token with a blank in it", ({ tokens }) => `Bearer ${tokens.write.replace(/_/, "_ ")}`],
  ["a token with letters that no header has", ({ tokens }) => `Bearer ${tokens.write}é`],
  ["a token that is percent-encoded", ({ tokens }) => `Bearer ${tokens.write.replaceAll("_", "%5F")}`],
  ["an overlong token", () => `Bearer sfly_${"A".repeat(100_000)}`],
  ["an overlong id", ({ tokens }) => `Bearer ${tokens.write.replace("sfly_", `sfly_${"0".repeat(5000)}`)}`],
  ["what SQL would read", () => "Bearer ' OR '1'='1"],
  ["what every object has", () => "Bearer __proto__"],
  ["a mistyped token", ({ tokens }) => `Bearer ${tokens.mistyped}`],
  ["a token that nobody made", ({ tokens }) => `Bearer ${tokens.unknown}`],
  ["a wrong secret under a right id", ({ tokens }) => `Bearer ${tokens.wrongSecret}`],
  ["an expired token", ({ tokens }) => `Bearer ${tokens.expired}`],
  ["a revoked token", ({ tokens }) => `Bearer ${tokens.revoked}`],
  ["the master key as a token", ({ masterKey }) => `Bearer ${masterKey}`],
  ["the admin password as a token", () => `Bearer ${password}`],
  ["the admin password as Basic", () => `Basic ${btoa(`admin:${password}`)}`],
];

/** A token in the wrong place, or from the wrong one. */
const misplaced: Stranger[] = [
  { who: "no credentials", headers: () => ({}), status: 401 },
  {
    who: "two headers, the second with a good token",
    headers: ({ tokens }) => [
      ["Authorization", "Bearer sfly_"],
      ["Authorization", `Bearer ${tokens.write}`],
    ],
    status: 401,
  },
  {
    who: "the token in other headers",
    headers: ({ tokens: { write } }) => ({
      "X-Api-Key": write,
      "X-Authorization": `Bearer ${write}`,
      "Proxy-Authorization": `Bearer ${write}`,
      "X-Forwarded-Authorization": `Bearer ${write}`,
      "X-Vault-Token": write,
    }),
    status: 401,
  },
  {
    who: "the token in a cookie",
    headers: ({ tokens }) => ({ Cookie: `secretsfly_session=${tokens.write}; token=${tokens.write}` }),
    status: 401,
  },
  { who: "an admin's session", headers: (_, { cookie }) => ({ Cookie: cookie }), status: 401 },
  {
    who: "an admin's session as a token",
    headers: (_, { cookie }) => bearer(cookie.split("=")[1] ?? ""),
    status: 401,
  },
];

/** A good token whose list of addresses has not the one that it comes from. */
const elsewhere: [who: string, headers: Record<string, string>][] = [
  ["no address", {}],
  ["another address", { "Fly-Client-IP": "198.51.100.1" }],
  ["an address beside its range", { "Fly-Client-IP": "203.0.114.0" }],
  ["the other family's", { "Fly-Client-IP": "2001:db9::1" }],
  ["what is no address", { "Fly-Client-IP": "203.0.113.7.example" }],
  ["an address with a port", { "Fly-Client-IP": "203.0.113.7:80" }],
  ["an address in octal", { "Fly-Client-IP": "0313.0.0161.07" }],
  ["an allowed address that its caller wrote before the proxy's own", { "Fly-Client-IP": `${allowed}, ::1` }],
  [
    "an allowed address that only other headers claim",
    {
      "Fly-Client-IP": "198.51.100.1",
      "X-Forwarded-For": allowed,
      "X-Real-IP": allowed,
      "CF-Connecting-IP": allowed,
      "True-Client-IP": allowed,
      "X-Client-IP": allowed,
      Forwarded: `for=${allowed}`,
    },
  ],
];

/** Everybody whom every route of the API must refuse. */
export const strangers: readonly Stranger[] = [
  ...misplaced,
  ...malformed.map(
    ([who, authorization]): Stranger => ({
      who,
      headers: (world) => ({ Authorization: authorization(world) }),
      status: 401,
    }),
  ),
  ...elsewhere.map(
    ([who, headers]): Stranger => ({
      who: `a token from ${who}`,
      headers: ({ tokens }) => ({ ...bearer(tokens.elsewhere), ...headers }),
      status: 403,
    }),
  ),
];
