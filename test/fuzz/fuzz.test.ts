import { expect, setDefaultTimeout, test } from "bun:test";
import { fuzz } from "./campaign.ts";

setDefaultTimeout(600_000);

// The same requests each time: `bun run test:fuzz` throws new dice, and a hundred thousand of them.
test("requests that nobody would send get documented answers, no 5xx, and nothing that is not theirs", async () => {
  const { requests, findings, answers } = await fuzz(3, 2500);
  expect(findings).toEqual([]);
  expect(requests).toBe(2500);
  // Enough of them come through to have asked something of what is behind the first check.
  for (const reached of ["PATCH /api/secrets 200", "PUT /api/secrets/{name} 201", "GET /api/secrets 200"])
    expect(answers.get(reached) ?? 0).toBeGreaterThan(5);
});
