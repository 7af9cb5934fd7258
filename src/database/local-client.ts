import type { Client } from "@libsql/client";
import { ReplicaClient } from "./replica/replica-client.ts";
import { SqliteClient } from "./sqlite-client.ts";

/** A client that reads a file of this machine, and can tell how that is without asking anybody. */
export type LocalClient = Pick<SqliteClient, "look" | "reopened" | "foreignCommits">;

/** undefined: what is read comes from a server. */
export function localClient(client: Client): LocalClient | undefined {
  return client instanceof SqliteClient || client instanceof ReplicaClient ? client : undefined;
}
