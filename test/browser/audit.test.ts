import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";
import { describeInBrowser, stepTimeout } from "./harness.ts";
import { createChild, createRoot, post, saveSecret, secretsPath, sees, ways } from "./steps.ts";

const events = (page: Page): Locator => page.locator(".event > summary");

/** Presses the button where no script searches by itself. */
async function filter(page: Page, javaScript: boolean): Promise<void> {
  if (!javaScript) await page.getByRole("button", { name: "Filter" }).click();
}

for (const { way, javaScript } of ways) {
  describeInBrowser(`the audit, ${way}`, {}, (desk) => {
    test("on a telephone folds its filter away until it is asked for, or filters", async () => {
      const page = await desk.open({ javaScript, width: 390 });
      const { id } = await createRoot(page, "pocket");
      const path = `/admin/projects/${id}/audit`;
      const who = page.getByLabel("Who");
      await page.goto(path);
      expect(await who.isVisible()).toBe(false);
      await page.getByText("Filter", { exact: true }).first().click();
      await who.waitFor();
      await page.goto(`${path}?q=shop`);
      expect(await who.isVisible()).toBe(true);
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.goto(path);
      expect(await who.isVisible()).toBe(true);
    });

    test("tells what was done, is filtered, and is exported as it is filtered", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "shop");
      const api = await createChild(page, "api", root);
      await saveSecret(page, root, "GREETING", "hello");
      await saveSecret(page, api, "API_KEY", "k-1");
      await page.goto(`${secretsPath(api)}?decrypt=true`);
      await page.goto(`/admin/projects/${root}`);
      await page.getByRole("navigation", { name: "shop" }).getByRole("link", { name: "Audit" }).click();
      await sees(page, "Audit of shop");
      expect((await events(page).allTextContents()).slice(0, 2)).toEqual([
        "you looked at all values in api prod",
        "you set API_KEY in api prod",
      ]);

      await events(page).first().click();
      await page
        .locator("dd code", { hasText: /^[0-9a-f-]{36}$/ })
        .first()
        .waitFor();

      await page.getByLabel("Did what").selectOption({ label: "Set a secret" });
      await filter(page, javaScript);
      await page.waitForURL(/action=secret.set/);
      await expectEvents(page, ["you set API_KEY in api prod", "you set GREETING in shop prod"]);
      await page.getByLabel("Projects below").selectOption({ label: "Left out" });
      await filter(page, javaScript);
      await expectEvents(page, ["you set GREETING in shop prod"]);
      await page.getByLabel("Projects below").selectOption({ label: "Included" });
      await page.getByLabel("Name contains").fill("api");
      await filter(page, javaScript);
      await expectEvents(page, ["you set API_KEY in api prod"]);

      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "Export CSV", exact: true }).first().click(),
      ]);
      expect(download.suggestedFilename()).toBe(`secretsfly-audit-project-${root}.csv`);
      const [header, line, ...more] = readFileSync(await download.path(), "utf8").split("\r\n");
      expect(header).toStartWith("id,at,actor,action");
      expect(line).toContain(",secret.set,");
      expect(line).toContain(",API_KEY,");
      expect(more).toEqual([""]);

      await page.getByRole("link", { name: "Clear" }).click();
      await expectEvents(page, [
        "you exported the audit of shop",
        "you looked at all values in api prod",
        "you set API_KEY in api prod",
        "you set GREETING in shop prod",
        "you created the project api",
        "you created the project shop",
      ]);
      expect(await page.getByLabel("Did what").inputValue()).toBe("");
    });

    test("takes a time, and finds nothing before it", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "timely");
      await page.goto(`/admin/projects/${id}/audit`);
      await page.getByLabel("To", { exact: true }).fill("2020-01-01T00:00:00");
      await filter(page, javaScript);
      await sees(page, "No event matches this filter");
      await page.getByLabel("To", { exact: true }).fill("2099-01-01T00:00:00");
      await filter(page, javaScript);
      await expectEvents(page, ["you created the project timely"]);
    });

    test("sums up what service tokens have read", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "read often");
      const form = { name: "worker", environment: "prod", rights: "read" };
      const html = await (await post(page, `/admin/projects/${id}/service-tokens`, form)).text();
      const token = /id="service-token"[^>]*>([^<]+)</.exec(html)?.[1] ?? "";
      for (let i = 0; i < 3; i++) {
        await fetch(`${desk.origin}/api/secrets`, { headers: { Authorization: token } });
      }
      const row = page
        .getByRole("row", { name: /worker/ })
        .filter({ hasText: "127.0.0.1" })
        .filter({ hasText: "sfly_" });
      // The counts are written about once a second, perhaps between two of the reads.
      const counted = row.filter({ has: page.getByRole("cell", { name: "3", exact: true }) });
      while ((await counted.count()) === 0) await page.goto(`/admin/projects/${id}/audit`);
    });

    test("of everything is in the header, and shows no names of what is sealed", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "quiet");
      await saveSecret(page, id, "HIDDEN_NAME", "x");
      await page.goto("/admin/projects");
      await page.getByRole("button", { name: "Seal everything" }).click();
      await page.getByRole("banner").getByRole("link", { name: "Audit" }).click();
      await page.getByRole("heading", { level: 1, name: "Audit", exact: true }).waitFor();
      await sees(page, /a secret \(name hidden while sealed\)/);
      expect(await page.content()).not.toContain("HIDDEN_NAME");
      await page.getByLabel("Project", { exact: true }).selectOption({ label: "quiet" });
      await page.getByLabel("Name contains").fill("HIDDEN");
      await filter(page, javaScript);
      await sees(page, "No event matches this filter");
    });
  });
}

/** Waits until these are the events on the page; the page's policy forbids to wait inside of it. */
async function expectEvents(page: Page, expected: string[]): Promise<void> {
  const until = performance.now() + stepTimeout;
  const told = () => events(page).allTextContents();
  while (performance.now() < until && (await told()).join() !== expected.join());
  expect(await told()).toEqual(expected);
}
