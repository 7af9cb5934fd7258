import type { Row } from "@libsql/client";

/** A row of a result, which is read by position (drizzle) or by name. */
export function toRow(columns: readonly string[], values: unknown[]): Row {
  const row = values as unknown as Row;
  columns.forEach((column, i) => {
    row[column] = values[i] as Row[string];
  });
  return row;
}
