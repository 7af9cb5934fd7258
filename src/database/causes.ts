/** An error, and after it what caused it, as far as those are errors: what tells of the database lies within Drizzle's own. */
export function* causesOf(error: unknown): Generator<Error> {
  for (let current = error; current instanceof Error; current = current.cause) yield current;
}
