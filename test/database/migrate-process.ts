/** Brings a database up by the migrations on stdin, as a process that can be killed: its file is the argument. */

import { migrate } from "../../src/database/migrate.ts";
import { SqliteClient } from "../../src/database/sqlite-client.ts";

const client = new SqliteClient(process.argv[2] ?? "");
await migrate(client, await Bun.stdin.json(), 0);
client.close();
