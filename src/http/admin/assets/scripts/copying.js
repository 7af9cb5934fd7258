// @ts-check
import { announce } from "./core.js";
import { fetchPart } from "./swapping.js";

/**
 * Buttons that copy: `data-copy` the text of the element before them, `data-copy-from` a value that is fetched
 * from the page of its secret and not shown.
 */

/** @param {Element} source */
async function copy(source) {
  // Absent where the page did not come over HTTPS or from this machine.
  if (navigator.clipboard) return navigator.clipboard.writeText(source.textContent ?? "");
  getSelection()?.selectAllChildren(source);
  if (!document.execCommand("copy")) throw new Error("the browser refused");
}

/** @param {HTMLButtonElement} button */
async function onCopy(button) {
  const source = button.previousElementSibling;
  if (!source) return;
  const copied = await copy(source).then(
    () => true,
    () => false,
  );
  button.textContent = copied ? "Copied" : "Select it";
  if (!copied) getSelection()?.selectAllChildren(source);
  announce(copied ? "Copied" : "Could not copy. The text is selected: copy it with the keyboard.");
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
}

/** The value that a secret's page shows. @param {string} url @param {string} id */
async function fetchValue(url, id) {
  const value = (await fetchPart(url, id))?.querySelector(".copyable .value")?.textContent;
  if (value === null || value === undefined) throw new Error("there is no value");
  return new Blob([value], { type: "text/plain" });
}

/** The promise is handed over, not the value: browsers let a page copy only while it answers a click. @param {HTMLButtonElement} button */
async function onCopyFrom(button) {
  const value = fetchValue(button.dataset.copyFrom ?? "", button.closest("tr")?.id ?? "");
  const copied = await Promise.resolve()
    .then(() => navigator.clipboard.write([new ClipboardItem({ "text/plain": value })]))
    .then(
      () => true,
      () => false,
    );
  button.textContent = copied ? "Copied" : "Reveal it";
  announce(copied ? "Copied" : "Could not copy. Reveal the value and copy it from there.");
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button?.matches("[data-copy]")) void onCopy(button);
  if (button?.matches("[data-copy-from]")) void onCopyFrom(button);
});
