// @ts-check
import { all, onArrival } from "./core.js";

/** Times that are left: they count down, and what they are about ends with them. */

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

/** By the clock on the wall: a laptop that slept must not show a time that is long over. */
const countdowns = /** @type {{ element: HTMLElement, until: number }[]} */ ([]);

onArrival((root) => {
  const now = Date.now();
  for (const element of all("[data-countdown]", HTMLElement, root)) {
    countdowns.push({ element, until: now + Number(element.dataset.countdown) });
  }
});

function tick() {
  const now = Date.now();
  for (const countdown of countdowns.splice(0)) {
    // What has left the page meanwhile does nothing any more.
    if (!countdown.element.isConnected) continue;
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
  if (element.dataset.keyLeft !== undefined) element.dataset.keyLeft = "over";
  const { leaveTo } = element.dataset;
  if (leaveTo) leave(element, leaveTo);

  const seal = element.closest("[data-seal-state]");
  if (!seal) return;
  seal.classList.remove("good");
  document.documentElement.classList.add("has-sealed");
  if (seal.matches("li")) element.textContent = "sealed";
  else seal.textContent = "Sealed";
}

/**
 * A value that came into the list by itself leaves it by itself; any other takes its page with it.
 * @param {HTMLElement} element @param {string} leaveTo
 */
function leave(element, leaveTo) {
  const hide = element.parentElement?.querySelector("a[data-hide]");
  const isInList = new URL(leaveTo, location.href).pathname === location.pathname;
  if (isInList && hide instanceof HTMLElement) hide.click();
  else location.replace(leaveTo);
}

setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);

// A page that the browser had kept aside is out of date: sealed since, or with values that should have left.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
