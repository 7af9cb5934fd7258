// @ts-check
import { all, onArrival } from "./core.js";

/**
 * Forms that do something with what is ticked in them: `<form data-ticking>`. Its links `data-tick="all"` and
 * `data-tick="none"` load the page so without a script; its button counts what is ticked: `data-counts="to prod"`.
 */

/** What was ticked: a search replaces the list, and what comes back in it is still ticked. */
const tickedBoxes = /** @type {Set<string>} */ (new Set());

/** @param {HTMLFormElement} form */
function boxesOf(form) {
  return all("input[type=checkbox]", HTMLInputElement, form);
}

/** @param {HTMLInputElement} box */
function keyOf(box) {
  return `${box.form?.action} ${box.value}`;
}

/** @param {HTMLFormElement} form */
function countTicked(form) {
  const ticked = boxesOf(form).filter((box) => box.checked).length;
  const button = form.querySelector("[data-counts]");
  if (!(button instanceof HTMLButtonElement)) return;
  button.dataset.plain ??= button.textContent ?? "";
  const what = `${ticked} secret${ticked === 1 ? "" : "s"}`;
  button.textContent = ticked === 0 ? button.dataset.plain : `Copy ${what} ${button.dataset.counts}`;
}

/** @param {HTMLInputElement} box */
function rememberTick(box) {
  if (box.checked) tickedBoxes.add(keyOf(box));
  else tickedBoxes.delete(keyOf(box));
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-tick]") : null;
  const form = link?.closest("form");
  if (!(link instanceof HTMLElement) || !form) return;
  event.preventDefault();
  for (const box of boxesOf(form)) {
    box.checked = link.dataset.tick === "all";
    rememberTick(box);
  }
  countTicked(form);
});

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.form?.matches("[data-ticking]")) return;
  rememberTick(box);
  countTicked(box.form);
});

onArrival((root) => {
  for (const form of all("form[data-ticking]", HTMLFormElement, root)) {
    for (const box of boxesOf(form)) {
      if (tickedBoxes.has(keyOf(box))) box.checked = true;
      rememberTick(box);
    }
    countTicked(form);
  }
});
