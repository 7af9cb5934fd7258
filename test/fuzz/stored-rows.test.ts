/** What is stored as rows beside what is sealed: changed in any way, it is found, or it is refused. */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { OpenError } from "../../src/cryptography/aead.ts";
import { MigrationError, migrate } from "../../src/database/migrate.ts";
import { migrations } from "../../src/database/migrations.ts";
import { verifyChain } from "../../src/vault/audit-chain.ts";
import { parseHead, toldHead } from "../../src/vault/audit-head.ts";
import { createTestApp, origin, type TestApp } from "../harness.ts";
import { snapshot } from "../security/snapshot.ts";
import type { StoredValue } from "../stored.ts";
import { copyWorld, createWorld, rotate, type World } from "../vault/rotation-world.ts";
import { mutationsOf, textMutationsOf } from "./mutations.ts";

setDefaultTimeout(240_000);

let original: World;
beforeAll(async () => {
  original = await createWorld(createTestApp);
});
afterAll(() => original.app.close());

async function onCopy<T>(act: (copy: World) => Promise<T>): Promise<T> {
  const copy = await copyWorld(original);
  try {
    return await act(copy);
  } finally {
    copy.app.close();
  }
}

describe("an event of the audit", () => {
  test("is found to be changed by any bit of its hash, and any change of what it says", async () => {
    await onCopy(async ({ app }) => {
      const at = 5;
      const [row] = await app.stored.read("select * from audit_events where id = 5");
      if (!row) throw new Error("no event");
      const set = (column: string, value: StoredValue) =>
        app.stored.write(`update audit_events set "${column}" = ? where id = 5`, value);
      const found = async (column: string, value: StoredValue) => {
        await set(column, value);
        const { fault } = await verifyChain(app.db);
        await set(column, row[column] ?? null);
        return fault?.eventId === at || fault?.eventId === at + 1;
      };
      for (const { how, changed } of mutationsOf(new Uint8Array(row.hash as Uint8Array)))
        expect([how, await found("hash", changed)]).toEqual([how, true]);
      for (const column of [
        "actor",
        "action",
        "project_name",
        "environment",
        "name",
        "address",
        "request_id",
      ]) {
        const text = String(row[column] ?? "");
        for (const changed of [
          null,
          `${text} `,
          text.slice(1),
          text.toUpperCase(),
          `${text}\u200b`,
          text.normalize("NFD"),
        ])
          if (
            changed !== row[column] &&
            !(changed === null && ["actor", "action", "address", "request_id"].includes(column))
          )
            expect([column, changed, await found(column, changed)]).toEqual([column, changed, true]);
      }
      for (const column of ["at", "project_id"])
        for (const changed of [0, 1.5, Number(row[column] ?? 0) + 1, -1, "x"])
          if (changed !== row[column])
            expect([column, changed, await found(column, changed)]).toEqual([column, changed, true]);
      expect((await verifyChain(app.db)).fault).toBeUndefined();
    });
  });

  test("is no longer told by a head that was noted, where its blinding was changed in any bit", async () => {
    await onCopy(async ({ app }) => {
      const noted = parseHead((await toldHead(app.db)) ?? "");
      if (!noted) throw new Error("no head");
      expect((await verifyChain(app.db, noted)).missingHead).toBeUndefined();
      const [row] = await app.stored.read("select blinding from audit_blinding");
      for (const { how, changed } of mutationsOf(new Uint8Array(row?.blinding as Uint8Array))) {
        await app.stored.write("update audit_blinding set blinding = ?", changed);
        const { missingHead, fault } = await verifyChain(app.db, noted);
        expect([how, (missingHead ?? fault) !== undefined]).toEqual([how, true]);
      }
    });
  });
});

test("a mark of a migration that was changed is refused as one that is not known", async () => {
  await onCopy(async ({ app }) => {
    const client = app.db.$client;
    for (const { tag } of migrations) {
      for (const { how, changed } of textMutationsOf(tag)) {
        // SQLite holds no halves of surrogate pairs.
        if (changed === tag || !changed.isWellFormed() || migrations.some((other) => other.tag === changed))
          continue;
        await app.stored.write("update migrations set tag = ? where tag = ?", changed, tag);
        const error = await migrate(client, migrations, 0).catch((thrown: unknown) => thrown);
        await app.stored.write("update migrations set tag = ? where tag = ?", tag, changed);
        expect([how, error instanceof MigrationError]).toEqual([how, true]);
      }
    }
    expect(await migrate(client, migrations, 0)).toEqual([]);
  });
});

/** Does something before the app asks its database for anything more. */
function beforeNextQuery({ db: { $client } }: TestApp, act: () => Promise<void>): void {
  const { execute } = $client;
  const acting = act();
  $client.execute = async (...query: Parameters<typeof execute>) => {
    await acting;
    return execute.apply($client, query);
  };
}

describe("what a rotation has staged", () => {
  const kinds = ["environment-key", "version", "view", "service-token"];
  const columns = ["sealed_first", "sealed_second"];
  const changes: [string, (bytes: Uint8Array<ArrayBuffer>) => StoredValue][] = [
    ["the first bit turned", (bytes) => bytes.with(0, (bytes[0] ?? 0) ^ 1)],
    ["a bit in the midst turned", (bytes) => bytes.with(20, (bytes[20] ?? 0) ^ 16)],
    ["the last bit turned", (bytes) => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1)],
    ["its end cut off", (bytes) => bytes.slice(0, -1)],
    ["a byte more", (bytes) => Uint8Array.of(...bytes, 0)],
    ["nothing in it", () => null],
  ];
  const cases = kinds.flatMap((kind) =>
    columns.flatMap((column) => changes.map(([what, change]) => [kind, column, what, change] as const)),
  );

  test.each(cases.filter(([kind, column]) => kind !== "environment-key" || column === "sealed_first"))(
    "for %s in %s is not put in place with %s",
    async (kind, column, _what, change) => {
      await onCopy(async ({ app, masterKey, ids }) => {
        const { staged_seals: _staged, audit_events: _events, ...before } = await snapshot(app);
        let isDone = false;
        const tamper = async () => {
          const where = `kind = '${kind}' and ${column} is not null order by rowid desc`;
          const [row] = await app.stored.read(
            `select rowid as rowid, ${column} as bytes from staged_seals where ${where}`,
          );
          if (!row) throw new Error("nothing is staged");
          const changed = change(row.bytes as Uint8Array<ArrayBuffer>);
          const set = `update staged_seals set ${column} = ? where rowid = ?`;
          expect(await app.stored.write(set, changed, Number(row.rowid))).toBe(1);
        };
        const onProgress = ({ done, total }: { done: number; total: number }) => {
          // The first place was compared, so all are written; the last one is not compared yet.
          if (isDone || done <= total / 3) return;
          isDone = true;
          beforeNextQuery(app, tamper);
        };
        const rotating = rotate(app, ids.shop, { currentMasterKey: masterKey }, onProgress);
        const error = await rotating.then(
          () => "done",
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(OpenError);
        expect(isDone).toBe(true);
        const { staged_seals: _after, audit_events: _audit, ...after } = await snapshot(app);
        expect(after).toEqual(before);
        expect(await app.stored.read("select * from staged_seals")).toEqual([]);
      });
    },
  );
});

test("the cookie of a session is found as it was given, and in no other spelling", async () => {
  await onCopy(async ({ app, ids }) => {
    const admin = app.browser();
    await admin.unseal(ids.shop, original.masterKey);
    const [, name, secret] = /^([^=]+)=(.+)$/.exec(admin.cookie) ?? [];
    expect(secret).toMatch(/^[\w-]{43}$/);
    const path = `/admin/projects/${ids.shop}/environments/dev/secrets`;
    const ask = async (value: string) =>
      (await app.request(path, { headers: { Cookie: `${name}=${value}`, Origin: origin } })).status;
    expect(await ask(secret ?? "")).toBe(200);
    for (const { how, changed } of textMutationsOf(secret ?? "")) {
      // What no header can hold is not sent, and white space around a cookie's value is not part of it (RFC 6265, 5.2).
      if (/[^\x21-\x7e]/.test(changed.trim()) || changed.trim() === secret || changed === `"${secret}"`)
        continue;
      if (!/^[\x20-\x7e\t]*$/.test(changed)) continue;
      // A cookie that ends early, or has a comma or an equals sign in it, is another one.
      expect([how, await ask(changed)]).toEqual([how, 303]);
    }
  });
});
