import { expect, test } from "bun:test";
import { describeInBrowser } from "./harness.ts";
import {
  clipboard,
  createChild,
  createChildByForm,
  createRoot,
  createRootByForm,
  faultOf,
  passphrase,
  post,
  saveSecret,
  secretsPath,
  sees,
  ways,
} from "./steps.ts";

for (const { way, javaScript } of ways) {
  describeInBrowser(`projects, ${way}`, {}, (desk) => {
    test("/ leads to the list of projects, which teaches while it is empty", async () => {
      const page = await desk.open({ javaScript });
      await page.goto("/");
      expect(page.url()).toBe(`${desk.origin}/admin/projects`);
      await sees(page, "No projects yet");
    });

    test("a generated master key is shown once, and neither going back nor a reload shows it again", async () => {
      const page = await desk.open({ javaScript });
      await page.goto("/");
      await page.getByLabel("Name").fill("generated");
      await page.getByRole("button", { name: "Create root project" }).click();
      const masterKey = (await page.locator("#master-key").textContent()) ?? "";
      await page.waitForLoadState();
      expect(masterKey).toMatch(/^sfmk_[A-Za-z0-9]{49}$/);

      const copy = page.getByRole("button", { name: "Copy the master key" });
      expect(await copy.isVisible()).toBe(javaScript);
      if (javaScript) {
        await copy.click();
        await sees(page, "Copied");
        expect(await clipboard(page)).toBe(masterKey);
      }

      await page.reload();
      expect(await page.content()).not.toContain(masterKey);
      await page.goto("/");
      // Chromium refuses to show again what a form had answered.
      await page.goBack().catch(() => {});
      expect(await page.locator("body").textContent()).not.toContain(masterKey);

      // It is the key.
      const elsewhere = await desk.open({ javaScript });
      await elsewhere.goto("/");
      await elsewhere.getByRole("link", { name: "generated" }).click();
      await elsewhere.getByLabel(/^Master key/).fill(masterKey);
      await elsewhere.getByRole("button", { name: "Unseal" }).click();
      await sees(elsewhere, /^Unsealed/);
    });

    test("a root under a passphrase has children and grandchildren, and the tree shows them", async () => {
      const page = await desk.open({ javaScript });
      await createRootByForm(page, "shop");
      await sees(page, "shop is created, and unsealed for now.");
      await createChildByForm(page, "api");
      await createChildByForm(page, "worker");
      await page.goto("/");
      await page
        .locator(".root", { hasText: "shop" })
        .locator(".tree .tree a", { hasText: "worker" })
        .click();
      await page.getByRole("heading", { level: 1, name: "worker" }).waitFor();
      await page.waitForLoadState();
      expect(await page.locator(".breadcrumbs li").allTextContents()).toEqual(["Projects", "shop", "api"]);
    });

    test("a refused project comes back with the fault beside the field and what was typed, but for the key", async () => {
      const page = await desk.open({ javaScript });
      await createRoot(page, "taken");
      const refused = async (name: string, masterKey: string) => {
        await page.goto("/");
        await page.getByLabel("Name").fill(name);
        await page.getByLabel("Description").fill("typed with care");
        await page.getByLabel("Master key").fill(masterKey);
        await page.getByRole("button", { name: "Create root project" }).click();
        await page.locator("[aria-invalid]").waitFor();
        expect(await page.getByLabel("Name").inputValue()).toBe(name);
        expect(await page.getByLabel("Description").inputValue()).toBe("typed with care");
        expect(await page.getByLabel("Master key").inputValue()).toBe("");
      };
      await refused("taken", passphrase);
      expect(await faultOf(page.getByLabel("Name"))).toBe("There is already a project of this name here.");
      await refused("fresh", "with:a colon in it");
      expect(await faultOf(page.getByLabel("Master key"))).toContain("colon");
      await refused("fresh", "too short");
      expect(await faultOf(page.getByLabel("Master key"))).toContain("at least 12 characters");
    });

    test("a project is renamed and moved; the choice of parents tells same names apart", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "moving");
      await createChild(page, "cache", await createChild(page, "east", root));
      await createChild(page, "cache", await createChild(page, "west", root));
      await page.goto(`/admin/projects/${await createChild(page, "nomad", root)}`);
      await page.getByText("Edit name, description or parent").click();
      const parent = page.getByLabel("Parent project");
      expect((await parent.locator("option").allTextContents()).map((label) => label.trim())).toEqual([
        "moving",
        "moving / east",
        "moving / east / cache",
        "moving / west",
        "moving / west / cache",
      ]);
      await parent.selectOption("moving / west / cache");
      await page.locator("#edit").getByLabel("Name").fill("settled");
      await page.getByRole("button", { name: "Save changes" }).click();
      await sees(page, "settled is saved.");
      expect(await page.locator(".breadcrumbs li").allTextContents()).toEqual([
        "Projects",
        "moving",
        "west",
        "cache",
      ]);
    });

    test("a project moves to another root while both are unsealed; until then the reason is told", async () => {
      const page = await desk.open({ javaScript });
      const { id: from } = await createRoot(page, "harbour");
      const { id: to, masterKey } = await createRoot(page, "airport");
      const crane = await createChild(page, "crane", from);
      await saveSecret(page, to, "TOWER", "118.1 MHz");
      await post(page, `/admin/projects/${to}/seal`, {});
      await page.goto(`/admin/projects/${crane}`);
      await page.getByText("Edit name, description or parent").click();
      await sees(page, /^airport.* sealed\. To move this project there, unseal that root too/);
      expect(await page.getByLabel("Parent project").locator("option").allTextContents()).toEqual([
        "harbour",
      ]);

      await post(page, `/admin/projects/${to}/unseal`, { masterKey });
      await page.goto(`/admin/projects/${crane}`);
      await page.getByText("Edit name, description or parent").click();
      await page.getByLabel("Parent project").selectOption("airport");
      await page.getByRole("button", { name: "Save changes" }).click();
      await sees(page, "crane is saved.");
      expect(await page.locator(".breadcrumbs li").allTextContents()).toEqual(["Projects", "airport"]);
      await page.goto(`${secretsPath(crane)}?decrypt=true`);
      await sees(page, "118.1 MHz");
    });

    test("a project is found by its name, and the whole list comes back", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "orchard");
      await createChild(page, "ladder", root);
      await createChild(page, "basket", root);
      await page.goto("/");
      await page.getByLabel("Find a project").fill("ladd");
      // With a script the list follows what is typed.
      if (!javaScript) await page.getByRole("button", { name: "Find" }).click();
      await sees(page, "1 project for “ladd”");
      expect(await page.locator("#projects li").allTextContents()).toEqual([
        expect.stringMatching(/orchard \/ ladder/),
      ]);
      expect(page.url()).toContain("?q=ladd");
      await page.getByRole("link", { name: "Show all" }).click();
      await page.locator("#projects").getByRole("link", { name: "basket" }).waitFor();
      expect(await page.getByLabel("Find a project").inputValue()).toBe("");
    });

    test("the list tells of secrets that are missing, and leads to where they are compared", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "library");
      await saveSecret(page, root, "CATALOGUE", "1");
      await page.goto("/");
      const card = page.locator(".root", { hasText: "library" });
      const missing = card.getByRole("link", { name: "dev 0 · 1 missing" });
      expect(await missing.getAttribute("href")).toBe(`/admin/projects/${root}/compare`);
      expect(await card.getByText("prod 1").count()).toBe(1);
    });

    test("a project is deleted by whoever types its name", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "doomed");
      await createChild(page, "with it", root);
      await page.goto(`/admin/projects/${root}`);
      await page.getByText("Delete this project").first().click();
      await sees(page, /1 project\s+below it: with it/);
      await page.getByLabel(/^Type “doomed”/).fill("doom");
      await page.getByRole("button", { name: "Delete this project" }).click();
      await page.locator("[aria-invalid]").waitFor();
      expect(await faultOf(page.getByLabel(/^Type “doomed”/))).not.toBe("");
      await page.getByLabel(/^Type “doomed”/).fill("doomed");
      await page.getByRole("button", { name: "Delete this project" }).click();
      await sees(page, "doomed is deleted.");
      expect(page.url()).toBe(`${desk.origin}/admin/projects`);
      expect(await page.getByRole("link", { name: "doomed" }).count()).toBe(0);
    });
  });
}
