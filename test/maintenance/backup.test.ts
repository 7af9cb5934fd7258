import { Database } from "bun:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type BackupOptions, backUp } from "../../src/maintenance/backup.ts";
import { MaintenanceError, NotWrittenError } from "../../src/maintenance/maintenance-error.ts";
import { Draft } from "../../src/maintenance/new-file.ts";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { createFileApp, type TestApp, type TestBrowser } from "../harness.ts";
import { temporaryFolder } from "../server-process.ts";
import { copyWith } from "./copies.ts";

/** Has its database open, with a WAL, while it is backed up. */
let app: TestApp;
let admin: TestBrowser;
let shop: { id: number; masterKey: string };
let folder: string;
const folders: Disposable[] = [];

beforeAll(async () => {
  app = await createFileApp();
  admin = app.browser();
  shop = await admin.createRoot("shop");
  await admin.save(shop.id, "prod", { A: "v-1", B: "v-2" });
});
beforeEach(() => {
  const made = temporaryFolder();
  folders.push(made);
  folder = made.path;
});
afterAll(() => {
  app.close();
  for (const made of folders) made[Symbol.dispose]();
});

const from = (file: string) => ({ DATABASE_URL: `file:${file}` });

function backup(target: string, options: Partial<BackupOptions> = {}) {
  return backUp(target, { env: from(app.file), force: false, clock: () => app.clock.now, ...options });
}

/** What a backup is refused with: the kind of the error, and its words. */
async function refusal(target: string, options: Partial<BackupOptions> = {}): Promise<string> {
  const error = await backup(target, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MaintenanceError);
  return `${(error as Error).name}: ${(error as Error).message}`;
}

async function faultsOf(file: string): Promise<unknown> {
  const options = { masterKeys: [shop.masterKey], keepsVersions: true, clock: () => app.clock.now };
  return (await verifyDatabase({ file, env: {} }, options)).faults;
}

describe("a backup", () => {
  test("is one file for its owner alone, with all that is in the WAL, and whole with the master key", async () => {
    await admin.save(shop.id, "prod", { LAST: "only in the WAL" });
    expect(statSync(`${app.file}-wal`).size).toBeGreaterThan(0);
    const before = process.umask(0);
    const made = await backup(join(folder, "b.db")).finally(() => process.umask(before));
    expect(made).toMatchObject({ file: join(folder, "b.db"), bytes: statSync(made.file).size });
    expect(made.report).toMatchObject({ place: made.file, faultCount: 0 });
    expect(statSync(made.file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["b.db"]);
    expect(await faultsOf(made.file)).toEqual([]);
    using copy = new Database(made.file, { readonly: true });
    expect(copy.query("select count(*) from secrets where name = 'LAST'").values()).toEqual([[1]]);
  });

  test("holds nothing that was deleted from the database", async () => {
    const path = `/admin/projects/${await admin.createChild("passing", shop.id)}`;
    const description = "canary of a description";
    await admin.post(`${path}/edit`, { name: "passing", description });
    expect(readFileSync((await backup(join(folder, "with.db"))).file).includes(description)).toBe(true);
    await admin.post(`${path}/delete`, { confirmName: "passing" });
    expect(readFileSync((await backup(join(folder, "without.db"))).file).includes(description)).toBe(false);
  });

  test("changes no byte of a database at rest, and leaves nothing beside it", async () => {
    const file = copyWith(app.file, folder, "pragma journal_mode = wal");
    const [before, beside] = [readFileSync(file), readdirSync(folder)];
    await backup(join(folder, "b.db"), { env: from(file) });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual([...beside, "b.db"].sort());
  });
});

describe("the file of a backup", () => {
  test("that is there is kept, unless it is to be replaced", async () => {
    const file = join(folder, "b.db");
    writeFileSync(file, "the backup of yesterday", { mode: 0o644 });
    expect(await refusal(file)).toBe(
      `MaintenanceError: ${file} is there already: name another file, or say --force`,
    );
    expect(readFileSync(file, "utf8")).toBe("the backup of yesterday");
    await backup(file, { force: true });
    expect([await faultsOf(file), statSync(file).mode & 0o777]).toEqual([[], 0o600]);
  });

  test("that somebody else makes meanwhile is not replaced", () => {
    const file = join(folder, "b.db");
    using draft = new Draft(file, Date.now());
    writeFileSync(draft.path, "mine");
    writeFileSync(file, "theirs");
    expect(() => draft.put({ onlyNew: true })).toThrow(
      new NotWrittenError(`${file} cannot be written: somebody else has made it meanwhile`),
    );
    expect(readFileSync(file, "utf8")).toBe("theirs");
  });

  test("behind a link is written where the link leads, also where that is empty yet", async () => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    for (const target of ["new.db", "old.db"]) {
      writeFileSync(join(disk, "old.db"), "old");
      symlinkSync(join("disk", target), join(folder, `to-${target}`));
      const { file } = await backup(join(folder, `to-${target}`), { force: true });
      expect([file, await faultsOf(join(disk, target))]).toEqual([join(disk, target), []]);
    }
    expect(readdirSync(folder).sort()).toEqual(["disk", "to-new.db", "to-old.db"]);
  });

  test("must be one that can be a backup: what else was named is told, and left as it is", async () => {
    symlinkSync(join(app.file, ".."), join(folder, "link"));
    symlinkSync("round", join(folder, "round"));
    writeFileSync(join(folder, "text"), "");
    const own = (end: string) => `${app.file}${end} belongs to the database itself`;
    const refused: [string, string][] = [
      ["-", "a backup is checked once it is written, so it needs a file"],
      ["", "a backup is checked once it is written, so it needs a file"],
      [folder, `${folder} is a folder: name a file in it`],
      [join(folder, "none", "b.db"), `${folder}/none: there is no such folder`],
      [join(folder, "text", "b.db"), `${folder}/text: there is no such folder`],
      ["/dev/null", "/dev/null is no ordinary file"],
      [app.file, own("")],
      [`${app.file}-wal`, own("-wal")],
      [join(folder, "link", "secretsfly.db"), own("")],
      [
        join(folder, "link", "secretsfly.db-journal"),
        "link/secretsfly.db-journal belongs to the database itself",
      ],
    ];
    for (const [target, message] of refused)
      expect(await refusal(target, { force: true })).toContain(message);
    expect(readdirSync(folder).sort()).toEqual(["link", "round", "text"]);
    expect(await faultsOf(app.file)).toEqual([]);
  });
});

/** Writes over pages of a database at rest, from the first to the last. */
function damage(file: string, first: number, last = first): void {
  const bytes = readFileSync(file);
  bytes.fill(0xff, (first - 1) * 4096 + 8, last * 4096);
  writeFileSync(file, bytes);
}

describe("a database", () => {
  test("with faults is backed up with them, and replaces no backup", async () => {
    const faulty = copyWith(app.file, folder, "pragma foreign_keys = off", "delete from root_keys");
    const made = await backup(join(folder, "b.db"), { env: from(faulty) });
    expect(made.report.faults).toMatchObject([{ what: "a root project without a root key" }]);
    expect(existsSync(made.file)).toBe(true);
    writeFileSync(made.file, "one without faults");
    expect(await refusal(made.file, { env: from(faulty), force: true })).toStartWith(
      `NotWrittenError: ${made.file} is kept: the database has faults`,
    );
    expect(readFileSync(made.file, "utf8")).toBe("one without faults");
  });

  test("that is damaged, newer, none, on a server or not there is told, and nothing is written", async () => {
    const damaged = copyWith(app.file, folder);
    using pages = new Database(damaged, { readonly: true });
    const root = "select rootpage from sqlite_master where name = 'secret_versions'";
    const [[page]] = pages.query(root).values() as [[number]];
    damage(damaged, page);
    const unreadable = copyWith(app.file, folder);
    damage(unreadable, 2, page);
    const newer = copyWith(app.file, folder, "insert into migrations values (99, '0099_of_tomorrow', 1)");
    const bytesOfNewer = readFileSync(newer);
    writeFileSync(join(folder, "text.db"), "only text ".repeat(1000));
    const before = readdirSync(folder).sort();
    const refused: [Record<string, string>, string][] = [
      [from(damaged), `${damaged} is damaged and cannot be copied`],
      [from(unreadable), "is damaged; restore a backup"],
      [from(newer), `${newer} was written by a newer secretsfly (it has the migration 0099_of_tomorrow)`],
      [from(join(folder, "text.db")), "the file is no SQLite database"],
      [from(join(folder, "none.db")), "there is no such file"],
      [{ DATABASE_URL: "http://127.0.0.1:1" }, "127.0.0.1:1 cannot be read: it does not answer"],
      [{ DATABASE_URL: "nonsense" }, "DATABASE_URL: must be file:PATH"],
    ];
    for (const [env, message] of refused)
      expect(await refusal(join(folder, "b.db"), { env })).toContain(message);
    expect(readdirSync(folder).sort()).toEqual(before);
    expect(readFileSync(newer).equals(bytesOfNewer)).toBe(true);
  });
});

test("what a killed backup left is removed by the next one a day later, and no other file", async () => {
  const now = Date.now();
  const made = (name: string, age: number) => {
    writeFileSync(join(folder, name), "");
    utimesSync(join(folder, name), (now - age) / 1000, (now - age) / 1000);
  };
  const hour = 60 * 60 * 1000;
  made(".secretsfly-draft-1", 25 * hour);
  made(".secretsfly-draft-1-journal", 25 * hour);
  made(".secretsfly-draft-2", 23 * hour);
  made("another.db", 25 * hour);
  await backup(join(folder, "b.db"), { clock: () => now });
  expect(readdirSync(folder).sort()).toEqual([".secretsfly-draft-2", "another.db", "b.db"]);
});
