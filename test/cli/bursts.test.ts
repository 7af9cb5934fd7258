import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { Bursts } from "../../src/cli/bursts.ts";

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** How many bursts have ended, as somebody is told who always waits for the next. */
function counted(bursts: Bursts) {
  const count = { ends: 0 };
  const wait = async (): Promise<void> => {
    await bursts.next();
    count.ends += 1;
    await wait();
  };
  void wait();
  return count;
}

async function pass(milliseconds: number): Promise<void> {
  jest.advanceTimersByTime(milliseconds);
  // Whoever was woken goes on.
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

test("a burst is over when nothing has come for a while, and is one", async () => {
  const bursts = new Bursts({ quietMs: 100, mostMs: 60_000 });
  const count = counted(bursts);
  for (let note = 0; note < 3; note++) {
    bursts.note();
    await pass(99);
  }
  expect(count.ends).toBe(0);
  await pass(1);
  expect(count.ends).toBe(1);
  await pass(10_000);
  expect(count.ends).toBe(1);
  bursts.note();
  await pass(100);
  expect(count.ends).toBe(2);
});

test("a burst without an end is cut", async () => {
  const bursts = new Bursts({ quietMs: 1000, mostMs: 100 });
  const count = counted(bursts);
  bursts.note();
  for (let note = 0; note < 19; note++) {
    await pass(5);
    bursts.note();
  }
  expect(count.ends).toBe(0);
  await pass(5);
  expect(count.ends).toBe(1);
});

test("what comes while nobody waits is not lost", async () => {
  const bursts = new Bursts({ quietMs: 100, mostMs: 1000 });
  bursts.note();
  await pass(100);
  await bursts.next();
  const count = counted(bursts);
  await pass(10_000);
  expect(count.ends).toBe(0);
});
