import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { describeInBrowser } from "./harness.ts";
import {
  createChild,
  createRoot,
  faultOf,
  glimpse,
  passphrase,
  saveSecret,
  secretsPath,
  sees,
  ways,
} from "./steps.ts";

const masterKeyField = (page: Page) => page.getByLabel(/^Master key of/);

async function unseal(page: Page, masterKey: string): Promise<void> {
  await masterKeyField(page).fill(masterKey);
  await page.getByRole("button", { name: "Unseal" }).click();
}

for (const { way, javaScript } of ways) {
  describeInBrowser(`seal and unseal, ${way}`, {}, (desk) => {
    test("a key that does not open says why, beside the field", async () => {
      const page = await desk.open({ javaScript });
      const { id, masterKey } = await createRoot(page, "generated");
      await page.goto(`/admin/projects/${id}`);
      await page.getByRole("button", { name: "Seal now" }).click();
      await sees(page, "generated is sealed.");

      const last = masterKey.endsWith("A") ? "B" : "A";
      const faults: [typed: string, fault: string][] = [
        [passphrase, "This is not the master key of this project."],
        [masterKey.slice(0, -1) + last, "mistyped or cut off"],
        [masterKey.slice(0, -8), "mistyped or cut off"],
        ["short", "too short"],
        [`${masterKey}:1`, "must not contain a colon"],
      ];
      for (const [typed, fault] of faults) {
        await unseal(page, typed);
        await page.locator(".field-error", { hasText: fault }).waitFor();
        expect(await faultOf(masterKeyField(page))).toContain(fault);
        expect(await masterKeyField(page).inputValue()).toBe("");
        expect(await page.content()).not.toContain(typed === "short" ? "short<" : typed);
      }
      await unseal(page, ` ${masterKey} `);
      await sees(page, /^Unsealed/);
    });

    test("everything is sealed at once, and the page that was asked for comes after the key", async () => {
      const page = await desk.open({ javaScript });
      const { id: root, masterKey } = await createRoot(page, "one");
      await createRoot(page, "two");
      await page.goto(secretsPath(root, "staging"));
      expect(await page.locator("header .countdown").count()).toBe(2);
      await page.getByRole("button", { name: "Seal everything" }).click();
      await sees(page, "Everything is sealed.");
      expect(page.url()).toBe(`${desk.origin}/admin/projects/${root}`);
      expect(await page.locator("header .countdown").count()).toBe(0);
      expect(await page.getByRole("button", { name: "Seal everything" }).count()).toBe(0);

      await page.goto(secretsPath(root, "staging"));
      await sees(page, "This project is sealed. Unseal it with its master key to go on.");
      await unseal(page, masterKey);
      await page.waitForURL(desk.origin + secretsPath(root, "staging"));
      await sees(page, "Secrets of one");
    });

    test("five unsealed projects leave the header small on a phone", async () => {
      const page = await desk.open({ javaScript, width: 390 });
      for (const name of ["first", "second", "third", "fourth", "fifth"])
        await createRoot(page, `the ${name} one`);
      await page.goto("/admin/projects");
      const box = await page.locator("header.site").boundingBox();
      expect(box?.height).toBeLessThan(145);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    });

    test("the time left is shown, and another browser sees a sealed project", async () => {
      const page = await desk.open({ javaScript });
      const began = performance.now();
      const { id: root, masterKey } = await createRoot(page, "shop");
      await page.goto(`/admin/projects/${await createChild(page, "api", root)}`);
      const left = page.locator("aside .countdown");
      const shown = (await left.textContent()) ?? "";
      const passed = Math.ceil((performance.now() - began) / 1000);
      const [, minutes, seconds] = /^(\d) min (\d+) s$/.exec(shown) ?? [];
      const told = Number(minutes) * 60 + Number(seconds);
      expect(told).toBeWithin(300 - passed, 301);
      expect(await page.locator("header .countdown").count()).toBe(1);
      if (javaScript) await left.filter({ hasNotText: shown }).waitFor();

      const other = await desk.open({ javaScript });
      await other.goto(secretsPath(root));
      await sees(other, "This project is sealed. Unseal it with its master key to go on.");
      expect(other.url()).toBe(`${desk.origin}/admin/projects/${root}`);
      expect(await other.locator("header .countdown").count()).toBe(0);

      // Sealing in one browser leaves the other as it is.
      await unseal(other, masterKey);
      await other.getByRole("button", { name: "Seal now" }).click();
      await sees(other, "shop is sealed.");
      await page.goto(secretsPath(root));
      await sees(page, "Secrets of shop");
    });
  });

  const brief = { ADMIN_MASTER_KEY_EXPIRATION: "600" };
  describeInBrowser(`the master key's time, ${way}`, brief, (desk) => {
    test("when it is over, the next click leads to the project, which says what to do", async () => {
      const page = await desk.open({ javaScript });
      if (javaScript) await page.clock.install();
      const { id: root } = await createRoot(page, "brief");
      await page.goto(`/admin/projects/${root}`);
      await desk.pass(600_000, javaScript ? page : undefined);
      if (javaScript) await page.locator("aside .badge", { hasText: /^Sealed$/ }).waitFor();
      await page.getByRole("navigation", { name: "brief" }).getByRole("link", { name: "prod" }).click();
      await sees(page, "This project is sealed. Unseal it with its master key to go on.");
      expect(page.url()).toBe(`${desk.origin}/admin/projects/${root}`);
      await masterKeyField(page).waitFor();
    });
  });

  const fleeting = { NB_MINUTES_DECRYPTED_BEFORE_REDIRECT: "0.02" };
  describeInBrowser(`the decrypted page, ${way}`, fleeting, (desk) => {
    test("goes back to the names by itself", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "shop");
      await saveSecret(page, root, "PASSWORD", "hunter2");
      await glimpse(page, "hunter2", async () => {
        await page.goto(secretsPath(root));
        await page.getByRole("link", { name: "Decrypt" }).click();
      });
      await page.waitForURL(desk.origin + secretsPath(root));
      expect(await page.content()).not.toContain("hunter2");
    });
  });

  describeInBrowser(`the admin password, ${way}`, { ADMIN_PASSWORD: "open sesame" }, (desk) => {
    test("opens the pages until its holder signs out", async () => {
      const page = await desk.open({ javaScript });
      await page.goto("/");
      expect(page.url()).toBe(`${desk.origin}/admin/sign-in`);
      await page.getByLabel("Admin password").fill("open barley");
      await page.getByRole("button", { name: "Sign in" }).click();
      await sees(page, "This is not the admin password.");
      expect(await faultOf(page.getByLabel("Admin password"))).toBe("This is not the admin password.");

      await page.getByLabel("Admin password").fill("open sesame");
      await page.getByRole("button", { name: "Sign in" }).click();
      await sees(page, "No projects yet");
      const { id: root } = await createRoot(page, "shop");
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Admin password").waitFor();
      await page.goto(`/admin/projects/${root}`);
      expect(page.url()).toBe(`${desk.origin}/admin/sign-in`);

      // What the session had unsealed went with it.
      await page.getByLabel("Admin password").fill("open sesame");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator(".root .badge", { hasText: /^Sealed$/ }).waitFor();
    });
  });
}
