/** Regular expressions: one that takes the square of a text's length, or worse, lets a long text stop the program. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { weaknessOf } from "./patterns/attacks.ts";
import { literals, regularExpressions } from "./patterns/regular-expressions.ts";

const found = regularExpressions();
const places = Map.groupBy(found, ({ expression }) => String(expression));

describe("no text of thirty thousand characters keeps a regular expression busy for a quarter of a second:", () => {
  for (const [text, [first]] of places) {
    test(`${text} of ${first?.file}`, () => {
      expect(first && weaknessOf(first.expression)).toBeUndefined();
    });
  }
});

describe("the search for weaknesses", () => {
  const weak = [/-+$/, /^(\w+\s?)*$/];
  for (const expression of weak) {
    test(`finds that of ${expression}`, () => {
      expect(weaknessOf(expression)).toBeDefined();
    });
  }

  test("finds the regular expressions of a text, and nothing else in it", () => {
    const text = [
      'const a = b / c / d, e = "/x/", f = `/y/${ g(/1}/) }/z/`;',
      "if (/2[/]\\/\\n/.test(h)) return /3/gu;",
      "i = [.../4/.exec(j)].map((k) => /5/y.test(k) ? `${`}${/6/}`}` : (l + 1) / m / n);",
    ].join("\n");
    expect(literals(text)).toEqual(["/1}/", "/2[/]\\/\\n/", "/3/gu", "/4/", "/5/y", "/6/"]);
  });

  test("sees all of them: what is made of a text is made of one of ours, in these files", () => {
    const root = join(import.meta.dir, "../..");
    const files = [...new Bun.Glob("src/**/*.{ts,tsx,js}").scanSync(root)];
    const made = files.filter((file) => /\bRegExp\(/.test(readFileSync(join(root, file), "utf8")));
    // A token's shape, in which every part has its length; a table's name in the database's own message.
    expect(made.sort()).toEqual(["src/cryptography/service-token.ts", "src/database/constraint.ts"]);
    expect(found.length).toBeGreaterThan(100);
  });
});
