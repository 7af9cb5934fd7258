import { expect, test } from "bun:test";
import type { Locator, Page } from "playwright-core";
import { describeInBrowser } from "./harness.ts";
import {
  createChild,
  createRoot,
  faultOf,
  post,
  rowOf,
  saveSecret,
  secretsPath,
  sees,
  ways,
} from "./steps.ts";

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

/** Types each into a row of its own; a script shows the rows one by one. */
async function typeRows(page: Page, secrets: Record<string, string>): Promise<void> {
  for (const [i, [name, value]] of Object.entries(secrets).entries()) {
    const row = addRows(page).nth(i);
    if (!(await row.isVisible())) await page.getByRole("button", { name: "Add a row" }).click();
    await row.getByLabel("Name").fill(name);
    await row.locator("textarea").fill(value);
  }
}

const addRows = (page: Page): Locator => page.locator("#add-secrets fieldset");

const decrypt = (page: Page, projectId: number) => page.goto(`${secretsPath(projectId)}?decrypt=true`);

/** A value as a page shows it, to the character. */
const shownValue = (page: Page, name: string) => rowOf(page, name).locator("pre.value").first().textContent();

/** Where a row whose form is open is given its next value. */
const valueField = (page: Page, name: string) => rowOf(page, name).getByLabel("New value");

/** Opens the form of a secret, from the list or from among all values. */
async function openForm(page: Page, name: string): Promise<void> {
  await page.getByRole("link", { name: `Edit ${name}` }).click();
  await valueField(page, name).waitFor();
}

for (const { way, javaScript } of ways) {
  describeInBrowser(`secrets, ${way}`, {}, (desk) => {
    test("one is added, changed from the list and from among all values, deleted and looked up again", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "shop");
      const list = desk.origin + secretsPath(id);
      await page.goto(secretsPath(id));
      await sees(page, "No secrets in prod yet");
      await addByForm(page, id, { PASSWORD: "hunter2" });
      await sees(page, "PASSWORD is saved.");
      expect(await rowOf(page, "PASSWORD").textContent()).toContain("by you");
      expect(await page.content()).not.toContain("hunter2");

      await openForm(page, "PASSWORD");
      expect(page.url()).toBe(javaScript ? list : `${list}/PASSWORD?edit=true`);
      expect(await shownValue(page, "PASSWORD")).toBe("hunter2");
      await valueField(page, "PASSWORD").fill("hunter3");
      await rowOf(page, "PASSWORD").getByLabel("Note").fill("ask Marta");
      await page.getByRole("button", { name: "Save PASSWORD" }).click();
      await sees(page, "PASSWORD is saved.");
      expect(page.url()).toBe(`${list}#secret-PASSWORD`);
      expect(await page.content()).not.toContain("hunter3");
      expect(await rowOf(page, "PASSWORD").textContent()).toContain("version 2");
      expect(await rowOf(page, "PASSWORD").textContent()).toContain("ask Marta");

      await page.getByRole("link", { name: "Decrypt all" }).click();
      expect(await shownValue(page, "PASSWORD")).toBe("hunter3");
      await openForm(page, "PASSWORD");
      expect(page.url()).toBe(`${list}?decrypt=true&edit=PASSWORD#secret-PASSWORD`);
      await valueField(page, "PASSWORD").fill("hunter4");
      await page.getByRole("button", { name: "Save PASSWORD" }).click();
      await sees(page, "PASSWORD is saved.");
      expect(page.url()).toBe(`${list}?decrypt=true#secret-PASSWORD`);
      expect(await shownValue(page, "PASSWORD")).toBe("hunter4");

      await page.getByRole("link", { name: "Hide values" }).click();
      await page.getByRole("link", { name: "Decrypt all" }).waitFor();
      expect(await page.content()).not.toContain("hunter4");
      await page.getByRole("button", { name: "Delete PASSWORD" }).click();
      await sees(page, "PASSWORD is deleted.");
      await sees(page, "No secrets in prod yet");
      await page.getByRole("link", { name: "Undo: restore one of its versions" }).click();
      await page.waitForURL(`${list}/PASSWORD/history`);

      await page.goto(secretsPath(id));
      await page.getByText("1 deleted secret").click();
      const deleted = page.locator("#deleted li");
      expect(await deleted.textContent()).toContain("by you");
      await deleted.getByRole("link", { name: "PASSWORD" }).click();
      await page.waitForURL(`${list}/PASSWORD/history`);
    });

    test("several are added at once, whatever is in them, and come through exactly", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "awkward");
      const secrets = Object.entries(awkward);
      await page.goto(secretsPath(id));
      if (!javaScript) await saveSecret(page, id, ...(secrets.pop() ?? ["", ""]));
      await typeRows(page, Object.fromEntries(secrets));
      await page.getByRole("button", { name: "Save secrets" }).click();
      await sees(page, `${secrets.length} secrets are saved.`);
      for (const [name, value] of Object.entries(foreignLineEnds)) await saveSecret(page, id, name, value);

      const all = Object.entries({ ...awkward, ...foreignLineEnds });
      await decrypt(page, id);
      for (const [name, value] of all) expect(await shownValue(page, name)).toBe(value);

      // Saved without a change, each stays what it was: from among all values, and from the list.
      for (const start of [`${secretsPath(id)}?decrypt=true`, secretsPath(id)]) {
        for (const name of ["MARKUP", "LEADING_NEWLINE", "CRLF", "MIXED"]) {
          await page.goto(start);
          await openForm(page, name);
          await page.getByRole("button", { name: `Save ${name}` }).click();
          await sees(page, "Nothing changed.");
        }
      }
      await decrypt(page, id);
      for (const [name, value] of all) expect(await shownValue(page, name)).toBe(value);
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
      await openForm(page, "LARGE");
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

      await decrypt(page, child);
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
      const rows = addRows(page);
      expect(await faultOf(rows.nth(1).getByLabel("Name"))).toContain("environment variable");
      expect(await rows.nth(0).getByLabel("Name").inputValue()).toBe("GOOD");
      expect(await rows.nth(0).locator("textarea").inputValue()).toBe("typed\nwith care");
      expect(await rows.nth(1).locator("textarea").inputValue()).toBe("meow");

      await rows.nth(1).getByLabel("Name").fill("LIVES");
      await page.getByRole("button", { name: "Save secrets" }).click();
      await sees(page, "2 secrets are saved.");

      // In the secret's own form, from the list and from among all values.
      for (const start of [secretsPath(id), `${secretsPath(id)}?decrypt=true`]) {
        await page.goto(start);
        await openForm(page, "LIVES");
        const value = valueField(page, "LIVES");
        await value.fill("${NOBODY}");
        await page.getByRole("button", { name: "Save LIVES" }).click();
        await page.locator("[aria-invalid]").waitFor();
        expect(await faultOf(value)).toContain("NOBODY");
        expect(await value.inputValue()).toBe("${NOBODY}");
        expect(await shownValue(page, "LIVES")).toBe("meow");
      }
    });

    test("rows that nobody asked for yet do not crowd the form", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "rows");
      await page.goto(secretsPath(id));
      const shown = addRows(page).filter({ visible: true });
      const more = page.getByRole("button", { name: "Add a row" });
      expect(await shown.count()).toBe(javaScript ? 1 : 3);
      expect(await more.isVisible()).toBe(javaScript);
      if (!javaScript) return;

      await shown.first().getByLabel("Name").fill("FIRST");
      for (const count of [2, 3, 4, 5]) {
        await more.click();
        expect(await shown.count()).toBe(count);
        expect(await page.locator(":focus").getAttribute("name")).toBe("name");
        expect(await page.locator(":focus").inputValue()).toBe("");
      }
      await page.getByRole("button", { name: "Generate for secret 5" }).click();
      const values = await shown
        .locator("textarea")
        .evaluateAll((all) => all.map((field) => (field as HTMLTextAreaElement).value.length));
      expect(values).toEqual([0, 0, 0, 0, 32]);
      await shown.last().getByLabel("Name").fill("FIFTH");
      await page.getByRole("button", { name: "Save secrets" }).click();
      await sees(page, "2 secrets are saved.");
    });

    test("what is searched for is found by name and note, never by value", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "library");
      await saveSecret(page, id, "SMTP_HOST", "mail.internal");
      await post(page, secretsPath(id), { name: "API_KEY", value: "smtp-in-the-value", note: "from Marta" });
      const field = page.getByLabel("Find a secret");
      const names = page.locator(".secret-name");
      const search = async (text: string) => {
        await field.fill(text);
        if (!javaScript) await page.getByRole("button", { name: "Find" }).click();
        await page.waitForURL((url) => url.searchParams.get("q") === text);
      };

      await page.goto(secretsPath(id));
      await search("smtp");
      expect(await names.allTextContents()).toEqual(["SMTP_HOST"]);
      if (javaScript) expect(await page.locator("#announcer").textContent()).toBe("1 secret found");
      await search("MARTA");
      expect(await names.allTextContents()).toEqual(["API_KEY"]);
      await search("nowhere");
      await sees(page, "No secret here matches “nowhere”");
      await page.getByRole("link", { name: "Show all of them" }).click();
      await page.waitForURL(desk.origin + secretsPath(id));
      expect(await names.allTextContents()).toEqual(["API_KEY", "SMTP_HOST"]);

      // Among all values by the button only, with those that are found.
      await decrypt(page, id);
      await field.fill("smtp");
      await page.getByRole("button", { name: "Find" }).click();
      await page.waitForURL((url) => url.search === "?decrypt=true&q=smtp");
      expect(await shownValue(page, "SMTP_HOST")).toBe("mail.internal");
      expect(await page.content()).not.toContain("smtp-in-the-value");
    });
  });
}
