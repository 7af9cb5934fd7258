import { expect, test } from "bun:test";
import { describeInBrowser } from "./harness.ts";
import { clipboard, createChild, createRoot, faultOf, post, saveSecret, sees, ways } from "./steps.ts";

for (const { way, javaScript } of ways) {
  describeInBrowser(`the rotation of a master key, ${way}`, {}, (desk) => {
    test("keeps a new key first, revokes a token in the same step, and apps go on", async () => {
      const page = await desk.open({ javaScript });
      const { id: root, masterKey } = await createRoot(page, "shop");
      await saveSecret(page, root, "GREETING", "hello");
      const child = await createChild(page, "api", root);
      const createToken = async (name: string) => {
        const fields = { name, environment: "prod", rights: "read" };
        const html = await (await post(page, `/admin/projects/${child}/service-tokens`, fields)).text();
        return /id="service-token">([^<]+)</.exec(html)?.[1] ?? "";
      };
      const [kept, lost] = [await createToken("worker"), await createToken("laptop of Jo")];
      const read = (token: string) =>
        fetch(`${desk.origin}/api/secrets?format=map`, { headers: { Authorization: token } });

      await page.goto(`/admin/projects/${child}/rotate`);
      await page.getByRole("heading", { level: 1, name: "Rotate the master key of shop" }).waitFor();
      const suggested = (await page.locator("#suggested-master-key").textContent()) ?? "";
      if (javaScript) {
        await page.getByRole("button", { name: "Copy the suggested master key" }).click();
        await sees(page, "Copied");
        expect(await clipboard(page)).toBe(suggested);
      }
      await page.getByLabel("Current master key").fill("not the master key");
      await page.getByLabel("New master key").fill(suggested);
      await page.getByText("Service tokens that keep working").click();
      await page.getByRole("checkbox", { name: "Revoke laptop of Jo of api" }).check();
      await page.getByRole("button", { name: "Rotate the master key" }).click();
      await page.locator("[aria-invalid]").waitFor();
      expect(await faultOf(page.getByLabel("Current master key"))).toContain("not the master key");
      expect(await page.getByRole("checkbox", { name: "Revoke laptop of Jo of api" }).isChecked()).toBe(true);
      expect(await page.locator("#suggested-master-key").count()).toBe(0);

      await page.getByLabel("Current master key").fill(masterKey);
      await page.getByLabel("New master key").fill(suggested);
      await page.getByRole("button", { name: "Rotate the master key" }).click();
      await sees(
        page,
        /The master key is rotated: .* read back and verified\. 1 service token keeps working, 1 is revoked\./,
      );
      expect(page.url()).toBe(`${desk.origin}/admin/projects/${root}`);
      expect([(await read(kept)).status, (await read(lost)).status]).toEqual([200, 401]);

      await page.getByRole("button", { name: "Seal now" }).click();
      await page.getByLabel("Master key of shop").fill(suggested);
      await page.getByRole("button", { name: "Unseal" }).click();
      await page.getByRole("button", { name: "Seal now" }).waitFor();
    });

    test("makes a key where none is given, and shows it once", async () => {
      const page = await desk.open({ javaScript });
      const { id: root, masterKey } = await createRoot(page, "made");
      await page.goto(`/admin/projects/${root}`);
      await page.getByRole("link", { name: "Master key" }).click();
      await page.getByLabel("Current master key").fill(masterKey);
      await page.getByRole("button", { name: "Rotate the master key" }).click();
      await page.getByRole("heading", { level: 1, name: "Keep this new master key" }).waitFor();
      expect(await page.locator("#master-key").textContent()).toMatch(/^sfmk_[0-9A-Za-z]{49}$/);
      await page.getByRole("link", { name: /^I have kept it/ }).click();
      await page.getByRole("heading", { level: 1, name: "made" }).waitFor();
      expect(await page.locator("#master-key").count()).toBe(0);
    });
  });
}

describeInBrowser("while a rotation takes its time", {}, (desk) => {
  test("the page shows and says how far it is, and takes no second click", async () => {
    const page = await desk.open();
    const { id: root, masterKey } = await createRoot(page, "large");
    await page.goto(`/admin/projects/${root}/rotate`);
    // Answered by this test, so that it lasts as long as it has to be looked at.
    const { promise, resolve } = Promise.withResolvers<void>();
    await page.route("**/rotate", async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      await promise;
      return route.continue();
    });
    let asked = 0;
    await page.route("**/rotate/progress", (route) => {
      asked += 1;
      return asked === 1
        ? route.fulfill({ status: 204 })
        : route.fulfill({ json: { done: 300, total: 1200 } });
    });
    // Playwright waits for a page that is on its way, so the page itself tells what it shows meanwhile.
    const shown = Promise.withResolvers<object>();
    await page.exposeFunction("tell", (seen: object) => shown.resolve(seen));
    await page.evaluate(() => {
      const look = () => {
        const [bar, button] = [
          document.querySelector("progress"),
          document.querySelector("form button.primary"),
        ];
        const text = bar?.nextElementSibling?.textContent ?? "";
        if (!bar || !text.endsWith("25 %") || !(button instanceof HTMLButtonElement)) return;
        const said = document.getElementById("announcer")?.textContent;
        const { tell } = window as unknown as { tell(seen: object): void };
        tell({ text, said, value: bar.value, max: bar.max, isDisabled: button.disabled });
      };
      new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    });
    await page.getByLabel("Current master key").fill(masterKey);
    await page.getByRole("button", { name: "Rotate the master key" }).click({ noWaitAfter: true });
    expect(await shown.promise).toEqual({
      text: "Encrypting anew. Leave this page open. 25 %",
      said: "25 percent",
      value: 300,
      max: 1200,
      isDisabled: true,
    });
    resolve();
    await page.getByRole("heading", { level: 1, name: "Keep this new master key" }).waitFor();
  });
});
