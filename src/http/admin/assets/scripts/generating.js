// @ts-check
import { all, announce, onArrival } from "./core.js";

/** Random values for the forms of secrets, made in the browser by the rules of the server (vault/generate-value.ts). */

/**
 * Every character equally likely: a byte past the largest multiple of their number is drawn again.
 * @param {string} characters @param {number} length
 */
function drawn(characters, length) {
  const limit = 256 - (256 % characters.length);
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < limit && text.length < length) text += characters.charAt(byte % characters.length);
    }
  }
  return text;
}

/**
 * What is chosen in a form's options; undefined where the server has to say what is wrong with it.
 * @param {ParentNode | null | undefined} form
 */
function chosen(form) {
  const select = form?.querySelector("select[name=alphabet]");
  const field = form?.querySelector("input[name=length]");
  if (!(select instanceof HTMLSelectElement) || !(field instanceof HTMLInputElement)) return undefined;
  const characters = select.selectedOptions[0]?.dataset.characters ?? "";
  const length = /^\d+$/.test(field.value.trim()) ? Number(field.value) : 0;
  const isPossible = characters !== "" && length >= 1 && length <= Number(field.dataset.maxLength);
  return isPossible ? { characters, length } : undefined;
}

/** @param {{ characters: string, length: number }} choice */
function bitsOf({ characters, length }) {
  return Math.floor(length * Math.log2(characters.length));
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[name=generate]") : null;
  if (!(button instanceof HTMLButtonElement)) return;
  const choice = chosen(button.form);
  const value = button.closest(".value-field")?.querySelector("textarea");
  if (!choice || !value) return;
  event.preventDefault();
  value.value = drawn(choice.characters, choice.length);
  value.focus();
  announce(`Generated a value of ${bitsOf(choice)} bits. It is not saved yet.`);
});

/** @param {HTMLElement} options */
function tellBits(options) {
  const choice = chosen(options);
  const told = options.querySelector("[data-bits]");
  if (told) told.textContent = choice ? ` These are ${bitsOf(choice)} bits.` : "";
}

onArrival((root) => {
  for (const options of all("[data-generator]", HTMLElement, root)) tellBits(options);
});
document.addEventListener("input", (event) => {
  const options = event.target instanceof Element ? event.target.closest("[data-generator]") : null;
  if (options instanceof HTMLElement) tellBits(options);
});
