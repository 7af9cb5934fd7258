import { isIP } from "node:net";
import type { Context } from "hono";
import { getConnInfo } from "hono/bun";

/**
 * Where a request comes from: the socket's address, or what the header says that CLIENT_IP_HEADER names.
 * Headers are believed only when the settings name them: anybody can send one. Of several entries the last
 * is the proxy's own word, the ones before are the caller's. A header that holds no address makes the
 * address `unknown`, which is in no list.
 */
export function clientAddress(c: Context, header: string | undefined): string {
  if (header !== undefined) {
    const told = c.req.header(header)?.split(",").at(-1)?.trim() ?? "";
    return isIP(told) ? told : unknown;
  }
  // Without a server around it (`app.request`), the app knows no socket.
  const server: unknown = c.env && "server" in c.env ? c.env.server : c.env;
  if (!server || typeof server !== "object" || !("requestIP" in server)) return unknown;
  return getConnInfo(c).remote.address ?? unknown;
}

const unknown = "unknown";
