import { Database, type SQLQueryBindings } from "bun:sqlite";
import {
  type Context,
  contextBytes,
  importAeadKey,
  open,
  type Purpose,
} from "../../src/cryptography/aead.ts";
import { type Bytes, toBytes, toText } from "../../src/cryptography/bytes.ts";
import { deriveEnvironmentKeys } from "../../src/cryptography/environment-key.ts";
import { hkdf, sha256 } from "../../src/cryptography/hash.ts";
import { deriveWrappingKey, type KeyDerivation, parseMasterKey } from "../../src/cryptography/master-key.ts";
import {
  openWithServiceToken,
  parseServiceToken,
  type ServiceToken,
} from "../../src/cryptography/service-token.ts";
import { createTestApp, type TestApp } from "../harness.ts";

/** In the configuration that the thief has too. */
export const adminPassword = "the-configuration-s-password";
const bankPassphrase = "a passphrase of the bank";

/** What the thief takes, and what the owners know of it. */
interface Stolen {
  file: string;
  ids: Ids;
  shopMasterKey: string;
}

type Ids = Record<"shop" | "api" | "web" | "worker" | "bank", number>;

/** Two trees full of secrets: `shop` > `api` > `worker`, `shop` > `web`; and `bank`. */
export interface Prey extends Stolen {
  app: TestApp;
  /** Of api × dev, before its last change. */
  oldBody: Bytes;
  /** By `project environment rights`; and `api dev read 2` and `3`. */
  token(name: string): string;
  parsed(name: string): ServiceToken;
}

export async function createPrey(): Promise<Prey> {
  const app = await createTestApp({ ADMIN_PASSWORD: adminPassword });
  const admin = app.browser();
  await admin.post("/admin/sign-in", { password: adminPassword });
  const { id: shop, masterKey: shopMasterKey } = await admin.createRoot("shop");
  const api = await admin.createChild("api", shop);
  const web = await admin.createChild("web", shop);
  const worker = await admin.createChild("worker", api);
  const { id: bank } = await admin.createRoot("bank", bankPassphrase);
  const ids: Ids = { shop, api, web, worker, bank };
  const save = async (project: keyof Ids, environment: string, secrets: Record<string, string>) => {
    const path = `/admin/projects/${ids[project]}/environments/${environment}/secrets`;
    const names = Object.keys(secrets);
    const note = names.map((name) => `note on ${name} of ${project} ${environment}`);
    const { status } = await admin.post(path, { name: names, value: Object.values(secrets), note });
    if (status !== 303) throw new Error(`saving in ${project} ${environment} answered ${status}`);
  };
  for (const environment of ["dev", "prod"]) {
    await save("shop", environment, {
      SHARED: `value of shop ${environment}`,
      OWN: `hidden value of shop ${environment}`,
    });
    await save("api", environment, {
      OWN: `old value of api ${environment}`,
      REF: "${SHARED}!",
      GONE: "deleted value of api",
    });
    await save("web", environment, { WEB: `value of web ${environment}` });
    await save("worker", environment, { JOB: `value of worker ${environment}` });
    await save("bank", environment, { GOLD: `value of bank ${environment}` });
  }
  const body = "select sealed_body from views where project_id = ? and environment_id = 1";
  const oldBody = one<Bytes>(app.file, body, api);
  await save("api", "dev", { OWN: "new value of api dev" });
  await admin.post(`/admin/projects/${api}/environments/dev/secrets/GONE/delete`);
  const tokens = new Map<string, string>();
  const create = async (name: string, project: keyof Ids, environment: string, rights: string) => {
    tokens.set(name, await admin.createToken(ids[project], environment, rights));
  };
  for (const rights of ["read", "write"]) {
    for (const project of ["shop", "api", "web", "worker", "bank"] as const) {
      await create(`${project} dev ${rights}`, project, "dev", rights);
    }
    await create(`api prod ${rights}`, "api", "prod", rights);
  }
  await create("api dev read 2", "api", "dev", "read");
  await create("api dev read 3", "api", "dev", "read");
  const token = (name: string) => {
    const text = tokens.get(name);
    if (text === undefined) throw new Error(`no token ${name}`);
    return text;
  };
  const parsed = (name: string) => {
    const read = parseServiceToken(token(name));
    if (!read) throw new Error(`token ${name} does not parse`);
    return read;
  };
  return { app, file: app.file, ids, shopMasterKey, oldBody, token, parsed };
}

/** Runs SQL on a file, without the foreign keys that hold an honest writer. Returns how many rows it changed. */
export function edit(file: string, sql: string, parameters: readonly SQLQueryBindings[] = []): number {
  const database = new Database(file);
  const changes = sql.split("; ").map((text) => {
    const statement = database.prepare(text);
    return statement.run(...parameters.slice(0, statement.paramsCount)).changes;
  });
  database.close();
  return changes.reduce((sum, count) => sum + count, 0);
}

/** The first column of the first row. */
function one<T>(file: string, sql: string, ...parameters: SQLQueryBindings[]): T {
  const database = new Database(file, { readonly: true });
  const [row] = database.prepare(sql).values(...parameters);
  database.close();
  if (row === undefined) throw new Error(`no row: ${sql}`);
  return row[0] as T;
}

type Row = Record<string, unknown>;

export interface Blob {
  table: string;
  column: string;
  /** Where it is, in words: what the tests compare. */
  place: string;
  row: Row;
  bytes: Bytes;
}

/** Every BLOB of every table of a database, found by looking and not by knowing. */
export function blobsOf(file: string): Blob[] {
  const database = new Database(file);
  const all = (sql: string) => database.prepare(sql).all() as Row[];
  const blobs = all("select name from sqlite_master where type = 'table'").flatMap(({ name }) =>
    all(`select * from "${name}"`).flatMap((row) =>
      Object.entries(row)
        .filter(([, value]) => value instanceof Uint8Array)
        .map(([column, value]) => ({
          table: String(name),
          column,
          row,
          place: "",
          bytes: new Uint8Array(value as Uint8Array),
        })),
    ),
  );
  const secretsById = new Map(all("select * from secrets").map((row) => [row.id, row]));
  const projectNames = new Map(all("select * from projects").map((row) => [row.id, row.name]));
  const environmentNames = new Map(all("select * from environments").map((row) => [row.id, row.name]));
  database.close();
  return blobs.map((blob) => {
    const { table, column, row } = blob;
    const at = table === "secret_versions" ? { ...secretsById.get(row.secret_id), ...row } : row;
    const place: Row = {
      ...at,
      project: projectNames.get(at.project_id),
      environment: environmentNames.get(at.environment_id),
    };
    const words = [place.project, place.environment, column, place.name, place.version, place.public_id];
    return { ...blob, row: place, place: words.filter((word) => word !== undefined).join(" ") };
  });
}

export const isSealed = ({ column }: Blob) => column.startsWith("sealed_");

/** Sealed place → what is really in it, opened by the people who own both master keys. */
export async function openAsOwners({ file, ids, shopMasterKey }: Stolen): Promise<Map<string, Bytes>> {
  const blobs = blobsOf(file).filter(isSealed);
  const opened = new Map<string, Bytes>();
  const database = new Database(file, { readonly: true });
  const projects = database.prepare("select id, parent_id from projects").all() as Row[];
  database.close();
  const parents = new Map(projects.map((row) => [row.id, row.parent_id]));
  const keyOfRoot = new Map<unknown, CryptoKey>();
  for (const { place, row, bytes } of blobs.filter(({ table }) => table === "root_keys")) {
    const id = Number(row.project_id);
    const derivation = {
      kdf: row.kdf,
      salt: new Uint8Array(row.salt as Uint8Array),
      memoryKib: row.memory_kib,
      passes: row.passes,
      parallelism: row.parallelism,
    } as KeyDerivation;
    const masterKey = parseMasterKey(id === ids.shop ? shopMasterKey : bankPassphrase);
    const wrapping = await deriveWrappingKey(masterKey, derivation, id);
    const raw = await open(wrapping, bytes, { purpose: "root-key", project: id, generation: 1 });
    opened.set(place, raw.slice());
    keyOfRoot.set(id, await importAeadKey(raw));
  }
  // Ids grow downwards here, so a parent's key is open before its child's.
  const keysOf = new Map<string, Awaited<ReturnType<typeof deriveEnvironmentKeys>>>();
  const rawOf = new Map<string, Bytes>();
  for (const { place, row, bytes } of blobs.filter(({ table }) => table === "environment_keys")) {
    const parent = parents.get(row.project_id);
    const environment = String(row.environment);
    const wrapping =
      parent === null ? keyOfRoot.get(row.project_id) : keysOf.get(`${parent} ${environment}`)?.childKey;
    if (!wrapping) throw new Error(`no key above ${place}`);
    const context = {
      purpose: "environment-key" as const,
      project: Number(row.project_id),
      environment,
      generation: 1,
    };
    const raw = await open(wrapping, bytes, context);
    opened.set(place, raw.slice());
    rawOf.set(`${row.project_id} ${environment}`, raw.slice());
    keysOf.set(`${row.project_id} ${environment}`, await deriveEnvironmentKeys(raw));
  }
  for (const blob of blobs) {
    const { place, row, bytes, column } = blob;
    if (opened.has(place)) continue;
    const keys = keysOf.get(`${row.project_id} ${row.environment}`);
    const raw = rawOf.get(`${row.project_id} ${row.environment}`);
    if (!keys || !raw) throw new Error(`nobody knows how to open ${place}`);
    if (column === "sealed_key") {
      const view = hkdf(raw, new Uint8Array(0), "secretsfly/v1/environment-key/view");
      opened.set(place, row.rights === "write" ? raw : view);
    } else {
      const key = column === "sealed_body" ? keys.viewKey : keys.valueKey;
      opened.set(place, await open(key, bytes, contextOf(blob)));
    }
  }
  return opened;
}

const purposes: Record<string, Purpose> = {
  sealed_root_key: "root-key",
  sealed_environment_key: "environment-key",
  sealed_value: "secret-value",
  sealed_note: "secret-note",
  sealed_source: "view-source",
  sealed_body: "view-body",
};

function publicKeyPurpose(rights: unknown): Purpose {
  return rights === "write" ? "service-token-write-public-key" : "service-token-read-public-key";
}

/** The context that a blob was sealed for, if its row says the truth. */
function contextOf({ column, row }: Blob): Context {
  const purpose = column === "sealed_public_key" ? publicKeyPurpose(row.rights) : purposes[column];
  if (!purpose) throw new Error(`what is ${column} sealed for?`);
  return {
    purpose,
    project: Number(row.project_id),
    ...(row.environment !== undefined && { environment: String(row.environment) }),
    ...(purpose.startsWith("secret-") && { name: String(row.name) }),
    ...(purpose.startsWith("service-token-") && { name: String(row.public_id) }),
    ...(purpose.startsWith("secret-") && { version: Number(row.version) }),
    ...(purpose.startsWith("view-") && { version: Number(row.revision) }),
    generation: 1,
  };
}

/** Every context in which something of the same kind, or anything in the same place, is sealed. */
export function plausibleContexts(blob: Blob, all: readonly Blob[]): Context[] {
  const own = contextOf(blob);
  const others = all.filter(({ column }) => column !== "sealed_key").map(contextOf);
  const version = own.version === undefined ? {} : { version: own.version };
  const sameKind = others.flatMap((context): Context[] => [
    { ...context, purpose: own.purpose },
    { ...context, purpose: own.purpose, ...version },
  ]);
  const kinds = [...Object.values(purposes), publicKeyPurpose("read"), publicKeyPurpose("write")];
  const samePlace = kinds.map((purpose): Context => ({ ...own, purpose }));
  const distinct = new Map(
    [...sameKind, ...samePlace].map((context) => [toText(contextBytes(context)), context]),
  );
  return [...distinct.values()];
}

/** AES-256-GCM without its tag: what a key makes of a blob whatever the context. Raw openings, for the thief only. */
async function decryptUnchecked(key: Bytes, sealed: Bytes): Promise<Bytes> {
  const aes = await crypto.subtle.importKey("raw", key.slice(), "AES-CTR", false, ["decrypt"]);
  const counter = new Uint8Array(16);
  counter.set(sealed.subarray(1, 13));
  counter[15] = 2;
  const ciphertext = sealed.slice(13, -16);
  return new Uint8Array(
    await crypto.subtle.decrypt({ name: "AES-CTR", counter, length: 32 }, aes, ciphertext),
  );
}

const noSalt = new Uint8Array(0);

/** All that can be made of 32 bytes by pretending that they are any of this program's keys. */
export function derived(key: Bytes): Bytes[] {
  const infos = ["value", "view", "child"].map((kind) => `secretsfly/v1/environment-key/${kind}`);
  return [key, ...infos.map((info) => hkdf(key, noSalt, info))];
}

/** Keys that are lying about: in the token, in the configuration, and every 32 bytes of the database. */
function looseKeys(held: readonly ServiceToken[], blobs: readonly Blob[]): Bytes[] {
  const ofTokens = held.flatMap(({ id, secret }) => [
    secret,
    hkdf(secret, noSalt, `secretsfly/v1/service-token/verifier|${id}`),
    hkdf(secret, noSalt, `secretsfly/v1/service-token/key-pair|${id}`),
  ]);
  const inDatabase = blobs.filter(({ bytes }) => bytes.length === 32).map(({ bytes }) => bytes);
  return [...ofTokens, sha256(toBytes(adminPassword)), ...inDatabase];
}

/** What opens of a token's own sealed key in any context: a token's key is sealed to its public key alone. */
export async function openTokenKeys(
  held: readonly ServiceToken[],
  blobs: readonly Blob[],
): Promise<Map<string, Bytes>> {
  const sealedKeys = blobs.filter(({ column }) => column === "sealed_key");
  const opened = new Map<string, Bytes>();
  for (const one of held) {
    for (const blob of sealedKeys) {
      const contexts = sealedKeys.flatMap(({ row }) =>
        (["service-token-view-key", "service-token-environment-key"] as const).map((purpose) => ({
          purpose,
          project: Number(row.project_id),
          environment: String(row.environment),
          name: String(blob.row.public_id),
          generation: 1,
        })),
      );
      const distinct = new Map(contexts.map((context) => [toText(contextBytes(context)), context]));
      for (const context of distinct.values()) {
        const key = await openWithServiceToken(one, blob.bytes, context).catch(() => undefined);
        if (key) opened.set(blob.place, key);
      }
    }
  }
  return opened;
}

/** Everything that falls into the hands of who holds these tokens and the files: sealed place → content. */
export async function loot(stolen: Stolen, held: readonly ServiceToken[]): Promise<Map<string, Bytes>> {
  const truth = await openAsOwners(stolen);
  const blobs = blobsOf(stolen.file);
  const sealed = blobs.filter((blob) => isSealed(blob) && blob.column !== "sealed_key");
  const opened = await openTokenKeys(held, blobs);
  const queue = [...opened.values(), ...looseKeys(held, blobs)];
  const tried = new Set<string>();
  for (const found of queue) {
    for (const key of derived(found)) {
      if (tried.has(key.toHex())) continue;
      tried.add(key.toHex());
      for (const { place, bytes } of sealed) {
        const content = await decryptUnchecked(key, bytes);
        if (!Buffer.from(content).equals(truth.get(place) ?? new Uint8Array())) continue;
        opened.set(place, content);
        // What opened may be a key to more.
        if (content.length === 32) queue.push(content);
      }
    }
  }
  return opened;
}
