import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { toldHead } from "../../src/vault/audit-head.ts";
import { createFileApp, type TestApp, type TestBrowser } from "../harness.ts";
import { copyWith } from "../maintenance/copies.ts";
import { cli, commandLine, readUntil, temporaryFolder } from "./harness.ts";
import { asNobody, canBeNobody } from "./nobody.ts";

/** Serves while its database is verified. */
let app: TestApp;
let admin: TestBrowser;
let shop: { id: number; masterKey: string };
const passphrase = "a passphrase of another root";

beforeAll(async () => {
  app = await createFileApp();
  admin = app.browser();
  shop = await admin.createRoot("shop");
  await admin.createRoot("other", passphrase);
  await admin.save(shop.id, "prod", { A: "canary of a value" });
  await admin.save(shop.id, "prod", { A: "canary of a newer value" });
  await admin.createToken(shop.id, "prod");
});
afterAll(() => app.close());

/** Runs the command. Fails where it says a value or a master key. */
async function verify(args: string[], options: Parameters<typeof cli>[1] = {}) {
  const finished = await cli(["verify", ...args], options);
  for (const canary of ["canary", shop.masterKey, passphrase])
    expect(finished.stdout + finished.stderr).not.toContain(canary);
  return finished;
}
const withKeys = (...lines: string[]) => ({ stdin: lines.map((line) => `${line}\n`).join("") });

const secret = "(select id from secrets where name = 'A')";
const changed = (...statements: string[]) => copyWith(app.file, temporaryFolder(), ...statements);

describe("verify", () => {
  test("says without a key what is there, while a server has it open, and that nothing was opened", async () => {
    const { stdout, stderr, exitCode } = await verify([app.file]);
    const head = await toldHead(app.db);
    expect([stdout.split("\n"), stderr, exitCode]).toEqual([
      [
        `whole: ${app.file}`,
        "  2 projects below 2 roots, 2 environments",
        "  1 secret with 2 versions, 1 service token",
        `  ${head?.split(":")[0]} audit events, head ${head}`,
        "  nothing was opened: no master key was given",
        "",
      ],
      "",
      0,
    ]);
  });

  test("opens with master keys, a line each, what they fit, and says what it did not open", async () => {
    const one = await verify(["--master-key-stdin", app.file], withKeys(shop.masterKey));
    expect(one.exitCode).toBe(0);
    expect(one.stdout).toEndWith(
      "  opened: 2 versions, 2 views rebuilt and compared\n  shop (1): opened\n  other (2): not opened, no master key for it\n",
    );
    const stdin = `\r\n${passphrase}\r\n${shop.masterKey}\r\n`;
    const both = await verify(["--master-key-stdin", app.file], { stdin });
    expect([both.exitCode, both.stdout]).toEqual([
      0,
      expect.stringContaining("4 views rebuilt and compared\n  shop (1): opened\n  other (2): opened\n"),
    ]);
  });

  test("looks at DATABASE_URL where no file is named, and says the same as JSON", async () => {
    const options = { env: { DATABASE_URL: `file:${app.file}` }, ...withKeys(shop.masterKey) };
    const { stdout, exitCode } = await verify(["--json", "--master-key-stdin"], options);
    const head = (await toldHead(app.db)) ?? "";
    expect([JSON.parse(stdout), exitCode]).toEqual([
      {
        ...{ whole: true, file: app.file },
        ...{ projects: 2, roots: 2, environments: 2, secrets: 1, versions: 2, serviceTokens: 1 },
        audit: { events: Number(head.split(":")[0]), head, fault: null },
        opened: {
          roots: [
            { id: 1, name: "shop", isOpened: true },
            { id: 2, name: "other", isOpened: false },
          ],
          ...{ environmentKeys: 2, versions: 2, views: 2, serviceTokens: 1 },
        },
        ...{ faultCount: 0, faults: [] },
      },
      0,
    ]);
    const without = await verify(["--json", app.file]);
    expect(JSON.parse(without.stdout).opened).toBeNull();
  });

  test("tells each fault by its place, and fails", async () => {
    const file = changed(
      `update secret_versions set sealed_value = (select sealed_value from secret_versions where version = 1) where version = 2`,
      `update secret_versions set version = 7 where version = 1`,
      "update audit_events set name = 'X' where id = 5",
    );
    const { stdout, exitCode } = await verify(["--master-key-stdin", file], withKeys(shop.masterKey));
    expect(exitCode).toBe(1);
    const lines = stdout.split("\n");
    expect(lines[0]).toStartWith(`broken: ${file} (`);
    expect(stdout).toContain(
      "  shop (1) / prod / A version 2: its newest version is another than its row says\n",
    );
    expect(stdout).toContain("  shop (1) / prod / A version 2: the value does not open\n");
    expect(stdout).toContain("  the audit is broken: event 5 was changed");
    expect(stdout).toContain("head not to be told\n");
    const json = await verify(["--json", file]);
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      whole: false,
      audit: { head: null, fault: { eventId: 5 } },
    });
    expect(JSON.parse(json.stdout).faults).toContainEqual({
      ...{ projectId: 1, projectName: "shop", environment: "prod", name: "A", version: 2 },
      what: "its newest version is another than its row says",
    });
  });

  test("prints fifty faults and how many there are; JSON has more", async () => {
    const many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 200)";
    const file = changed(
      "pragma foreign_keys = off",
      `${many} insert into secret_versions select ${secret}, i + 10, x'', x'', 0, '' from n`,
      `${many} insert into views select i + 100, 1, 1, '', x'', x'', 0, 0, 0 from n`,
    );
    const { stdout, exitCode } = await verify([file]);
    expect([exitCode, stdout]).toEqual([1, expect.stringMatching(/\n {2}and \d+ other faults\n/)]);
    const { faults, faultCount } = JSON.parse((await verify(["--json", file])).stdout);
    expect([faults.length > 50, faultCount]).toEqual([true, faults.length]);
  });

  test("prints no name that a terminal obeys", async () => {
    const hostile = "a'||char(27)||']0;x'||char(7)||char(8238)||'b";
    const file = changed(`update projects set name = '${hostile}' where id = 1`, "delete from root_keys");
    const { stdout, exitCode } = await verify([file]);
    expect(exitCode).toBe(1);
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
    expect(stdout).toContain("a root project without a root key");
  });

  test("with a master key that opens nothing fails; with what is none, or nothing, it does not begin", async () => {
    const wrong = await verify(
      ["--master-key-stdin", app.file],
      withKeys(shop.masterKey, "canary of a passphrase"),
    );
    expect([wrong.exitCode, wrong.stdout]).toEqual([
      1,
      expect.stringContaining("  the master key in line 2 opens no root project\n"),
    ]);
    const mistyped = shop.masterKey.replace(/.$/, (last) => (last === "a" ? "b" : "a"));
    const refused: [string, string][] = [
      [`canary\n`, "the master key in line 1: "],
      [`${passphrase}\n${mistyped}\n`, "the master key in line 2: "],
      ["\n\n", "there is no master key on stdin\n"],
      ["", "there is no master key on stdin\n"],
    ];
    for (const [stdin, message] of refused) {
      const { stdout, stderr, exitCode } = await verify(["--master-key-stdin", app.file], { stdin });
      expect([stdout, exitCode]).toEqual(["", 2]);
      expect(stderr).toStartWith(`secretsfly: ${message}`);
      expect(stderr).not.toContain(mistyped);
    }
  });

  test("of what is no database, or a newer one, says why, changes nothing, and ends with 2", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "text.db"), "canary text ".repeat(1000));
    const newer = copyWith(app.file, folder, "insert into migrations values (99, '0099_of_tomorrow', 1)");
    const before = readFileSync(newer);
    const faults: [string, string][] = [
      [join(folder, "none.db"), "there is no such file"],
      [folder, "it is a folder"],
      [join(folder, "text.db"), "the file is no SQLite database"],
      [newer, "was written by a newer secretsfly (it has the migration 0099_of_tomorrow); use that version"],
    ];
    for (const [file, message] of faults) {
      const { stdout, stderr, exitCode } = await verify([file]);
      expect([stdout, exitCode, stderr]).toEqual(["", 2, expect.stringContaining(message)]);
    }
    expect(readFileSync(newer).equals(before)).toBe(true);
    expect(readdirSync(folder).length).toBe(2);
  });

  test("takes from the settings whether former versions are kept, and refuses a setting that is none", async () => {
    const file = changed("delete from secret_versions where version = 1");
    const kept = await verify([file]);
    expect([kept.exitCode, kept.stdout]).toEqual([
      1,
      expect.stringContaining("VERSIONED_SECRET_VALUES=false"),
    ]);
    expect((await verify([file], { env: { VERSIONED_SECRET_VALUES: "false" } })).exitCode).toBe(0);
    const odd = await verify([file], { env: { VERSIONED_SECRET_VALUES: "canary" } });
    expect([odd.exitCode, odd.stderr]).toEqual([
      2,
      "secretsfly: VERSIONED_SECRET_VALUES: must be true or false\n",
    ]);
  });

  test.skipIf(!canBeNobody)(
    "reads a file that may only be read, in a folder that may only be read",
    async () => {
      const folder = temporaryFolder();
      const closed = join(folder, "closed");
      mkdirSync(closed);
      const file = join(closed, "b.db");
      // Closed in the mode that a server has, for which SQLite makes files beside it, where it can.
      copyFileSync(changed("pragma journal_mode = wal"), file);
      if (asNobody.length > 0) for (const path of [folder, closed, file]) chownSync(path, 65534, 65534);
      chmodSync(file, 0o400);
      chmodSync(closed, 0o500);
      const before = readFileSync(file);
      const { cmd, ...options } = commandLine(["verify", "--master-key-stdin", file]);
      const child = Bun.spawn([...asNobody, ...cmd], {
        ...options,
        ...({ stdin: new Blob([shop.masterKey]), stdout: "pipe", stderr: "pipe" } as const),
      });
      const [stdout, stderr] = await Promise.all(
        [child.stdout, child.stderr].map((stream) => new Response(stream).text()),
      );
      expect([await child.exited, stderr, stdout]).toEqual([
        0,
        "",
        expect.stringContaining("shop (1): opened"),
      ]);
      expect(readFileSync(file).equals(before)).toBe(true);
      expect(readdirSync(closed)).toEqual(["b.db"]);
      chmodSync(closed, 0o700);
    },
  );
});

const hasScript = process.platform === "linux" && Bun.which("script") !== null;

test.skipIf(!hasScript)("a master key is asked for on a terminal, and not shown there", async () => {
  const { cmd, cwd, env } = commandLine(["verify", "--master-key-stdin", app.file]);
  const line = `${cmd.map((word) => `'${word}'`).join(" ")}; echo "exit $?."`;
  const terminal = Bun.spawn(["script", "-qec", line, "/dev/null"], {
    ...{ cwd, env: { ...env, TERM: "xterm" } },
    ...({ stdin: "pipe", stdout: "pipe", stderr: "pipe" } as const),
  });
  const reader = terminal.stdout.getReader();
  await readUntil(reader, "Master key");
  terminal.stdin.write(`${shop.masterKey}\r`);
  await terminal.stdin.flush();
  const shown = await readUntil(reader, "exit 0.");
  expect(shown).toContain("shop (1): opened");
  expect(shown).not.toContain(shop.masterKey.slice(0, 12));
});
