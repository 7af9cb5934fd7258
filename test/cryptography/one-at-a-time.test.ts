/** The line in which costly tasks stand. */

import { describe, expect, test } from "bun:test";
import { OneAtATime, QueueFullError } from "../../src/cryptography/one-at-a-time.ts";

/** A task that is over when it is told to be. */
function task() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { run: () => promise, resolve, reject };
}

describe("what is run one at a time", () => {
  test("is run in the order in which it came", async () => {
    const line = new OneAtATime(10);
    const log: string[] = [];
    const tasks = ["a", "b", "c", "d"].map((name) =>
      line.run(async () => {
        log.push(`${name} begins`);
        await Promise.resolve();
        log.push(`${name} ends`);
        return name;
      }),
    );
    expect(await Promise.all(tasks)).toEqual(["a", "b", "c", "d"]);
    expect(log).toEqual(["a", "b", "c", "d"].flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect([line.mostAtOnce, line.waiting]).toEqual([1, 0]);
  });

  test("is refused unbegun where too many wait, and taken again when one has left", async () => {
    const line = new OneAtATime(2);
    const [first, second, third] = [task(), task(), task()];
    const runs = [first, second, third].map(({ run }) => line.run(run));
    let begun = 0;
    const more = async () => {
      begun += 1;
    };
    expect(line.waiting).toBe(2);
    expect(line.run(more)).rejects.toBeInstanceOf(QueueFullError);
    first.resolve("done");
    await runs[0];
    const fourth = line.run(more);
    expect(begun).toBe(0);
    second.resolve("done");
    third.resolve("done");
    await Promise.all([...runs, fourth]);
    expect([begun, line.mostAtOnce, line.waiting]).toEqual([1, 1, 0]);
  });

  test("is not held up by one that fails", async () => {
    const line = new OneAtATime(5);
    const [first, second] = [task(), task()];
    const runs = [line.run(first.run), line.run(second.run), line.run(async () => "third")];
    first.reject(new Error("of no use"));
    second.resolve("second");
    const ends = await Promise.allSettled(runs);
    expect(ends.map((end) => (end.status === "fulfilled" ? end.value : end.reason.message))).toEqual([
      "of no use",
      "second",
      "third",
    ]);
    expect(await line.run(async () => "after")).toBe("after");
  });

  test("leaves no gap for somebody who comes when a turn is handed over", async () => {
    const line = new OneAtATime(5);
    const log: string[] = [];
    const first = line.run(async () => {
      log.push("first");
    });
    const second = line.run(async () => {
      log.push("second");
    });
    const late = first.then(() =>
      line.run(async () => {
        log.push("late");
      }),
    );
    await Promise.all([first, second, late]);
    expect(log).toEqual(["first", "second", "late"]);
    expect(line.mostAtOnce).toBe(1);
  });
});
