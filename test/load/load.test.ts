import { expect, test } from "bun:test";
import { growth, percentile } from "./figures.ts";
import { Load, memoryOf } from "./load.ts";
import { openSlowClients, sendHugeHeaders } from "./slow-clients.ts";
import { startLoaded } from "./world.ts";

/** A short load on a real process; `bun run test:load` is the long one. */

test("a hundred connections are answered without an error, beside slow clients, which are cut off, and huge headers", async () => {
  await using world = await startLoaded();
  const { server, readers } = world;
  using slow = await openSlowClients(server.url, readers[0] ?? "", 12);
  let isOver = false;
  const huge = sendHugeHeaders(server.url, 20_000, () => isOver);
  const load = await Load.open(world, 100);
  const before = memoryOf(server.pid);
  const tally = await load.run(3);
  isOver = true;
  const after = memoryOf(server.pid);
  load.close();
  process.stdout.write(
    `${tally.requests} requests in 3 s, p99 of a fetch ${tally.p99("fetch").toFixed(0)} ms, ${before.toFixed(0)} → ${after.toFixed(0)} MiB\n`,
  );
  expect([...tally.errors]).toEqual([]);
  for (const times of Object.values(tally.times)) expect(times.length).toBeGreaterThan(0);
  expect(after).toBeLessThan(400);
  expect([...(await huge).keys()]).toEqual(["431"]);
  await slow.cutOff;
  expect((await server.request("/api/status")).status).toBe(200);
  expect((await server.stop()).exitCode).toBe(0);
});

test("the figures are those of the times and sizes", () => {
  const times = Array.from({ length: 1000 }, (_, i) => 1000 - i);
  expect([0.5, 0.99, 1].map((share) => percentile(times, share))).toEqual([501, 991, 1000]);
  expect(growth([5, 5, 5, 5])).toBe(0);
  expect(growth([1, 3, 5, 7])).toBeCloseTo(6);
  expect(growth([10, 90, 10, 90, 10])).toBeCloseTo(0);
});
