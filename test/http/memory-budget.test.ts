import { expect, test } from "bun:test";
import { heldBody, MemoryBudget } from "../../src/http/memory-budget.ts";

const MiB = 1024 * 1024;
/** The size of an answer, and what a request that is to have it holds until it has it: seven of them are all there is. */
const [answer, request] = [12 * MiB, 36 * MiB];

test("who was let in gets an answer, though those who came meanwhile are refused", async () => {
  const memory = new MemoryBudget();
  const ends = Array.from({ length: 7 }, () => memory.take(request));
  expect(() => memory.take(request)).toThrow("Too much is being sent and fetched just now.");
  const never = new AbortController().signal;
  const bodies = ends.map(() => heldBody(memory, new Uint8Array(answer).fill(7), never));
  for (const end of ends) end();
  // They still are on their way, and hold what they are.
  expect(() => memory.take(256 * MiB - 7 * answer + 1)).toThrow();
  for (const body of bodies) {
    const bytes = await new Response(body).bytes();
    expect([bytes.length, bytes.every((byte) => byte === 7)]).toEqual([answer, true]);
  }
  memory.take(256 * MiB)();
});

test("one that is larger than all of it is let in when it is alone, and a body is overwritten once it is sent", async () => {
  const memory = new MemoryBudget();
  const end = memory.take(300 * MiB);
  expect(() => memory.take(1)).toThrow();
  end();
  end();
  const bytes = new Uint8Array(answer).fill(7);
  await new Response(heldBody(memory, bytes, new AbortController().signal)).bytes();
  expect(bytes.every((byte) => byte === 0)).toBe(true);
  memory.take(256 * MiB)();
});
