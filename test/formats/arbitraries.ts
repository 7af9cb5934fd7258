import fc from "fast-check";

/** Pieces that quoting goes wrong on, joined at random with anything else. */
const fragment = fc.oneof(
  fc.constantFrom(
    "'",
    '"',
    "`",
    "$",
    "$HOME",
    "${",
    "}",
    "$(id)",
    "\\",
    "\\'",
    "\\n",
    "#",
    " # ",
    "=",
    "!",
    "~",
    ";",
    "&&",
  ),
  fc.constantFrom(
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "  ",
    "export A=",
    "A=b",
    "---",
    ": ",
    "- ",
    "|",
    ">",
    "%",
  ),
  fc.constantFrom(
    "é",
    "日本",
    "😀",
    "\u0085",
    "\u00a0",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\u0001",
    "\u007f",
    "\u0081",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.string({ unit: "grapheme-ascii", maxLength: 12 }),
);

/** Any well-formed text; a fair part of it is nasty. NUL occurs. */
export const anyValue: fc.Arbitrary<string> = fc.oneof(
  fc.array(fragment, { maxLength: 6 }).map((parts) => parts.join("")),
  fc.constantFrom(
    "",
    " ",
    "NO",
    "y",
    "null",
    "~",
    "1e3",
    "0o7",
    "012",
    "1_000",
    "2024-01-01",
    "1:30",
    "<<",
    "=",
    ".inf",
  ),
  fc.constantFrom("x".repeat(70_000), `-----BEGIN KEY-----\n${"QUJD\n".repeat(40)}-----END KEY-----\n`),
);

/** The same without the longest, for readers that take their time. */
export const shortValue = anyValue.filter((value) => value.length < 2000);
