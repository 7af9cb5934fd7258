import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { parseConfig } from "../src/config.ts";
import { systemRandom } from "../src/cryptography/bytes.ts";
import { connect } from "../src/database/connect.ts";
import { projects } from "../src/database/schema.ts";
import { createServices } from "../src/main.ts";
import { listEnvironments } from "../src/vault/environments.ts";
import { unsealRoot } from "../src/vault/root-keys.ts";
import { createServiceToken, listServiceTokens } from "../src/vault/service-tokens.ts";
import { fetchMap } from "./harness.ts";
import { snapshot } from "./security/snapshot.ts";
import {
  databaseIn,
  databaseUrlIn,
  type ServerProcess,
  startServer,
  temporaryFolder,
} from "./server-process.ts";
import { storedAt } from "./stored.ts";
import { auditOf, disagreements, firstBrokenEvent } from "./vault/inspect.ts";

const day = 24 * 60 * 60 * 1000;
const main = join(import.meta.dir, "../demo/main.ts");
const settings = { AVAILABLE_ENVIRONMENTS: "dev,staging,prod" };

/** Runs `bun run demo` in a folder, to its end. */
async function runDemo(cwd: string, env: Record<string, string> = {}) {
  const databaseUrl = await databaseUrlIn(cwd);
  // A file in this place it finds by itself.
  const isOwn = databaseUrl === `file:${databaseIn(cwd)}`;
  const child = Bun.spawn([process.execPath, main], {
    cwd,
    env: { ...(!isOwn && { DATABASE_URL: databaseUrl }), ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, stdout, stderr };
}

let folder: ReturnType<typeof temporaryFolder>;
let run: Awaited<ReturnType<typeof runDemo>>;
/** The master key that the demo printed for each root project. */
const masterKeys = new Map<string, string>();
let token: string;

beforeAll(async () => {
  folder = temporaryFolder();
  run = await runDemo(folder.path);
  for (const [, name, key] of run.stdout.matchAll(/^ {4}(Fernhill Books|Back office|Reports) +(.+)$/gm))
    masterKeys.set(name ?? "", key ?? "");
  token = /^ {4}(sfly_\w+)$/m.exec(run.stdout)?.[1] ?? "";
});
afterAll(() => folder[Symbol.dispose]());

/** The program's services over the demo's database, as they are for a server that starts now. */
async function openDemo() {
  const config = parseConfig({ DATABASE_URL: await databaseUrlIn(folder.path), ...settings });
  const db = connect({ databaseUrl: config.DATABASE_URL, databaseAuthToken: undefined });
  const { vault } = await createServices(config, db, Date.now, systemRandom);
  return { db, vault, [Symbol.dispose]: () => db.$client.close() };
}

describe("the demo", () => {
  test("fills the database that a server uses, and says how to start one and how to get in", () => {
    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    const command = / {4}AVAILABLE_ENVIRONMENTS=dev,staging,prod (?:DATABASE_URL='http[^']+' )?bun start\n/;
    expect(run.stdout).toMatch(command);
    expect([...masterKeys.keys()]).toEqual(["Fernhill Books", "Back office", "Reports"]);
    expect(masterKeys.get("Fernhill Books")).toMatch(/^sfmk_\w{49}$/);
  });

  test("refuses a database that has a project, kindly, and leaves it as it is", async () => {
    const stored = storedAt(await databaseUrlIn(folder.path));
    const before = await snapshot({ stored });
    const again = await runDemo(folder.path);
    expect([again.exitCode, again.stdout]).toEqual([1, ""]);
    expect(again.stderr).toContain("has projects already");
    expect(again.stderr).toContain("DATABASE_URL=file:data/demo.db bun run demo");
    expect(await snapshot({ stored })).toEqual(before);
  });

  test("fills another database where one is named, and says so in the command", async () => {
    const elsewhere = await runDemo(folder.path, { DATABASE_URL: "file:data/it's another.db" });
    expect(elsewhere.stdout).toContain("DATABASE_URL='file:data/it'\\''s another.db' bun start");
    expect(elsewhere.stdout).not.toContain(token);
  });

  test("tells a setting that cannot be used in one sentence", async () => {
    const { exitCode, stderr } = await runDemo(folder.path, { DATABASE_URL: "somewhere" });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("DATABASE_URL: must be file:PATH")]);
    expect(stderr).not.toContain("    at ");
  });

  test("leaves an audit whose chain holds, over three months, by several people and programs", async () => {
    using demo = await openDemo();
    const events = await auditOf(demo);
    expect(firstBrokenEvent(events)).toBeUndefined();
    const times = events.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Date.now() - (times[0] ?? 0)).toBeGreaterThan(90 * day);
    expect(Date.now() - (times.at(-1) ?? 0)).toBeWithin(0, day);
    const sessions = new Set(
      events.map(({ actor }) => actor).filter((actor) => actor.startsWith("session:")),
    );
    expect(sessions.size).toBeGreaterThan(8);
    const written = events.filter(({ actor }) => actor.startsWith("service-token:"));
    expect(new Set(written.map(({ action }) => action))).toEqual(new Set(["secret.set", "secret.delete"]));
  });

  test("leaves tokens of every kind", async () => {
    using demo = await openDemo();
    const all = await demo.db.select().from(projects);
    const listed = (await Promise.all(all.map(({ id }) => listServiceTokens(demo.vault, id)))).flat();
    const now = Date.now();
    const left = (name: string) => (listed.find((one) => one.name === name)?.expiresAt ?? 0) - now;
    expect(listed.filter(({ revokedAt }) => revokedAt !== null)).toHaveLength(1);
    expect(listed.filter(({ reads }) => reads === 0).map(({ name }) => name)).toEqual(["api, Lisbon"]);
    expect(left("api, Oslo")).toBeWithin(4 * day, 6 * day);
    expect(left("load test")).toBeLessThan(0);
    const lastUses = listed.map(({ lastUsedAt }) => lastUsedAt ?? 0);
    expect(Math.max(...lastUses)).toBeWithin(now - day, now);
    expect(listed.every(({ lastUsedAt, createdAt }) => lastUsedAt === null || lastUsedAt > createdAt)).toBe(
      true,
    );
  });

  test("leaves projects of which everything opens and agrees", async () => {
    using demo = await openDemo();
    const { db, vault } = demo;
    const actor = { id: "system", address: "", requestId: "" };
    const all = await db.select().from(projects);
    expect(all).toHaveLength(14);
    // A parent has a lower id than its children, so it comes before them.
    const writeTokens: string[] = [];
    for (const root of all.filter(({ parentId }) => parentId === null)) {
      const unlocked = await unsealRoot(vault, root.id, masterKeys.get(root.name) ?? "", actor);
      for (const { id } of all.filter(({ rootId }) => rootId === root.id)) {
        for (const environment of await listEnvironments(vault)) {
          const wish = { name: "look", environment, rights: "write", allowedIps: "" } as const;
          writeTokens.push(await createServiceToken(vault, unlocked, id, { ...wish, expiresInDays: 1 }));
        }
      }
    }
    expect(await disagreements(demo, writeTokens)).toEqual([]);
  });
});

describe("a server on the demo", () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(folder.path, settings);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("shows its projects and, unsealed with the printed keys, its secrets", async () => {
    const browser = server.browser();
    const list = await browser.open("/admin/projects");
    for (const name of [...masterKeys.keys(), "newsletter", "payroll", "dashboards"])
      expect(list).toContain(name);
    for (const [name, key] of masterKeys) {
      const id = Number(new RegExp(`/admin/projects/(\\d+)"[^>]*>\\s*${name}`).exec(list)?.[1]);
      expect((await browser.unseal(id, key)).status).toBe(303);
      expect(await browser.open(`/admin/projects/${id}`)).toContain("Unsealed");
    }
    expect(await browser.open("/admin/projects/2/environments/prod/secrets")).toContain("SESSION_SECRET");
  });

  test("gives an app the secrets of the printed token, references expanded", async () => {
    const secrets = await fetchMap(server, token);
    expect(secrets.DATABASE_URL).toBe(
      "postgres://shop:kept-by-owls-prod-2b7f@db-api.prod.fernhill.internal:5432/shop",
    );
    expect(secrets.PAYMENTS_CERTIFICATE).toContain("\n-----END CERTIFICATE-----\n");
    expect(JSON.parse(secrets.FEATURE_FLAGS ?? "")).toMatchObject({ newCheckout: { share: 0.25 } });
  });
});
