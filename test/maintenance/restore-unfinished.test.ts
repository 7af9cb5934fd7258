import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { connect } from "../../src/database/connect.ts";
import { MigrationError, migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { lineageOf } from "../../src/database/replica/lineage.ts";
import { verifyAudit } from "../../src/maintenance/audit.ts";
import { backUp } from "../../src/maintenance/backup.ts";
import { MaintenanceError } from "../../src/maintenance/maintenance-error.ts";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { failureOf } from "../failure.ts";
import { startSqld } from "../sqld.ts";
import { clientOf, everythingIn } from "./server-copies.ts";
import { startDoor } from "./server-door.ts";
import { useRestores } from "./server-restores.ts";

const restores = useRestores();
const { run, refusal, to, contents, clock } = restores;

const unfinished = () =>
  `${restores.place} holds a restore that did not come to its end: run "secretsfly restore" again, which clears it and begins anew`;

/** What everybody is told who wants to use what is there. */
async function expectUnusable(): Promise<void> {
  const where = { file: undefined, env: to() };
  const verifying = { masterKeys: undefined, keepsVersions: true, clock };
  const asked = [
    () => verifyDatabase(where, verifying),
    () => verifyAudit(where, undefined),
    () => backUp(join(restores.folder, "none.db"), { env: to(), force: true, clock }),
  ];
  for (const ask of asked) expect(String(await failureOf(ask()))).toBe(`MaintenanceError: ${unfinished()}`);
  const db = connect({ databaseUrl: restores.server.url, databaseAuthToken: undefined });
  const started = await failureOf(migrate(db.$client, migrations, 0));
  // Nor does a machine fill its replica from it.
  const lineage = await lineageOf(db.$client);
  db.$client.close();
  expect(started).toEqual(new MigrationError(unfinished().replace(restores.place, "this database")));
  expect(lineage).toBeUndefined();
}

describe("a restore into a server that does not come to its end", () => {
  test.each(["request", "answer"] as const)(
    "at any moment, where the %s is lost, is refused by all, and begun anew",
    async (what) => {
      const ends = new Set<string>();
      let all = 0;
      {
        await using other = await startSqld();
        await using door = startDoor(other.url);
        await run(undefined, { env: to(door.url) });
        all = door.requests;
      }
      // The first and the last each, of those in between some. Each one begins with what the one before has left.
      for (let lost = 1; ; lost += lost < 8 || lost > all - 10 ? 1 : 7) {
        await using door = startDoor(restores.server.url, (request) => {
          if (request < lost) return "passes";
          return request === lost ? `${what} is lost` : "request is lost";
        });
        const error = await failureOf(run(undefined, { env: to(door.url) }));
        if (!error) break;
        expect(error).toBeInstanceOf(MaintenanceError);
        const said = /\(([^()]*)\)$/.exec(error.message)?.[1] ?? "nothing";
        ends.add(said);
        const { sqlite_master: objects } = await contents(["sqlite_master"]);
        const isWhole = objects?.length !== 0 && (await isFinished());
        if (objects?.length !== 0 && !isWhole) await expectUnusable();
        // Only where the very last answer was lost, and then it is said.
        if (isWhole) expect([what, said]).toEqual(["answer", expect.stringContaining("is not known")]);
        if (isWhole) break;
      }
      expect([...ends].sort()).toEqual([
        "nothing",
        "nothing was changed there",
        "what is there is of no use to anybody: begin again, which clears it",
        'whether it was finished is not known; "secretsfly verify" tells',
      ]);
      expect(await contents()).toEqual(everythingIn(restores.backup));
    },
  );

  const isFinished = () =>
    contents(["migrations"]).then(
      (all) => Bun.deepEquals(all.migrations, everythingIn(restores.backup).migrations),
      () => false,
    );

  test("since the server went away, is refused by all once it is back, and begun anew", async () => {
    for (const step of ["copied", "compared"] as const) {
      let ended: Promise<void> | undefined;
      const progress = (now: string) => {
        if (now === step) ended ??= restores.server.stop("SIGKILL");
      };
      const message = await refusal(undefined, { progress });
      expect(message).toStartWith(
        `NotWrittenError: ${restores.place} cannot be filled: it does not answer (`,
      );
      expect(message).toEndWith("(what is there is of no use to anybody: begin again, which clears it)");
      await ended;
      await restores.server.start();
      await expectUnusable();
    }
    await run();
    expect(await contents()).toEqual(everythingIn(restores.backup));
  });

  test("since another one was begun, says so; the other one is whole", async () => {
    await using first = startDoor(restores.server.url);
    await using second = startDoor(restores.server.url);
    const [isBegun, isGivenUp] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    // The second stops with a part of its rows until the first has gone on, after which it goes on itself.
    const inSecond = () => {
      second.busy ??= isGivenUp.promise;
      isBegun.resolve();
    };
    let other: Promise<unknown> | undefined;
    const inFirst = (step: string) => {
      if (step !== "copied") return;
      first.busy ??= isBegun.promise;
      other ??= run(undefined, { env: to(second.url), progress: inSecond });
    };
    expect(await refusal(undefined, { env: to(first.url), progress: inFirst })).toContain(
      "cannot be filled: somebody else has changed it meanwhile (",
    );
    isGivenUp.resolve();
    await other;
    expect(await contents()).toEqual(everythingIn(restores.backup));
  });

  test("since somebody has used what it was to fill, says so and changes nothing of theirs", async () => {
    using client = clientOf(restores.server.url);
    await migrate(client, migrations, 0);
    await using door = startDoor(restores.server.url);
    // Asked for the time when the backup is looked at, after the server was.
    const meanwhile = () => {
      door.busy ??= client.execute("insert into environments (name, created_at) values ('prod', 1)");
      return clock();
    };
    expect(await refusal(undefined, { env: to(door.url), clock: meanwhile })).toBe(
      `NotWrittenError: ${new URL(door.url).host} cannot be filled: somebody else has changed it meanwhile (nothing was changed there)`,
    );
    expect((await contents(["environments"])).environments).toHaveLength(1);
  });

  test("since what is there is not what was sent, says so and is refused by all", async () => {
    using client = clientOf(restores.server.url);
    await using door = startDoor(restores.server.url);
    const change = "update views set sealed_body = x'00' where project_id = 1 and environment_id = 1";
    const progress = (step: string, rows: number, of: number) => {
      if (step === "copied" && rows === of) door.busy ??= client.execute(change);
    };
    expect(await refusal(undefined, { env: to(door.url), progress })).toContain(
      "cannot be filled: the table views is not there as it was sent (",
    );
    await expectUnusable();
  });
});
