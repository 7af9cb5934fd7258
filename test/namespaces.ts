/** A libSQL server with namespaces: many databases, each by its own name. */
export interface NamespaceServer {
  url: string;
  adminUrl: string;
}

/** Makes an empty database. Throws where the server refuses. */
export function createNamespace(server: NamespaceServer, name: string): Promise<void> {
  return administer(server, `${name}/create`);
}

/** Makes a database with all that another holds at this moment. Throws where the server refuses. */
export function forkNamespace(server: NamespaceServer, from: string, to: string): Promise<void> {
  return administer(server, `${from}/fork/${to}`);
}

/** Where a database is: `DATABASE_URL`. The system finds all that ends in `.localhost` on this machine. */
export function namespaceUrl({ url }: NamespaceServer, name: string): string {
  return `http://${name}.localhost:${new URL(url).port}`;
}

async function administer({ adminUrl }: NamespaceServer, path: string): Promise<void> {
  const response = await fetch(`${adminUrl}/v1/namespaces/${path}`, {
    method: "POST",
    body: "{}",
    headers: { "Content-Type": "application/json" },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
}
