// @ts-check

/** Forms that cannot be taken back ask first. */

document.addEventListener("submit", (event) => {
  const question = event.target instanceof HTMLFormElement ? event.target.dataset.confirm : undefined;
  if (question !== undefined && !confirm(question)) event.preventDefault();
});
