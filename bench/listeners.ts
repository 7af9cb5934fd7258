import { join } from "node:path";
import type { ListenerTask } from "./listeners-process.ts";
import { remember } from "./running.ts";

/** Many that listen to `/api/secrets/events`, in a process of their own. `await using` ends them. */
export interface Listeners extends AsyncDisposable {
  /**
   * Waits until all of them are told of a change after those before: when the last was, in milliseconds since the epoch.
   * Throws where the process ended instead.
   */
  allTold(): Promise<number>;
}

/** Starts listeners and waits until all of them listen. */
export async function startListeners(task: ListenerTask): Promise<Listeners> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "listeners-process.ts")], {
    stdin: new Blob([JSON.stringify(task)]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const forget = remember(child.pid);
  const lines = linesOf(child.stdout);
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the listeners have gone");
    return Number(value);
  };
  await next();
  return {
    allTold: next,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      forget();
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
