import type { Client, InArgs, InStatement, ResultSet, Transaction } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql/web";
import { connect, type Database, type DatabaseSettings } from "./connect.ts";
import { toQuery } from "./query.ts";
import * as schema from "./schema.ts";
import { withBytes } from "./server-client.ts";

/**
 * Opens a database on a server as it is at one moment: all is read in one transaction, which begins with what is read
 * first and keeps nobody from writing. A server ends it where nothing is read for ten seconds.
 *
 * @throws what the server does not do, and what does not reach it
 */
export async function connectToSnapshot(settings: DatabaseSettings): Promise<Database> {
  const { $client } = connect(settings);
  try {
    const client = new SnapshotClient($client, await $client.transaction("read"));
    return drizzle({ client, schema });
  } catch (error) {
    $client.close();
    throw error;
  }
}

/** A transaction that only reads, behind the interface of a client. */
class SnapshotClient implements Client {
  readonly protocol = "http";

  constructor(
    private readonly client: Client,
    private readonly transaction_: Transaction,
  ) {}

  get closed(): boolean {
    return this.transaction_.closed;
  }

  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    return withBytes(await this.transaction_.execute(toQuery(statement, args)));
  }

  async batch(statements: (InStatement | [string, InArgs?])[]): Promise<ResultSet[]> {
    const queries = statements.map((statement) => toQuery(statement));
    return (await this.transaction_.batch(queries)).map(withBytes);
  }

  close(): void {
    this.transaction_.close();
    this.client.close();
  }

  migrate(): never {
    throw onlyReads();
  }

  executeMultiple(): never {
    throw onlyReads();
  }

  transaction(): never {
    throw onlyReads();
  }

  sync(): never {
    throw onlyReads();
  }

  reconnect(): void {}
}

function onlyReads(): Error {
  return new Error("this is one moment of a database, to be read");
}
