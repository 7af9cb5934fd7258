/** Reads XML as strictly as the standard asks, as far as SVG of our own making uses it: no doctype, CDATA or comments. */

export interface XmlElement {
  name: string;
  attributes: Map<string, string>;
  children: (XmlElement | string)[];
}

const reference = /&(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);/g;
const token = /<\/([\w:-]+)\s*>|<([\w:-]+)((?:\s+[\w:-]+=(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

/** A text with its references replaced. Throws for an `&` that begins none. */
export function plain(text: string): string {
  if (text.replace(reference, "").includes("&")) throw new Error(`an & that begins no reference: ${text}`);
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(reference, (whole) => {
    const name = whole.slice(1, -1);
    const code = name.startsWith("#x") ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return named[name] ?? String.fromCodePoint(code);
  });
}

function attributesOf(text: string): Map<string, string> {
  const pairs = [...text.matchAll(/([\w:-]+)=(?:"([^"]*)"|'([^']*)')/g)];
  const attributes = new Map(
    pairs.map(([, name = "", double, single]) => [name, plain(double ?? single ?? "")]),
  );
  if (attributes.size !== pairs.length) throw new Error(`an attribute is there twice: ${text}`);
  return attributes;
}

/** The root element of a document. Throws for what is not well-formed. */
export function parseXml(text: string): XmlElement {
  const document: XmlElement = { name: "", attributes: new Map(), children: [] };
  const open = [document];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (!match) throw new Error(`not well-formed at ${at}: ${text.slice(at, at + 80)}`);
    const [, closed, opened, attributes = "", isEmpty, content] = match;
    const parent = open.at(-1) ?? document;
    if (closed !== undefined && open.pop()?.name !== closed) throw new Error(`</${closed}> closes another`);
    if (content !== undefined && (parent !== document || content.trim()))
      parent.children.push(plain(content));
    if (opened === undefined) continue;
    const element = { name: opened, attributes: attributesOf(attributes), children: [] };
    parent.children.push(element);
    if (!isEmpty) open.push(element);
  }
  const [root, ...more] = document.children;
  if (open.length !== 1 || more.length > 0 || root === undefined || typeof root === "string")
    throw new Error("not one element that is closed");
  return root;
}

/** All elements of a name in an element, in the order of the document. */
export function elementsOf(root: XmlElement, name: string): XmlElement[] {
  const inside = root.children.flatMap((child) => (typeof child === "string" ? [] : elementsOf(child, name)));
  return root.name === name ? [root, ...inside] : inside;
}

/** The text of an element and of all in it. */
export function textOf(element: XmlElement): string {
  return element.children.map((child) => (typeof child === "string" ? child : textOf(child))).join("");
}
