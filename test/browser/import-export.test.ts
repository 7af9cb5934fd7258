import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { exportPath, importPath } from "../../src/http/admin/pages/paths.ts";
import { describeInBrowser } from "./harness.ts";
import { createChild, createRoot, faultOf, rowOf, saveSecret, secretsPath, sees, ways } from "./steps.ts";

const file = `# of the old server
HOST=db.example
CERTIFICATE="-----BEGIN-----
q3Nf8s6L
-----END-----
"
PASSWORD='it is "new" # really'
SHARED=same for all
`;

/** The text of the form that is to be imported. */
const textField = (page: Page) => page.getByLabel("Names and values");

/** Writes the text to the form at once, as a paste, and previews it. */
async function paste(page: Page, text: string): Promise<void> {
  await textField(page).fill(text);
  await page.getByRole("button", { name: /^Preview/ }).click();
  await page.getByRole("heading", { name: "Preview" }).waitFor();
}

/** What the preview says of a name. */
async function outcomeOf(page: Page, name: string): Promise<string> {
  return (await rowOf(page, name).getByRole("cell").first().textContent()) ?? "";
}

async function shown(page: Page, name: string): Promise<string | null> {
  return rowOf(page, name).locator("pre.value").first().textContent();
}

/** A root with a child, whose page of the import is open. */
async function openImport(page: Page, name: string): Promise<number> {
  const { id } = await createRoot(page, name);
  await saveSecret(page, id, "SHARED", "same for all");
  const child = await createChild(page, "api", id);
  await saveSecret(page, child, "PASSWORD", "old");
  await saveSecret(page, child, "HOST", "db.example");
  await page.goto(importPath(child, "prod"));
  return child;
}

for (const { way, javaScript } of ways) {
  describeInBrowser(`import and export, ${way}`, {}, (desk) => {
    test("a file is pasted, mended, previewed and imported, all of it or nothing", async () => {
      const page = await desk.open({ javaScript });
      const id = await openImport(page, "shop");
      await paste(page, `${file}BROKEN='open\nURL=http://\${NOWHERE}/\n`);
      await sees(page, "Nothing can be imported yet");
      const wrong = page.getByRole("table").filter({ hasText: "What is wrong" });
      expect(await wrong.getByRole("row").allTextContents()).toEqual([
        "LineNameWhat is wrong",
        "9BROKENIts quote (') is not closed.",
        "10URLURL refers to ${NOWHERE}, which is not a secret here.",
      ]);
      expect(await page.getByRole("button", { name: /^Import/ }).count()).toBe(0);
      expect(await textField(page).inputValue()).toBe(`${file}BROKEN='open\nURL=http://\${NOWHERE}/\n`);

      await paste(page, file);
      expect(await outcomeOf(page, "CERTIFICATE")).toBe("New");
      expect(await outcomeOf(page, "PASSWORD")).toBe("Changed");
      expect(await outcomeOf(page, "HOST")).toBe("Unchanged");
      expect(await outcomeOf(page, "SHARED")).toContain("it stays inherited");
      await page.getByRole("button", { name: "Import 2 secrets" }).click();
      await sees(page, "Imported: 1 new, 1 changed, 2 unchanged.");
      expect(new URL(page.url()).pathname).toBe(secretsPath(id));

      await page.goto(`${secretsPath(id)}?decrypt=true`);
      expect(await shown(page, "CERTIFICATE")).toBe("-----BEGIN-----\nq3Nf8s6L\n-----END-----\n");
      expect(await shown(page, "PASSWORD")).toBe('it is "new" # really');
    });

    test("what is changed after its preview is previewed again before it is imported", async () => {
      const page = await desk.open({ javaScript });
      await openImport(page, "late change");
      await paste(page, "A=1");
      await textField(page).fill("A=2\nB=3");
      await page.getByRole("button", { name: "Import 1 secret" }).click();
      await sees(page, "the text was changed after its preview");
      await page.getByRole("button", { name: "Import 2 secrets" }).click();
      await sees(page, "Imported: 2 new.");
    });

    test("a text of spaces is told beside the field", async () => {
      const page = await desk.open({ javaScript });
      await openImport(page, "spaces");
      await textField(page).fill("  ");
      await page.getByRole("button", { name: "Preview" }).click();
      await sees(page, "Paste what is to be imported.");
      expect(await faultOf(textField(page))).toBe("Paste what is to be imported.");
    });

    test("an export is a file, which is imported elsewhere as it is", async () => {
      const page = await desk.open({ javaScript });
      const id = await openImport(page, "source");
      await saveSecret(page, id, "URL", "http://${HOST}/$${x}");
      await page.goto(exportPath(id, "prod"));
      await sees(page, "4 secrets, in the format of your choice");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "Download as .env" }).click(),
      ]);
      expect(download.suggestedFilename()).toBe("api-prod.env");
      const text = readFileSync(await download.path(), "utf8");
      expect(text).toContain("URL='http://db.example/${x}'\n");

      await page.goto(importPath(id, "staging"));
      await page.getByLabel("to the letter").check();
      await paste(page, text);
      await page.getByRole("button", { name: "Import 4 secrets" }).click();
      await sees(page, "Imported: 4 new.");
      await page.goto(`${secretsPath(id, "staging")}?decrypt=true`);
      expect(await shown(page, "URL")).toBe("http://db.example/$${x}");
    });

    test("an export that a format cannot hold comes back to the choice", async () => {
      const page = await desk.open({ javaScript });
      const { id } = await createRoot(page, "lines");
      await saveSecret(page, id, "CERTIFICATE", "one\ntwo");
      await page.goto(exportPath(id, "prod"));
      await page.getByRole("link", { name: "Download as Docker env file" }).click();
      await sees(page, "CERTIFICATE: a Docker env file cannot hold a line break.");
    });
  });
}

describeInBrowser("a line of an import", {}, (desk) => {
  test("is selected in the text by its number", async () => {
    const page = await desk.open();
    await openImport(page, "lines of it");
    const lines = Array.from({ length: 200 }, (_, i) => `N${i}=${i}`);
    lines[149] = "what is this";
    lines[0] = "and this";
    await paste(page, lines.join("\n"));
    for (const [number, text] of [
      [150, "what is this"],
      [1, "and this"],
      [2, "N1=1"],
    ] as const) {
      await page.getByRole("button", { name: `Go to line ${number}`, exact: true }).click();
      expect(await page.evaluate(() => getSelection()?.toString())).toBe(text);
      const scrolled = await textField(page).evaluate((field) => field.scrollTop);
      expect(scrolled > 1000).toBe(number === 150);
    }
  });
});

describeInBrowser("files for an import", { MAX_SECRET_BYTES: "1000" }, (desk) => {
  const folder = mkdtempSync(join(tmpdir(), "secretsfly-files-"));

  function fileOf(name: string, content: string | Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** Drops files on the middle of an element, as a browser tells a page of it. */
  async function drop(page: Page, selector: string, files: Record<string, string>): Promise<void> {
    const data = await page.evaluateHandle((contents) => {
      const transfer = new DataTransfer();
      for (const [name, text] of Object.entries(contents)) transfer.items.add(new File([text], name));
      return transfer;
    }, files);
    for (const type of ["dragover", "drop"]) await page.dispatchEvent(selector, type, { dataTransfer: data });
  }

  test("one is dropped into the text, and nothing is sent before it is previewed", async () => {
    const page = await desk.open();
    await openImport(page, "dropped");
    const sent: (string | null)[] = [];
    page.on("request", (request) => {
      if (request.method() !== "GET") sent.push(request.postData());
    });
    await drop(page, "#import-text", { "shop.env": "A=1\r\nB='é'\r\n" });
    await sees(page, "shop.env is in the text now.");
    expect(await textField(page).inputValue()).toBe("A=1\nB='é'\n");
    expect(sent).toEqual([]);
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByRole("button", { name: "Import 2 secrets" }).click();
    await sees(page, "Imported: 2 new.");
  });

  test("one that misses the box does not replace the page", async () => {
    const page = await desk.open();
    await openImport(page, "missed");
    await drop(page, "h1", { "shop.env": "A=1" });
    expect(await textField(page).inputValue()).toBe("");
  });

  test("one is chosen, with the keyboard too, and again after it was mended", async () => {
    const page = await desk.open();
    await openImport(page, "chosen");
    const input = page.locator("input[type=file]");
    await input.setInputFiles(fileOf("values.yaml", "A: 1\n"));
    await sees(page, "values.yaml is in the text now.");
    await input.setInputFiles(fileOf("values.yaml", "A: 2\n"));
    await page.waitForFunction(() => document.querySelector("textarea")?.value === "A: 2\n");
    await textField(page).focus();
    await page.keyboard.press("Tab");
    expect(await input.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test("what Windows calls Unicode is read, too", async () => {
    const page = await desk.open();
    await openImport(page, "windows");
    const text = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("A=é\r\n", "utf16le")]);
    await page.locator("input[type=file]").setInputFiles(fileOf("windows.env", text));
    await sees(page, "windows.env is in the text now.");
    expect(await textField(page).inputValue()).toBe("A=é\n");
  });

  test("one that is too large, no text, or not alone is left alone, and that is said", async () => {
    const page = await desk.open();
    await openImport(page, "refused");
    await textField(page).fill("A=typed");
    const input = page.locator("input[type=file]");
    await input.setInputFiles(fileOf("large.env", "x".repeat(12_001)));
    await sees(page, "large.env is larger than 11 KiB");
    expect(await page.locator("#announcer").textContent()).toContain("large.env is larger");
    await input.setInputFiles(fileOf("picture.png", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0])));
    await sees(page, "picture.png is not text in UTF-8");
    await input.setInputFiles(fileOf("zeros.bin", "A\0B"));
    await sees(page, "zeros.bin is not text in UTF-8");
    await drop(page, "#import-text", { "a.env": "A=1", "b.env": "B=1" });
    await sees(page, "One file at a time, please.");
    expect(await textField(page).inputValue()).toBe("A=typed");
  });
});
