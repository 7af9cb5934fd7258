// @ts-check

/**
 * What the other parts of the script share. Everything on the pages works without a script; this one adds
 * comfort, and asks nobody but this server.
 */

/**
 * The elements that match, inside of `root`.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 * @param {ParentNode} [root]
 * @returns {T[]}
 */
export function all(selector, type, root = document) {
  return [...root.querySelectorAll(selector)].flatMap((element) =>
    element instanceof type ? [element] : [],
  );
}

/** Says something to a screen reader. @param {string} text */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = text;
}

/** What is done with every part of the page: with all of it now, and with what comes into it later. */
const arrivals = /** @type {((root: ParentNode) => void)[]} */ ([]);

/** @param {(root: ParentNode) => void} act */
export function onArrival(act) {
  arrivals.push(act);
  act(document);
}

/** Tells the other parts that `root` has come into the page. @param {ParentNode} root */
export function arrived(root) {
  for (const act of arrivals) act(root);
}
