/** What cron, systemd and Fly would do with the page about backups, and the README's lines about them. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { join, resolve } from "node:path";
import { freePort } from "./harness.ts";
import type { Scratch } from "./recipe.ts";

const root = join(import.meta.dir, "..");

/** The database of the server that all pages share, which goes on serving. */
const database = (scratch: Scratch) => resolve(scratch.folder, "../data/data/secretsfly.db");

/** Puts what is written for the reader's machine into the page's folder. */
function here(scratch: Scratch, text: string): string {
  return text
    .replaceAll("/tmp/", `${scratch.folder}/`)
    .replaceAll("/var/lib/secretsfly/secretsfly.db", database(scratch))
    .replaceAll("/var/backups/secretsfly", scratch.path("backups"))
    .replaceAll("/usr/local/bin/", "");
}

const backups = (scratch: Scratch) =>
  readdirSync(scratch.path("backups")).filter((name) => name.endsWith(".db"));

/** A file as an earlier night has left it. */
function writeOld(scratch: Scratch, name: string, days: number): void {
  scratch.write(`backups/${name}`, "a backup");
  const then = Date.now() / 1000 - days * 24 * 60 * 60;
  utimesSync(scratch.path(`backups/${name}`), then, then);
}

/** Lets a command make backups twice, of which the second fails, as the night is the same: midnight must not come between. */
async function nights(scratch: Scratch, command: string[]): Promise<void> {
  scratch.write("bin/date", `#!/bin/sh\nexec ${Bun.which("date")} --date=2026-01-31 "$@"\n`, 0o755);
  const env = { PATH: `${scratch.path("bin")}:${scratch.environment.PATH}` };
  mkdirSync(scratch.path("backups"), { recursive: true });
  for (const name of readdirSync(scratch.path("backups")))
    await scratch.printed(["rm", scratch.path(`backups/${name}`)]);
  writeOld(scratch, "secretsfly-2026-01-01.db", 32);
  writeOld(scratch, "secretsfly-2026-01-03.db", 29);
  assert.match(await scratch.printed(command, { env }), /^written: .*, whole\nhead of the audit: /);
  const [kept, made = ""] = backups(scratch).sort();
  assert.deepEqual([kept, made], ["secretsfly-2026-01-03.db", "secretsfly-2026-01-31.db"]);
  assert.equal(statSync(scratch.path(`backups/${made}`)).mode & 0o777, 0o600);
  // There is one of this name already: the former ones stay.
  writeOld(scratch, "secretsfly-2026-01-01.db", 32);
  assert.equal((await scratch.run(command, { env })).exitCode, 2);
  assert.equal(backups(scratch).length, 3);
}

/** Does for `fly ssh` what a machine would, of which the page's folder is the disk. */
function standInForFly(scratch: Scratch): string {
  const script = [
    "#!/bin/sh",
    "set -eu",
    'case "$1 $2 $3" in',
    `  "ssh console -C") eval "exec $4" ;;`,
    `  "ssh sftp get") cp "$4" "$5" ;;`,
    '  *) echo "fly: unknown $*" >&2; exit 1 ;;',
    "esac",
  ];
  scratch.write("bin/fly", `${script.join("\n")}\n`, 0o755);
  return `${scratch.path("bin")}:${scratch.environment.PATH}`;
}

async function restoreAndFetch(scratch: Scratch): Promise<void> {
  await scratch.printed(["secretsfly", "backup", scratch.path("try.db")], {
    env: { DATABASE_URL: `file:${database(scratch)}` },
  });
  const port = String(await freePort());
  const steps = here(scratch, scratch.step("try-a-restore"))
    .replaceAll("secretsfly-2026-01-31.db", scratch.path("try.db"))
    .replace(" --master-key-stdin", "")
    .replace("PORT=3999 secretsfly serve", `PORT=${port} secretsfly serve & server=$!`);
  const fetched = [
    `for i in $(seq 600); do curl --silent --fail --max-time 5 http://127.0.0.1:${port}/api/status && break; sleep 0.1; done`,
    `printf 'Authorization: Bearer %s' "$TOKEN" | curl --silent --header @- http://127.0.0.1:${port}/api/secrets/DB_HOST`,
    "kill $server",
  ];
  const env = { TOKEN: scratch.tokens["read token"] };
  const printed = await scratch.printed(`${steps}${fetched.join("\n")}\n`, { env });
  assert.match(printed, /^whole: .*^restored: .*"value":"db\.internal"/ms);
}

/** By what is seen. */
export const backupChecks: Readonly<Record<string, (scratch: Scratch) => Promise<void>>> = {
  "the script makes a backup, and removes old ones once there is a new one": async (scratch) => {
    scratch.write("nightly", here(scratch, scratch.text("secretsfly-backup")), 0o755);
    await nights(scratch, [scratch.path("nightly")]);
  },
  "the README's line of a crontab does so, too": async (scratch) => {
    const line = /^17 3 \* \* \* (.+)$/m.exec(readFileSync(join(root, "README.md"), "utf8"))?.[1];
    assert.ok(line, "the README has a line for a crontab");
    // Cron reads a percent sign as the end of a line, unless it is escaped.
    assert.doesNotMatch(line, /(?<!\\)%/);
    await nights(scratch, ["sh", "-c", here(scratch, line.replaceAll("\\%", "%"))]);
  },
  "what Fly is given makes a backup and brings it here; the README says the same": async (scratch) => {
    const step = scratch.step("fly ssh sftp get");
    const readme = readFileSync(join(root, "README.md"), "utf8");
    for (const line of step.trim().split("\n").slice(0, 2)) assert.ok(readme.includes(`${line}\n`), line);
    const env = { PATH: standInForFly(scratch), DATABASE_URL: `file:${database(scratch)}` };
    await scratch.printed(here(scratch, step).replaceAll("/app", root), { env });
    const name =
      readdirSync(scratch.folder).find((one) => /^secretsfly-\d{4}-\d\d-\d\d\.db$/.test(one)) ?? "";
    assert.equal(statSync(scratch.path(name)).mode & 0o777, 0o600);
    assert.match(await scratch.printed(["secretsfly", "verify", scratch.path(name)]), /^whole: /);
    assert.ok(!existsSync(scratch.path("backup.db")));
  },
  "a restore is tried as the page says, and its server gives the same secrets": async (scratch) => {
    if (!Bun.which("curl")) return console.log("  skip  this machine has no curl");
    await restoreAndFetch(scratch);
  },
  "systemd-analyze finds nothing to say": async (scratch) => {
    if (!Bun.which("systemd-analyze")) return console.log("  skip  this machine has no systemd-analyze");
    const units = ["secretsfly-backup.service", "secretsfly-backup.timer"];
    for (const unit of units) {
      const text = scratch
        .text(unit)
        .replace("/usr/local/bin/secretsfly-backup", Bun.which("true") ?? "/bin/true");
      scratch.write(`verify/${unit}`, text);
    }
    const files = units.map((unit) => scratch.path(`verify/${unit}`));
    const { exitCode, stderr } = await scratch.run(["systemd-analyze", "verify", "--man=no", ...files], {});
    const said = stderr.split("\n").filter((line) => line.includes("secretsfly-backup"));
    assert.equal(`${exitCode} ${said.join("\n")}`, "0 ");
  },
};
