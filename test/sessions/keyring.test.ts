import { beforeEach, describe, expect, test } from "bun:test";
import type { AeadKey } from "../../src/cryptography/aead.ts";
import { systemRandom } from "../../src/cryptography/bytes.ts";
import { Keyring } from "../../src/sessions/keyring.ts";
import { Sessions } from "../../src/sessions/sessions.ts";
import { type UnlockedRoot, unlockedRoot } from "../../src/vault/unlock.ts";

let now: number;
const clock = () => now;
beforeEach(() => {
  now = 1_000_000;
});

function root(id: number): UnlockedRoot {
  const nobody = { id: "session:test", address: "", requestId: "" };
  return unlockedRoot(id, 1, {} as AeadKey, nobody);
}

describe("a keyring", () => {
  test("gives a key until its deadline, and from the deadline on not, though nothing swept", () => {
    const keyring = new Keyring(clock);
    const held = root(1);
    keyring.hold(held, now + 300);
    now += 299;
    expect(keyring.get(1)).toBe(held);
    expect(keyring.unsealed()).toEqual([{ rootId: 1, until: 1_000_300 }]);
    now += 1;
    expect(keyring.get(1)).toBeUndefined();
    expect(keyring.unsealedUntil(1)).toBeUndefined();
    expect(keyring.unsealed()).toEqual([]);
    expect(keyring.seal(1)).toBe(false);
  });

  test("does not give back a key whose time was over when the clock is set back after a sweep", () => {
    const keyring = new Keyring(clock);
    keyring.hold(root(1), now + 300);
    now += 300;
    expect(keyring.sweep()).toEqual([1]);
    now -= 300;
    expect(keyring.get(1)).toBeUndefined();
  });

  test("sweeps what is over and keeps what is not", () => {
    const keyring = new Keyring(clock);
    keyring.hold(root(1), now + 100);
    keyring.hold(root(2), now + 200);
    now += 100;
    expect(keyring.sweep()).toEqual([1]);
    expect(keyring.sweep()).toEqual([]);
    expect(keyring.get(2)?.rootId).toBe(2);
  });

  test("every key that is dropped, in whatever way, is told once to who overwrites memory", () => {
    const sessions = new Sessions({ sessionExpiration: 3600, machine: undefined }, clock, systemRandom);
    const { session, secret } = sessions.create(true);
    const { keyring } = session;
    const drops: (() => unknown)[] = [
      () => keyring.seal(1),
      () => keyring.sealAll(),
      () => keyring.hold(root(1), now + 200),
      () => sessions.forgetRoot(1),
      () => sessions.end(secret),
    ];
    for (const drop of drops) {
      keyring.hold(root(1), now + 100);
      sessions.takeDropped();
      drop();
      expect(sessions.takeDropped()).toBe(1);
      expect(sessions.takeDropped()).toBe(0);
    }
    const other = sessions.create(true);
    other.session.keyring.hold(root(1), now + 100);
    now += 100;
    sessions.sweep();
    expect(sessions.takeDropped()).toBe(1);
    expect(keyring.seal(1)).toBe(false);
  });

  test("seals one root and leaves the others", () => {
    const keyring = new Keyring(clock);
    keyring.hold(root(1), now + 100);
    keyring.hold(root(2), now + 100);
    expect(keyring.seal(1)).toBe(true);
    expect([keyring.get(1), keyring.get(2)?.rootId]).toEqual([undefined, 2]);
    keyring.sealAll();
    expect(keyring.get(2)).toBeUndefined();
  });

  test("begins a root's time anew when it is unsealed again", () => {
    const keyring = new Keyring(clock);
    keyring.hold(root(1), now + 100);
    now += 99;
    keyring.hold(root(1), now + 100);
    now += 99;
    expect(keyring.get(1)?.rootId).toBe(1);
  });
});

describe("sessions", () => {
  const create = () => new Sessions({ sessionExpiration: 3600, machine: undefined }, clock, systemRandom);

  test("are found by their secret for an hour, and not a millisecond longer", () => {
    const sessions = create();
    const { session, secret } = sessions.create(true);
    now += 3_599_999;
    expect(sessions.find(secret)).toBe(session);
    now += 1;
    expect(sessions.find(secret)).toBeUndefined();
    now -= 1;
    expect(sessions.find(secret)).toBeUndefined();
  });

  test("are not found by their public id, by nothing, or by a secret that is nearly right", () => {
    const sessions = create();
    const { session, secret } = sessions.create(true);
    for (const wrong of [
      session.id,
      "",
      `${secret} `,
      secret.toLowerCase(),
      secret.slice(0, -1),
      `${secret}=`,
    ]) {
      expect(sessions.find(wrong)).toBeUndefined();
    }
  });

  test("have secrets of 256 bits that are not repeated", () => {
    const sessions = create();
    const secrets = Array.from({ length: 100 }, () => sessions.create(false).secret);
    expect(new Set(secrets).size).toBe(100);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test("each have a keyring of their own", () => {
    const sessions = create();
    const [mine, yours] = [sessions.create(true), sessions.create(true)];
    mine.session.keyring.hold(root(1), now + 100);
    expect(yours.session.keyring.get(1)).toBeUndefined();
  });

  test("forget their keys with the session: signed out, over, or the server stops", () => {
    const sessions = create();
    const ends: ((secret: string) => void)[] = [
      (secret) => sessions.end(secret),
      (secret) => {
        now += 3_600_000;
        sessions.find(secret);
      },
      () => {
        now += 3_600_000;
        sessions.sweep();
      },
      () => sessions.clear(),
    ];
    for (const end of ends) {
      const { session, secret } = sessions.create(true);
      session.keyring.hold(root(1), Number.MAX_SAFE_INTEGER);
      end(secret);
      expect(session.keyring.get(1)).toBeUndefined();
      expect(sessions.find(secret)).toBeUndefined();
    }
  });

  test("a sweep tells how many keys it dropped", () => {
    const sessions = create();
    const [first, second] = [sessions.create(true), sessions.create(true)];
    first.session.keyring.hold(root(1), now + 100);
    first.session.keyring.hold(root(2), now + 100);
    second.session.keyring.hold(root(1), now + 101);
    now += 100;
    expect([sessions.sweep(), sessions.sweep()]).toEqual([2, 0]);
    expect(second.session.keyring.get(1)?.rootId).toBe(1);
  });

  test("all forget the key of a root that is gone", () => {
    const sessions = create();
    const both = [sessions.create(true), sessions.create(true)];
    for (const { session } of both) session.keyring.hold(root(1), now + 100);
    sessions.forgetRoot(1);
    for (const { session } of both) expect(session.keyring.get(1)).toBeUndefined();
  });

  test("are at most ten thousand: the oldest without a key goes first, and then the oldest", () => {
    const sessions = create();
    const keeper = sessions.create(true);
    keeper.session.keyring.hold(root(1), now + 100);
    const idle = sessions.create(true);
    for (let i = 2; i < 10_000; i++) sessions.create(false);
    expect(sessions.find(idle.secret)).toBe(idle.session);
    sessions.create(false);
    expect(sessions.find(idle.secret)).toBeUndefined();
    expect(sessions.find(keeper.secret)).toBe(keeper.session);
  });

  test("go with their keys when all of them hold one", () => {
    const sessions = create();
    const all = Array.from({ length: 10_000 }, () => sessions.create(true));
    for (const { session } of all) session.keyring.hold(root(1), now + 100);
    sessions.create(true);
    expect(all[0]?.session.keyring.get(1)).toBeUndefined();
    expect(sessions.find(all[1]?.secret ?? "")).toBeDefined();
  });
});
