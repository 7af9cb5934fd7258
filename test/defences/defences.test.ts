import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defences } from "./defences.ts";

const root = join(import.meta.dir, "../..");

test("every defence of the table is in the code, once, and its test is there", () => {
  const faults = defences.flatMap(({ promise, file, remove, test: path }) => {
    const times = existsSync(join(root, file))
      ? readFileSync(join(root, file), "utf8").split(remove).length - 1
      : 0;
    if (times !== 1) return [`${promise}: ${file} has the text ${times} times`];
    return existsSync(join(root, path)) ? [] : [`${promise}: there is no ${path}`];
  });
  expect(faults).toEqual([]);
});
