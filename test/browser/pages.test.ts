import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { type Company, fillCompany } from "./company.ts";
import { describeInBrowser } from "./harness.ts";
import { post, secretsPath, ways } from "./steps.ts";

/** Words that do not break where a person would break them. */
const long = "a_name_that_somebody_generated_and_nobody_ever_meant_to_read_aloud_0123456789";

/** Every page of the company, by what is on it. */
function pagesOf({ api, billing, backOffice }: Company): Record<string, string> {
  return {
    projects: "/admin/projects",
    project: `/admin/projects/${api}`,
    "sealed project": `/admin/projects/${backOffice}`,
    names: secretsPath(api),
    values: `${secretsPath(api)}?decrypt=true`,
    "no secrets": secretsPath(billing, "dev"),
    "service tokens": `/admin/projects/${api}/service-tokens`,
    "no service tokens, sealed": `/admin/projects/${backOffice}/service-tokens`,
    "not found": "/admin/nowhere",
  };
}

/** What reaches over the right edge, as tag and text. */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > clientWidth)
      .map((element) => `${element.tagName} ${element.textContent?.trim().slice(0, 40)}`);
  });
}

for (const { way, javaScript } of ways) {
  describeInBrowser(`every page, ${way}`, {}, (desk) => {
    // The harness looks at what each page loads, sends and complains of.
    test("fits a telephone with every form open, and keeps to its own origin and policy", async () => {
      const page = await desk.open({ javaScript, width: 390, dark: !javaScript });
      const company = await fillCompany(page);
      await post(page, secretsPath(company.api), { name: long, value: long.repeat(4), note: long });
      await post(page, "/admin/projects", {
        name: long,
        description: long.repeat(2),
        parentId: String(company.api),
      });
      for (const [name, path] of Object.entries(pagesOf(company))) {
        await page.goto(path);
        await page.locator("details").evaluateAll((all) => {
          for (const details of all) details.setAttribute("open", "");
        });
        expect({ [name]: await overflowing(page) }).toEqual({ [name]: [] });
      }
    });
  });
}
