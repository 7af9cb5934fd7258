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
export function loggable(error: unknown, depth = 0): Loggable {
  if (!(error instanceof Error)) return { error: typeof error, at: [] };
  const { name, message, stack = "", cause } = error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  // The stack begins with the message, and a line of the message may look like a frame.
  const start = stack.indexOf(message);
  const frames = stack.slice(start === -1 ? 0 : start + message.length).split("\n");
  const isFrame = (line: string) => /^\s+at \S+ \(|^\s+at [^ ]+:\d+:\d+$/.test(line);
  return {
    error: name,
    ...(code !== undefined && { code }),
    at: frames
      .filter(isFrame)
      .slice(0, 12)
      .map((frame) => frame.trim()),
    ...(cause !== undefined && depth < 3 && { cause: loggable(cause, depth + 1) }),
  };
}

interface Loggable {
  error: string;
  code?: string;
  at: string[];
  cause?: Loggable;
}
