import pino, { type DestinationStream, type Logger } from "pino";

export type { Logger } from "pino";

/**
 * Structured logs, one JSON object a line, on standard error. They hold ids, names of routes and codes;
 * what carries a value (headers, bodies, queries) is never given to them.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  // Synchronous, so that the line before a crash is not the one that is missing.
  const stream = destination ?? pino.destination({ dest: 2, sync: true });
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}

/**
 * What a log may say of an unexpected error: its kind, its code and where it was thrown. Not its message,
 * since a parser's or a database's message may quote what it was given.
 */
export function loggable(error: unknown): { error: string; code?: string; at: string[]; cause?: unknown } {
  if (!(error instanceof Error)) return { error: typeof error, at: [] };
  const { name, stack = "", cause } = error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return {
    error: name,
    ...(code !== undefined && { code }),
    at: frames.slice(0, 12).map((frame) => frame.trim()),
    ...(cause !== undefined && { cause: loggable(cause) }),
  };
}
