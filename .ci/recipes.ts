/**
 * The pages of `docs/recipes`, as they are written there: their files are written, their commands run and what
 * these print is compared, against the executable's own server. Only `https://secrets.example.com`, where the
 * pages have the reader's server, becomes that server's address. Then the move of `docs/scaling.md`.
 *
 *     bun .ci/recipes.ts dist/secretsfly
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { origin as formOrigin, TestBrowser } from "../test/harness.ts";
import { check, freePort, startServer } from "./harness.ts";
import { checkMove } from "./move.ts";
import { readPage, Scratch, type Step } from "./recipe.ts";
import { checks, needs, preparations } from "./recipe-checks.ts";

/** What an app of every page gets; `${DB_HOST}` is expanded. Values that quoting gets wrong, if it is wrong. */
const secrets = {
  DB_HOST: "db.internal",
  DATABASE_URL: "postgres://${DB_HOST}/shop",
  CERTIFICATE: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  GREETING: `it's "5 $"`,
};

const root = join(import.meta.dir, "..");
const pages = join(root, "docs/recipes");
const room = mkdtempSync(join(tmpdir(), "secretsfly-recipes-"));
process.on("exit", () => rmSync(room, { recursive: true, force: true }));

const tools = join(room, "bin");
for (const folder of ["bin", "home", "data"]) mkdirSync(join(room, folder));
symlinkSync(resolve(process.argv[2] ?? "dist/secretsfly"), join(tools, "secretsfly"));
symlinkSync(process.execPath, join(tools, "bun"));
const environment = {
  PATH: `${tools}:${process.env.PATH ?? "/usr/bin:/bin"}`,
  HOME: join(room, "home"),
  LANG: "C.UTF-8",
};

const server = await startServer({
  command: [join(tools, "secretsfly"), "serve"],
  cwd: join(room, "data"),
  env: { ...environment, PORT: String(await freePort()), PUBLIC_ORIGIN: formOrigin },
  within: 60,
});
const admin = new TestBrowser((path, init) => fetch(server.origin + path, { ...init, redirect: "manual" }));

/** A root project of its own for each page, so that no page sees what another one wrote. */
async function withProject(
  name: string,
  steps: readonly Step[],
  isEmpty: boolean,
  use: (scratch: Scratch) => Promise<void>,
): Promise<void> {
  const { id, masterKey } = await admin.createRoot("shop");
  if (!isEmpty) assert.equal((await admin.save(id, "prod", secrets)).status, 303);
  const tokens = {
    "read token": await admin.createToken(id, "prod", "read"),
    "write token": await admin.createToken(id, "prod", "write"),
    "master key": masterKey,
  };
  const folder = join(room, name);
  mkdirSync(folder);
  const scratch = new Scratch(folder, steps, server.origin, tokens, environment);
  try {
    await use(scratch);
  } finally {
    scratch.end();
  }
  assert.equal((await admin.post(`/admin/projects/${id}/delete`, { confirmName: "shop" })).status, 303);
}

const files = readdirSync(pages)
  .filter((file) => file.endsWith(".md"))
  .sort();
const index = readFileSync(join(pages, "README.md"), "utf8");

await check("the index links each page, and each page's checks belong to one", () => {
  const names = files.map((file) => basename(file, ".md"));
  for (const file of files) assert.ok(file === "README.md" || index.includes(`](${file})`), file);
  for (const name of Object.keys(checks)) assert.ok(names.includes(name), name);
});

for (const file of files) {
  const name = basename(file, ".md");
  const lacking = (needs[name] ?? []).filter((command) => !Bun.which(command));
  if (lacking.length > 0) {
    assert.ok(!process.env.CI || !lacking.includes("node"), "the gate's machine has Node");
    console.log(`  skip  ${file}: this machine has no ${lacking.join(", ")}`);
    continue;
  }
  const text = readFileSync(join(pages, file), "utf8");
  const steps = readPage(text.replaceAll("https://secrets.example.com", server.origin));
  const isEmpty = text.startsWith("<!-- an empty project -->\n");
  await withProject(name, steps, isEmpty, async (scratch) => {
    await preparations[name]?.(scratch);
    for (const step of steps) {
      const what = step.kind === "file" ? step.path : (step.text.split("\n")[0] ?? "");
      if (step.kind === "not run") console.log(`  --    ${file}:${step.line} not run: ${step.reason}`);
      else await check(`${file}:${step.line} ${step.kind} ${what}`, () => scratch.do(step));
    }
    for (const [what, body] of Object.entries(checks[name] ?? {})) {
      await check(`${file}: ${what}`, () => body(scratch));
    }
  });
}

await checkMove(room, environment);
await server.stop();
