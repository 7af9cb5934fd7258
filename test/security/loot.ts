import { createDecipheriv } from "node:crypto";
import { type Context, contextBytes } from "../../src/cryptography/aead.ts";
import { type Bytes, toBytes, toText } from "../../src/cryptography/bytes.ts";
import { hkdf, sha256 } from "../../src/cryptography/hash.ts";
import type { ServiceToken } from "../../src/cryptography/service-token.ts";
import { storedIn } from "../stored.ts";
import { type Blob, blobsOf, isSealed } from "./blobs.ts";
import { openInAny, partsOf } from "./hpke.ts";
import { type Owners, openAsOwners } from "./owners.ts";

/** A database that somebody took, and what it is: its places are told with that. */
export interface Copy {
  what: string;
  file: string;
}

/** A sealed blob of some copies, and what is really in it. */
interface Sealed {
  /** `copy: place`; the same bytes are in many copies. */
  places: string[];
  blob: Blob;
  truth: Bytes;
}

/** All that is sealed in some copies, with what only the owners know of it. */
export class Hoard {
  /** By their bytes. */
  readonly sealed = new Map<string, Sealed>();
  /** All BLOBs of all copies, sealed or not. */
  readonly blobs: Blob[] = [];

  static async of(copies: readonly Copy[], owners: Owners): Promise<Hoard> {
    const hoard = new Hoard();
    for (const copy of copies) await hoard.#add(copy, owners);
    return hoard;
  }

  async #add({ what, file }: Copy, owners: Owners): Promise<void> {
    const stored = storedIn(file);
    const { contents } = await openAsOwners(stored, owners);
    for (const blob of await blobsOf(stored)) {
      this.blobs.push(blob);
      const truth = contents.get(blob.place);
      if (!isSealed(blob) || !truth) continue;
      const known = this.sealed.get(blob.bytes.toHex());
      const place = `${what}: ${blob.place}`;
      if (known) known.places.push(place);
      else this.sealed.set(blob.bytes.toHex(), { places: [place], blob, truth });
    }
  }

  /** Those that are sealed to a service token. */
  sealedKeys(): Sealed[] {
    return [...this.sealed.values()].filter(({ blob }) => blob.target === "sealed_key");
  }

  /** Those that are sealed with a key. */
  sealedAtRest(): Sealed[] {
    return [...this.sealed.values()].filter(({ blob }) => blob.target !== "sealed_key");
  }
}

/** AES-256-GCM without its tag: what a key makes of a blob whatever the context. Raw openings, for the thief only. */
function decryptUnchecked(key: Bytes, sealed: Bytes): Buffer {
  const counter = Buffer.alloc(16);
  counter.set(sealed.subarray(1, 13));
  counter[15] = 2;
  return createDecipheriv("aes-256-ctr", key, counter).update(sealed.subarray(13, -16));
}

/** AES-256-GCM as it is: undefined where the tag does not fit. */
function decrypt(key: Bytes, sealed: Bytes, context: Context): Buffer | undefined {
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(1, 13));
  decipher.setAAD(contextBytes(context));
  decipher.setAuthTag(sealed.subarray(-16));
  const opened = decipher.update(sealed.subarray(13, -16));
  try {
    return Buffer.concat([opened, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Where a key opens a blob in one of these contexts. */
export function opensAs(key: Bytes, sealed: Bytes, contexts: readonly Context[]): string[] {
  const distinct = new Map(contexts.map((context) => [toText(contextBytes(context)), context]));
  return [...distinct].flatMap(([text, context]) => (decrypt(key, sealed, context) ? [text] : []));
}

const noSalt = new Uint8Array(0);

/** All that can be made of 32 bytes by pretending that they are any of this program's keys. */
export function derived(key: Bytes): Bytes[] {
  const infos = ["value", "view", "child"].map((kind) => `secretsfly/v1/environment-key/${kind}`);
  return [key, ...infos.map((info) => hkdf(key, noSalt, info))];
}

/** Keys that are lying about: in the tokens, in texts such as settings and logs, and every 32 bytes of the databases. */
function looseKeys(held: readonly ServiceToken[], { blobs }: Hoard, texts: readonly string[]): Bytes[] {
  const ofTokens = held.flatMap((token) => [token.secret, ...Object.values(partsOf(token))]);
  const ofTexts = texts.flatMap((text) => [sha256(text), ...encodedIn(text)]);
  const inDatabases = blobs.filter(({ bytes }) => bytes.length === 32).map(({ bytes }) => bytes);
  const distinct = [...ofTokens, ...ofTexts, ...inDatabases].map((key) => [key.toHex(), key] as const);
  return [...new Map(distinct).values()];
}

/** What a text writes as 32 bytes: itself, in hex, or in base64. */
function encodedIn(text: string): Bytes[] {
  const words = text.match(/[A-Za-z0-9+/_=-]{32,}/g) ?? [];
  const read = words.flatMap((word) => [
    toBytes(word),
    new Uint8Array(Buffer.from(word, "hex")),
    new Uint8Array(Buffer.from(word, "base64")),
  ]);
  return read.filter(({ length }) => length === 32);
}

/** What the tokens open of the keys that are sealed to tokens, in any context: place → key. */
export async function openTokenKeys(
  held: readonly ServiceToken[],
  hoard: Hoard,
): Promise<Map<string, Bytes>> {
  const sealedKeys = hoard.sealedKeys();
  const opened = new Map<string, Bytes>();
  for (const { places, blob } of sealedKeys) {
    const contexts = sealedKeys.flatMap(({ blob: { row } }) =>
      (["service-token-view-key", "service-token-environment-key"] as const).map((purpose) => ({
        purpose,
        project: Number(row.project_id),
        environment: String(row.environment),
        name: String(blob.row.public_id),
        generation: Number(row.generation),
      })),
    );
    const distinct = new Map(contexts.map((context) => [toText(contextBytes(context)), context]));
    for (const token of held) {
      const key = await openInAny(token, blob.bytes, [...distinct.values()]);
      if (key) for (const place of places) opened.set(place, key);
    }
  }
  return opened;
}

/** Everything that falls into the hands of who holds these tokens, copies and texts: `copy: place` → content. */
export async function loot(
  hoard: Hoard,
  held: readonly ServiceToken[],
  texts: readonly string[] = [],
): Promise<Map<string, Bytes>> {
  const opened = await openTokenKeys(held, hoard);
  const sealed = hoard.sealedAtRest();
  const queue = [...opened.values(), ...looseKeys(held, hoard, texts)];
  const tried = new Set<string>();
  for (const found of queue) {
    for (const key of derived(found)) {
      if (tried.has(key.toHex())) continue;
      tried.add(key.toHex());
      for (const { places, blob, truth } of sealed) {
        if (!decryptUnchecked(key, blob.bytes).equals(truth)) continue;
        for (const place of places) opened.set(place, truth);
        // What opened may be keys to more.
        if (truth.length % 32 === 0)
          for (let at = 0; at < truth.length; at += 32) queue.push(truth.slice(at, at + 32));
      }
    }
  }
  return opened;
}
