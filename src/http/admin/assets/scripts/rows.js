// @ts-check

/** Forms that save several things at once get as many rows as are wanted. */

/** @param {HTMLButtonElement} button */
function onAddRow(button) {
  const rows = button.form?.querySelector("[data-rows]");
  // Rows that are there for those without a script, and hidden until they are wanted.
  const spare = rows?.querySelector(".spare");
  if (spare) {
    spare.classList.remove("spare");
    spare.querySelector("input")?.focus();
    return;
  }
  const row = rows?.lastElementChild?.cloneNode(true);
  if (!rows || !(row instanceof HTMLElement)) return;

  row.querySelector(".field-error")?.remove();
  for (const control of row.querySelectorAll("input, textarea")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
    control.removeAttribute("autofocus");
    if (control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement) control.value = "";
  }
  const generate = row.querySelector("button[name=generate]");
  if (generate instanceof HTMLButtonElement) {
    generate.value = String(rows.childElementCount);
    generate.setAttribute("aria-label", `Generate for secret ${rows.childElementCount + 1}`);
  }
  const legend = row.querySelector("legend");
  if (legend) legend.textContent = `Secret ${rows.childElementCount + 1}`;

  rows.append(row);
  row.querySelector("input")?.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button?.matches("[data-add-row]")) onAddRow(button);
});
