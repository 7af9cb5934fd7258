import { Database } from "bun:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { takeAlone } from "../../src/database/exclusive.ts";
import { MaintenanceError } from "../../src/maintenance/maintenance-error.ts";
import { restore } from "../../src/maintenance/restore.ts";
import type { RestoreOptions } from "../../src/maintenance/restored.ts";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { createFileApp, type TestApp } from "../harness.ts";
import { databaseIn, runServer, temporaryFolder } from "../server-process.ts";
import { copyWith } from "./copies.ts";

/** What is restored, and what is in its place before. */
let fresh: { app: TestApp; masterKey: string; backup: string };
let former: { app: TestApp; masterKey: string };
let folder: string;
const folders: Disposable[] = [];

const newFolder = () => {
  const made = temporaryFolder();
  folders.push(made);
  return made.path;
};

async function createWorld(name: string) {
  const app = await createFileApp();
  const admin = app.browser();
  const { id, masterKey } = await admin.createRoot(name);
  await admin.save(id, "prod", { A: `of ${name}` });
  return { app, masterKey };
}

beforeAll(async () => {
  const made = await createWorld("fresh");
  fresh = { ...made, backup: copyWith(made.app.file, newFolder()) };
  former = await createWorld("former");
});
beforeEach(() => {
  folder = newFolder();
});
afterAll(() => {
  fresh.app.close();
  former.app.close();
  for (const made of folders) made[Symbol.dispose]();
});

/** Where the database is in the folder of a test. */
const place = () => join(folder, "data", "secretsfly.db");
const inPlace = () => readdirSync(join(folder, "data")).sort();

/** Restores into the folder of a test. */
function run(backup = fresh.backup, options: Partial<RestoreOptions> = {}) {
  const env = { DATABASE_URL: `file:${place()}` };
  return restore(backup, { env, force: false, clock: () => Date.UTC(2026, 0, 31), ...options });
}
const kept = () => `${place()}-before-restore-2026-01-31T00-00-00.000Z`;

async function refusal(backup?: string, options: Partial<RestoreOptions> = {}): Promise<string> {
  const error = await run(backup, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MaintenanceError);
  return (error as Error).message;
}

/** Whether a file is the whole database of one of the two. */
async function expectWhole(file: string, { masterKey }: { masterKey: string }): Promise<void> {
  const options = { masterKeys: [masterKey], keepsVersions: true, clock: () => former.app.clock.now };
  expect((await verifyDatabase({ file, env: {} }, options)).faults).toEqual([]);
}

/** Puts the former database in the place, as it is at rest. */
function putFormer(): void {
  mkdirSync(join(folder, "data"));
  copyFileSync(copyWith(former.app.file, folder, "pragma journal_mode = wal"), place());
}

/** The same, with its WAL, as a killed server leaves it. */
async function putKilledFormer(): Promise<void> {
  mkdirSync(join(folder, "data"));
  const admin = former.app.browser();
  await admin.unseal(1, former.masterKey);
  await admin.save(1, "prod", { WAL: "only in the WAL" });
  for (const end of ["", "-wal", "-shm"]) copyFileSync(former.app.file + end, place() + end);
}

describe("a backup is restored", () => {
  test("into an empty place, for its owner alone", async () => {
    const before = process.umask(0);
    const restored = await run().finally(() => process.umask(before));
    expect(restored).toMatchObject({ file: place(), former: undefined, isOlder: false });
    expect(restored.report).toMatchObject({ place: place(), faultCount: 0 });
    expect([place(), dirname(place())].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o700]);
    expect(inPlace()).toEqual(["secretsfly.db"]);
    await expectWhole(place(), fresh);
    await expectWhole(fresh.backup, fresh);
  });

  test("in the place of a database that a server has made and nobody has used", async () => {
    (await createFileApp({ DATABASE_URL: `file:${place()}` })).close();
    expect(await run()).toMatchObject({ former: kept() });
    await expectWhole(place(), fresh);
  });

  test("in the place of one with projects if it must, which is kept whole with its WAL", async () => {
    await putKilledFormer();
    expect(await refusal()).toBe(
      `there is a database at ${place()} already (with projects): with --force it is kept under another name`,
    );
    await expectWhole(place(), former);
    expect(await run(undefined, { force: true })).toMatchObject({ former: kept() });
    expect(inPlace()).toEqual(["secretsfly.db", basename(kept())]);
    await expectWhole(place(), fresh);
    await expectWhole(kept(), former);
    using database = new Database(kept(), { readonly: true });
    expect(database.query("select count(*) from secrets where name = 'WAL'").values()).toEqual([[1]]);
  });

  test("without what lies beside its place, of a database that is gone", async () => {
    await putKilledFormer();
    rmSync(place());
    await run();
    await expectWhole(place(), fresh);
    expect(inPlace()).toEqual(["secretsfly.db", `${basename(kept())}-shm`, `${basename(kept())}-wal`]);
  });

  test("in the place of what SQLite cannot open if it must, which is kept", async () => {
    await putKilledFormer();
    for (const end of ["", "-wal", "-journal"])
      writeFileSync(place() + end, `no database${end} any more `.repeat(1000));
    expect(await refusal()).toContain("already (it is damaged, or no database)");
    await run(undefined, { force: true });
    await expectWhole(place(), fresh);
    expect(inPlace().filter((name) => !name.startsWith(basename(kept())))).toEqual(["secretsfly.db"]);
    expect(readFileSync(kept(), "utf8")).toStartWith("no database any more");
  });

  test("where a link leads, also where that is empty yet", async () => {
    for (const target of ["empty.db", "former.db"]) {
      const disk = mkdtempSync(join(folder, "disk-"));
      if (target === "former.db") copyFileSync(copyWith(former.app.file, folder), join(disk, target));
      rmSync(join(folder, "data"), { recursive: true, force: true });
      mkdirSync(join(folder, "data"));
      symlinkSync(join(disk, target), place());
      const { file } = await run(undefined, { force: true });
      expect([file, inPlace()]).toEqual([join(disk, target), ["secretsfly.db"]]);
      await expectWhole(join(disk, target), fresh);
    }
  });

  test.skipIf(!existsSync("/dev/shm"))("from another file system", async () => {
    const other = mkdtempSync("/dev/shm/secretsfly-test-");
    try {
      putFormer();
      copyFileSync(fresh.backup, join(other, "b.db"));
      await run(join(other, "b.db"), { force: true });
    } finally {
      rmSync(other, { recursive: true });
    }
    await expectWhole(place(), fresh);
    await expectWhole(kept(), former);
  });

  test("that was copied with its WAL beside it, with what is in there", async () => {
    const copy = join(folder, "copied.db");
    for (const end of ["", "-wal"]) copyFileSync(fresh.app.file + end, copy + end);
    await run(copy);
    await expectWhole(place(), fresh);
    expect(statSync(fresh.app.file).size).toBeLessThan(statSync(place()).size);
  });

  test.skipIf(process.getuid?.() !== 0)("by root for whom the place belongs to", async () => {
    const owners = () => [place(), join(folder, "data")].map((path) => statSync(path).uid);
    chownSync(folder, 4321, 4321);
    await run();
    expect(owners()).toEqual([4321, 4321]);
    chownSync(place(), 1234, 1234);
    await run(undefined, { force: true });
    expect(owners()).toEqual([1234, 4321]);
  });
});

describe("nothing is restored", () => {
  test("over a database that somebody has open, who goes on", async () => {
    const app = await createFileApp({ DATABASE_URL: `file:${place()}` });
    const admin = app.browser();
    const { id } = await admin.createRoot("busy");
    const message = `${place()} is in use: stop the server first, and whatever else has it open`;
    expect(await refusal(undefined, { force: true })).toBe(message);
    expect((await admin.save(id, "prod", { A: "goes on" })).status).toBe(303);
    expect(inPlace()).toEqual(["secretsfly.db", "secretsfly.db-shm", "secretsfly.db-wal"]);
    app.close();
    await run(undefined, { force: true });
    await expectWhole(place(), fresh);
  });

  test("over a database that a server makes while the backup is copied", async () => {
    const clock = () => {
      // Asked for the time again when the copy is made.
      if (existsSync(dirname(place())) && inPlace().length > 0) writeFileSync(place(), "of a server");
      return Date.now();
    };
    expect(await refusal(undefined, { clock })).toBe(
      `${place()} cannot be written: somebody else has made it meanwhile`,
    );
    expect([inPlace(), readFileSync(place(), "utf8")]).toEqual([["secretsfly.db"], "of a server"]);
  });

  test("and no server starts while the place is being taken", async () => {
    putFormer();
    {
      using _ = takeAlone(place());
      const { exitCode, stderr } = await runServer(folder);
      expect(databaseIn(folder)).toBe(place());
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("database is locked")]);
    }
    await expectWhole(place(), former);
  });

  test("from what is no backup, is newer, or is the database itself; and nothing is changed", async () => {
    putFormer();
    const before = readFileSync(place());
    const newer = copyWith(fresh.backup, folder, "insert into migrations values (99, '0099_of_tomorrow', 1)");
    const bytesOfNewer = readFileSync(newer);
    writeFileSync(join(folder, "text.db"), "only text ".repeat(1000));
    writeFileSync(join(folder, "empty.db"), "");
    symlinkSync(place(), join(folder, "link.db"));
    linkSync(place(), join(folder, "second-name.db"));
    const itself = `${place()} is the database itself, and no backup`;
    const refused: [string, string][] = [
      [join(folder, "none.db"), "there is no such file"],
      [folder, "it is a folder"],
      [join(folder, "text.db"), "the file is no SQLite database"],
      [join(folder, "empty.db"), "is no database of secretsfly"],
      [newer, `${newer} was written by a newer secretsfly (it has the migration 0099_of_tomorrow)`],
      ...[place(), join(folder, "link.db"), join(folder, "second-name.db")].map(
        (file) => [file, itself] satisfies [string, string],
      ),
    ];
    for (const [backup, message] of refused)
      expect(await refusal(backup, { force: true })).toContain(message);
    expect(readFileSync(place()).equals(before)).toBe(true);
    expect(readFileSync(newer).equals(bytesOfNewer)).toBe(true);
    expect(inPlace()).toEqual(["secretsfly.db"]);
  });

  test("that has faults, unless it is all that there is", async () => {
    const faulty = copyWith(fresh.backup, folder, "pragma foreign_keys = off", "delete from root_keys");
    expect(await refusal(faulty)).toBe(
      `${faulty} has faults: a root project without a root key; "secretsfly verify" tells them, and --force restores it all the same`,
    );
    expect(inPlace()).toEqual([]);
    expect((await run(faulty, { force: true })).report.faults).toMatchObject([
      { projectName: "fresh", what: "a root project without a root key" },
    ]);
  });

  test("where the place is on a server, is no file, or cannot be one", async () => {
    const at = (DATABASE_URL: string) => refusal(undefined, { env: { DATABASE_URL } });
    expect(await at("http://127.0.0.1:1")).toBe(
      "127.0.0.1:1 cannot be used: it does not answer (ECONNREFUSED)",
    );
    expect(await at(`file:${folder}`)).toBe(`${folder} is a folder`);
    writeFileSync(join(folder, "text"), "");
    expect(await at(`file:${folder}/text/secretsfly.db`)).toBe(
      `${folder}/text/secretsfly.db cannot be written: a part of the path is no folder`,
    );
    using other = new Database(join(folder, "other.db"));
    other.run("create table somebody_elses (a)");
    other.close();
    expect(await at(`file:${folder}/other.db`)).toContain("(with tables that are not secretsfly's)");
  });
});
