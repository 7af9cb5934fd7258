// @ts-check
import { all, announce } from "./core.js";

/**
 * Forms whose answer takes a while show how far it is: `data-progress` is where to ask, `data-progress-text` what is
 * being done. The browser sends the form and waits for its answer by itself.
 */

/** How often to ask, in milliseconds, and how often to say it aloud, in percent. */
const askEvery = 400;
const sayEvery = 25;

/** @param {HTMLFormElement} form */
function showProgress(form) {
  const bar = document.createElement("progress");
  const text = document.createElement("p");
  text.textContent = form.dataset.progressText ?? "";
  bar.setAttribute("aria-label", text.textContent);
  form.querySelector("[data-progress-place]")?.append(bar, text);
  announce(text.textContent);
  return { bar, text };
}

/** @param {HTMLFormElement} form @param {string} url */
function follow(form, url) {
  const what = form.dataset.progressText ?? "";
  const { bar, text } = showProgress(form);
  let said = 0;
  setInterval(async () => {
    const response = await fetch(url).catch(() => undefined);
    if (response?.status !== 200 || response.redirected) return;
    const { done, total } = await response.json();
    bar.max = total;
    bar.value = done;
    const percent = Math.floor((100 * done) / total);
    text.textContent = `${what} ${percent} %`;
    if (percent < said + sayEvery) return;
    said = percent - (percent % sayEvery);
    announce(`${said} percent`);
  }, askEvery);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
  const { progress } = form.dataset;
  if (!progress) return;
  follow(form, progress);
  // Once it is sent: a second one would only stand in line behind the first.
  setTimeout(() => {
    for (const button of all("button[type=submit]", HTMLButtonElement, form)) button.disabled = true;
  });
});
