/**
 * About how wide a text is drawn in the fonts that systems have, in the unit of `size`; a little too wide rather than
 * too narrow. The machine that draws the plot has no font to ask.
 */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const character of text) {
    if (/[ijltfrI.,:;'|!()[\]/ ]/.test(character)) width += 0.36;
    else if (/[A-ZmwMW%…≥≤]/.test(character)) width += 0.78;
    else width += 0.6;
  }
  return width * size;
}

/** A text in lines that are no wider than told, broken between words. A word that is wider is cut short with `…`. */
export function wrap(text: string, size: number, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(`${last} ${word}`, size) <= width)
      lines.splice(-1, 1, `${last} ${word}`);
    else lines.push(shorten(word, size, width));
  }
  return lines;
}

/** As much of a text as there is room for, with `…` where something is missing. */
export function shorten(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(`${characters.join("")}…`, size) > width) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}
