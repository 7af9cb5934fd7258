import type { APIResponse, Locator, Page } from "playwright-core";

/** What an admin does on the pages, by what is written on them. Milliseconds never matter: each step waits for its page. */

/** Both ways to use the pages, as rows for `describe.each` and its like. */
export const ways = [
  { way: "with JavaScript", javaScript: true },
  { way: "without JavaScript", javaScript: false },
];

export const passphrase = "four plain words here";

/** Creates a root project by the form of the list. Ends on its page, under this passphrase. */
export async function createRootByForm(page: Page, name: string): Promise<number> {
  await page.goto("/");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Master key").fill(passphrase);
  await page.getByRole("button", { name: "Create root project" }).click();
  await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  return idOf(page);
}

/** Creates a child of the project whose page is open, by its form. Ends on the child's page. */
export async function createChildByForm(page: Page, name: string): Promise<number> {
  await page.getByText("New child project").click();
  await page.locator("#new-child").getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Create child project" }).click();
  await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  return idOf(page);
}

/** Posts a form in the page's session without showing the answer, which must be a page or a redirect. */
export async function post(page: Page, path: string, form: Record<string, string>): Promise<APIResponse> {
  const headers = { Origin: await originOf(page) };
  const answer = await page.request.post(path, { form, headers, maxRedirects: 0 });
  if (answer.status() !== 200 && answer.status() !== 303)
    throw new Error(`POST ${path} answered ${answer.status()}`);
  return answer;
}

/** The server's origin, also while the page is still empty. */
async function originOf(page: Page): Promise<string> {
  return new URL((await page.request.get("/livez")).url()).origin;
}

/** Creates a root project, unsealed in the page's session, without showing it. */
export async function createRoot(page: Page, name: string): Promise<{ id: number; masterKey: string }> {
  const html = await (await post(page, "/admin/projects", { name })).text();
  // The header links to what is unsealed already; the page itself is about the new one.
  const main = html.slice(html.indexOf("<main"));
  return {
    id: Number(/\/admin\/projects\/(\d+)"/.exec(main)?.[1]),
    masterKey: /id="master-key">([^<]+)</.exec(html)?.[1] ?? "",
  };
}

/** Creates a child project without showing it. */
export async function createChild(page: Page, name: string, parentId: number): Promise<number> {
  const answer = await post(page, "/admin/projects", { name, parentId: String(parentId) });
  return Number(/\/projects\/(\d+)$/.exec(answer.headers().location ?? "")?.[1]);
}

/** Saves a secret exactly as it is given, without showing it. */
export async function saveSecret(page: Page, projectId: number, name: string, value: string): Promise<void> {
  await post(page, secretsPath(projectId), { name, value });
}

/** The project whose page is open. */
function idOf(page: Page): number {
  return Number(/\/projects\/(\d+)/.exec(page.url())?.[1]);
}

export function secretsPath(projectId: number, environment = "prod"): string {
  return `/admin/projects/${projectId}/environments/${environment}/secrets`;
}

/** The row of a secret on the page of an environment. */
export function rowOf(page: Page, name: string): Locator {
  return page
    .getByRole("row")
    .filter({ has: page.locator(".secret-name", { hasText: new RegExp(`^${name}$`) }) });
}

/** Waits until this text is on the page, and the page is whole: what comes behind the text, too, and its script has run. */
export async function sees(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor();
  await page.waitForLoadState();
}

/** Shows a text that leaves the page by itself, again until it was seen: on a busy machine it may be gone before that. */
export async function glimpse(page: Page, text: string, show: () => Promise<unknown>): Promise<void> {
  const isSeen = () =>
    page
      .getByText(text)
      .first()
      .waitFor({ timeout: 5000 })
      .then(
        () => true,
        () => false,
      );
  do await show();
  while (!(await isSeen()));
}

/** The fault that stands beside a field, as a screen reader reads it out with the field. */
export async function faultOf(field: Locator): Promise<string> {
  const ids =
    (await field.and(field.page().locator("[aria-invalid]")).getAttribute("aria-describedby")) ?? "";
  const id = ids.split(" ").find((candidate) => candidate.includes("error"));
  return (await field.page().locator(`[id="${id}"]`).textContent()) ?? "";
}

export function clipboard(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}
