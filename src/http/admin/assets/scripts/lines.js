// @ts-check
import { all, onArrival } from "./core.js";

/** Numbers of lines of a textarea (`data-line-of` its id) become buttons that select the line there. */

/** @param {HTMLTextAreaElement} field @param {number} line from 1 */
function selectLine(field, line) {
  const lines = field.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  field.focus();
  field.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  // To the middle of the field. Not every browser brings a selection into view by itself.
  field.scrollTop = (field.scrollHeight * (line - 0.5)) / lines.length - field.clientHeight / 2;
}

onArrival((root) => {
  for (const number of all("[data-line-of]", HTMLElement, root)) {
    const field = document.getElementById(number.dataset.lineOf ?? "");
    const line = Number(number.dataset.line);
    if (!(field instanceof HTMLTextAreaElement)) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "line-button";
    button.textContent = number.textContent;
    button.setAttribute("aria-label", `Go to line ${line}`);
    button.addEventListener("click", () => selectLine(field, line));
    number.replaceChildren(button);
  }
});
