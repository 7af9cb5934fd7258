/**
 * Guessing at the doors for people, through the app: how often it is let try, how it is refused, and that nothing of it
 * is in the owner's way. The arithmetic of the limits: test/sessions/guess-limit.test.ts.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { origin } from "../harness.ts";
import { auditOf } from "../vault/inspect.ts";
import {
  attacker,
  browserAt,
  countEvents,
  type Door,
  doors,
  from,
  type Guarded,
  home,
  knock,
  lockOut,
  lockOutAll,
  openGuarded,
  passphrase,
  password,
  wrong,
} from "./doors.ts";

let guarded: Guarded;
afterEach(() => guarded.app.close());

const open = async (env: Record<string, string> = {}) => {
  guarded = await openGuarded(env);
};

const countOf = (action: string) => countEvents(guarded.app, action);

const tryFrom = async (door: Door, address: string, key = "too short") =>
  (await knock(guarded, door, { address, key })).status;

/** What an answer to somebody who has to wait says: how long, in its header and on its page. */
async function waitOf(response: Response): Promise<{ seconds: number; page: string }> {
  expect(response.status).toBe(429);
  return { seconds: Number(response.headers.get("Retry-After")), page: await response.text() };
}

for (const door of doors) {
  describe(`at ${door.name}`, () => {
    test("an address has ten tries; then it is told to wait, and others are not", async () => {
      await open();
      for (let i = 0; i < 10; i++) expect(await tryFrom(door, attacker)).toBe(door.refuses);
      const { seconds, page } = await waitOf(await knock(guarded, door, { address: attacker, key: wrong }));
      expect(seconds).toBe(1);
      expect(page).toContain("Too many attempts have failed. Try again in a second.");
      expect(page).not.toContain(wrong);
      expect(await tryFrom(door, "203.0.113.67")).toBe(door.refuses);
    });

    test("the wait grows up to a quarter of an hour, and its end is told", async () => {
      await open();
      await lockOut(guarded, door, attacker);
      const waits: number[] = [];
      const pages: string[] = [];
      for (let i = 0; i < 12; i++) {
        const { seconds, page } = await waitOf(await knock(guarded, door, { address: attacker, key: wrong }));
        waits.push(seconds);
        pages.push(page);
        guarded.app.clock.advance(seconds * 1000);
        expect(await tryFrom(door, attacker)).toBe(door.refuses);
      }
      expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
      expect(pages[6]).toContain("Try again in 64 seconds.");
      expect(pages[10]).toContain("Try again in 15 minutes.");
    });

    test("all together have a hundred tries; then new addresses wait, up to a minute", async () => {
      await open();
      await lockOutAll(guarded, door);
      const waits: number[] = [];
      for (let i = 0; i < 9; i++) {
        const address = `203.0.113.${i}`;
        const { seconds } = await waitOf(await knock(guarded, door, { address, key: wrong }));
        waits.push(seconds);
        guarded.app.clock.advance(seconds * 1000);
        expect(await tryFrom(door, address)).toBe(door.refuses);
      }
      expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    });

    test("many at once are no more than many one by one", async () => {
      await open();
      const one = await Promise.all(Array.from({ length: 40 }, () => tryFrom(door, attacker)));
      expect(one.filter((status) => status !== 429)).toEqual(Array(10).fill(door.refuses));
      const address = (i: number) => `198.51.${i >> 8}.${i & 255}`;
      const all = await Promise.all(Array.from({ length: 300 }, (_, i) => tryFrom(door, address(i))));
      expect(all.filter((status) => status !== 429)).toEqual(Array(90).fill(door.refuses));
    });

    test("right and wrong are refused alike, unlooked at", async () => {
      await open();
      await lockOut(guarded, door, attacker);
      const answers = [wrong, door.right, wrong, door.right].map(async (key) => {
        const response = await knock(guarded, door, { address: attacker, key });
        const headers = [...response.headers].filter(([name]) => name !== "x-request-id");
        return JSON.stringify([response.status, headers, await response.text()]);
      });
      expect(new Set(await Promise.all(answers)).size).toBe(1);
      expect(await countOf(door.refused)).toBe(10);
    });

    test("a lock-out is in the audit and the log once, and what follows it is not", async () => {
      await open();
      await lockOut(guarded, door, attacker);
      const before = (await auditOf(guarded.app)).length;
      for (let i = 0; i < 200; i++) expect(await tryFrom(door, attacker)).toBe(429);
      const events = (await auditOf(guarded.app)).slice(before);
      expect(events.map(({ action, address }) => [action, address])).toEqual([[door.limited, attacker]]);
      const warnings = guarded.app.logs.filter((line) => line.includes("too many failed attempts"));
      expect(warnings).toHaveLength(1);
      expect(JSON.parse(warnings[0] ?? "")).toMatchObject({ address: attacker, action: door.limited });
    });

    test("that all have to wait is in the audit once, however many come", async () => {
      await open();
      await lockOutAll(guarded, door);
      for (let i = 0; i < 200; i++) expect(await tryFrom(door, `203.0.113.${i}`)).toBe(429);
      expect(await countOf(door.limited)).toBe(1);
    });

    test("while no event can be written, no outcome shows: not in the answer, nor in the limits", async () => {
      await open();
      const mend = await breakAudit(guarded);
      const answers = [wrong, door.right].map(async (key) => {
        const address = `203.0.113.${key.length}`;
        const response = await knock(guarded, door, { address, key });
        const shown = (await response.text()).replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, "ID");
        return `${response.status} ${response.headers.get("Set-Cookie") ?? ""} ${shown}`;
      });
      const [ofWrong, ofRight] = await Promise.all(answers);
      expect(ofRight).toBe(ofWrong ?? "");
      await mend();
      for (const key of [wrong, door.right]) {
        const address = `203.0.113.${key.length}`;
        for (let i = 0; i < 10; i++) expect(await tryFrom(door, address)).toBe(door.refuses);
        expect(await tryFrom(door, address)).toBe(429);
      }
    });

    test("a lock-out that could not be written is told by the next who is refused", async () => {
      await open();
      await lockOut(guarded, door, attacker);
      const mend = await breakAudit(guarded);
      expect(await tryFrom(door, attacker, door.right)).toBeGreaterThanOrEqual(500);
      await mend();
      for (let i = 0; i < 3; i++) expect(await tryFrom(door, attacker, door.right)).toBe(429);
      expect(await countOf(door.limited)).toBe(1);
    });
  });
}

/** Makes the audit refuse every event until what it returns is called. */
async function breakAudit({ app: { stored } }: Guarded): Promise<() => Promise<unknown>> {
  const trigger = "create trigger no_audit before insert on audit_events";
  await stored.write(`${trigger} begin select raise(abort, 'no event'); end`);
  return () => stored.write("drop trigger no_audit");
}

const doorOf = (name: string) => {
  const door = doors.find((one) => one.name === name);
  if (!door) throw new Error(`no door ${name}`);
  return door;
};

describe("a limit", () => {
  test("is one for all forms that take the same master key", async () => {
    await open();
    const [unseal, rotate] = [doorOf("unseal"), doorOf("rotate")];
    for (let i = 0; i < 5; i++) {
      await tryFrom(unseal, attacker);
      await tryFrom(rotate, attacker);
    }
    expect([await tryFrom(unseal, attacker), await tryFrom(rotate, attacker)]).toEqual([429, 429]);
    // A child has no key of its own: what is typed there is the root's.
    const child = await guarded.owner.createChild("api", guarded.root);
    const ofChild = { ...unseal, path: () => `/admin/projects/${child}/unseal` };
    expect(await tryFrom(ofChild, attacker)).toBe(429);
  });

  test("of one root is not that of another, and is not lifted by a success with one's own", async () => {
    await open();
    const unseal = doorOf("unseal");
    await lockOut(guarded, unseal, attacker);
    const other = browserAt(guarded.app, attacker);
    await other.post("/admin/sign-in", { password });
    const own = await other.createRoot("own");
    for (let i = 0; i < 3; i++) {
      expect((await other.unseal(own.id, own.masterKey)).status).toBe(303);
      expect((await other.unseal(guarded.root, passphrase)).status).toBe(429);
    }
  });

  test("of the admin password is not that of a master key", async () => {
    await open();
    await lockOut(guarded, doorOf("sign-in"), attacker);
    expect(await tryFrom(doorOf("unseal"), attacker)).toBe(422);
  });

  test("spends no run of Argon2id on what it refuses", async () => {
    await open();
    const unseal = doorOf("unseal");
    await lockOut(guarded, unseal, attacker);
    // Whoever derives a key by this row fails with it.
    await guarded.app.db.$client.execute("update root_keys set memory_kib = 1");
    expect(await tryFrom(unseal, home, passphrase)).toBe(500);
    expect(await tryFrom(unseal, attacker, passphrase)).toBe(429);
  });

  test("says in the log what is missing where all come by one proxy", async () => {
    await open();
    await lockOut(guarded, doorOf("sign-in"), attacker);
    await tryFrom(doorOf("sign-in"), attacker);
    expect(guarded.app.logs.join("")).not.toContain("CLIENT_IP_HEADER");
    const bare = await guarded.app.sibling({ CLIENT_IP_HEADER: "" });
    for (let i = 0; i < 11; i++)
      await bare.browser().post("/admin/sign-in", { password: wrong }, { "X-Forwarded-For": home });
    const warning = bare.logs.find((line) => line.includes("too many failed attempts"));
    expect(warning).toContain("CLIENT_IP_HEADER is not set");
  });

  test("that refuses begins no session", async () => {
    await open();
    for (const door of doors) {
      await lockOut(guarded, door, attacker);
      const headers = { Origin: origin, ...from(attacker) };
      const body = new URLSearchParams(door.fields(wrong));
      const response = await guarded.app.request(door.path(guarded.root), { method: "POST", body, headers });
      expect(response.headers.get("Set-Cookie")).toBeNull();
    }
  });
});
