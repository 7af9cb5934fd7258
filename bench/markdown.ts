/** `bun bench/markdown.ts bench/results/FILE.json`: prints the table of targets in Markdown. */

import type { Results } from "./results.ts";
import { markdownTable } from "./table.ts";

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: bun bench/markdown.ts bench/results/FILE.json");
  process.exit(2);
}
console.log(markdownTable((await Bun.file(file).json()) as Results));
