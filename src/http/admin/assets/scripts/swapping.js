// @ts-check
import { announce, arrived } from "./core.js";

/**
 * Parts of a page that change without leaving it. Without a script each of these is a link or a form that
 * loads the whole page; with it, the same page is fetched and only the part that was asked for is taken.
 *
 * - `<form data-live="results">` searches while it is typed in: the element with the id `results` is
 *   replaced by the one of the page that the form leads to.
 * - `<a data-swap="row-7">` replaces the element with the id `row-7`, by the one of the page that the link
 *   leads to, or of the page `data-swap-from`.
 */

/** How long to wait for the next letter, in milliseconds. */
const settle = 150;

/** How often something was asked for: an answer that is not the newest one is thrown away. */
const asked = /** @type {Map<string, number>} */ (new Map());

/**
 * Fetches a page and takes the element with this id out of it. undefined where somebody asked again since;
 * where the page has none (it may lead elsewhere: sealed, signed out) the browser goes there.
 * @param {string} url
 * @param {string} id
 */
export async function fetchPart(url, id) {
  const turn = (asked.get(id) ?? 0) + 1;
  asked.set(id, turn);
  const response = await fetch(url, { headers: { Accept: "text/html" } }).catch(() => undefined);
  const text = response?.ok && !response.redirected ? await response.text() : "";
  if (asked.get(id) !== turn) return undefined;
  const part = new DOMParser().parseFromString(text, "text/html").getElementById(id);
  if (!part) location.assign(url);
  return part ? document.adoptNode(part) : undefined;
}

/** @param {string} url @param {string} id */
async function swap(url, id) {
  const part = await fetchPart(url, id);
  if (!part) return undefined;
  document.getElementById(id)?.replaceWith(part);
  arrived(part);
  return part;
}

/** @param {HTMLFormElement} form @param {string} id */
async function search(form, id) {
  // Not `form.action`: a field may have that name.
  const url = new URL(form.getAttribute("action") ?? "", location.href);
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value !== "") url.searchParams.append(name, value);
  }
  const part = await swap(url.href, id);
  if (!part) return;
  history.replaceState(null, "", url);
  announce(part.dataset.announce ?? "");
}

const timers = /** @type {WeakMap<HTMLFormElement, ReturnType<typeof setTimeout>>} */ (new WeakMap());

/** @param {Event} event @param {number} delay */
function onLive(event, delay) {
  const form = event.target instanceof Element ? event.target.closest("form") : null;
  const id = form?.dataset.live;
  if (!form || !id) return;
  if (event.type === "submit") event.preventDefault();
  clearTimeout(timers.get(form));
  timers.set(
    form,
    setTimeout(() => void search(form, id), delay),
  );
}

document.addEventListener("input", (event) => onLive(event, settle));
document.addEventListener("submit", (event) => onLive(event, 0));

/** What stood where something was swapped in: it comes back at once, whatever the network does. */
const former = /** @type {WeakMap<Element, Element>} */ (new WeakMap());

/** @param {HTMLAnchorElement} link */
async function onSwap(link) {
  const id = link.dataset.swap ?? "";
  const current = document.getElementById(id);
  const before = current && former.get(current);
  if (link.dataset.hide !== undefined && before) {
    current.replaceWith(before);
    focusIn(before);
    return;
  }
  const part = await swap(link.dataset.swapFrom ?? link.href, id);
  if (!part || !current) return;
  former.set(part, before ?? current);
  focusIn(part);
}

/** Where the part begins for who works on it, or else the first thing to press. @param {Element} part */
function focusIn(part) {
  const start = ["[autofocus]", "[data-focus]", "a, button"].map((selector) => part.querySelector(selector));
  const focused = start.find((element) => element instanceof HTMLElement);
  if (focused instanceof HTMLElement) focused.focus();
}

document.addEventListener("click", (event) => {
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  const link = event.target instanceof Element ? event.target.closest("a[data-swap]") : null;
  if (!isPlain || !(link instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  void onSwap(link);
});
