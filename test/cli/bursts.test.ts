import { expect, test } from "bun:test";
import { Bursts } from "../../src/cli/bursts.ts";

test("a burst is over when nothing has come for a while, and is one", async () => {
  const bursts = new Bursts({ quietMs: 100, mostMs: 60_000 });
  let ends = 0;
  const first = bursts.next().then(() => (ends += 1));
  for (let count = 0; count < 3; count++) {
    bursts.note();
    await Bun.sleep(5);
  }
  const last = performance.now();
  await first;
  expect(performance.now() - last).toBeGreaterThan(80);
  expect(ends).toBe(1);
  const second = bursts.next().then(() => (ends += 1));
  await Bun.sleep(1);
  expect(ends).toBe(1);
  bursts.note();
  await second;
});

test("a burst without an end is cut, and what comes while nobody waits is not lost", async () => {
  const bursts = new Bursts({ quietMs: 1000, mostMs: 100 });
  bursts.note();
  const noting = setInterval(() => bursts.note(), 5);
  const began = performance.now();
  await Bun.sleep(150);
  await bursts.next();
  await bursts.next();
  clearInterval(noting);
  expect(performance.now() - began).toBeGreaterThan(190);
  expect(performance.now() - began).toBeLessThan(1000);
});
