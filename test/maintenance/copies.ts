import { Database } from "bun:sqlite";
import { join } from "node:path";

/** A copy of a database in a folder, changed as by somebody who can write to it. Returns its path. */
export function copyWith(file: string, folder: string, ...statements: string[]): string {
  const copy = join(folder, `${crypto.randomUUID()}.db`);
  using source = new Database(file, { readonly: true });
  source.run(`vacuum into '${copy}'`);
  using database = new Database(copy);
  for (const statement of statements) database.run(statement);
  return copy;
}
