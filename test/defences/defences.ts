import { auditDefences } from "./audit.ts";
import type { Defence } from "./defence.ts";

const areas: readonly (readonly Defence[])[] = [
  auditDefences, // the chain, and nothing without its event
];

/** All of them, by area. */
export const defences: readonly Defence[] = areas.flat();
