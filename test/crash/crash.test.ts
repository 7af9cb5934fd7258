import { expect, test } from "bun:test";
import { crashTimes } from "./campaign.ts";

// Each way to die once, and the first one again on another database. `bun run test:crash` does it two hundred times.
test("a server that is killed has kept every write that it acknowledged, and no half of another", async () => {
  const { rounds, acknowledged, findings } = await crashTimes(4, 6);
  expect(findings).toEqual([]);
  expect(rounds).toBe(6);
  // Enough to have lost something.
  expect(acknowledged).toBeGreaterThan(60);
}, 240_000);
