import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { exportAudit, verifyAudit } from "../../src/maintenance/audit.ts";
import { type BackupOptions, backUp } from "../../src/maintenance/backup.ts";
import { MaintenanceError } from "../../src/maintenance/maintenance-error.ts";
import { restore } from "../../src/maintenance/restore.ts";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { failureOf } from "../failure.ts";
import { bearer, createFileApp, fetchMap, type TestApp } from "../harness.ts";
import { temporaryFolder } from "../server-process.ts";
import { type Sqld, startSqld } from "../sqld.ts";
import { createWorld, type World } from "../vault/rotation-world.ts";
import { copyWith } from "./copies.ts";
import { clientOf, everythingIn, everythingOn } from "./server-copies.ts";
import { startDoor } from "./server-door.ts";

let world: World;
let server: Sqld;
let folder: ReturnType<typeof temporaryFolder>;
/** An app on the server, which has the world. */
let app: TestApp;

beforeAll(async () => {
  world = await createWorld(createFileApp);
});
afterAll(() => world.app.close());
beforeEach(async () => {
  folder = temporaryFolder();
  server = await startSqld();
  const made = copyWith(world.app.file, folder.path);
  await restore(made, { env: { DATABASE_URL: server.url }, force: false, clock });
  mkdirSync(target());
  app = await createFileApp({ DATABASE_URL: server.url });
});
afterEach(async () => {
  app.close();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const clock = () => world.app.clock.now;
const target = () => join(folder.path, "target");
const place = () => new URL(server.url).host;
const where = () => ({ file: undefined, env: { DATABASE_URL: server.url } });

function backup(name = "b.db", options: Partial<BackupOptions> = {}) {
  const usual = { env: { DATABASE_URL: server.url }, force: false, clock };
  return backUp(join(target(), name), { ...usual, ...options });
}

/** Of a file, or of the server, with the master key of the world. */
function verify(file?: string) {
  const options = { masterKeys: [world.masterKey], keepsVersions: true, clock };
  return verifyDatabase({ ...where(), file }, options);
}

/** Writes without an end, two secrets with one value each time, until it is told to stop. */
async function startWriting() {
  let isOver = false;
  let written = 0;
  const headers = { ...bearer(world.tokens["shop prod"] ?? ""), "Content-Type": "application/json" };
  const writeOnce = async () => {
    const value = String(written);
    const body = JSON.stringify({ set: { LEFT: value, RIGHT: value } });
    const { status } = await app.request("/api/secrets", { method: "PATCH", headers, body });
    expect(status).toBeLessThan(300);
    written += 1;
  };
  const write = async () => {
    while (!isOver) await writeOnce();
  };
  // What is looked at is not of a moment before the first of them.
  await writeOnce();
  const writing = Promise.all([write(), write()]);
  return {
    written: () => written,
    async stop() {
      isOver = true;
      await writing;
    },
  };
}

describe("a backup of a database on a server", () => {
  test("is a file for its owner alone, with every row as it is there, and whole with the master key", async () => {
    const admin = app.browser();
    await admin.unseal(world.ids.shop, world.masterKey);
    expect((await admin.save(world.ids.shop, "prod", { LAST: "of the server" })).status).toBe(303);
    const before = process.umask(0);
    const made = await backup().finally(() => process.umask(before));
    expect(made).toMatchObject({ file: join(target(), "b.db"), bytes: statSync(made.file).size });
    expect(made.report).toMatchObject({ place: made.file, faultCount: 0 });
    expect(statSync(made.file).mode & 0o777).toBe(0o600);
    expect(readdirSync(target())).toEqual(["b.db"]);
    const held = everythingIn(made.file);
    using client = clientOf(server.url);
    expect(held).toEqual(await everythingOn(client, Object.keys(held)));
    const found = await verify(made.file);
    expect([found.faults, found.audit?.toldHead]).toEqual([[], made.report.audit?.toldHead]);
  });

  test("goes back to a machine, where apps fetch and it is written to", async () => {
    const { file } = await backup();
    const env = { DATABASE_URL: `file:${join(target(), "data", "secretsfly.db")}` };
    await restore(file, { env, force: false, clock });
    const back = await createFileApp({ ...env, AVAILABLE_ENVIRONMENTS: "dev,prod" });
    const token = world.tokens["worker prod"] ?? "";
    expect(await fetchMap(back, token)).toEqual(await fetchMap(app, token));
    const admin = back.browser();
    await admin.unseal(world.ids.shop, world.masterKey);
    expect((await admin.save(world.ids.worker, "prod", { NEW: "of a machine" })).status).toBe(303);
    expect(await fetchMap(back, token)).toMatchObject({ NEW: "of a machine" });
    back.close();
  });

  test("while others write is of one moment, each time", async () => {
    const writing = await startWriting();
    const made: { file: string; head: string }[] = [];
    for (const name of ["1.db", "2.db", "3.db"]) {
      const before = writing.written();
      const { file, report } = await backup(name);
      // A slow machine may let none end by chance, but not each time.
      if (writing.written() > before) made.push({ file, head: report.audit?.toldHead ?? "" });
    }
    await writing.stop();
    expect(made.length).toBeGreaterThan(0);
    for (const { file, head } of made) {
      expect((await verify(file)).faults).toEqual([]);
      expect(await verifyAudit(where(), head)).toMatchObject({ fault: undefined, missingHead: undefined });
      const opened = await createFileApp({ DATABASE_URL: `file:${file}`, AVAILABLE_ENVIRONMENTS: "prod" });
      const { LEFT, RIGHT } = await fetchMap(opened, world.tokens["shop prod"] ?? "");
      opened.close();
      expect(LEFT).toBe(RIGHT ?? "none");
    }
  });

  test("holds a write that came in its middle not even in part", async () => {
    const admin = app.browser();
    await admin.unseal(world.ids.shop, world.masterKey);
    await using door = startDoor(server.url);
    // The audit is copied first: what is written from then on would be missing there alone.
    const progress = () => {
      door.busy ??= admin.save(world.ids.shop, "prod", { LATE: "too late" });
    };
    const { file } = await backup("b.db", { env: { DATABASE_URL: door.url }, progress });
    expect(await door.busy).toMatchObject({ status: 303 });
    expect((await verify(file)).faults).toEqual([]);
    expect(JSON.stringify(everythingIn(file).secrets)).not.toContain(
      Buffer.from("LATE").toString("hex").toUpperCase(),
    );
    using client = clientOf(server.url);
    const { secrets } = await everythingOn(client, ["secrets"]);
    expect(JSON.stringify(secrets)).toContain(Buffer.from("LATE").toString("hex").toUpperCase());
  });

  test("that an older version has written is of that version", async () => {
    await using older = await startSqld();
    using client = clientOf(older.url);
    await migrate(client, migrations.slice(0, 2), 5);
    await client.execute("insert into environments (name, created_at) values ('prod', 1)");
    const { file, report } = await backup("b.db", { env: { DATABASE_URL: older.url } });
    expect(report.faults).toEqual([]);
    const held = everythingIn(file);
    expect(held.migrations).toHaveLength(2);
    expect(held).toEqual(await everythingOn(client, Object.keys(held)));
  });

  test("that cannot be read to its end is none: nothing is left", async () => {
    writeFileSync(join(target(), "b.db"), "the one of yesterday");
    let ended: Promise<void> | undefined;
    const progress = () => {
      ended ??= server.stop("SIGKILL");
    };
    expect(String(await failureOf(backup("b.db", { progress, force: true })))).toStartWith(
      `MaintenanceError: ${place()} cannot be read to its end: it does not answer (`,
    );
    await ended;
    expect(readdirSync(target())).toEqual(["b.db"]);
    expect(await Bun.file(join(target(), "b.db")).text()).toBe("the one of yesterday");
  });

  test("is none where there is no database of ours, or nobody answers", async () => {
    await using empty = await startSqld();
    const faults: [string, string][] = [
      [empty.url, `${new URL(empty.url).host} is no database of secretsfly`],
      ["http://127.0.0.1:1", "127.0.0.1:1 cannot be read: it does not answer (ECONNREFUSED)"],
    ];
    for (const [DATABASE_URL, message] of faults)
      expect(String(await failureOf(backup("b.db", { env: { DATABASE_URL } })))).toBe(
        `MaintenanceError: ${message}`,
      );
    expect(readdirSync(target())).toEqual([]);
  });
});

describe("a database on a server", () => {
  test("is looked at as it is at one moment while others write, with a key and without", async () => {
    const writing = await startWriting();
    const looks = await Promise.all([verify(), verify(), verify()]);
    await writing.stop();
    for (const { faults, opened } of looks)
      expect([faults, opened?.roots]).toEqual([[], [{ id: world.ids.shop, name: "shop", isOpened: true }]]);
    const { faults, opened, contents } = await verify();
    const file = await verify((await backup()).file);
    expect([faults, opened, contents]).toEqual([[], file.opened, file.contents]);
  });

  test("tells what somebody has changed in it", async () => {
    using client = clientOf(server.url);
    await client.execute("update views set sealed_body = x'00' where project_id = 1");
    await client.execute("update audit_events set actor = 'nobody' where id = 7");
    const { faults } = await verify();
    expect(faults.map(({ what }) => what)).toEqual([
      expect.stringContaining("the audit is broken: event 7"),
      ...["dev", "old", "prod"].map(() => expect.any(String)),
    ]);
    const { fault } = await verifyAudit(where(), undefined);
    expect(fault).toMatchObject({ eventId: 7 });
    const { faultCount } = (await backup()).report;
    expect(faultCount).toBe(1);
  });

  test("that goes away while it is looked at is said", async () => {
    let ended: Promise<void> | undefined;
    const ending = () => {
      ended ??= server.stop("SIGKILL");
      return clock();
    };
    const options = { masterKeys: undefined, keepsVersions: true, clock: ending };
    expect(String(await failureOf(verifyDatabase(where(), options)))).toStartWith(
      `MaintenanceError: ${place()} cannot be read to its end: it does not answer (`,
    );
    await ended;
  });

  test("that an older version has written is for the server to be brought up first", async () => {
    await using older = await startSqld();
    using client = clientOf(older.url);
    await migrate(client, migrations.slice(0, 1), 5);
    const options = { masterKeys: undefined, keepsVersions: true, clock };
    const asked = { file: undefined, env: { DATABASE_URL: older.url } };
    const error = await failureOf(verifyDatabase(asked, options));
    expect(error).toBeInstanceOf(MaintenanceError);
    expect(error?.message).toStartWith(`${new URL(older.url).host} was written by an older secretsfly`);
  });

  test("gives its audit, event by event", async () => {
    const events: unknown[] = [];
    for await (const portion of exportAudit(where())) events.push(...portion);
    using client = clientOf(server.url);
    const { rows } = await client.execute("select count(*) from audit_events");
    expect(events).toHaveLength(Number(rows[0]?.[0]));
  });
});
