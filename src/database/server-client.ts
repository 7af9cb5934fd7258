import type { Client, InArgs, InStatement, ResultSet, Transaction } from "@libsql/client";
import { toQuery } from "./query.ts";
import { toRow } from "./result-row.ts";

type Mode = Parameters<Client["batch"]>[1];

/**
 * The client of a server, whose BLOBs are bytes as those of a file are (`Uint8Array`) and no `ArrayBuffer`. Of such a one
 * Drizzle would make a `Buffer`, for which Bun 1.4.5 has been seen to give an empty one, in a process that had run
 * several test files, each isolated from the others.
 */
export class ServerClient implements Client {
  constructor(private readonly client: Client) {}

  get protocol(): string {
    return this.client.protocol;
  }

  get closed(): boolean {
    return this.client.closed;
  }

  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    return withBytes(await this.client.execute(toQuery(statement, args)));
  }

  async batch(statements: (InStatement | [string, InArgs?])[], mode?: Mode): Promise<ResultSet[]> {
    return (await this.client.batch(statements, mode)).map(withBytes);
  }

  async migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return (await this.client.migrate(statements)).map(withBytes);
  }

  /** What its transactions give is as the server's client has it. */
  transaction(mode: Mode = "write"): Promise<Transaction> {
    return this.client.transaction(mode);
  }

  executeMultiple(sql: string): Promise<void> {
    return this.client.executeMultiple(sql);
  }

  sync(): ReturnType<Client["sync"]> {
    return this.client.sync();
  }

  reconnect(): void {
    this.client.reconnect();
  }

  close(): void {
    this.client.close();
  }
}

/** Makes bytes of each BLOB of a result. */
export function withBytes(result: ResultSet): ResultSet {
  const { columns } = result;
  const rows = result.rows.map((row) => {
    const values = columns.map((_, i) => row[i]);
    if (!values.some((value) => value instanceof ArrayBuffer)) return row;
    return toRow(
      columns,
      values.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value)),
    );
  });
  return Object.assign(result, { rows });
}
