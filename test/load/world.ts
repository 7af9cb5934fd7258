import { type ServerProcess, startFileServer, temporaryFolder } from "../server-process.ts";

/** A server as a process of its own, with something to fetch and something to write to. `await using` ends it. */
export interface LoadedServer extends AsyncDisposable {
  server: ServerProcess;
  /** Tokens that read what nobody writes to. */
  readers: string[];
  /** A token that writes. */
  writer: string;
}

/** As many secrets as each project has. */
const secretCount = 50;

/** Starts a server, by another command than from its source if one is given, and fills it. */
export async function startLoaded(command?: readonly string[]): Promise<LoadedServer> {
  const folder = temporaryFolder();
  const server = await startFileServer(folder.path, { LOG_LEVEL: "warn" }, command);
  const admin = server.browser();
  const secrets = Object.fromEntries(
    Array.from({ length: secretCount }, (_, i) => [`SECRET_${i}`, `value ${i} `.padEnd(60, "x")]),
  );
  const { id: shop } = await admin.createRoot("shop");
  await admin.save(shop, "prod", secrets);
  const readers: string[] = [];
  for (const name of ["api", "worker", "web"]) {
    const child = await admin.createChild(name, shop);
    for (let i = 0; i < 3; i++) readers.push(await admin.createToken(child, "prod"));
  }
  const { id: written } = await admin.createRoot("written");
  await admin.save(written, "prod", secrets);
  const writer = await admin.createToken(written, "prod", "write");
  return {
    ...{ server, readers, writer },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
