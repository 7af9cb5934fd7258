import type { Dice } from "./dice.ts";

/** What people and attackers type where something else is expected. */
const texts: readonly string[] = [
  "",
  " ",
  "\t\n",
  "0",
  "-1",
  "1e400",
  "9007199254740993",
  "99999999999999999999999999",
  "NaN",
  "null",
  "undefined",
  "true",
  "[object Object]",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "\0",
  "a\0b",
  "\ud800",
  "\udfff\ud800",
  "\ufeffBOM",
  "\u202Egnp.exe",
  "\u2028",
  "\x1b[2J\x1b]52;c;aGk=\x07",
  "é",
  "e\u0301",
  "ﬀ",
  "İ",
  "🙂".repeat(300),
  "<x-fuzz onload=alert(1)>'\"&amp;`</textarea><script>",
  "'; DROP TABLE secrets; --",
  "$" + "{A}",
  "$" + "{NOBODY}",
  "$$" + "{A}",
  "$" + "{",
  `$${"{A}".repeat(100)}`,
  "../../../../etc/passwd",
  "..%2f..%2f",
  "%00",
  "%c0%ae",
  "%",
  "=cmd|' /C calc'!A0",
  "a\r\nSet-Cookie: x=1",
  "A".repeat(255),
  "A".repeat(256),
  "x".repeat(1001),
  "x".repeat(100_000),
  "sfly_",
  "sfmk_",
  "*",
  '"*"',
  'W/"x"',
  "application/json",
];

/** Names that could be a secret's; few, so that requests meet each other. */
export const names: readonly string[] = ["A", "B", "DB_HOST", "DATABASE_URL", "_x", "LINES", "GONE"];

export function hostileText(dice: Dice): string {
  if (dice.once(3)) return dice.pick(texts);
  if (dice.once(2)) return dice.pick(texts) + dice.pick(texts).slice(0, 2000);
  return String.fromCharCode(...dice.times(dice.below(40), () => dice.below(dice.once(2) ? 128 : 65_536)));
}

/** Any JSON, deep at times. */
export function hostileJson(dice: Dice, depth = 0): unknown {
  switch (dice.below(depth > 4 ? 6 : 8)) {
    case 0:
      return null;
    case 1:
      return dice.once(2);
    case 2:
      return dice.pick([0, -0, -1, 1.5, 2 ** 53 + 1, 1e308, -1e-308]);
    case 3:
    case 4:
    case 5:
      return hostileText(dice);
    case 6:
      return dice.times(dice.below(4), () => hostileJson(dice, depth + 1));
    default:
      return Object.fromEntries(
        dice.times(dice.below(4), () => [
          dice.once(2) ? dice.pick(names) : hostileText(dice),
          hostileJson(dice, depth + 1),
        ]),
      );
  }
}

/** A text with something done to it that a careless hand or a bad line does. */
export function mutated(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1);
  switch (dice.below(6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + hostileText(dice).slice(0, 5) + text.slice(at);
    case 3:
      return text + text;
    case 4:
      return text.toUpperCase();
    default:
      return text.slice(0, at) + String.fromCharCode((text.charCodeAt(at) || 64) ^ 1) + text.slice(at + 1);
  }
}
