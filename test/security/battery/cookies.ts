import { systemRandom } from "../../../src/cryptography/bytes.ts";
import { bearer, createTestApp } from "../../harness.ts";
import { password, signIn, type World } from "./world.ts";

const hour = 60 * 60 * 1000;

const random = () => systemRandom(32).toBase64({ alphabet: "base64url", omitPadding: true });

/** The value of a session's cookie that is good. */
async function good({ app }: World): Promise<string> {
  return (await signIn(app)).cookie.split("=")[1] ?? "";
}

const named =
  (name: string, value: (world: World) => Promise<string> | string) =>
  async (world: World): Promise<Record<string, string>> => ({ Cookie: `${name}=${await value(world)}` });

const session = (value: (world: World) => Promise<string> | string) => named("secretsfly_session", value);

async function signedOut({ app }: World): Promise<string> {
  const admin = await signIn(app);
  const value = admin.cookie.split("=")[1] ?? "";
  await admin.post("/admin/sign-out");
  return value;
}

async function expired(world: World): Promise<string> {
  const value = await good(world);
  world.app.clock.advance(hour);
  return value;
}

async function replaced({ app }: World): Promise<string> {
  const admin = await signIn(app);
  const value = admin.cookie.split("=")[1] ?? "";
  await admin.post("/admin/sign-in", { password });
  return value;
}

async function ofAnotherApp(): Promise<string> {
  const other = await createTestApp({ ADMIN_PASSWORD: password });
  const value = (await signIn(other)).cookie.split("=")[1] ?? "";
  other.close();
  return value;
}

/** What the audit calls the newest session: everybody who is signed in sees that. */
async function publicId(world: World): Promise<string> {
  await good(world);
  const sql = "select actor from audit_events where action = 'session.sign-in' order by id desc limit 1";
  const { rows } = await world.app.db.$client.execute(sql);
  return String(rows[0]?.actor).replace("session:", "");
}

/** Everybody who is not signed in, by the headers that they send. */
export const unknownBrowsers: readonly [who: string, headers: (world: World) => Promise<HeadersInit>][] = [
  ["nobody", async () => ({})],
  ["a session that was made up", session(random)],
  ["an empty session", session(() => "")],
  ["an overlong session", session(() => "A".repeat(100_000))],
  ["what every object has", session(() => "__proto__")],
  ["a session that was signed out", session(signedOut)],
  ["a session whose time is over", session(expired)],
  ["a session that a new sign-in has replaced", session(replaced)],
  ["a session of another server with the same password", session(ofAnotherApp)],
  ["the id that the audit shows", session(publicId)],
  ["a good session with a letter more", session(async (world) => `${await good(world)}A`)],
  ["a good session without its last letter", session(async (world) => (await good(world)).slice(0, -1))],
  ["a good session in capitals", session(async (world) => (await good(world)).toUpperCase())],
  ["a good session under another name", named("session", good)],
  ["a good session under a name in capitals", named("SECRETSFLY_SESSION", good)],
  ["a good session under the name behind https", named("__Host-secretsfly_session", good)],
  ["a good session in another header", async (world) => ({ Authorization: `Bearer ${await good(world)}` })],
  ["a service token", async ({ tokens }) => bearer(tokens.write)],
  ["a service token as a session", session(({ tokens }) => tokens.write)],
  ["the password as a session", session(() => encodeURIComponent(password))],
  ["the password as Basic", async () => ({ Authorization: `Basic ${btoa(`admin:${password}`)}` })],
];
