import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  Scalar,
} from "yaml";
import { type DocumentNode, type DocumentPair, lineFinder, maxDepth, UnreadableError } from "./document.ts";

/** As many pieces of syntax as are read of one document: some twenty for each secret of a full environment. */
const maxLexemes = 200_000;

/** What YAML reads as no value where it stands without quotes. */
const nulls: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);

type Position = (offset: number) => number;

/**
 * Reads a YAML document (1.2) with the lines of what is in it. Nothing is taken for a number or a boolean:
 * `010`, `1e3` and `yes` are the texts that they are written as. Anchors, aliases and tags are not read: a
 * list of secrets needs none, and a short text could become an enormous one.
 * Throws UnreadableError with the lines of what is wrong.
 *
 * @returns undefined for a text that holds comments at most
 */
export function readYaml(text: string): DocumentNode | undefined {
  const lineAt = lineFinder(text);
  const documents = compose(text, lineAt);
  const [document, second] = documents;
  if (second) {
    const line = lineAt(second.range[0]);
    throw new UnreadableError([{ line, message: "A second document begins here; only one is read." }]);
  }
  const errors = document?.errors ?? [];
  if (errors.length > 0) {
    const faults = errors.map(({ code, pos }) => ({
      line: lineAt(pos[0]),
      message: `This is not YAML. ${messages[code] ?? "It is not clear what is meant here."}`,
    }));
    throw new UnreadableError(faults);
  }
  return document?.contents ? toNode(document.contents, lineAt, 0) : undefined;
}

/** The documents of a text. Bounded while it is read: what nests too deeply would exhaust the stack later. */
function compose(text: string, lineAt: Position): Document.Parsed[] {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    lexemes += 1;
    const isTooDeep = parser.stack.length > maxDepth;
    if (!isTooDeep && lexemes <= maxLexemes) continue;
    const message = isTooDeep ? "This is nested too deeply." : "This is too long to be a list of secrets.";
    throw new UnreadableError([{ line: lineAt(parser.offset), message }]);
  }
  tokens.push(...parser.end());
  // `failsafe` knows texts only; names that are there twice are told by whoever reads the document.
  const composer = new Composer({
    schema: "failsafe",
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  return [...composer.compose(tokens)];
}

/** The library's faults in words of ours: its own may quote the text. */
const messages: Readonly<Record<string, string>> = {
  BAD_DQ_ESCAPE: 'A backslash inside "…" begins an escape that there is not.',
  BAD_INDENT: "The indentation does not fit to what is above.",
  BAD_SCALAR_START: "A value that begins with a character of YAML's own needs quotes.",
  BLOCK_AS_IMPLICIT_KEY: "A value with a colon and a space in it needs quotes.",
  KEY_OVER_1024_CHARS: "A name is longer than 1024 characters.",
  MISSING_CHAR: "A colon, a closing quote or a closing bracket is missing.",
  MULTILINE_IMPLICIT_KEY: "NAME: value is expected here; a name is on one line.",
  TAB_AS_INDENT: "A tab cannot indent.",
};

const refusal = "Anchors, aliases and tags (&, *, !) are not read here.";

function toNode(node: unknown, lineAt: Position, line: number): DocumentNode {
  const own = lineOf(node, lineAt) ?? line;
  if (isAlias(node)) return { kind: "refused", line: own, reason: refusal };
  if (isScalar(node) || isMap(node) || isSeq(node)) {
    if (node.anchor !== undefined || node.tag !== undefined)
      return { kind: "refused", line: own, reason: refusal };
  }
  if (isMap(node))
    return { kind: "map", line: own, pairs: node.items.map((pair) => toPair(pair, lineAt, own)) };
  if (isSeq(node))
    return { kind: "list", line: own, items: node.items.map((item) => toNode(item, lineAt, own)) };
  const text = isScalar(node) ? String(node.value) : "";
  const isNull = !isScalar(node) || (node.type === Scalar.PLAIN && nulls.has(text));
  return isNull ? { kind: "null", line: own } : { kind: "text", line: own, text };
}

function toPair(pair: { key: unknown; value: unknown }, lineAt: Position, line: number): DocumentPair {
  const key = toNode(pair.key, lineAt, line);
  if (key.kind === "text")
    return { name: key.text, line: key.line, value: toNode(pair.value, lineAt, key.line) };
  const reason = key.kind === "refused" ? key.reason : "Its name is no text.";
  return { name: "", line: key.line, value: { kind: "refused", line: key.line, reason } };
}

function lineOf(node: unknown, lineAt: Position): number | undefined {
  const isNode = isAlias(node) || isScalar(node) || isMap(node) || isSeq(node);
  return isNode && node.range ? lineAt(node.range[0]) : undefined;
}
