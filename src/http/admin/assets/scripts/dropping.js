// @ts-check
import { announce } from "./core.js";

/**
 * Files that are dropped on a box, or chosen in it, and become the text of its textarea. A file is read
 * here and not sent; what is sent is the text, by the form.
 */

/** The text of a file; undefined where it is none. @param {File} file */
async function textOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  // What Windows writes when a command's output becomes a file.
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8";
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Why a file cannot be taken; undefined where it can. @param {File} file @param {number} maxBytes */
function fileFault(file, maxBytes) {
  if (file.size <= maxBytes) return undefined;
  return `${file.name} is larger than ${Math.floor(maxBytes / 1024).toLocaleString()} KiB, which is the most that can be imported at once.`;
}

/** Says what became of a file, where it can be seen and where it can be heard. @param {Element} box @param {string} text */
function tellOfFile(box, text) {
  const said = box.querySelector("[data-file-said]");
  if (said) said.textContent = text;
  announce(text);
}

/** @param {HTMLElement} box @param {FileList | null | undefined} files */
async function takeFile(box, files) {
  const [file] = files ?? [];
  const target = document.getElementById(box.dataset.drop ?? "");
  if (!file || !(target instanceof HTMLTextAreaElement)) return;
  if (files && files.length > 1) return tellOfFile(box, "One file at a time, please.");
  const fault = fileFault(file, Number(box.dataset.maxBytes));
  if (fault !== undefined) return tellOfFile(box, fault);
  const text = await textOf(file).catch(() => undefined);
  if (text === undefined) return tellOfFile(box, `${file.name} is not text in UTF-8, so it is left alone.`);
  target.value = text;
  target.dispatchEvent(new Event("input", { bubbles: true }));
  tellOfFile(box, `${file.name} is in the text now. Nothing is sent before you preview it.`);
}

/** The box that an event is about. @param {Event} event */
function boxOf(event) {
  const box = event.target instanceof Element ? event.target.closest("[data-drop]") : null;
  return box instanceof HTMLElement ? box : undefined;
}

/** Whether files are dragged, and not text, which the textarea takes by itself. @param {DragEvent} event */
function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

document.addEventListener("dragover", (event) => {
  if (!document.querySelector("[data-drop]") || !hasFiles(event)) return;
  // Everywhere on such a page: a file that misses the box would otherwise be opened in its place.
  event.preventDefault();
  const over = boxOf(event);
  for (const box of document.querySelectorAll("[data-drop]")) box.classList.toggle("is-over", box === over);
  if (event.dataTransfer) event.dataTransfer.dropEffect = over ? "copy" : "none";
});

document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) boxOf(event)?.classList.remove("is-over");
});

document.addEventListener("drop", (event) => {
  const box = boxOf(event);
  if (!document.querySelector("[data-drop]") || !hasFiles(event)) return;
  event.preventDefault();
  box?.classList.remove("is-over");
  if (box) void takeFile(box, event.dataTransfer?.files);
});

document.addEventListener("change", (event) => {
  const input = event.target;
  const box = boxOf(event);
  if (!box || !(input instanceof HTMLInputElement) || input.type !== "file") return;
  void takeFile(box, input.files).then(() => {
    // So that the same file can be chosen again when it has been mended.
    input.value = "";
  });
});
