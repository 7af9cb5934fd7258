import { afterAll, beforeAll, expect, test } from "bun:test";
import { apiDocsPath } from "../../src/http/admin/pages/paths.ts";
import { createTestApp } from "../harness.ts";
import { faultsOf, prepare } from "./checks.ts";
import { type Places, type Stop, stops, type Visitor, withoutPage } from "./every-page.ts";
import { type Desk, describeInBrowser } from "./harness.ts";
import { enter, fillTour, reach, tourSettings } from "./tour.ts";

/** Bytes on the wire that a page may take, as it is compressed. */
const heaviest = 50_000;
/** Pages that are walked through in one session, and such walks at the same time: each keeps a core busy. */
const together = 5;
const walks = 2;
/** Milliseconds for them on a machine that is busy with other things; alone they take a fiftieth. */
const walkTimeout = 300_000;

let places: Places;

/** Walks through some pages in one browser and looks at each. The harness looks at what they load and complain of. */
async function walk(desk: Desk, visitor: Visitor, some: readonly Stop[]): Promise<Record<string, string[]>> {
  const page = await desk.open();
  await prepare(page);
  await enter(page, visitor, places);
  const faults: Record<string, string[]> = {};
  for (const stop of some) {
    const answer = await reach(page, stop, places);
    const { responseBodySize } = await answer.request().sizes();
    const found = await faultsOf(page);
    if (responseBodySize > heaviest) found.push(`${responseBodySize} bytes`);
    if (found.length > 0) faults[stop.name] = found;
  }
  return faults;
}

function testVisitor(desk: Desk, visitor: Visitor): void {
  const theirs = stops.filter((stop) => (stop.visitor ?? "admin") === visitor);
  for (let i = 0; i < theirs.length; i += together * walks) {
    const some = theirs.slice(i, i + together * walks);
    const parts = [some.slice(0, together), some.slice(together)].filter(({ length }) => length > 0);
    test(
      `fit everybody: ${some.map(({ name }) => name).join(", ")}`,
      async () => {
        const faults = await Promise.all(parts.map((part) => walk(desk, visitor, part)));
        expect(Object.assign({}, ...faults)).toEqual({});
      },
      walkTimeout,
    );
  }
}

describeInBrowser(
  "the pages",
  tourSettings,
  (desk) => {
    testVisitor(desk, "stranger");
    testVisitor(desk, "admin");

    test("load one stylesheet and one script, which are kept for ever", async () => {
      const page = await desk.open();
      await page.goto("/admin/sign-in");
      const files = await page.evaluate(() => [
        ...new Set(performance.getEntriesByType("resource").map(({ name }) => name)),
      ]);
      expect(files.map((name) => name.replace(/.*\.(?=\w+$)/, "")).sort()).toEqual(["css", "js", "svg"]);
      for (const file of files) {
        const { "cache-control": caching } = (await page.request.get(file)).headers();
        expect(caching).toBe("public, max-age=31536000, immutable");
      }
    });
  },
  async (databaseUrl) => {
    places = await fillTour(databaseUrl);
  },
);

describeInBrowser("the pages of an empty server", {}, (desk) => testVisitor(desk, "newcomer"));

let app: Awaited<ReturnType<typeof createTestApp>>;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

test("every page of the app is among them, and none that is gone", () => {
  const routes = app.app.routes
    .filter(({ method, path }) => method === "GET" && (path.startsWith("/admin") || path === apiDocsPath))
    .map(({ path }) => `GET ${path}`);
  const walked = stops.map(({ route }) => route).filter((route) => route.startsWith("GET"));
  expect([...new Set([...walked, ...withoutPage])].sort()).toEqual([...new Set(routes)].sort());
});
