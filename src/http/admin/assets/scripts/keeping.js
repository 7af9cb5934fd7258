// @ts-check

/**
 * A form that needs a key whose time is over would be refused, and what was typed in it lost. It is kept here
 * instead until the project is unsealed again, in another tab.
 */

/** Whether the server would take the form now. @param {HTMLFormElement} form */
async function isUnsealed(form) {
  const response = await fetch(form.getAttribute("action") ?? "").catch(() => undefined);
  return response?.ok === true && !response.redirected;
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
async function sendOrKeep(form, submitter) {
  if (await isUnsealed(form)) {
    form.dataset.needsKey = "held";
    form.requestSubmit(submitter);
    return;
  }
  const message = form.querySelector("[data-key-over]");
  if (message instanceof HTMLElement) message.hidden = false;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.needsKey !== "") return;
  if (!document.querySelector('[data-key-left="over"]')) return;
  event.preventDefault();
  void sendOrKeep(form, event.submitter);
});
