import { expect, test } from "bun:test";
import { createLogger, loggable } from "../src/logger.ts";

test("an unexpected error is logged by kind, code and place, and not by its message", () => {
  const inner = Object.assign(new TypeError("CANARY in the cause"), { code: "E_INNER" });
  const error = new Error("CANARY\n    at CANARY (file.ts:1:1)\n  at CANARY:1:1\nmore CANARY", {
    cause: inner,
  });
  const logged = loggable(error);
  expect(JSON.stringify(logged)).not.toContain("CANARY");
  expect(logged).toMatchObject({ error: "Error", cause: { error: "TypeError", code: "E_INNER" } });
  expect(logged.at.join("\n")).toContain("logger.test.ts");
});

test("a chain of causes that goes round is not followed for ever", () => {
  const error = new Error("round");
  error.cause = error;
  expect(JSON.stringify(loggable(error)).length).toBeLessThan(20_000);
});

test("what is thrown and is no error is told by its type", () => {
  expect(loggable("CANARY")).toEqual({ error: "string", at: [] });
});

test("a level below the one that is set is not written", () => {
  const lines: string[] = [];
  const logger = createLogger("warn", { write: (line) => lines.push(line) });
  logger.info({}, "quiet");
  logger.warn({ route: "/x" }, "loud");
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["loud"]);
});
