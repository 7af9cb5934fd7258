import { createTestApp, origin, type TestApp, TestBrowser } from "../harness.ts";
import { auditOf } from "../vault/inspect.ts";

/** Where the addresses of these tests come from: each request says whose it is. */
const addressHeader = "x-real-ip";

export const password = "the admin's password";
export const passphrase = "correct horse battery staple";
/** What somebody tries who does not know. */
export const wrong = "Tr0ub4dor&3 and 12 more";

/** Where the owner sits, and from where they have come in before. */
export const home = "192.0.2.1";
export const attacker = "203.0.113.66";

/** A server with a password, and a root project of a passphrase that its owner has unsealed at home. */
export interface Guarded {
  app: TestApp;
  owner: TestBrowser;
  root: number;
}

/** Starts one. Whoever did closes its app. */
export async function openGuarded(env: Record<string, string> = {}): Promise<Guarded> {
  const app = await createTestApp({ ADMIN_PASSWORD: password, CLIENT_IP_HEADER: addressHeader, ...env });
  const owner = browserAt(app, home);
  const { status } = await owner.post("/admin/sign-in", { password });
  if (status !== 303) throw new Error(`the owner is not in: ${status}`);
  const { id: root } = await owner.createRoot("shop", passphrase);
  // Takes away what all this had to say.
  await owner.open("/admin/projects");
  return { app, owner, root };
}

/** A browser of its own whose requests come from an address. */
export function browserAt(app: Pick<TestApp, "request">, address: string): TestBrowser {
  return new TestBrowser((path, init) => {
    const headers = new Headers(init?.headers);
    headers.set(addressHeader, address);
    return app.request(path, { ...init, headers });
  });
}

/** Headers of a request from an address. */
export const from = (address: string): Record<string, string> => ({ [addressHeader]: address });

/** Somewhere that something is guessed. */
export interface Door {
  name: string;
  path: (root: number) => string;
  fields: (key: string) => Record<string, string>;
  /** What opens it. */
  right: string;
  /** Statuses: of what is wrong, and of what is right. */
  refuses: number;
  opens: number;
  /** Actions of the audit: of each attempt that fails, and of a lock-out. */
  refused: string;
  limited: string;
}

/** The doors for people. */
export const doors: readonly Door[] = [
  {
    name: "sign-in",
    path: () => "/admin/sign-in",
    fields: (key) => ({ password: key }),
    right: password,
    refuses: 401,
    opens: 303,
    refused: "session.sign-in-refused",
    limited: "session.sign-in-limited",
  },
  {
    name: "unseal",
    path: (root) => `/admin/projects/${root}/unseal`,
    fields: (key) => ({ masterKey: key }),
    right: passphrase,
    refuses: 422,
    opens: 303,
    refused: "project.unseal-refused",
    limited: "project.unseal-limited",
  },
  {
    name: "rotate",
    path: (root) => `/admin/projects/${root}/rotate`,
    fields: (key) => ({ currentMasterKey: key, newMasterKey: "another passphrase, as long" }),
    right: passphrase,
    refuses: 422,
    opens: 303,
    refused: "master-key.rotate-refused",
    limited: "project.unseal-limited",
  },
];

/** Who knocks. */
export interface Knock {
  address: string;
  key: string;
  /** The browser's `secretsfly_browser` cookie; none unless told. */
  browser?: string;
}

/** Knocks at a door with a session of its own and no other cookie: a new browser, unless told. */
export async function knock(
  { app, root }: Pick<Guarded, "app" | "root">,
  door: Door,
  { address, key, browser }: Knock,
): Promise<Response> {
  const session = door.name === "sign-in" ? [] : [`secretsfly_session=${app.sessions.create(true).secret}`];
  const cookies = [...session, ...(browser === undefined ? [] : [`secretsfly_browser=${browser}`])];
  return app.request(door.path(root), {
    method: "POST",
    body: new URLSearchParams(door.fields(key)),
    headers: { Origin: origin, Cookie: cookies.join("; "), ...from(address) },
  });
}

/** Fails at a door so often from one address that it has to wait. */
export async function lockOut(
  guarded: Pick<Guarded, "app" | "root">,
  door: Door,
  address: string,
): Promise<void> {
  for (let i = 0; i < 10; i++) await knock(guarded, door, { address, key: wrongKind });
}

/** Fails at a door so often, from many addresses, that all together have to wait. */
export async function lockOutAll(guarded: Pick<Guarded, "app" | "root">, door: Door): Promise<void> {
  for (let i = 0; i < 100; i++)
    await knock(guarded, door, { address: `198.51.100.${i % 20}`, key: wrongKind });
}

/** As wrong as another, and no run of Argon2id is spent on it. */
const wrongKind = "too short";

/** How many events of an action are in the audit. */
export async function countEvents(app: TestApp, action: string): Promise<number> {
  return (await auditOf(app)).filter((event) => event.action === action).length;
}
