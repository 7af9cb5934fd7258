import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { describeInBrowser } from "./harness.ts";
import { createChild, createRoot, faultOf, rowOf, saveSecret, secretsPath, sees, ways } from "./steps.ts";

/** Values that a page could spoil: by escaping, by its own newlines, by running them. */
const awkward: Record<string, string> = {
  SEVERAL_LINES: "-----BEGIN KEY-----\nq3Nf8s6L\n-----END KEY-----\n",
  MARKUP: `'"<>&\`$\${</textarea></pre><script>alert(1)</script>&amp;&#13;`,
  LEADING_NEWLINE: "\n\nthird line",
  SPACES: "  kept \t",
};

/** Values whose line ends no browser can send. */
const foreignLineEnds: Record<string, string> = {
  CRLF: "a\r\nb\r\n",
  MIXED: "a\r\nb\nc\rd",
};

const mebibyte = `${"x".repeat(1023)}\n`.repeat(1024);

/** Opens the names of a project × environment, types secrets into the rows of its form, and saves them. */
async function addByForm(page: Page, projectId: number, secrets: Record<string, string>): Promise<void> {
  await page.goto(secretsPath(projectId));
  await typeRows(page, secrets);
  await page.getByRole("button", { name: "Save secrets" }).click();
}

async function typeRows(page: Page, secrets: Record<string, string>): Promise<void> {
  const rows = page.locator("#add-secrets fieldset");
  for (const [i, [name, value]] of Object.entries(secrets).entries()) {
    await rows.nth(i).getByLabel("Name").fill(name);
    await rows.nth(i).getByLabel("Value").fill(value);
  }
}

const decrypt = (page: Page, projectId: number) => page.goto(`${secretsPath(projectId)}?decrypt=true`);

/** A value as the decrypted page shows it, to the character. */
const shownValue = (page: Page, name: string) => rowOf(page, name).locator("pre.value").first().textContent();

/** Where a row of the decrypted page is given its next value. */
const valueField = (page: Page, name: string) => rowOf(page, name).locator("textarea[name=value]");

/** Opens the form of a row of the decrypted page. */
async function openForm(page: Page, name: string): Promise<void> {
  await rowOf(page, name).locator("summary").click();
}

for (const { way, javaScript } of ways) {
  describeInBrowser(`secrets, ${way}`, {}, (desk) => {
    test("one is added, decrypted, changed and deleted", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "shop");
      await page.goto(secretsPath(id));
      await sees(page, "No secrets in prod yet");
      await addByForm(page, id, { PASSWORD: "hunter2" });
      await sees(page, "PASSWORD is saved.");
      expect(await rowOf(page, "PASSWORD").textContent()).toContain("by you");
      expect(await page.content()).not.toContain("hunter2");

      await page.getByRole("link", { name: "Edit PASSWORD" }).click();
      expect(await shownValue(page, "PASSWORD")).toBe("hunter2");
      await valueField(page, "PASSWORD").fill("hunter3");
      await rowOf(page, "PASSWORD").getByLabel("Note").fill("ask Marta");
      await page.getByRole("button", { name: "Save PASSWORD" }).click();
      await sees(page, "PASSWORD is saved.");
      expect(page.url()).toBe(`${desk.origin}${secretsPath(id)}?decrypt=true`);
      expect(await shownValue(page, "PASSWORD")).toBe("hunter3");
      expect(await rowOf(page, "PASSWORD").textContent()).toContain("version 2");
      expect(await rowOf(page, "PASSWORD").textContent()).toContain("ask Marta");

      await page.getByRole("link", { name: "Hide values" }).click();
      expect(await page.content()).not.toContain("hunter3");
      await page.getByRole("button", { name: "Delete PASSWORD" }).click();
      await sees(page, "PASSWORD is deleted.");
      await sees(page, "No secrets in prod yet");
    });

    test("several are added at once, whatever is in them, and come through exactly", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "awkward");
      const secrets = Object.entries(awkward);
      await page.goto(secretsPath(id));
      if (javaScript) await page.getByRole("button", { name: "Add a row" }).click();
      else await saveSecret(page, id, ...(secrets.pop() ?? ["", ""]));
      await typeRows(page, Object.fromEntries(secrets));
      await page.getByRole("button", { name: "Save secrets" }).click();
      await sees(page, `${secrets.length} secrets are saved.`);
      for (const [name, value] of Object.entries(foreignLineEnds)) await saveSecret(page, id, name, value);

      const all = Object.entries({ ...awkward, ...foreignLineEnds });
      await decrypt(page, id);
      for (const [name, value] of all) expect(await shownValue(page, name)).toBe(value);

      // Saved without a change, each stays what it was.
      for (const name of ["MARKUP", "LEADING_NEWLINE", "CRLF", "MIXED"]) {
        await openForm(page, name);
        await page.getByRole("button", { name: `Save ${name}` }).click();
        await sees(page, "Nothing changed.");
      }
      for (const [name, value] of all) expect(await shownValue(page, name)).toBe(value);
      expect(page.url()).toBe(`${desk.origin}${secretsPath(id)}?decrypt=true`);
    });

    test("a value of one mebibyte comes through the form exactly", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "large");
      await page.goto(secretsPath(id));
      await page.locator("input[name=name]").first().fill("LARGE");
      // At once, as a paste: typed by the driver it would take minutes.
      const field = page.locator("textarea[name=value]").first();
      await field.evaluate((element, text) => {
        (element as HTMLTextAreaElement).value = text;
      }, mebibyte);
      await page.getByRole("button", { name: "Save secrets" }).click();
      await sees(page, "LARGE is saved.");
      await page.getByRole("link", { name: "Edit LARGE" }).click();
      expect((await shownValue(page, "LARGE")) === mebibyte).toBe(true);
      await page.getByRole("button", { name: "Save LARGE" }).click();
      await sees(page, "Nothing changed.");
    });

    test("an inherited one is overridden, follows its references, and comes back when that is deleted", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "family");
      const child = await createChild(page, "api", root);
      await saveSecret(page, root, "HOST", "db.internal");
      await saveSecret(page, root, "URL", "postgres://${HOST}/app");

      await page.goto(secretsPath(child));
      expect(await rowOf(page, "HOST").textContent()).toContain("Inherited from family");
      expect(await page.getByRole("button", { name: "Delete HOST" }).count()).toBe(0);
      await page.getByRole("link", { name: "Override HOST" }).click();
      await valueField(page, "HOST").fill("api-db.internal");
      await page.getByRole("button", { name: "Save HOST" }).click();
      await sees(page, "HOST is saved.");
      expect(await rowOf(page, "HOST").textContent()).toContain("Own, overriding family");
      expect(await shownValue(page, "URL")).toBe("postgres://${HOST}/app");
      expect(await rowOf(page, "URL").locator("pre.value").last().textContent()).toBe(
        "postgres://api-db.internal/app",
      );

      await page.getByRole("button", { name: "Delete HOST" }).click();
      await sees(page, "HOST is deleted.");
      expect(await rowOf(page, "HOST").textContent()).toContain("Inherited from family");
      expect(await shownValue(page, "HOST")).toBe("db.internal");
    });

    test("refused ones come back with the fault at the row and everything that was typed", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "strict");
      await addByForm(page, id, { GOOD: "typed\nwith care", "9 LIVES": "meow" });
      await sees(page, "Nothing was saved: see what is marked below.");
      const rows = page.locator("#add-secrets fieldset");
      expect(await faultOf(rows.nth(1).getByLabel("Name"))).toContain("environment variable");
      expect(await rows.nth(0).getByLabel("Name").inputValue()).toBe("GOOD");
      expect(await rows.nth(0).getByLabel("Value").inputValue()).toBe("typed\nwith care");
      expect(await rows.nth(1).getByLabel("Value").inputValue()).toBe("meow");

      await rows.nth(1).getByLabel("Name").fill("LIVES");
      await page.getByRole("button", { name: "Save secrets" }).click();
      await sees(page, "2 secrets are saved.");

      // On the decrypted page, in the secret's own form.
      await page.getByRole("link", { name: "Edit LIVES" }).click();
      const value = valueField(page, "LIVES");
      await value.fill("${NOBODY}");
      await page.getByRole("button", { name: "Save LIVES" }).click();
      await page.locator("[aria-invalid]").waitFor();
      expect(await faultOf(value)).toContain("NOBODY");
      expect(await value.inputValue()).toBe("${NOBODY}");
      expect(await shownValue(page, "LIVES")).toBe("meow");
    });
  });
}
