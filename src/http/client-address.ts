import type { Context } from "hono";
import { getConnInfo } from "hono/bun";

/**
 * Where a request comes from: the socket's address, or what the header says that CLIENT_IP_HEADER names
 * (its first entry). Headers are believed only when the settings name them: anybody can send one.
 */
export function clientAddress(c: Context, header: string | undefined): string {
  const told = header && c.req.header(header)?.split(",")[0]?.trim();
  if (told && told.length <= 45) return told;
  // Without a server around it (`app.request`), the app knows no socket.
  const server: unknown = c.env && "server" in c.env ? c.env.server : c.env;
  if (!server || typeof server !== "object" || !("requestIP" in server)) return "unknown";
  return getConnInfo(c).remote.address ?? "unknown";
}
