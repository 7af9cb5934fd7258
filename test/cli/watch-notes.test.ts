import { expect, test } from "bun:test";
import { WatchNotes } from "../../src/cli/watch-notes.ts";

test("says that the server is away, once, when that lasts, and that it is back", async () => {
  const away = Promise.withResolvers<string>();
  const lines: string[] = [];
  const notes = new WatchNotes((line) => {
    lines.push(line);
    away.resolve(line);
  }, 5);
  notes.note("streaming");
  notes.note("reconnecting");
  notes.note("reconnecting");
  expect(await away.promise).toBe(
    "WARNING: the server cannot be reached; changes are not seen until it is back",
  );
  notes.note("streaming");
  notes.note("streaming");
  expect(lines.slice(1)).toEqual(["changes are watched for again"]);
});

test("says nothing of a short absence, and when it asks instead of listening", async () => {
  const lines: string[] = [];
  const notes = new WatchNotes((line) => lines.push(line), 0);
  notes.note("reconnecting");
  notes.note("streaming");
  notes.note("reconnecting");
  notes.stop();
  // What had been set before has had its turn by then.
  await new Promise((resolve) => setTimeout(resolve, 1));
  notes.note("polling");
  expect(lines).toEqual(["no stream of changes comes through; asking every 30 s instead"]);
});
