/** What the command line prints of texts that others chose: a terminal must obey nothing in it, and a person not be misled. */

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gitHubToken, startFakeGitHub } from "../cli/fake-github.ts";
import { cleanUp, cli, startApi, temporaryFolder } from "../cli/harness.ts";
import { createFileApp, type TestApp } from "../harness.ts";

afterAll(cleanUp);

/** What a terminal obeys or hides: a title, a colour by C0 and by C1, a clipboard, a bell, a change of direction, a line. */
const hostile =
  "a\u001b]0;title\u0007\u001b[31m\u009b2J\u001b]52;c;aGk=\u0007\u0008\u007f\u202eb\u200b\u2066\u2028\r\nwhole: c";

/** All of which no output may hold, besides the line ends of its own lines. */
const obeyed = /[^\P{Cc}\n\t]|[\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

interface Printed {
  stdout: string;
  stderr: string;
}

function expectUnobeyed({ stdout, stderr }: Printed): void {
  for (const text of [stdout, stderr]) expect(obeyed.exec(text)).toBeNull();
}

function expectHarmless(printed: Printed): void {
  expectUnobeyed(printed);
  // Nor may a name make a line of its own, which would read as this program's words.
  for (const text of [printed.stdout, printed.stderr]) expect(text).not.toMatch(/^whole: c/m);
}

describe("of a database that somebody else has written to", () => {
  let app: TestApp;
  let file: string;
  let masterKey: string;

  beforeAll(async () => {
    app = await createFileApp();
    const admin = app.browser();
    const root = await admin.createRoot("shop");
    masterKey = root.masterKey;
    await admin.save(root.id, "dev", { A: "1" });
    await admin.createToken(root.id, "dev");
    file = join(dirname(app.file), "written.db");
    const database = new Database(app.file);
    database.run(`vacuum into '${file}'`);
    database.close();
    const copy = new Database(file);
    const columns = {
      projects: ["name", "description"],
      environments: ["name"],
      secrets: ["name"],
      service_tokens: ["name", "rights"],
      audit_events: ["actor", "action", "project_name", "environment", "name", "address", "request_id"],
    };
    for (const [table, names] of Object.entries(columns)) {
      for (const name of names) copy.run(`update "${table}" set "${name}" = ? || rowid`, [hostile]);
    }
    // A fault, to be told by the names of its place.
    copy.run("update secrets set version = version + 1");
    copy.close();
  });
  afterAll(() => app.close());

  const commands: [args: (file: string) => string[], stdin?: () => string][] = [
    [(from) => ["verify", from]],
    [(from) => ["verify", from, "--json"]],
    [(from) => ["verify", from, "--master-key-stdin"], () => masterKey],
    [(from) => ["verify", from, "--master-key-stdin", "--json"], () => masterKey],
    [(from) => ["audit", "verify", from]],
    [(from) => ["audit", "verify", from, "--json"]],
    [(from) => ["audit", "export", from]],
  ];
  for (const [args, stdin] of commands) {
    test(`secretsfly ${args("FILE").join(" ")}`, async () => {
      const printed = await cli(args(file), stdin ? { stdin: `${stdin()}\n` } : {});
      expectHarmless(printed);
      // It does tell of it, unless it is one that tells no names.
      if (!args(file).join(" ").startsWith("audit verify")) expect(printed.stdout).toContain("whole: c");
      else expect(printed.stdout).toContain("event 1");
    });
  }

  test("secretsfly backup, and restore of it", async () => {
    const folder = temporaryFolder();
    const backup = join(folder, "backup.db");
    for (const json of [[], ["--json"]]) {
      const env = { DATABASE_URL: `file:${file}` };
      expectHarmless(await cli(["backup", backup, "--force", ...json], { env }));
      const to = { DATABASE_URL: `file:${join(folder, "restored.db")}` };
      expectHarmless(await cli(["restore", backup, "--force", ...json], { env: to }));
    }
  });
});

describe("of a server's answers", () => {
  const type = "urn:secretsfly:problem:invalid";
  const problem = (status: number) =>
    Response.json(
      { type, title: hostile, status, detail: hostile, errors: [{ field: hostile, detail: hostile }] },
      { status, headers: { "Content-Type": "application/problem+json" } },
    );
  const secrets = (name: string) =>
    Response.json(
      { secrets: [{ id: 1, name, value: hostile, version: 1, outcome: "created" }] },
      { headers: { ETag: '"1.dev.json.r"' } },
    );
  const token = () =>
    Response.json({
      name: hostile,
      project: { id: 1, name: hostile },
      environment: hostile,
      rights: "read",
      expiresAt: null,
    });

  const commands: [command: string, args: string[]][] = [
    ["secrets list", ["secrets", "list", "--values"]],
    ["secrets list --json", ["secrets", "list", "--values", "--json"]],
    ["secrets get --json", ["secrets", "get", "A", "--json"]],
    ["secrets set", ["secrets", "set", "A=1"]],
    ["secrets delete", ["secrets", "delete", "A", "--yes"]],
    ["diff", ["diff", "FILE", "--values"]],
    ["diff --json", ["diff", "FILE", "--values", "--json"]],
    ["import", ["import", "FILE"]],
    ["check", ["check", "--require", "B"]],
    ["run", ["run", "--require", "B", "--", "true"]],
    ["export --format k8s", ["export", "--format", "k8s"]],
    ["export --json", ["export", "--json"]],
  ];
  const answers: [what: string, answer: (request: Request) => Response][] = [
    ["a value", ({ url }) => (url.endsWith("/token") ? token() : secrets("A"))],
    ["a name", ({ url }) => (url.endsWith("/token") ? token() : secrets(hostile))],
    ["a refusal", () => problem(422)],
    ["a refusal of the token", () => problem(401)],
    ["a fault of its own", () => problem(500)],
    ["a redirect", () => new Response(null, { status: 302, headers: { Location: "http://x/\u009b2J" } })],
  ];
  for (const [what, answer] of answers) {
    for (const [command, args] of commands) {
      // A file of values has them as they are: it is for programs.
      if (what === "a value" && command.startsWith("export")) continue;
      test.concurrent(`${what}: secretsfly ${command}`, async () => {
        const file = join(temporaryFolder(), "secrets.env");
        writeFileSync(file, "A=other\n");
        const env = { SECRETSFLY_API_BASE_URL: startApi(answer) };
        expectHarmless(
          await cli(
            args.map((text) => (text === "FILE" ? file : text)),
            { env },
          ),
        );
      });
    }
  }
});

test("of the names that GitHub tells nothing is obeyed, in text or as JSON", async () => {
  const github = await startFakeGitHub();
  github.repository.secrets.set(hostile, "x");
  const secrets = { secrets: [{ id: 1, name: "A", value: "x" }] };
  const url = startApi(() => Response.json(secrets, { headers: { ETag: '"1.dev.json.r"' } }));
  for (const json of [[], ["--json"]]) {
    const args = ["sync", "github", "octo/app", "--api-url", github.url, "--prune", "--dry-run", ...json];
    const env = { SECRETSFLY_API_BASE_URL: url, GITHUB_TOKEN: gitHubToken };
    const printed = await cli(args, { env });
    expectHarmless(printed);
    expect(printed.stdout).toContain("deleted");
  }
  await github.stop();
});

test("what is typed at the command line is not obeyed when it is told again", async () => {
  const commands = [
    ["secrets", "get", hostile],
    ["secrets", "set", `${hostile}=1`],
    ["run", "--require", hostile, "--", "true"],
    ["export", "--format", hostile],
    ["verify", `/nonexistent/${hostile}`],
    ["diff", `/nonexistent/${hostile}`],
    ["import", `/nonexistent/${hostile}`],
    [hostile],
    [`--${hostile}`],
  ];
  for (const args of commands) expectUnobeyed(await cli(args));
});
