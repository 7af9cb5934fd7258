/** Makes docs/screenshot.png anew: `bun test/browser/screenshot.ts`. */
import { join } from "node:path";
import { fillCompany } from "./company.ts";
import { launchChromium, startServer } from "./harness.ts";
import { secretsPath } from "./steps.ts";

const file = join(import.meta.dir, "../../docs/screenshot.png");

const server = await startServer();
const browser = await launchChromium();
try {
  const context = await browser.newContext({ baseURL: server.url, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const { api } = await fillCompany(page);
  await page.goto(secretsPath(api));
  await page.screenshot({ path: file });
} finally {
  await browser.close();
  await server.stop();
}
