import type { Page, Response } from "playwright-core";
import { fillDemo } from "../../demo/fill.ts";
import { type Places, type Stop, stops, type Visitor } from "./every-page.ts";
import { launchChromium, startServer } from "./harness.ts";
import { post } from "./steps.ts";

/** The way through every page: who goes, how they get in, and what they see. */

const password = "the demo's admin";

/** The settings of the server that the tour's admin and strangers see. */
export const tourSettings = { ADMIN_PASSWORD: password, ADMIN_MASTER_KEY_EXPIRATION: "3600" };

/** Fills the database of a tour with the demo, and says where its things are. */
export async function fillTour(databaseUrl: string): Promise<Places> {
  const { projectId, masterKeys } = await fillDemo({ DATABASE_URL: databaseUrl }, Date.now());
  const id = (path: string) => projectId(`Fernhill Books${path}`);
  return {
    shop: id(""),
    api: id("/api"),
    billing: id("/api/billing"),
    search: id("/api/search"),
    web: id("/web"),
    newsletter: id("/web/newsletter"),
    office: projectId("Back office"),
    reports: projectId("Reports"),
    shopKey: masterKeys.get("Fernhill Books") ?? "",
    reportsKey: masterKeys.get("Reports") ?? "",
  };
}

/** Makes the page's browser the one of a visitor. Only an admin has anything to do for that. */
export async function enter(page: Page, visitor: Visitor, places: Places): Promise<void> {
  if (visitor !== "admin") return;
  await post(page, "/admin/sign-in", { password });
  await post(page, `/admin/projects/${places.shop}/unseal`, { masterKey: places.shopKey });
  await page.goto("/admin/projects"); // takes away what all this had to say
}

/** Goes to a page, does what has to be done there, and returns the answer that the page came in. */
export async function reach(page: Page, stop: Stop, places: Places): Promise<Response> {
  const answers: Response[] = [];
  const keep = (response: Response) => {
    if (response.request().isNavigationRequest()) answers.push(response);
  };
  page.on("response", keep);
  await page.goto(stop.path(places));
  await stop.act?.(page, places);
  // What is waited for there may stand above the rest.
  await page.waitForLoadState();
  page.off("response", keep);
  const last = answers.at(-1);
  if (!last) throw new Error(`no answer for ${stop.name}`);
  return last;
}

/**
 * Walks through every page with servers and a browser of its own, and shows each to `show` with the answer that
 * it came in.
 */
export async function walkThrough(
  show: (page: Page, stop: Stop, answer: Response) => Promise<void>,
): Promise<void> {
  let places: Places | undefined;
  const fill = async (databaseUrl: string) => {
    places = await fillTour(databaseUrl);
  };
  const [browser, server, emptyServer] = await Promise.all([
    launchChromium(),
    startServer(tourSettings, fill),
    startServer(),
  ]);
  try {
    if (!places) throw new Error("the demo is not there");
    for (const visitor of ["stranger", "admin", "newcomer"] as const) {
      const context = await browser.newContext({
        baseURL: visitor === "newcomer" ? emptyServer.url : server.url,
        viewport: { width: 1280, height: 900 },
        locale: "en-GB",
        timezoneId: "Europe/Vienna",
      });
      const page = await context.newPage();
      await enter(page, visitor, places);
      for (const stop of stops.filter((one) => (one.visitor ?? "admin") === visitor)) {
        await show(page, stop, await reach(page, stop, places));
      }
      await context.close();
    }
  } finally {
    await browser.close();
    await Promise.all([server.stop(), emptyServer.stop()]);
  }
}
