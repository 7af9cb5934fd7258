import { isIP } from "node:net";

/**
 * Where a request comes from: the socket's address, or what the header says that CLIENT_IP_HEADER names.
 * Headers are believed only when the settings name them: anybody can send one. Of several entries the last
 * is the proxy's own word, the ones before are the caller's. A header that holds no address makes the
 * address `unknown`, which is in no list.
 */
export function clientAddress(request: Request, server: unknown, header: string | undefined): string {
  if (header !== undefined) {
    const told = request.headers.get(header)?.split(",").at(-1)?.trim() ?? "";
    return isIP(told) ? told : unknown;
  }
  return isServer(server) ? (server.requestIP(request)?.address ?? unknown) : unknown;
}

/** Without a server around it, as in tests, the app knows no socket. */
function isServer(server: unknown): server is Pick<Bun.Server<undefined>, "requestIP"> {
  return typeof server === "object" && server !== null && "requestIP" in server;
}

const unknown = "unknown";
