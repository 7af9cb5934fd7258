/** How often something may be guessed, with a clock that is turned by hand. Doors and pages: test/security/guessing.test.ts. */

import { describe, expect, test } from "bun:test";
import { type Guesser, GuessLimit, type Refused } from "../../src/sessions/guess-limit.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

class World {
  now = Date.UTC(2026, 0, 1);
  readonly limit = new GuessLimit(() => this.now, {
    own: { free: 3, longest: 20 },
    inAll: { free: 8, longest: 5 },
  });

  begin(who: Partial<Guesser> = {}) {
    return this.limit.begin({ of: "door", address: "192.0.2.1", ...who });
  }

  /** Tries and fails. Returns how many seconds it was told to wait; 0 where it was let try. */
  fail(who: Partial<Guesser> = {}): number {
    const attempt = this.begin(who);
    if (!attempt.isAdmitted) return attempt.retryAfter;
    attempt.end("failed");
    return 0;
  }

  /** Tries and succeeds. Returns whether it was let try. */
  succeed(who: Partial<Guesser> = {}): boolean {
    const attempt = this.begin(who);
    if (attempt.isAdmitted) attempt.end("succeeded");
    return attempt.isAdmitted;
  }

  refused(who: Partial<Guesser> = {}): Refused {
    const attempt = this.begin(who);
    if (attempt.isAdmitted) throw new Error("it was let try");
    return attempt;
  }
}

const many = (count: number, act: (i: number) => number) => Array.from({ length: count }, (_, i) => act(i));
/** Fails from one address after another until all together have to wait. */
const crowd = (world: World) => many(8, (i) => world.fail({ address: `198.51.100.${i}` }));

describe("an address", () => {
  test("has some failures free, then waits 1, 2, 4 seconds and so on, up to the longest", () => {
    const world = new World();
    const waits = many(9, () => {
      const wait = world.fail();
      world.now += wait * second;
      if (wait > 0) world.fail();
      return wait;
    });
    expect(waits).toEqual([0, 0, 0, 1, 2, 4, 8, 16, 20]);
  });

  test("is let try when the time is over and not a moment before", () => {
    const world = new World();
    many(5, () => world.fail());
    expect(world.fail()).toBe(1);
    world.now += second - 1;
    expect(world.fail()).toBe(1);
    world.now += 1;
    expect(world.fail()).toBe(0);
  });

  test("that asks again meanwhile does not wait longer", () => {
    const world = new World();
    many(3, () => world.fail());
    expect(many(50, () => world.fail())).toEqual(Array(50).fill(1));
    world.now += second;
    expect(world.fail()).toBe(0);
  });

  test("begins anew after a success, and after an hour without a failure", () => {
    for (const calm of [(world: World) => world.succeed(), (world: World) => (world.now += hour)]) {
      const world = new World();
      many(2, () => world.fail());
      calm(world);
      expect(many(4, () => world.fail())).toEqual([0, 0, 0, 1]);
    }
  });

  test("gets no more tries by sending many at once", () => {
    const world = new World();
    const attempts = Array.from({ length: 50 }, () => world.begin());
    const admitted = attempts.filter((attempt) => attempt.isAdmitted);
    expect(admitted).toHaveLength(3);
    for (const attempt of admitted) attempt.end("failed");
    expect(world.fail()).toBe(1);
    world.now += second;
    expect(Array.from({ length: 50 }, () => world.begin()).filter((one) => one.isAdmitted)).toHaveLength(1);
  });

  test("pays nothing for what was neither right nor wrong, and has nothing cleared by it", () => {
    const world = new World();
    many(2, () => world.fail());
    for (let i = 0; i < 20; i++) {
      const attempt = world.begin();
      if (attempt.isAdmitted) attempt.end("undecided");
    }
    expect(many(2, () => world.fail())).toEqual([0, 1]);
  });

  test("is not in the way of another, nor of something else that it tries", () => {
    const world = new World();
    many(4, () => world.fail());
    expect(world.fail({ address: "192.0.2.2" })).toBe(0);
    expect(world.fail({ of: "another door" })).toBe(0);
    expect(world.fail()).toBe(1);
  });

  test("of IPv6 is a network: whoever has a /64 picks addresses at will", () => {
    const world = new World();
    many(3, (i) => world.fail({ address: `2001:db8:0:7::${i}` }));
    expect(world.fail({ address: "2001:db8:0:7:ffff:ffff:ffff:ffff" })).toBe(1);
    expect(world.fail({ address: "2001:db8:0:8::1" })).toBe(0);
  });

  test("waits no longer because the clock was set back", () => {
    const world = new World();
    many(4, () => world.fail());
    world.now -= 5 * hour;
    expect(world.fail()).toBe(1);
    world.now += second;
    expect(world.fail()).toBe(0);
  });
});

describe("all addresses together", () => {
  test("have some failures free, then wait 1, 2, 4 seconds and so on, up to the longest", () => {
    const world = new World();
    const waits = many(13, (i) => {
      const address = `203.0.113.${i}`;
      const wait = world.fail({ address });
      world.now += wait * second;
      if (wait > 0) world.fail({ address });
      return wait;
    });
    expect(waits).toEqual([...Array(8).fill(0), 1, 2, 4, 5, 5]);
  });

  test("get no more tries by sending many at once", () => {
    const world = new World();
    const attempts = Array.from({ length: 200 }, (_, i) => world.begin({ address: `198.51.100.${i}` }));
    expect(attempts.filter(({ isAdmitted }) => isAdmitted)).toHaveLength(8);
  });

  test("have nothing cleared by what one of them knows", () => {
    const world = new World();
    many(7, (i) => world.fail({ address: `198.51.100.${i}` }));
    expect(world.succeed()).toBe(true);
    expect(world.fail({ address: "198.51.100.8" })).toBe(0);
    expect(world.fail({ address: "198.51.100.9" })).toBe(1);
  });

  test("do not hold up one that is trusted, nor count what it gets wrong", () => {
    const world = new World();
    crowd(world);
    expect([world.limit.isCrowded("door"), world.limit.isCrowded("another")]).toEqual([true, false]);
    const trusted = { address: "203.0.113.1", isTrusted: true };
    expect(many(4, () => world.fail(trusted))).toEqual([0, 0, 0, 1]);
    world.now += second;
    expect(world.succeed(trusted)).toBe(true);
    expect(world.succeed({ address: "203.0.113.2" })).toBe(true);
  });
});

describe("a browser that is known", () => {
  const browser = "the owner's";

  test("gets in from behind the address of the attacker, and past the limit in all", () => {
    const world = new World();
    many(9, () => world.fail());
    crowd(world);
    expect(world.succeed({ browser })).toBe(true);
  });

  test("has a limit of its own", () => {
    const world = new World();
    crowd(world);
    expect(many(4, () => world.fail({ browser, address: "203.0.113.1" }))).toEqual([0, 0, 0, 1]);
  });

  test("clears with a success what it got wrong, and not what its address did", () => {
    const world = new World();
    many(3, () => world.fail());
    many(2, () => world.fail({ browser }));
    expect(world.succeed({ browser })).toBe(true);
    expect(many(3, () => world.fail({ browser }))).toEqual([0, 0, 0]);
    expect(world.fail()).toBe(1);
  });

  test("that somebody else has used up is as good as any other: its address has tries", () => {
    const world = new World();
    many(3, () => world.fail({ browser, address: "198.51.100.1" }));
    expect(world.begin({ browser, address: "203.0.113.1" }).isAdmitted).toBe(true);
  });

  test("is told the shorter of its waits", () => {
    const world = new World();
    for (let i = 0; i < 6; i++) world.now += world.fail() * second;
    many(4, () => world.fail());
    many(3, () => world.fail({ browser }));
    many(3, () => world.fail());
    expect(world.refused({ browser }).retryAfter).toBe(1);
    expect(world.refused().retryAfter).toBeGreaterThan(1);
  });
});

describe("what is refused", () => {
  test("is told once for each lock-out, and again after an hour", async () => {
    const world = new World();
    const told: string[] = [];
    const report = (who: Partial<Guesser>, what: string) =>
      world.refused(who).report(async () => {
        told.push(what);
      });
    many(3, () => world.fail());
    for (let i = 0; i < 100; i++) await report({}, "the address");
    expect(told).toEqual(["the address"]);
    crowd(world);
    for (let i = 0; i < 100; i++) await report({ address: `203.0.113.${i}` }, "all");
    expect(told).toEqual(["the address", "all"]);
    world.now += hour - minute;
    many(3, () => world.fail());
    await report({}, "the address, soon");
    expect(told).toHaveLength(2);
    world.now += minute;
    many(3, () => world.fail());
    await report({}, "the address, later");
    expect(told.at(-1)).toBe("the address, later");
  });

  test("is told by the next one where the first could not be written", async () => {
    const world = new World();
    many(3, () => world.fail());
    const report = (tell: () => Promise<void>) => world.refused().report(tell);
    expect(report(() => Promise.reject(new Error("the disk is full")))).rejects.toThrow("the disk is full");
    await Promise.resolve();
    let told = 0;
    for (let i = 0; i < 3; i++) {
      await report(async () => {
        told += 1;
      });
    }
    expect(told).toBe(1);
  });

  test("fills the audit neither from many addresses nor through other doors", async () => {
    const world = new World();
    let told = 0;
    for (let i = 0; i < 300; i++) {
      const who = { address: `10.1.${i}.1`, isTrusted: true };
      many(3, () => world.fail(who));
      await world.refused(who).report(async () => {
        told += 1;
      });
    }
    expect(told).toBe(60);
    // What is told of one door keeps nothing of another from being told.
    const other = { of: "another door" };
    many(3, () => world.fail(other));
    await world.refused(other).report(async () => {
      told += 1;
    });
    expect(told).toBe(61);
  });

  test("is summed until somebody asks: how many, when and from where", async () => {
    const world = new World();
    many(3, () => world.fail());
    many(8, (i) => world.fail({ address: `198.51.100.${i}` }));
    for (let i = 0; i < 250; i++) {
      world.now += 1;
      await world.refused({ address: `203.0.${i}.1` }).report(async () => {});
    }
    const sum = world.limit.takeUnwritten("door");
    expect(sum).toMatchObject({ count: 250, lastAt: world.now, lastAddress: "203.0.249.1" });
    // Enough to say "many", and no more than that in memory.
    expect(sum?.addresses.size).toBe(100);
    expect(world.limit.takeUnwritten("door")).toBeUndefined();
    expect(world.limit.takeUnwritten("another door")).toBeUndefined();
  });
});

test("an attacker with all addresses there are fills no memory", () => {
  const world = new World();
  for (let i = 0; i < 12_000; i++) {
    world.fail({
      address: `2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`,
      isTrusted: true,
    });
    world.fail({ of: `door ${i}` });
  }
  expect(world.limit.size).toBe(20_000);
});
