/**
 * Everything is done with a running process; then it is sealed, and its whole memory is searched for keys and values,
 * in a core dump as `gcore` writes it. While it is unsealed, the same search finds them.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { fileURLToPath } from "node:url";
import type { TestBrowser } from "../harness.ts";
import { databaseIn, type ServerProcess, startFileServer, temporaryFolder } from "../server-process.ts";
import { type Found, searchCoreDump, smallReservations, whyNoCoreDump } from "./core-dump.ts";
import { sealings, useEverything } from "./remembered.ts";

setDefaultTimeout(600_000);

using probe = temporaryFolder();
const obstacle = await whyNoCoreDump(probe.path);
// The gate installs gdb: there it must not be missing unnoticed.
if (obstacle !== undefined && process.env.CI) throw new Error(obstacle);
if (obstacle !== undefined) say(`memory is not searched: ${obstacle}`);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface Unsealed {
  server: ServerProcess;
  admin: TestBrowser;
  look(): Promise<Found>;
}

/**
 * A process in which everything was done, with all of its root projects unsealed. Where their time was over before that,
 * nothing is done with it.
 */
async function whileUnsealed(
  env: Record<string, string>,
  act: (unsealed: Unsealed) => Promise<void>,
  command?: readonly string[],
) {
  using folder = temporaryFolder();
  const settings = { ...smallReservations, AVAILABLE_ENVIRONMENTS: "dev,prod", LOG_LEVEL: "debug", ...env };
  await using server = await startFileServer(folder.path, settings, command);
  const admin = server.browser();
  if (env.ADMIN_PASSWORD) await admin.post("/admin/sign-in", { password: env.ADMIN_PASSWORD });
  const file = databaseIn(folder.path);
  const used = await useEverything(server, admin, file).catch((error: unknown) => {
    if (!env.ADMIN_MASTER_KEY_EXPIRATION) throw error;
    say(`not everything was done in ${env.ADMIN_MASTER_KEY_EXPIRATION} s: ${error}`);
  });
  if (!used) return;
  const { promised, others } = used;
  await act({
    server,
    admin,
    look: () => searchCoreDump(server.pid, folder.path, [...promised, ...others]),
  });
}

/** What a process says that is held at its end: nothing comes after it. */
const atItsEnd = "this is the end";

/** Waits until memory was overwritten for as many root keys as were sealed, or is not any more. */
function allOverwritten({ server }: Unsealed): Promise<void> {
  const wanted = sealings.before + sealings.after;
  return server.logged((log) => {
    const counts = log.matchAll(/"sealed":(\d+),"milliseconds":\d+,"msg":"overwrote/g);
    const overwritten = [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    return overwritten >= wanted || log.includes(atItsEnd);
  });
}

const isHalf = (finding: string): boolean => finding.endsWith("half)");
const isKey = (finding: string): boolean => /key|passphrase/.test(finding);
const told = (found: Found): string[] => [...found].map(([finding, times]) => `${finding}: ${times}`).sort();
const sum = (found: Found): number => [...found.values()].reduce((total, times) => total + times, 0);

/** The findings of a kind. */
function only(found: Found, isWanted: (finding: string) => boolean): Found {
  return new Map([...found].filter(([finding]) => isWanted(finding)));
}

/** At most so many copies of values and notes are left, in places that nothing reaches: this part of them, or so few. */
const mostLeft = { part: 0.15, few: 8 };

/** Seals, and looks: no key is left. All that is left is told. Returns whether next to nothing of values and notes is. */
async function isForgotten(
  how: string,
  unsealed: Unsealed,
  seal: () => Promise<unknown> | unknown,
): Promise<boolean> {
  const before = await unsealed.look();
  await seal();
  await allOverwritten(unsealed);
  const after = await unsealed.look();
  const isValue = (finding: string) => !isHalf(finding) && !isKey(finding);
  const [were = 0, are = 0] = [before, after].map((found) => sum(only(found, isValue)));
  say(`sealed by ${how}: from ${were} to ${are} copies of values and notes`);
  say(`  left of all: ${told(after).join(", ") || "nothing"}`);
  expect(told(only(after, (finding) => isKey(finding) && !isHalf(finding)))).toEqual([]);
  return were > 20 && are <= Math.max(mostLeft.few, were * mostLeft.part);
}

/**
 * How many copies of values there are depends on what was collected by chance before: of three processes one has to
 * forget them. Keys have to be gone from each.
 */
async function expectForgotten(
  how: string,
  seal: (unsealed: Unsealed) => Promise<unknown> | unknown,
  env: (attempt: number) => Record<string, string> = () => ({}),
  command?: readonly string[],
): Promise<void> {
  let forgotten = false;
  for (let attempt = 1; attempt <= 3 && !forgotten; attempt++)
    await whileUnsealed(
      env(attempt),
      async (unsealed) => {
        forgotten = await isForgotten(how, unsealed, () => seal(unsealed));
      },
      command,
    );
  expect(forgotten).toBe(true);
}

const searched = test.skipIf(obstacle !== undefined);

searched(
  "while it is unsealed the search finds the root key, the master key that was shown, and values",
  async () => {
    // What was collected by chance in one process is there in another.
    const missing = new Set(["the root key after", "the master key after", "a changed value", "a note"]);
    for (let attempt = 1; attempt <= 3 && missing.size > 0; attempt++)
      await whileUnsealed({}, async ({ look }) => {
        const found = told(await look()).join("\n");
        for (const what of missing) if (found.includes(what)) missing.delete(what);
      });
    expect([...missing]).toEqual([]);
  },
);

searched("after the button no key is in memory, and next to nothing of the values", () =>
  expectForgotten("the button", ({ admin }) => admin.post("/admin/seal")),
);

searched("after the time-out no key is in memory, and next to nothing of the values", () =>
  expectForgotten(
    "the time-out",
    () => {},
    // On a busy machine it may be over before the first look.
    (attempt) => ({ ADMIN_MASTER_KEY_EXPIRATION: `${25 * 2 ** (attempt - 1)}` }),
  ),
);

searched("after the sign-out no key is in memory, and next to nothing of the values", () =>
  expectForgotten(
    "the sign-out",
    ({ admin }) => admin.post("/admin/sign-out"),
    () => ({ ADMIN_PASSWORD: "the password of the admin pages" }),
  ),
);

/** As `bun start` starts it, and held at its end. */
const heldAtItsEnd = [
  process.execPath,
  ...["--preload", fileURLToPath(import.meta.resolve("./held-end.ts"))],
  fileURLToPath(import.meta.resolve("../../src/main.ts")),
];

searched("after SIGTERM no key is in memory, and next to nothing of the values", () =>
  expectForgotten(
    "SIGTERM",
    ({ server }) => {
      server.signal("SIGTERM");
      return server.logged(atItsEnd);
    },
    () => ({ SAY_AT_END: atItsEnd }),
    heldAtItsEnd,
  ),
);
