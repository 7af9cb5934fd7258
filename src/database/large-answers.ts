import { isTooLarge } from "./constraint.ts";

/**
 * Reads the rows of many ids. A server answers with so many bytes and no more, 10 MB unless it was told otherwise: where
 * all together are too many, they are read in halves, and these in halves. Throws what the database throws.
 *
 * @param read - the rows of these ids; of one id they are one answer, whatever comes of it
 */
export async function readInParts<Id, Row>(
  ids: readonly Id[],
  read: (ids: readonly Id[]) => Promise<Row[]>,
): Promise<Row[]> {
  try {
    return await read(ids);
  } catch (error) {
    if (ids.length < 2 || !isTooLarge(error)) throw error;
  }
  const middle = ids.length >> 1;
  // One after the other: the server counts what it answers with at once, too.
  const first = await readInParts(ids.slice(0, middle), read);
  return [...first, ...(await readInParts(ids.slice(middle), read))];
}
