/**
 * Everything that an admin and an app do with a project, done with a running process, and all the secrets that went
 * through its memory meanwhile.
 */

import { Database } from "bun:sqlite";
import { open } from "../../src/cryptography/aead.ts";
import type { Bytes } from "../../src/cryptography/bytes.ts";
import { deriveWrappingKey, type KeyDerivation, parseMasterKey } from "../../src/cryptography/master-key.ts";
import { bearer, type TestBrowser } from "../harness.ts";
import type { ServerProcess } from "../server-process.ts";
import type { Sought } from "./core-dump.ts";
import { needlesOf } from "./needles.ts";

const random = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("base64url");

/** What is looked for, by whether it must be found nowhere. */
export interface Secrets {
  /** Master keys, root keys, values and notes, each whole. */
  promised: Sought[];
  /** Halves of these, and what else opens something. */
  others: Sought[];
}

/** Bytes and, where they are a text, this as a form and a page write it. */
function add({ promised, others }: Secrets, what: string, secret: string | Bytes): void {
  const bytes = Buffer.from(secret);
  const isHalf = ({ encoding }: { encoding: string }) => encoding.endsWith("half");
  const needles = needlesOf(bytes);
  const written =
    typeof secret === "string"
      ? {
          "as a form": new URLSearchParams({ x: secret }).toString().slice(2),
          "as HTML": Bun.escapeHTML(secret),
        }
      : {};
  const texts = Object.entries(written).filter(([, text]) => text !== secret);
  promised.push({
    what,
    needles: [
      { encoding: "as it is", needle: bytes },
      ...needles.filter((needle) => !isHalf(needle)),
      ...texts.map(([encoding, text]) => ({ encoding, needle: Buffer.from(text) })),
    ],
  });
  others.push({ what, needles: needles.filter(isHalf) });
}

/** A generated master key: its 43 characters, and the bytes that they stand for. */
function addGenerated(secrets: Secrets, what: string, text: string): void {
  add(secrets, what, text.slice(5, 48));
  const masterKey = parseMasterKey(text);
  if (masterKey.kind === "generated") add(secrets, `${what}, as bytes`, masterKey.secret);
}

/** How many root keys `useEverything` seals on its way, and how many are unsealed when it ends. */
export const sealings = { before: 4, after: 3 };

/** Does everything; three root projects are unsealed when it ends. Every secret is a new one. */
export async function useEverything(server: ServerProcess, admin: TestBrowser, file: string) {
  const secrets: Secrets = { promised: [], others: [] };
  const generated = await admin.createRoot(`generated ${random()}`);
  addGenerated(secrets, "the first master key", generated.masterKey);
  const passphrases = [`horse & battery ${random()}`, `pferd & z\u00fcndung ${random()}`] as const;
  for (const passphrase of passphrases) {
    add(secrets, "a passphrase", passphrase);
    const { id } = await admin.createRoot(`passphrase ${random()}`, passphrase);
    await admin.post(`/admin/projects/${id}/seal`);
    await read(admin.unseal(id, passphrase));
    add(secrets, "the root key of a passphrase", await rootKey(file, id, passphrase));
  }
  await useSecrets(server, admin, generated.id, secrets);
  await admin.post(`/admin/projects/${generated.id}/seal`);
  await read(admin.unseal(generated.id, generated.masterKey));
  add(secrets, "the first root key", await rootKey(file, generated.id, generated.masterKey));
  const fields = { currentMasterKey: generated.masterKey, newMasterKey: "" };
  const page = await read(admin.post(`/admin/projects/${generated.id}/rotate`, fields));
  const next = /id="master-key"[^>]*>([^<]+)</.exec(page)?.[1] ?? "";
  addGenerated(secrets, "the master key after a rotation", next);
  add(secrets, "the root key after a rotation", await rootKey(file, generated.id, next));
  await read(admin.get(`/admin/projects/${generated.id}/environments/dev/secrets?decrypt=true`));
  return secrets;
}

const read = async (answer: Promise<Response>): Promise<string> => (await answer).text();

async function useSecrets(server: ServerProcess, admin: TestBrowser, id: number, secrets: Secrets) {
  const value = (what: string): string => {
    const text = `${random()}<&>${random()}`;
    add(secrets, what, text);
    return text;
  };
  const note = random();
  add(secrets, "a note", note);
  const environment = `/admin/projects/${id}/environments/dev`;
  const path = `${environment}/secrets`;
  const fields = { name: ["A", "B"], value: [value("a value"), value("another value")], note: [note, ""] };
  await read(admin.post(path, fields));
  await read(admin.post(path, { name: "A", value: value("a changed value") }));
  for (const page of ["", "?decrypt=true", "/A", "/A?edit=true", "/A/history?decrypt=true"])
    await read(admin.get(path + page));
  const text = `IMPORTED='${value("an imported value")}'`;
  for (const confirm of ["", "true"]) await read(admin.post(`${environment}/import`, { text, confirm }));
  for (const format of ["json", "env", "yaml"])
    await read(admin.get(`${environment}/export?format=${format}`));
  const token = await admin.createToken(id, "dev", "write");
  const send = (at: string, method = "GET", body?: object) =>
    read(
      server.request(at, {
        method,
        headers: { ...bearer(token), "Content-Type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
      }),
    );
  for (const format of ["json", "env"]) await send(`/api/secrets?format=${format}`);
  await send("/api/secrets/PUT", "PUT", { value: value("a value by PUT") });
  await send("/api/secrets", "PATCH", { set: { PATCH: value("a value by PATCH") }, delete: [] });
  await send("/api/secrets");
}

/** The raw root key as its owner opens it, from the file alone. */
async function rootKey(file: string, id: number, masterKey: string): Promise<Bytes> {
  using database = new Database(file, { readonly: true });
  const row = database
    .query<Record<string, unknown>, [number]>("select * from root_keys where project_id = ?")
    .get(id);
  if (!row) throw new Error(`there is no root key of ${id}`);
  const derivation = {
    kdf: row.kdf,
    salt: Uint8Array.from(row.salt as ArrayLike<number>),
    memoryKib: row.memory_kib,
    passes: row.passes,
    parallelism: row.parallelism,
  } as unknown as KeyDerivation;
  const wrapping = await deriveWrappingKey(parseMasterKey(masterKey), derivation, id);
  const context = { purpose: "root-key", project: id, generation: Number(row.generation) } as const;
  return open(wrapping, Uint8Array.from(row.sealed_root_key as ArrayLike<number>), context);
}
