import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { describeInBrowser } from "./harness.ts";
import { createChild, createRoot, post, rowOf, secretsPath, sees, ways } from "./steps.ts";

/** A root with a child, whose environments differ. */
async function fill(page: Page, name: string): Promise<{ root: number; child: number }> {
  const { id: root } = await createRoot(page, name);
  const child = await createChild(page, "api", root);
  const save = (id: number, environment: string, name: string, value: string) =>
    post(page, secretsPath(id, environment), { name, value });
  for (const environment of ["dev", "staging", "prod"]) {
    await save(root, environment, "SHARED", "the same");
    await save(child, environment, "HOST", `${environment}.example`);
  }
  await save(child, "dev", "SHARED", "the same");
  await save(child, "dev", "QUEUE", "queue.example");
  await save(child, "dev", "QUEUE_URL", "amqp://${QUEUE}/");
  await save(child, "dev", "DEBUG", "true");
  return { root, child };
}

const names = (page: Page) => page.locator("tbody .secret-name").allTextContents();

for (const { way, javaScript } of ways) {
  describeInBrowser(`comparing environments, ${way}`, {}, (desk) => {
    test("what is missing or different is seen, filtered, and added several at once", async () => {
      const page = await desk.open({ javaScript });
      const { child } = await fill(page, "shop");
      await page.goto(`/admin/projects/${child}`);
      await page.getByRole("link", { name: "Compare", exact: true }).click();
      await page.getByRole("heading", { level: 1, name: "Compare api" }).waitFor();
      await page.waitForLoadState();
      const row = (name: string) => rowOf(page, name).locator("td").allTextContents();
      expect(await row("HOST")).toEqual(["Different", "AOwn", "BOwn", "COwn"]);
      expect(await row("SHARED")).toEqual(["Same everywhere", "=Overrides shop", "=From shop", "=From shop"]);
      expect(await row("DEBUG")).toEqual(["Missing in staging, prod", "Own", "Missing Add", "Missing Add"]);

      await page.getByLabel("Show", { exact: true }).selectOption("Missing");
      const search = page.getByLabel("Name", { exact: true });
      await search.fill("queue");
      if (!javaScript) await search.press("Enter");
      await page.waitForURL(/q=queue/);
      await page.locator(".secret-name", { hasText: "DEBUG" }).waitFor({ state: "detached" });
      expect(await names(page)).toEqual(["QUEUE", "QUEUE_URL"]);
      expect(await search.inputValue()).toBe("queue");

      await page.getByRole("link", { name: "Add what prod lacks (3)" }).click();
      await sees(page, "refers to QUEUE, missing in prod too");
      await page.getByLabel("QUEUE_URL").check();
      await page
        .getByRole("button", { name: javaScript ? "Copy 1 secret to prod" : "Copy what is ticked" })
        .click();
      await sees(page, "QUEUE_URL refers to ${QUEUE}, which is not a secret here");
      await sees(page, "QUEUE is missing in prod too, and is ticked now as well");
      expect(await page.getByLabel("DEBUG").isChecked()).toBe(false);
      await page
        .getByRole("button", { name: javaScript ? "Copy 2 secrets to prod" : "Copy what is ticked" })
        .click();
      await sees(page, "2 secrets are copied from dev to prod.");
      expect(new URL(page.url()).searchParams.get("show")).toBe("missing");
      expect(await row("QUEUE")).toEqual(["Missing in staging", "=Own", "Missing Add", "=Own"]);
    });

    test("all is ticked by one link, and another environment is chosen in place", async () => {
      const page = await desk.open({ javaScript, width: 390, dark: javaScript });
      const { child } = await fill(page, "store");
      await page.goto(`/admin/projects/${child}/compare?from=dev&to=prod`);
      await page.getByLabel("Copy to").selectOption("staging");
      if (!javaScript) await page.getByRole("button", { name: "Show" }).click();
      await page.locator("legend", { hasText: "missing in staging" }).waitFor();
      await page.getByRole("link", { name: "Tick all" }).click();
      const ticked = page.locator("input[name=names]:checked");
      await ticked.nth(2).waitFor();
      if (javaScript) {
        await page.getByLabel("DEBUG").uncheck();
        const search = page.getByLabel("Name", { exact: true });
        await search.fill("queue");
        await page.getByLabel("DEBUG").waitFor({ state: "detached" });
        // What a search brings back is still ticked.
        expect(await ticked.count()).toBe(2);
        await page.getByRole("link", { name: "Tick none" }).click();
        expect(await ticked.count()).toBe(0);
        await page.getByRole("link", { name: "Tick all" }).click();
        await page.getByRole("button", { name: "Copy 2 secrets to staging" }).click();
        await sees(page, "2 secrets are copied from dev to staging.");
      } else {
        await page.getByRole("button", { name: "Copy what is ticked to staging" }).click();
        await sees(page, "3 secrets are copied from dev to staging.");
      }
    });

    test("against the parent, a needless override is found and leads to its secret", async () => {
      const page = await desk.open({ javaScript });
      const { child } = await fill(page, "kiosk");
      await page.goto(`/admin/projects/${child}/compare`);
      await page.getByRole("link", { name: "With the parent, kiosk" }).click();
      await page.getByRole("heading", { level: 1, name: "Compare api with kiosk" }).waitFor();
      await page.getByRole("link", { name: "1 overridden with the same value" }).click();
      await sees(page, "Needless override in dev");
      expect(await names(page)).toEqual(["SHARED"]);
      const link = page.getByRole("link", { name: "SHARED in dev: Same value as kiosk" });
      expect(await link.getAttribute("href")).toBe(`${secretsPath(child, "dev")}/SHARED`);
    });
  });
}

describeInBrowser(
  "a wide comparison",
  { AVAILABLE_ENVIRONMENTS: "dev,test,ci,qa,demo,staging,preprod,prod-eu,prod-us,prod-asia" },
  (desk) => {
    test("scrolls in a box of its own with the names beside it, and is cards on a telephone", async () => {
      const page = await desk.open({ width: 1000 });
      const { id } = await createRoot(page, "wide");
      await post(page, secretsPath(id, "dev"), { name: "FIRST", value: "1" });
      await page.goto(`/admin/projects/${id}/compare`);
      const sideways = () =>
        page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(await sideways()).toBe(0);
      const box = page.getByRole("region", { name: "Comparison" });
      const nameAt = async () => (await page.locator("tbody th").boundingBox())?.x;
      const before = await nameAt();
      await box.focus();
      await box.evaluate((element) => element.scrollTo({ left: 600 }));
      expect(await box.evaluate((element) => element.scrollLeft)).toBeGreaterThan(500);
      expect(await nameAt()).toBe(before);
      await page.setViewportSize({ width: 390, height: 800 });
      expect(await sideways()).toBe(0);
      expect(await box.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
    });
  },
);

describeInBrowser("a long comparison", { AVAILABLE_ENVIRONMENTS: "dev,prod" }, (desk) => {
  test("scrolls with the page, and the environments stay above it", async () => {
    const page = await desk.open({ width: 1280 });
    const { id } = await createRoot(page, "long");
    for (let i = 0; i < 40; i++) await post(page, secretsPath(id, "dev"), { name: `NAME_${i}`, value: "1" });
    await page.goto(`/admin/projects/${id}/compare`);
    const box = page.getByRole("region", { name: "Comparison" });
    expect(await box.evaluate((element) => element.scrollHeight - element.clientHeight)).toBe(0);
    await page.evaluate(() => scrollTo(0, 1000));
    expect((await page.locator(".compare thead th").last().boundingBox())?.y).toBeCloseTo(0, 0);
  });
});
