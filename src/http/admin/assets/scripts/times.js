// @ts-check
import { all, onArrival } from "./core.js";

/** Times in the reader's time zone, with the exact time on hover. */

const localTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const exactTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

onArrival((root) => {
  for (const element of all("time", HTMLTimeElement, root)) {
    const date = new Date(element.dateTime);
    element.textContent = localTime.format(date);
    element.title = exactTime.format(date);
  }
});
