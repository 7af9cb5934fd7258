import { readFileSync } from "node:fs";
import type { Environment } from "./environment.ts";

/**
 * The environment that this process was started with. Bun adds what `.env` files of the working folder say
 * to `process.env` before the first line runs; a file that lies around in a folder must decide neither
 * where the token goes nor what the command gets. Linux keeps the names as they were.
 */
export function launchEnvironment(): Environment {
  let block: string;
  try {
    block = readFileSync("/proc/self/environ", "latin1");
  } catch {
    return { ...process.env };
  }
  const names = new Set(block.split("\0").map((entry) => entry.slice(0, entry.indexOf("="))));
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => names.has(Buffer.from(name, "utf8").toString("latin1"))),
  );
}
