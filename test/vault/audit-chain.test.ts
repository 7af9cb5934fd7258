import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { eventHash } from "../../src/vault/audit.ts";
import { verifyChain } from "../../src/vault/audit-chain.ts";
import { parseHead, toldHead } from "../../src/vault/audit-head.ts";
import { HeadLog } from "../../src/vault/head-log.ts";
import { record } from "../../src/vault/write.ts";
import { createFileApp, createTestApp, type TestApp } from "../harness.ts";
import { auditOf } from "./inspect.ts";

let app: TestApp;

beforeEach(async () => {
  app = await createTestApp();
  await append(18);
});
afterEach(() => app.close());

const actor = { id: "session:1", address: "::1", requestId: "r" };

/** Appends events, each with a name of its own, a second after the one before. The first two are the environments'. */
async function append(events: number, to = app): Promise<void> {
  for (let i = 0; i < events; i++) {
    to.clock.advance(1000);
    await record(to.vault, actor, { action: "secret.set", environment: "dev", name: `NAME_${i}` });
  }
}

/** Changes the database as somebody does who can write to it. */
async function edit(...statements: string[]): Promise<void> {
  for (const statement of statements) await app.stored.write(statement);
}

/** Does something once the database has answered the next query, before whoever asked has the answer. */
function afterNextAnswer(act: () => Promise<void>): void {
  const { $client } = app.db;
  const { execute } = $client;
  $client.execute = async (...query: Parameters<typeof execute>) => {
    $client.execute = execute;
    const answer = await execute.apply($client, query);
    await act();
    return answer;
  };
}

const fault = async () => (await verifyChain(app.db)).fault;

describe("a chain that nobody has touched", () => {
  test("is whole: how many events, from when to when, and its head", async () => {
    const events = await auditOf(app);
    const report = await verifyChain(app.db);
    expect(report).toEqual({
      events: 20,
      firstAt: events[0]?.at ?? null,
      newestAt: app.clock.now,
      head: { id: 20, hash: events[19]?.hash ?? new Uint8Array() },
      toldHead: (await toldHead(app.db)) ?? "",
      fault: undefined,
      missingHead: undefined,
    });
  });

  test("is whole without any event", async () => {
    await edit("delete from audit_events");
    const { events, firstAt, newestAt, head, fault } = await verifyChain(app.db);
    expect({ events, firstAt, newestAt, id: head.id, fault }).toEqual({
      events: 0,
      firstAt: null,
      newestAt: null,
      id: 0,
      fault: undefined,
    });
    expect(await toldHead(app.db)).toStartWith("0:");
  });

  test("is followed further than one portion, and to the head of the start while others append", async () => {
    await record(
      app.vault,
      actor,
      ...Array.from({ length: 4500 }, (_, i) => ({ action: "secret.set" as const, name: `N${i}` })),
    );
    afterNextAnswer(async () => {
      await append(5);
      await edit("update audit_events set name = 'x' where id = 4523");
    });
    const report = await verifyChain(app.db);
    expect([report.fault, report.events, report.head.id]).toEqual([undefined, 4520, 4520]);
    const next = await verifyChain(app.db);
    expect([next.fault, next.events]).toEqual([{ eventId: 4523, what: "event 4523 was changed" }, 4525]);
  });
});

describe("a fault is found, and told for what it is, where", () => {
  const columns = {
    at: "at + 1",
    actor: "'session:2'",
    action: "'secret.delete'",
    project_id: "7",
    project_name: "'shop'",
    environment: "null",
    name: "'OTHER'",
    address: "'::2'",
    request_id: "''",
  };
  for (const [column, value] of Object.entries(columns)) {
    test(`${column} of an event was changed`, async () => {
      await edit(`update audit_events set ${column} = ${value} where id = 7`);
      expect(await fault()).toEqual({ eventId: 7, what: "event 7 was changed" });
    });
  }

  const edits: [string, string[], number, string][] = [
    [
      "a hash was changed",
      ["update audit_events set hash = zeroblob(32) where id = 7"],
      7,
      "event 7 was changed, or its hash, or the next event",
    ],
    [
      "a hash is no bytes",
      ["update audit_events set hash = 9000000000000 where id = 7"],
      7,
      "event 7 was changed, or its hash, or the next event",
    ],
    [
      "the newest hash is no bytes",
      ["update audit_events set hash = 9000000000000 where id = 20"],
      20,
      "event 20 was changed, or its hash",
    ],
    [
      "the newest was changed",
      ["update audit_events set name = 'x' where id = 20"],
      20,
      "event 20 was changed, or its hash",
    ],
    ["one was removed", ["delete from audit_events where id = 7"], 7, "event 7 is missing"],
    [
      "several were removed",
      ["delete from audit_events where id between 3 and 9"],
      3,
      "events 3 to 9 are missing",
    ],
    ["the first was removed", ["delete from audit_events where id = 1"], 1, "event 1 is missing"],
    [
      "one was removed and the rest numbered anew",
      [
        "delete from audit_events where id = 7",
        "update audit_events set id = -id where id > 7",
        "update audit_events set id = -id - 1 where id < 0",
      ],
      7,
      "event 7 does not follow: events were removed before it, and the rest numbered anew",
    ],
    [
      "one was put in and the rest numbered anew",
      [
        "update audit_events set id = -id where id > 7",
        "update audit_events set id = -id + 1 where id < 0",
        "insert into audit_events select 8, at, actor, action, project_id, project_name, environment, name, address, request_id, hash from audit_events where id = 3",
      ],
      8,
      "event 8 stands in another's place: what it says was event 3",
    ],
    [
      "two changed places",
      [
        "update audit_events set id = -1 where id = 7",
        "update audit_events set id = 7 where id = 9",
        "update audit_events set id = 9 where id = -1",
      ],
      7,
      "event 7 stands in another's place: what it says was event 9",
    ],
    [
      "one was put before the first",
      ["update audit_events set id = -4 where id = 20"],
      -4,
      "event -4 was added: ids begin at 1",
    ],
  ];
  for (const [what, statements, eventId, told] of edits) {
    test(what, async () => {
      await edit(...statements);
      expect(await fault()).toEqual({ eventId, what: told });
      expect((await verifyChain(app.db)).toldHead).toBeUndefined();
    });
  }

  test("a changed event got a hash that fits it: the next one does not follow", async () => {
    const [, second, third] = await auditOf(app);
    if (!second || !third) throw new Error("no events");
    const hash = eventHash(second.hash, { ...third, name: "OTHER" }).toHex();
    await edit(`update audit_events set name = 'OTHER', hash = x'${hash}' where id = 3`);
    expect((await fault())?.eventId).toBe(4);
  });

  test("a number is none that JSON can tell: infinity is written as the null that was there", async () => {
    // A server tells its rows in JSON itself, and its driver refuses this one.
    app.close();
    app = await createFileApp();
    await append(18);
    await edit("update audit_events set project_id = 9e999 where id = 7");
    expect((await fault())?.eventId).toBe(7);
  });

  test("what blinds the heads was removed: no head can be told", async () => {
    await edit("delete from audit_blinding");
    expect((await fault())?.eventId).toBe(0);
    expect(await toldHead(app.db)).toBeUndefined();
  });
});

describe("a head that was written down", () => {
  const missing = async (text: string | undefined) => {
    const noted = parseHead(text ?? "");
    if (!noted) throw new Error(`no head: ${text}`);
    return (await verifyChain(app.db, noted)).missingHead;
  };

  test("is found as long as all up to it is there, by its id or without, and by the hash that an export has", async () => {
    const text = (await toldHead(app.db)) ?? "";
    const [, hex] = text.split(":");
    const raw = (await auditOf(app))[19]?.hash.toHex();
    await append(3);
    for (const noted of [
      text,
      hex,
      text.toUpperCase(),
      ` ${text}\n`,
      raw,
      `20:${raw}`,
      `0:${"0".repeat(64)}`,
    ])
      expect([noted, await missing(noted)]).toEqual([noted, undefined]);
  });

  test("shows that the end was cut off, which the chain alone does not", async () => {
    const text = await toldHead(app.db);
    await edit("delete from audit_events where id > 15");
    expect(await fault()).toBeUndefined();
    const cut = "the chain ends with event 15: the events up to 20 were cut off, or this is an older copy";
    expect(await missing(text)).toBe(cut);
    expect(await missing(text?.split(":")[1])).toContain("no event has this hash");
    await append(5);
    expect(await fault()).toBeUndefined();
    expect(await missing(text)).toContain("event 20 has another hash");
  });

  test("shows a chain that was computed anew", async () => {
    const text = await toldHead(app.db);
    const events = await auditOf(app);
    let before: Uint8Array<ArrayBuffer> = new Uint8Array(32);
    const updates = events.map((event) => {
      const changed = event.id === 5 ? { ...event, name: "OTHER" } : event;
      before = eventHash(before, changed);
      return `update audit_events set name = ${changed.name === null ? "null" : `'${changed.name}'`}, hash = x'${before.toHex()}' where id = ${event.id}`;
    });
    await edit(...updates);
    expect(await fault()).toBeUndefined();
    expect(await missing(text)).toContain(
      "event 20 has another hash: it, or an event before it, was rewritten",
    );
    expect(await missing(text?.split(":")[1])).toContain("no event has this hash");
  });

  test("is not reached in a chain that breaks before it", async () => {
    const text = await toldHead(app.db);
    await edit("update audit_events set name = 'x' where id = 7");
    expect(await missing(text)).toBe("the chain could not be followed to it");
  });

  test("that no other blinding fits is not found either", async () => {
    const text = await toldHead(app.db);
    await edit("update audit_blinding set blinding = randomblob(32)");
    expect(await missing(text)).toContain("event 20 has another hash");
  });

  test("is read from nothing else", () => {
    const hex = "0123456789abcdef".repeat(4);
    expect(parseHead(`7:${hex}`)).toEqual({ id: 7, hex });
    expect(parseHead(hex)).toEqual({ id: undefined, hex });
    for (const text of [
      "",
      "7",
      "7:",
      hex.slice(1),
      `${hex}0`,
      `07:${hex}`,
      `-1:${hex}`,
      `7:8:${hex}`,
      `x${hex}`,
    ])
      expect([text, parseHead(text)]).toEqual([text, undefined]);
  });
});

describe("a head that is told", () => {
  test("is the SHA-256 of a label, what blinds it, and the newest hash", async () => {
    const [row] = await app.stored.read("select blinding from audit_blinding");
    const { hash } = (await auditOf(app))[19] ?? {};
    const digest = createHash("sha256")
      .update("secretsfly/v1/audit-head|")
      .update(row?.blinding as Uint8Array)
      .update(hash ?? "")
      .digest("hex");
    expect(await toldHead(app.db)).toBe(`20:${digest}`);
  });

  test("does not let a guess of a name be checked: it is another in a database with the same events", async () => {
    const other = await createTestApp();
    await append(18, other);
    expect((await auditOf(other)).map(({ hash }) => hash.toHex())).toEqual(
      (await auditOf(app)).map(({ hash }) => hash.toHex()),
    );
    expect(await toldHead(other.db)).not.toBe(await toldHead(app.db));
    other.close();
  });

  test("is logged at the start, once an hour while it moves, and at the end if it has", async () => {
    const told: (string | undefined)[] = [];
    const log = new HeadLog(
      app.db,
      () => app.clock.now,
      (head) => told.push(head?.split(":")[0]),
    );
    const hour = 60 * 60 * 1000;
    await log.tick();
    await append(1);
    await log.tick();
    expect(told).toEqual(["20"]);
    app.clock.advance(hour);
    await log.tick();
    app.clock.advance(hour);
    await log.tick();
    expect(told).toEqual(["20", "21"]);
    await append(1);
    await log.now();
    await log.now();
    expect(told).toEqual(["20", "21", "22"]);
    await append(1);
    app.clock.advance(-1000 * hour);
    await log.tick();
    expect(told).toEqual(["20", "21", "22", "23"]);
    await edit("delete from audit_blinding");
    await log.now();
    expect(told.at(-1)).toBeUndefined();
  });
});
