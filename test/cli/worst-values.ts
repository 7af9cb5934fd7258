/** Values that something on the way between a person and a process is known to change. */
export const worstValues: Readonly<Record<string, string>> = {
  WORST_EMPTY: "",
  WORST_QUOTES: `'"\`'''"""`,
  WORST_DOLLAR: "$HOME $(id) ${A} $${B} $$ $",
  WORST_BACKTICKS: "`id` \\`id\\`",
  WORST_HASH: "# a #b#",
  WORST_BACKSLASH: "\\ \\n \\\\ \\",
  WORST_LINES: "one\ntwo\n\n",
  WORST_CRLF: "one\r\ntwo\r\n",
  WORST_CR: "one\rtwo",
  WORST_BLANKS: "  \t both ends \t ",
  WORST_EQUALS: "=a=b=",
  WORST_PERCENT: "%0A %25 ::add-mask::x",
  WORST_UNICODE: "é ü 漢字 \u{1f511} \u202e \ufeff",
  WORST_CONTROL: "\u0001\u001b[31m\u007f\u0085",
  WORST_YAML: "- yes: no\n&a *a !b",
};
