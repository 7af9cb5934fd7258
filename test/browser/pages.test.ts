import { expect, test } from "bun:test";
import { overflow, unfold } from "./checks.ts";
import { type Places, stops } from "./every-page.ts";
import { describeInBrowser } from "./harness.ts";
import { createChild, post, secretsPath, ways } from "./steps.ts";
import { enter, fillTour, reach, tourSettings } from "./tour.ts";

/** Words that do not break where a person would break them. */
const long = "a_name_that_somebody_generated_and_nobody_ever_meant_to_read_aloud_0123456789";

for (const { way, javaScript } of ways) {
  let places: Places;
  describeInBrowser(
    `every page, ${way}`,
    tourSettings,
    (desk) => {
      // The harness looks at what each page loads, sends and complains of.
      test("fits a telephone with every form open and words that nobody breaks, and keeps to its own origin and policy", async () => {
        const page = await desk.open({ javaScript, width: 390, dark: !javaScript });
        await enter(page, "admin", places);
        const { api, web } = places;
        for (const value of [long.repeat(4), long.repeat(3)])
          await post(page, secretsPath(api), { name: long, value, note: long });
        await createChild(page, long, api);
        await post(page, `/admin/projects/${web}/service-tokens`, {
          name: long,
          environment: "prod",
          rights: "read",
        });
        const faults: Record<string, string[]> = {};
        for (const stop of stops.filter(({ visitor = "admin" }) => visitor === "admin")) {
          await reach(page, stop, places);
          await unfold(page);
          const found = await overflow(page);
          if (found.length > 0) faults[stop.name] = found;
        }
        expect(faults).toEqual({});
      });
    },
    async (databaseUrl) => {
      places = await fillTour(databaseUrl);
    },
  );
}
