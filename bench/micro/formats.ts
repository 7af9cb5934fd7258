import { bench, group } from "mitata";
import { exportFormats, parseSecrets, printSecrets } from "../../src/formats/index.ts";
import { exampleSecrets } from "./samples.ts";

const printed = exportFormats.filter((format) => format !== "json");

/** How each way of writing secrets is written that can be imported. */
const imported = [
  { format: "env", print: (count: number) => printSecrets("env", exampleSecrets(count), "shop-prod").body },
  { format: "json", print: (count: number) => printSecrets("map", exampleSecrets(count), "shop-prod").body },
  { format: "yaml", print: (count: number) => printSecrets("yaml", exampleSecrets(count), "shop-prod").body },
] as const;

/** Registers what writes secrets for apps and people, and what reads those that are imported. */
export function registerFormats(): void {
  const secrets = exampleSecrets(50);
  group("print 50 secrets", () => {
    for (const format of printed) bench(`print ${format}`, () => printSecrets(format, secrets, "shop-prod"));
  });
  group("parse what is imported", () => {
    for (const { format, print } of imported) {
      for (const count of [50, 1000]) {
        const text = print(count);
        bench(`parse ${format}, ${count} secrets`, () => parseSecrets(text, format));
      }
    }
  });
}
