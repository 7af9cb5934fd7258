/** @jsxImportSource hono/jsx */

/** A sentence of the document, in which code stands between backticks. */
export function Prose({ text }: { text: string }) {
  const parts = text.split("`");
  return <>{parts.map((part, i) => (i % 2 === 1 ? <code>{part}</code> : part.replaceAll("'", "’")))}</>;
}
