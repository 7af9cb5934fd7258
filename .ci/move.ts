/**
 * The chapter of `docs/scaling.md` about the move from one machine to a primary, as it is written there, with the
 * executable and a real libSQL server. Only ports that may be taken here, and the place of the reader's database, become
 * others.
 */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { origin as formOrigin, TestBrowser } from "../test/harness.ts";
import { check, freePort, startServer } from "./harness.ts";
import { readPage, Scratch, type Step } from "./recipe.ts";

const page = join(import.meta.dir, "../docs/scaling.md");
const heading = "## Moving from one machine to a primary\n";

/** Moves a database there and back. */
export async function checkMove(room: string, environment: Record<string, string>): Promise<void> {
  const folder = join(room, "move");
  mkdirSync(folder);
  const sqld = findSqld();
  assert.ok(sqld || !process.env.CI, "the gate has installed sqld");
  if (!sqld || !Bun.which("curl") || !Bun.which("openssl"))
    return console.log("  skip  scaling.md: this machine has no sqld, curl or openssl");
  symlinkSync(sqld, join(room, "bin/sqld"));
  const file = join(folder, "former/secretsfly.db");
  const [database, adminPort, port] = [await freePort(), await freePort(), await freePort()];
  const steps = readSteps([
    ["127.0.0.1:8080", `127.0.0.1:${database}`],
    ["127.0.0.1:8081", `127.0.0.1:${adminPort}`],
    ["127.0.0.1:3000", `127.0.0.1:${port}`],
    ["/var/lib/secretsfly/secretsfly.db", file],
  ]);
  const env = { ...environment, PORT: String(port), PUBLIC_ORIGIN: formOrigin };
  const start = () =>
    startServer({
      command: [join(room, "bin/secretsfly"), "serve"],
      cwd: folder,
      env: { ...env, DATABASE_URL: `file:${file}` },
      within: 60,
    });
  let server = await start();
  const shop = await createShop(server.origin);
  const scratch = new Scratch(folder, steps, server.origin, shop.pasted, env);
  try {
    for (const step of steps) {
      await doStep(scratch, step, () => server.stop());
      if (step.kind === "start" && step.until.includes("/api/"))
        await check("scaling.md: the same token fetches there, and it is written to", () =>
          useAfterMove(server.origin, shop, `http://127.0.0.1:${database}`, scratch.text("primary-token")),
        );
    }
    scratch.end();
    server = await start();
    await check("scaling.md: and back, with what was written there", async () =>
      assert.deepEqual(await fetchMap(server.origin, shop.pasted["read token"]), { A: "before", B: "after" }),
    );
  } finally {
    scratch.end();
    await server.stop();
  }
}

/** The steps of the chapter, with the lines that they have on the page. */
function readSteps(others: readonly (readonly [string, string])[]): Step[] {
  const text = readFileSync(page, "utf8");
  const [before = "", rest] = text.split(heading);
  assert.ok(rest, `docs/scaling.md has no ${heading}`);
  const chapter = rest.split("\n## ")[0] ?? "";
  const here = others.reduce((so, [written, other]) => so.replaceAll(written, other), chapter);
  return readPage(`${before.replace(/[^\n]/g, "")}\n${here}`);
}

async function doStep(scratch: Scratch, step: Step, stop: () => Promise<unknown>): Promise<void> {
  const what = step.kind === "file" ? step.path : (step.text.split("\n")[0] ?? "");
  if (step.kind !== "not run")
    return check(`scaling.md:${step.line} ${step.kind} ${what}`, () => scratch.do(step));
  console.log(`  --    scaling.md:${step.line} not run: ${step.reason}`);
  if (what.includes("systemctl stop")) await stop();
}

type Shop = Awaited<ReturnType<typeof createShop>>;

async function createShop(origin: string) {
  const admin = browserOf(origin);
  const { id, masterKey } = await admin.createRoot("shop");
  assert.equal((await admin.save(id, "prod", { A: "before" })).status, 303);
  const pasted = {
    "read token": await admin.createToken(id, "prod", "read"),
    "write token": await admin.createToken(id, "prod", "write"),
    "master key": masterKey,
  };
  return { id, masterKey, pasted };
}

async function useAfterMove(
  origin: string,
  { id, masterKey, pasted }: Shop,
  primary: string,
  primaryToken: string,
): Promise<void> {
  assert.deepEqual(await fetchMap(origin, pasted["read token"]), { A: "before" });
  const admin = browserOf(origin);
  assert.equal((await admin.unseal(id, masterKey)).status, 303);
  assert.equal((await admin.save(id, "prod", { B: "after" })).status, 303);
  assert.deepEqual(await fetchMap(origin, pasted["write token"]), { A: "before", B: "after" });
  // Nobody reads the primary without a token.
  const body = JSON.stringify({ requests: [{ type: "execute", stmt: { sql: "PRAGMA synchronous" } }] });
  const ask = (headers: Record<string, string>) =>
    fetch(`${primary}/v2/pipeline`, { method: "POST", headers, body });
  assert.equal((await ask({})).status, 401);
  // FULL: it waits for its disk.
  const answer = await ask({ Authorization: `Bearer ${primaryToken}` });
  assert.match(await answer.text(), /"rows":\[\[\{"type":"integer","value":"2"\}\]\]/);
}

function browserOf(origin: string): TestBrowser {
  return new TestBrowser((path, init) => fetch(origin + path, { ...init, redirect: "manual" }));
}

async function fetchMap(origin: string, token: string): Promise<unknown> {
  const headers = { Authorization: `Bearer ${token}` };
  return (await fetch(`${origin}/api/secrets?format=map`, { headers })).json();
}

/** The program that the tests' package brings for this machine. */
function findSqld(): string | undefined {
  const { resolve } = createRequire(import.meta.url);
  const path = join(
    dirname(resolve("sqld/package.json")),
    `../@sqld/${process.platform}-${process.arch}/sqld`,
  );
  return existsSync(path) ? path : undefined;
}
