import { sql } from "drizzle-orm";
import { connectInMemory, type Database, fileFault } from "../database/connect.ts";
import { migrate } from "../database/migrate.ts";
import { migrations } from "../database/migrations.ts";
import type { Faults } from "./faults.ts";

/**
 * Whether SQLite can read all of the file, all references between rows lead somewhere, and the schema is the one that
 * the migrations make. False where nothing else can be asked of the database.
 */
export async function checkSchema(db: Database, faults: Faults): Promise<boolean> {
  const isReadable = await checkPages(db, faults);
  const isComplete = await checkObjects(db, faults);
  if (!isReadable || !isComplete) return false;
  type Broken = { table: string; rowid: number | null; parent: string };
  const broken = await db.all<Broken>(
    sql`select "table", rowid, parent from pragma_foreign_key_check limit 1000`,
  );
  for (const { table, rowid, parent } of broken)
    faults.add(`a row of ${table} (rowid ${rowid}) refers to a row of ${parent} that is gone`);
  return true;
}

async function checkPages(db: Database, faults: Faults): Promise<boolean> {
  const damage = (await findDamage(db)).filter((line) => line !== "ok");
  for (const line of damage) faults.add(`SQLite finds damage: ${line.replace(/\s+/g, " ").trim()}`);
  return damage.length === 0;
}

async function findDamage(db: Database): Promise<string[]> {
  try {
    // A server takes a PRAGMA for a write, which a token that may only read does not permit.
    const check = sql`select integrity_check from pragma_integrity_check limit 100`;
    const rows = await db.all<{ integrity_check: string }>(check);
    return rows.map((row) => row.integrity_check);
  } catch (error) {
    // A server that does not answer says nothing of what it has.
    if (db.$client.protocol !== "file") throw error;
    return [fileFault(error)];
  }
}

/** A table, an index, a trigger or a view. */
interface SchemaObject {
  type: string;
  name: string;
  sql: string;
}

/** Tables and indexes that others have added, as replication does, are theirs. What acts by itself is a fault. */
async function checkObjects(db: Database, faults: Faults): Promise<boolean> {
  const found = new Map((await objectsOf(db)).map((object) => [object.name, object]));
  const expected = await expectedObjects();
  let isComplete = true;
  for (const { type, name, sql: made } of expected) {
    const there = found.get(name);
    found.delete(name);
    if (there?.sql === made) continue;
    faults.add(`the ${type} ${name} is ${there ? "another than the migrations make" : "missing"}`);
    if (!there) isComplete = false;
  }
  for (const { type, name } of found.values())
    if (type === "trigger" || type === "view") faults.add(`the ${type} ${name} is none of secretsfly's`);
  return isComplete;
}

async function expectedObjects(): Promise<SchemaObject[]> {
  const db = connectInMemory();
  try {
    await migrate(db.$client, migrations, 0);
    return await objectsOf(db);
  } finally {
    db.$client.close();
  }
}

function objectsOf(db: Database): Promise<SchemaObject[]> {
  return db.all<SchemaObject>(
    sql`select type, name, sql from sqlite_master where name not like 'sqlite_%' order by name`,
  );
}
