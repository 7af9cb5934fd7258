/** Prints what every page weighs on the wire, compressed, as a Markdown table: `bun test/browser/sizes.ts`. */

import { assetPaths } from "../../src/http/admin/assets.ts";
import { walkThrough } from "./tour.ts";

const rows: [what: string, bytes: number][] = [];
await walkThrough(async (page, stop, answer) => {
  if (rows.length === 0) {
    for (const path of Object.values(assetPaths)) {
      const headers = { "Accept-Encoding": "gzip" };
      const file = await fetch(new URL(path, page.url()), { headers, decompress: false });
      rows.push([`\`${path}\` (once, then kept)`, (await file.bytes()).length]);
    }
  }
  rows.push([stop.name, (await answer.request().sizes()).responseBodySize]);
});

const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);
const lines = rows.map(([what, bytes]) => `| ${what} | ${kilobytes(bytes)} |`);
process.stdout.write(["| page | kB, gzip |", "| --- | ---: |", ...lines, ""].join("\n"));
