import type { Bytes } from "../../src/cryptography/bytes.ts";

/** A text or bytes that were changed, and how. */
interface Mutation<T> {
  how: string;
  changed: T;
}

/** Every bit of some bytes turned, each way to cut them, and what can be put before, behind and between: never the same. */
export function* mutationsOf(bytes: Bytes): Generator<Mutation<Bytes>> {
  const same = bytes.toHex();
  for (const mutation of everyMutationOf(bytes)) if (mutation.changed.toHex() !== same) yield mutation;
}

function* everyMutationOf(bytes: Bytes): Generator<Mutation<Bytes>> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const at = bit >> 3;
    yield { how: `bit ${bit} turned`, changed: bytes.with(at, (bytes[at] ?? 0) ^ (1 << (bit & 7))) };
  }
  for (let end = 0; end < bytes.length; end++) yield { how: `cut at ${end}`, changed: bytes.slice(0, end) };
  for (let at = 0; at <= bytes.length; at++) {
    const parts = [...bytes];
    yield { how: `a byte more at ${at}`, changed: Uint8Array.from(parts.toSpliced(at, 0, 0)) };
    if (at === bytes.length) continue;
    yield { how: `without byte ${at}`, changed: Uint8Array.from(parts.toSpliced(at, 1)) };
    yield { how: `byte ${at} twice`, changed: Uint8Array.from(parts.toSpliced(at, 0, parts[at] ?? 0)) };
  }
  yield { how: "twice", changed: Uint8Array.of(...bytes, ...bytes) };
  yield { how: "backwards", changed: bytes.toReversed() };
}

/** Characters that look like others, or like nothing. */
const lookAlikes: Readonly<Record<string, string>> = {
  a: "аɑａ",
  c: "сｃ",
  e: "еｅé",
  f: "ｆ",
  o: "оοｏ",
  p: "рｐ",
  s: "ѕｓſ",
  y: "уｙ",
  A: "АΑＡ",
  B: "ВΒ",
  E: "ЕΕ",
  K: "K",
  O: "ОΟ0",
  I: "Іl1",
  "0": "O٠０",
  "1": "l١１",
  "2": "٢２²",
  "5": "５",
  ".": "．。․",
  ":": "：∶",
  "/": "／∕",
  "=": "＝",
  '"': "“＂",
  "'": "’＇",
  "-": "‐−–",
  _: "＿‿",
};

/** What is not seen, or is space to some and not to others. */
const unseen = [
  " ",
  "\t",
  "\n",
  "\r",
  "\0",
  "\u00a0",
  "\u200b",
  "\u200d",
  "\u2028",
  "\ufeff",
  "\u0301",
  "\u202e",
  "\ud800",
];

/** What a careless hand, a bad line, a keyboard of elsewhere or a clever attacker makes of a text. */
export function* textMutationsOf(text: string): Generator<Mutation<string>> {
  const put = (at: number, more: string, without = 0) => text.slice(0, at) + more + text.slice(at + without);
  for (let at = 0; at <= text.length; at++) {
    yield { how: `cut at ${at}`, changed: text.slice(0, at) };
    for (const more of [...unseen, "0", "a", "=", ",", "-"])
      yield { how: `${JSON.stringify(more)} at ${at}`, changed: put(at, more) };
    const character = text[at];
    if (character === undefined) continue;
    yield { how: `without ${at}`, changed: put(at, "", 1) };
    yield { how: `${at} twice`, changed: put(at, character) };
    const next = text[at + 1];
    if (next !== undefined)
      yield { how: `${at} and the next changed over`, changed: put(at, next + character, 2) };
    for (const other of [...(lookAlikes[character] ?? ""), flipped(character), "x", "9"])
      yield { how: `${at} as ${JSON.stringify(other)}`, changed: put(at, other, 1) };
  }
  for (const [how, changed] of [
    ["in capitals", text.toUpperCase()],
    ["in small letters", text.toLowerCase()],
    ["twice", text + text],
    ["twice, a line each", `${text}\n${text}`],
    ["decomposed", text.normalize("NFD")],
    ["in compatibility form", text.normalize("NFKC")],
    ["in an address", encodeURIComponent(text.toWellFormed())],
    ["in quotes", `"${text}"`],
  ] as const)
    yield { how, changed };
}

function flipped(character: string): string {
  const lower = character.toLowerCase();
  return lower === character ? character.toUpperCase() : lower;
}
