import { auditDefences } from "./audit.ts";
import type { Defence } from "./defence.ts";

/** All of them, by area. */
export const defences: readonly Defence[] = [...auditDefences];
