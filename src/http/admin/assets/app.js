// @ts-check

/**
 * Comfort for the admin pages. Everything works without it: it copies, counts down, asks before it
 * deletes, adds rows, and shows times in the reader's time zone. It sends nothing anywhere.
 */

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T[]}
 */
function all(selector, type) {
  return [...document.querySelectorAll(selector)].flatMap((element) =>
    element instanceof type ? [element] : [],
  );
}

/** Says something to a screen reader. @param {string} text */
function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = text;
}

/* Times */

const localTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const exactTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

for (const element of all("time", HTMLTimeElement)) {
  const date = new Date(element.dateTime);
  element.textContent = localTime.format(date);
  element.title = exactTime.format(date);
}

/* Countdowns */

/**
 * As `formatDuration` on the server.
 * @param {number} milliseconds
 */
function formatDuration(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// By the clock on the wall: a laptop that slept must not show a time that is long over.
const loadedAt = Date.now();
const countdowns = all("[data-countdown]", HTMLElement).map((element) => ({
  element,
  until: loadedAt + Number(element.dataset.countdown),
}));

function tick() {
  const now = Date.now();
  for (const countdown of countdowns.splice(0)) {
    if (countdown.until > now) {
      countdown.element.textContent = formatDuration(countdown.until - now);
      countdowns.push(countdown);
    } else {
      timeIsOver(countdown.element);
    }
  }
}

/** @param {HTMLElement} element */
function timeIsOver(element) {
  element.textContent = formatDuration(0);
  const { leaveTo } = element.dataset;
  if (leaveTo) location.replace(leaveTo);

  const seal = element.closest("[data-seal-state]");
  if (!seal) return;
  seal.classList.remove("good");
  document.documentElement.classList.add("has-sealed");
  if (seal.matches("li")) element.textContent = "sealed";
  else seal.textContent = "Sealed";
}

if (countdowns.length > 0) {
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
}

// A page that the browser had kept aside is out of date: sealed since, or with values that should have left.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

/* Copying */

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

/* Rows */

/** @param {HTMLButtonElement} button */
function onAddRow(button) {
  const rows = button.form?.querySelector("[data-rows]");
  const row = rows?.lastElementChild?.cloneNode(true);
  if (!rows || !(row instanceof HTMLElement)) return;

  row.querySelector(".field-error")?.remove();
  for (const control of row.querySelectorAll("input, textarea")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
    control.removeAttribute("autofocus");
    if (control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement) control.value = "";
  }
  const legend = row.querySelector("legend");
  if (legend) legend.textContent = `Secret ${rows.childElementCount + 1}`;

  rows.append(row);
  row.querySelector("input")?.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button?.matches("[data-copy]")) void onCopy(button);
  if (button?.matches("[data-add-row]")) onAddRow(button);
});

/* Asking first */

document.addEventListener("submit", (event) => {
  const question = event.target instanceof HTMLFormElement ? event.target.dataset.confirm : undefined;
  if (question !== undefined && !confirm(question)) event.preventDefault();
});
