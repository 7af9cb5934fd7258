import axe from "axe-core";
import type { Page } from "playwright-core";

/** What must hold of every page, whatever it shows. Each check returns what it found wrong, in words. */

/** How a page is looked at: at a desk or on a telephone, by day or by night. */
export const looks = [
  { name: "1280-light", width: 1280, dark: false },
  { name: "1280-dark", width: 1280, dark: true },
  { name: "390-light", width: 390, dark: false },
  { name: "390-dark", width: 390, dark: true },
] as const;

/** Lays out the open page anew, without loading it again. */
export async function lookAt(page: Page, { width, dark }: (typeof looks)[number]): Promise<void> {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" });
}

/** Opens what the page keeps folded: it is a part of the page, too. */
export async function unfold(page: Page): Promise<void> {
  await page.locator("details").evaluateAll((all) => {
    for (const details of all) details.setAttribute("open", "");
  });
}

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Rows of a list that are looked at in every look. They are made alike: the others are seen in one. */
const rowsOfEach = 10;

/** Prepares a page for `faultsOf`, before it goes anywhere: sent to each page anew, axe would cost as much as it finds. */
export async function prepare(page: Page): Promise<void> {
  await page.addInitScript({ content: axe.source });
}

/** All that is wrong with an open page, which was prepared. Leaves it unfolded. */
export async function faultsOf(page: Page): Promise<string[]> {
  const faults = [...(await frameFaults(page)), ...(await keyboardFaults(page))];
  await unfold(page);
  for (const look of looks) {
    await lookAt(page, look);
    // Colours differ with the light, what there is with the width: each is seen in every state it has.
    const found = await axeFaults(page, {
      isWhole: look === looks[0],
      runOnly: look.dark === look.width > 400 ? contrast : everything,
    });
    faults.push(...[...found, ...(await overflow(page))].map((fault) => `${look.name}: ${fault}`));
  }
  return faults;
}

/** A language, a title, one heading of the first order, and everything else from files that never change. */
async function frameFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const all = (selector: string) => [...document.querySelectorAll(selector)];
    const faults: string[] = [];
    if (document.documentElement.lang !== "en") faults.push("no language");
    if (!/^.+ · secretsfly$/.test(document.title)) faults.push(`the title is ${document.title}`);
    const headings = all("h1");
    if (headings.length !== 1) faults.push(`${headings.length} headings of the first order`);
    const styles = all("link[rel=stylesheet], style");
    const scripts = all("script");
    if (styles.length > 1) faults.push(`${styles.length} stylesheets`);
    if (scripts.length > 1) faults.push(`${scripts.length} scripts`);
    for (const element of [...styles, ...scripts]) {
      const address = element.getAttribute("href") ?? element.getAttribute("src") ?? "";
      if (!/^\/assets\/[a-z]+-[0-9a-f]{12}\.(css|js)$/.test(address))
        faults.push(`${element.outerHTML.slice(0, 80)} has no hash`);
    }
    return faults;
  });
}

/** The first Tab reaches the link that skips the header, and whatever the keyboard reaches shows it. */
async function keyboardFaults(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    // From the beginning, also where a form was refused and its field has the focus.
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  });
  await page.keyboard.press("Tab");
  const faults = await page.evaluate(() => {
    const first = document.activeElement;
    return first?.matches(".skip") ? [] : [`the first Tab reaches ${first?.outerHTML.slice(0, 80)}`];
  });
  // What a script moves the focus to after a key was pressed shows it as if the key had done it.
  const unseen = await page.evaluate(() => {
    const reached = [
      ...document.querySelectorAll<HTMLElement>(
        "a[href], button, input:not([type=hidden]), select, textarea, summary",
      ),
    ];
    return reached
      .filter((element) => element.checkVisibility({ visibilityProperty: true }))
      .filter((element) => !element.matches(":disabled"))
      .filter((element) => {
        element.focus();
        if (document.activeElement !== element) return true;
        // A field that is drawn as its label shows its focus there.
        const drawn = (element.matches(".visually-hidden") && element.closest("label")) || element;
        const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
        return outlineStyle === "none" || Number.parseFloat(outlineWidth) < 2;
      })
      .map((element) => `the focus is not seen on ${element.outerHTML.slice(0, 120)}`);
  });
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  return [...faults, ...unseen];
}

const everything: axe.RunOnly = { type: "tag", values: tags };
const contrast: axe.RunOnly = { type: "rule", values: ["color-contrast"] };

interface AxeRun {
  /** Whether all rows of its lists are looked at. */
  isWhole: boolean;
  runOnly: axe.RunOnly;
}

async function axeFaults(page: Page, { isWhole, runOnly }: AxeRun): Promise<string[]> {
  const later = `:is(tbody > tr, ul > li):nth-child(n + ${rowsOfEach + 1})`;
  const results = await page.evaluate(
    ({ exclude, options }) => (window as unknown as { axe: typeof axe }).axe.run({ exclude }, options),
    {
      exclude: isWhole ? [] : [later],
      // Preloading would ask for the stylesheet again.
      options: { runOnly, resultTypes: ["violations"], preload: false } satisfies axe.RunOptions,
    },
  );
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`),
  );
}

/** What makes the page scroll sideways, or a table on it, as tag and text. */
export async function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const all = [...document.querySelectorAll("body *")];
    const told = (fault: string) => (element: Element) =>
      `${fault}: ${element.tagName} ${element.textContent?.trim().slice(0, 40)}`;
    // A table that is cut off hides its last column, although the page itself fits.
    const cut = all.filter((box) => box.matches(".table-box") && box.scrollWidth > box.clientWidth);
    const wide = all.filter((element) => element.getBoundingClientRect().right > clientWidth + 0.5);
    return [...cut.map(told("cut off")), ...(scrollWidth > clientWidth ? wide.map(told("too wide")) : [])];
  });
}
