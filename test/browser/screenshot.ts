/**
 * Pictures of every page on the demo's data, at 1280 and 390 pixels, light and dark.
 *
 *     bun test/browser/screenshot.ts            into a temporary folder, and the README's into docs/
 *     bun test/browser/screenshot.ts FOLDER     into this folder, and the README's into docs/
 */

import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { lookAt, looks } from "./checks.ts";
import { walkThrough } from "./tour.ts";

const docs = join(import.meta.dir, "../../docs");
const folder = resolve(process.argv[2] ?? mkdtempSync(join(tmpdir(), "secretsfly-pictures-")));
mkdirSync(folder, { recursive: true });

/** The README's pictures, without what one would have to scroll to: name in docs → page and look. */
const ofReadme: Record<string, string> = {
  "screenshot.png": "secrets 1280-light",
  "screenshot-projects.png": "projects 1280-light",
  "screenshot-compare.png": "compare 1280-light",
  "screenshot-history.png": "versions compared 1280-dark",
  "screenshot-telephone.png": "project root 390-light",
};

await walkThrough(async (page, { name }) => {
  for (const look of looks) {
    await lookAt(page, look);
    const picture = `${name} ${look.name}`;
    const path = join(folder, `${picture.replaceAll(" ", "-")}.png`);
    await page.screenshot({ path, fullPage: true });
    for (const [file, chosen] of Object.entries(ofReadme)) {
      if (chosen !== picture) continue;
      await page.setViewportSize({ width: look.width, height: 800 });
      await page.screenshot({ path: join(docs, file) });
    }
  }
});
process.stdout.write(`${folder}\n`);
