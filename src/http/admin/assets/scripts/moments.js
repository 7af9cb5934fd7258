// @ts-check
import { all, onArrival } from "./core.js";

/** Fields for a moment: the page has it in UTC, the reader types it by the clock on the wall, and UTC is sent. */

/** @param {string} utc as a `datetime-local` field has it */
function inReadersZone(utc) {
  const at = new Date(`${utc}Z`);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

onArrival((root) => {
  for (const field of all("input[data-utc]", HTMLInputElement, root)) {
    if (field.value) field.value = inReadersZone(field.value);
    const zone = field.form?.querySelector("[data-zone]");
    if (zone) zone.textContent = `your time zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  }
});

document.addEventListener("formdata", (event) => {
  if (!(event.target instanceof HTMLFormElement)) return;
  for (const field of all("input[data-utc]", HTMLInputElement, event.target)) {
    if (field.value) event.formData.set(field.name, new Date(field.value).toISOString());
  }
});
