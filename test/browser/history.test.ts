import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { describeInBrowser } from "./harness.ts";
import { createChild, createRoot, faultOf, post, saveSecret, secretsPath, sees, ways } from "./steps.ts";

const historyPath = (id: number, name: string) => `${secretsPath(id)}/${name}/history`;
const environmentPath = (id: number) => `/admin/projects/${id}/environments/prod`;

const versionRow = (page: Page, version: number) =>
  page.getByRole("row").filter({ has: page.getByText(`Version ${version}`, { exact: false }) });

/** What is stored now, as the decrypted page of a secret's history has it. */
async function currentValue(page: Page, id: number, name: string): Promise<string | null> {
  await page.goto(`${historyPath(id, name)}?decrypt=true`);
  return page.locator("tbody tr").first().locator("pre.value").textContent();
}

/** The lines of what differs, each with its sign. */
const differences = (page: Page) =>
  page
    .getByRole("region", { name: "What differs in the value" })
    .locator("p:is(.removed, .added)")
    .allTextContents();

for (const { way, javaScript } of ways) {
  describeInBrowser(`the history, ${way}`, {}, (desk) => {
    test("versions are shown on demand, compared, and one is rolled back", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "shop");
      for (const value of ["first value", "second value"]) await saveSecret(page, id, "PASSWORD", value);
      await page.goto(historyPath(id, "PASSWORD"));
      expect(await versionRow(page, 2).textContent()).toContain("current");
      expect(await page.content()).not.toContain("first value");

      await page.getByRole("link", { name: "Show values" }).click();
      await sees(page, "second value");
      await page.getByRole("link", { name: "Hide values" }).click();
      await page.getByRole("link", { name: "Show values" }).waitFor();
      expect(await page.content()).not.toContain("second value");

      await page.getByLabel("From", { exact: true }).selectOption("1");
      await page.getByLabel("To", { exact: true }).selectOption("2");
      await page.getByRole("button", { name: "Compare" }).click();
      await sees(page, "From version 1 to version 2");
      expect(await differences(page)).toEqual(["−removed: first value", "+added: second value"]);

      await page.locator("#comparison").getByRole("button", { name: "Roll back to version 1" }).click();
      await sees(page, "PASSWORD is rolled back to version 1. This is version 3.");
      expect(page.url()).toBe(desk.origin + historyPath(id, "PASSWORD"));
      expect(await currentValue(page, id, "PASSWORD")).toContain("first value");
    });

    test("a deleted secret is restored", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "undo");
      await saveSecret(page, id, "LOST", "found again");
      await post(page, `${secretsPath(id)}/LOST/delete`, {});
      await page.goto(historyPath(id, "LOST"));
      await sees(page, "LOST is deleted here.");
      await page.getByRole("button", { name: "Restore LOST from version 1" }).click();
      await sees(page, "LOST is restored from version 1. This is version 3.");
      expect(await currentValue(page, id, "LOST")).toContain("found again");
    });

    test("an inherited secret's history is one link away", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "parent");
      await saveSecret(page, id, "SHARED", "x");
      const child = await createChild(page, "child", id);
      await page.goto(historyPath(child, "SHARED"));
      await page.getByRole("link", { name: "history of SHARED in parent" }).click();
      await versionRow(page, 1).waitFor();
      expect(page.url()).toBe(desk.origin + historyPath(id, "SHARED"));
    });

    test("an environment goes back to before a change, after a preview", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "time");
      await saveSecret(page, id, "KEPT", "old");
      await saveSecret(page, id, "KEPT", "new");
      await saveSecret(page, id, "ADDED", "x");
      await page.goto(`${environmentPath(id)}/history`);
      const back = page.getByRole("link", { name: /^Preview going back to before this change/ });
      expect(await back.count()).toBe(3);
      await back.nth(1).click();
      await sees(page, "What would change");
      expect(await page.getByRole("row", { name: /KEPT/ }).textContent()).toContain("Value set back");
      expect(await page.getByRole("row", { name: /ADDED/ }).textContent()).toContain("it was not there yet");
      expect(await page.content()).not.toContain("old<");

      // Somebody else is faster.
      await saveSecret(page, id, "LATER", "x");
      await page.getByRole("button", { name: "Go back: change 2 secrets" }).click();
      await sees(page, "Secrets were changed since that preview, so nothing was written.");
      await page.getByRole("button", { name: "Go back: change 3 secrets" }).click();
      await sees(page, "Gone back: 1 set back, 2 deleted.");
      expect(page.url()).toBe(`${desk.origin}${environmentPath(id)}/history`);
      expect(await currentValue(page, id, "KEPT")).toContain("old");
    });

    test("a moment is typed in the reader's time zone where a script runs, and in UTC where none does", async () => {
      const page = await desk.open({ javaScript });
      const session = await page.context().newCDPSession(page);
      await session.send("Emulation.setTimezoneOverride", { timezoneId: "Asia/Tokyo" });
      const { id } = await createRoot(page, "zones");
      await saveSecret(page, id, "A", "x");
      await page.goto(`${environmentPath(id)}/history`);
      const hint = (await page.locator("#moment-hint").textContent()) ?? "";
      expect(hint).toContain(javaScript ? "In your time zone, Asia/Tokyo." : "In UTC.");
      await page.getByLabel("As it was at").fill("2020-01-01T08:00:30");
      await page.getByRole("button", { name: "Preview" }).click();
      await sees(page, javaScript ? "2019-12-31T23:00:30.000Z" : "2020-01-01T08:00:30.000Z");
      expect(await page.getByLabel("As it was at").inputValue()).toBe("2020-01-01T08:00:30");
      await page.getByRole("button", { name: "Go back: change 1 secret" }).waitFor();

      await page.getByLabel("As it was at").fill("2999-01-01T00:00:01");
      await page.getByRole("button", { name: "Preview" }).click();
      await page.locator("[aria-invalid]").waitFor();
      await page.waitForLoadState();
      expect(await faultOf(page.getByLabel("As it was at"))).toContain("still to come");
      expect(await page.getByLabel("As it was at").inputValue()).toBe("2999-01-01T00:00:01");
    });
  });
}
