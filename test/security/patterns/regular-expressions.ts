import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");

/** A regular expression as it stands in a file. */
interface FoundExpression {
  file: string;
  expression: RegExp;
}

/** Every regular expression of `src`: those that run here and those that run in a browser. */
export function regularExpressions(): FoundExpression[] {
  const files = [...new Bun.Glob("src/**/*.{ts,tsx,js}").scanSync(root)].filter(
    (file) => !file.endsWith(".d.ts"),
  );
  return files.sort().flatMap((file) => {
    const source = readFileSync(join(root, file), "utf8");
    // Without types, comments and markup there is little left that looks like one and is none.
    const plain = new Bun.Transpiler({ loader: file.endsWith(".tsx") ? "tsx" : "ts" }).transformSync(source);
    return literals(plain).map((literal) => ({ file, expression: toExpression(literal) }));
  });
}

function toExpression(literal: string): RegExp {
  const end = literal.lastIndexOf("/");
  return new RegExp(literal.slice(1, end), literal.slice(end + 1));
}

/** What can stand before a regular expression, and not before a division. */
const before = /(?:^|\.\.\.|[(,=:[!&|?{};+*%~^<>-]|\b(?:return|typeof|case|in|of|void|await|yield))\s*$/;

/** Strings, templates without what is put into them, and regular expressions, from where one can begin. */
const token =
  /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{)|\}(?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{)|\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

/** The regular expressions of a JavaScript text without comments. */
export function literals(text: string): string[] {
  const found: string[] = [];
  /** For each `${` that is open, how many braces are open in it. */
  const templates: number[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text[at] ?? "";
    if (char === "{" && templates.length > 0) templates.push((templates.pop() ?? 0) + 1);
    const closes = char === "}" && templates.length > 0;
    const endsHole = closes && templates.at(-1) === 0;
    if (closes && !endsHole) templates.push((templates.pop() ?? 0) - 1);
    const mayBegin =
      /["'`]/.test(char) || endsHole || (char === "/" && before.test(text.slice(Math.max(0, at - 20), at)));
    token.lastIndex = at;
    const match = mayBegin ? (token.exec(text)?.[0] ?? "") : "";
    if (endsHole) templates.pop();
    if (match.endsWith("${")) templates.push(0);
    if (match.startsWith("/")) found.push(match);
    at += Math.max(1, match.length);
  }
  return found;
}
