/**
 * What a promise is rejected with; undefined where it is not. `expect(promise).rejects` would hold this thread, and with it
 * what comes from the thread that writes.
 */
export function failureOf(promise: Promise<unknown>): Promise<(Error & { code?: string }) | undefined> {
  return promise.then(
    () => undefined,
    (error) => error,
  );
}
