/** The processes of a run that go on until they are told to end, so that none of them outlives it, however it ends. */
const running = new Set<number>();

/** Remembers a process that was started; the function that is returned forgets it, and is to be called when it has ended. */
export function remember(pid: number): () => void {
  running.add(pid);
  return () => running.delete(pid);
}

/** Ends those that are still remembered, at once unless another signal is told. */
export function endAll(signal: NodeJS.Signals = "SIGKILL"): void {
  for (const pid of running) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
  running.clear();
}
