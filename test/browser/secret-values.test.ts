import { expect, test } from "bun:test";
import type { Locator, Page } from "playwright-core";
import { describeInBrowser, stepTimeout } from "./harness.ts";
import {
  clipboard,
  createRoot,
  faultOf,
  glimpse,
  rowOf,
  saveSecret,
  secretsPath,
  sees,
  ways,
} from "./steps.ts";

/** Single values: revealed, copied without being shown, and made at random. */

/** A value as a page shows it, to the character. */
const shownValue = (page: Page, name: string) => rowOf(page, name).locator("pre.value").first().textContent();

/** Chooses what the Generate buttons of a form make, and folds that away again. */
async function choose(form: Locator, alphabet: string, length: string): Promise<void> {
  const summary = form.getByText("What Generate makes");
  await summary.click();
  await form.getByLabel("Characters").selectOption(alphabet);
  await form.getByLabel(/^Length/).fill(length);
  await summary.click();
}

/** Waits for a value of these characters in a field. */
async function made(field: Locator, pattern: RegExp): Promise<string> {
  const deadline = performance.now() + stepTimeout;
  while (performance.now() < deadline) {
    const value = await field.inputValue();
    if (pattern.test(value)) return value;
    await Bun.sleep(50);
  }
  throw new Error(`there is no ${pattern} in the field, but ${await field.inputValue()}`);
}

for (const { way, javaScript } of ways) {
  describeInBrowser(`single values, ${way}`, {}, (desk) => {
    test("one is revealed and hidden again, and no other with it", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "shop");
      await saveSecret(page, id, "ONE", "the first value");
      await saveSecret(page, id, "TWO", "the second value");
      await page.goto(secretsPath(id));
      const draft = page.locator("#add-secrets").getByLabel("Name").first();
      await draft.fill("DRAFT");

      await page.getByRole("link", { name: "Reveal ONE" }).click();
      expect(await shownValue(page, "ONE")).toBe("the first value");
      expect(await page.content()).not.toContain("the second value");
      expect(page.url()).toBe(desk.origin + secretsPath(id) + (javaScript ? "" : "/ONE"));
      if (javaScript) expect(await page.locator(":focus").textContent()).toBe("Hide it now");

      await page.getByRole("link", { name: "Hide it now" }).click();
      await page.getByRole("link", { name: "Reveal ONE" }).waitFor();
      expect(await page.content()).not.toContain("the first value");
      expect(new URL(page.url()).pathname).toBe(secretsPath(id));
      expect(await draft.inputValue()).toBe(javaScript ? "DRAFT" : "");
      if (javaScript) expect(await page.locator(":focus").textContent()).toBe("Reveal");

      await page.getByRole("link", { name: "Reveal TWO" }).click();
      expect(await shownValue(page, "TWO")).toBe("the second value");
      expect(await page.content()).not.toContain("the first value");
    });

    test("one is copied exactly without being shown", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "copies");
      const values: Record<string, string> = {
        PLAIN: "hunter2-plain",
        CRLF: "hunter2\r\nlines\r\n",
        MARKUP: "\nhunter2 </pre><script>alert(1)</script>&amp;\t ",
        EMPTY: "",
        LONG: "hunter2 and more\n".repeat(500),
      };
      for (const [name, value] of Object.entries(values)) await saveSecret(page, id, name, value);
      await page.goto(secretsPath(id));
      const copy = page.getByRole("button", { name: "Copy CRLF" });
      // Nothing but a script can copy: without one there is no button that does nothing.
      expect(await copy.isVisible()).toBe(javaScript);
      if (!javaScript) return;

      await page.evaluate(() => {
        // A button says what it did for two seconds: here until a busy machine has looked.
        window.setTimeout = (() => 0) as unknown as typeof setTimeout;
        new MutationObserver(() => {
          if (document.documentElement.outerHTML.includes("hunter2")) document.title = "it was shown";
        }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      });
      for (const [name, value] of Object.entries(values)) {
        const button = page.getByRole("button", { name: `Copy ${name}` });
        await button.click();
        await button.filter({ hasText: "Copied" }).waitFor();
        expect(await clipboard(page)).toBe(value);
      }
      expect(await page.content()).not.toContain("hunter2");
      expect(await page.title()).not.toBe("it was shown");
      expect(await page.locator("#announcer").textContent()).toBe("Copied");
      expect(page.url()).toBe(desk.origin + secretsPath(id));
    });

    test("one is made at random as it was asked for, and only saved when that is said", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "random");
      await page.goto(secretsPath(id));
      const form = page.locator("#add-secrets form");
      const value = form.locator("textarea[name=value]").first();
      const generate = page.getByRole("button", { name: "Generate for secret 1" });
      await form.getByLabel("Name").first().fill("TOKEN");
      await form.getByLabel("Note").first().fill("made here");
      await generate.click();
      const first = await made(value, /^[A-Za-z0-9]{32}$/);

      await choose(form, "Hexadecimal", "200");
      await generate.click();
      const second = await made(value, /^[0-9a-f]{200}$/);
      expect(second).not.toContain(first);
      expect(await form.getByLabel("Name").first().inputValue()).toBe("TOKEN");
      expect(await form.getByLabel("Note").first().inputValue()).toBe("made here");
      const elsewhere = await page.context().newPage();
      await elsewhere.goto(secretsPath(id));
      await sees(elsewhere, "No secrets in prod yet");

      await page.getByRole("button", { name: "Save secrets" }).click();
      await sees(page, "TOKEN is saved.");
      await page.getByRole("link", { name: "Edit TOKEN" }).click();
      expect(await shownValue(page, "TOKEN")).toBe(second);

      // The next value of a secret, in its own form.
      const own = rowOf(page, "TOKEN");
      await choose(own, "Digits", "6");
      await page.getByRole("button", { name: "Generate for TOKEN" }).click();
      const third = await made(own.getByLabel("New value"), /^\d{6}$/);
      expect(await shownValue(page, "TOKEN")).toBe(second);
      await page.getByRole("button", { name: "Save TOKEN" }).click();
      await sees(page, "TOKEN is saved.");
      expect(await own.textContent()).toContain("version 2");
      await page.getByRole("link", { name: "Reveal TOKEN" }).click();
      expect(await shownValue(page, "TOKEN")).toBe(third);
    });

    test("Enter in a field saves what is there, and makes no value", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "enter");
      await page.goto(secretsPath(id));
      await page.locator("#add-secrets").locator("textarea[name=value]").first().fill("typed");
      await page.locator("#add-secrets").getByLabel("Name").first().fill("TYPED");
      await page.keyboard.press("Enter");
      await sees(page, "TYPED is saved.");

      await page.getByRole("link", { name: "Edit TYPED" }).click();
      await rowOf(page, "TYPED").getByLabel("Note").fill("by hand");
      await page.keyboard.press("Enter");
      await sees(page, "TYPED is saved.");
      await page.getByRole("link", { name: "Reveal TYPED" }).click();
      expect(await shownValue(page, "TYPED")).toBe("typed");
      expect(await rowOf(page, "TYPED").textContent()).toContain("by hand");
    });

    test("a length that cannot be is told beside its field, folded away or not", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "lengths");
      await saveSecret(page, id, "KEPT", "as it was");
      const form = page.locator("#add-secrets form");
      for (const length of ["0", "513", "many"]) {
        await page.goto(secretsPath(id));
        await form.locator("textarea[name=value]").first().fill("typed with care");
        await choose(form, "Digits", length);
        await page.getByRole("button", { name: "Generate for secret 1" }).click();
        const field = form.getByLabel(/^Length/);
        await field.and(page.locator("[aria-invalid]")).waitFor();
        expect(await faultOf(field)).toBe("The length is a whole number from 1 to 512.");
        expect(await field.inputValue()).toBe(length);
        expect(await form.getByLabel("Characters").inputValue()).toBe("digits");
        expect(await form.locator("textarea[name=value]").first().inputValue()).toBe("typed with care");
      }

      await page.goto(secretsPath(id));
      await page.getByRole("link", { name: "Edit KEPT" }).click();
      const own = rowOf(page, "KEPT");
      await own.getByLabel("New value").fill("typed with care");
      await choose(own, "Digits", "0");
      await page.getByRole("button", { name: "Generate for KEPT" }).click();
      const field = own.getByLabel(/^Length/);
      await field.and(page.locator("[aria-invalid]")).waitFor();
      expect(await faultOf(field)).toContain("from 1 to 512");
      expect(await own.getByLabel("New value").inputValue()).toBe("typed with care");
      expect(await shownValue(page, "KEPT")).toBe("as it was");
    });
  });

  describeInBrowser(`a revealed value, ${way}`, { NB_MINUTES_DECRYPTED_BEFORE_REDIRECT: "0.05" }, (desk) => {
    test("leaves the screen by itself when its time is over", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "shop");
      await saveSecret(page, id, "ONE", "the first value");
      await glimpse(page, "the first value", async () => {
        await page.goto(secretsPath(id));
        await page.locator("#add-secrets").getByLabel("Name").first().fill("DRAFT");
        await page.getByRole("link", { name: "Reveal ONE" }).click();
      });

      await page.getByRole("link", { name: "Reveal ONE" }).waitFor();
      expect(await page.content()).not.toContain("the first value");
      expect(page.url()).toBe(desk.origin + secretsPath(id));
      const draft = page.locator("#add-secrets").getByLabel("Name").first();
      expect(await draft.inputValue()).toBe(javaScript ? "DRAFT" : "");
    });
  });
}

describeInBrowser("a form whose key's time is over", { ADMIN_MASTER_KEY_EXPIRATION: "600" }, (desk) => {
  test("keeps what was typed until the project is unsealed in another tab", async () => {
    const page = await desk.open();
    await page.clock.install();
    const { id, masterKey } = await createRoot(page, "shop");
    await page.goto(secretsPath(id));
    await page.getByLabel("Name").first().fill("DRAFT");
    await page.locator("textarea").first().fill("typed\nwith care");
    await desk.pass(600_000, page);
    await page.locator('[data-key-left="over"]').waitFor();
    const save = page.getByRole("button", { name: "Save secrets" });
    await save.click();
    await sees(page, "The key’s time is over.");
    expect(page.url()).toBe(desk.origin + secretsPath(id));

    const opened = page.context().waitForEvent("page");
    await page.getByRole("link", { name: "Unseal the project in another tab" }).click();
    const tab = await opened;
    await tab.getByLabel(/^Master key of/).fill(masterKey);
    await tab.getByRole("button", { name: "Unseal" }).click();
    await tab.waitForURL(desk.origin + secretsPath(id));

    await save.click();
    await sees(page, "DRAFT is saved.");
    await page.getByRole("link", { name: "Reveal DRAFT" }).click();
    expect(await shownValue(page, "DRAFT")).toBe("typed\nwith care");
  });
});
