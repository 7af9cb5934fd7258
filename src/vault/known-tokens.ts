import { contextBytes } from "../cryptography/aead.ts";
import type { Bytes } from "../cryptography/bytes.ts";
import { hasSha256, sha256 } from "../cryptography/hash.ts";
import { publicIdIn, type SealFormat } from "../cryptography/service-token.ts";
import type { Freshness, Mark } from "../database/freshness.ts";
import { isWritable, type ReadableEnvironment, type ServiceTokenGrant } from "./unlock.ts";
import { type ViewRow, viewContext } from "./views.ts";

/** A view as apps get it, still sealed. */
export type SealedView = Pick<ViewRow, "revision" | "bodyId" | "sealedBody">;

/** What may be told of a service token. */
export interface TokenDescription {
  publicId: string;
  name: string;
  rights: "read" | "write";
  expiresAt: number | null;
  createdAt: number;
  projectId: number;
  projectName: string;
  environment: string;
}

/** What the database says of a service token whose secret was right, and of what it reads. */
export interface VerifiedToken {
  description: TokenDescription;
  allowedIps: string;
  format: SealFormat;
  grant: ServiceTokenGrant;
  view: SealedView;
}

/** A project × environment, by the generation of its keys, with what all tokens that read it have in common. */
export interface KnownPlace {
  readonly projectId: number;
  readonly rootId: number;
  readonly environment: string;
  projectName: string;
  /** undefined: there was no room for it. */
  view: KnownView | undefined;
  /** What read tokens open: kept once for all of those that have opened the same key. */
  readable: ReadableEnvironment | undefined;
  usedAt: number;
}

/** A view with what its body is sealed for. */
interface KnownView extends SealedView {
  readonly context: Bytes;
}

/** A service token that was good, without its text. */
export interface KnownToken {
  readonly publicId: string;
  readonly expiresAt: number | null;
  readonly allowedIps: string;
  readonly place: KnownPlace;
  /** What it opens, once that was needed: by whoever came first, so whoever uses it says who asks. */
  opened: ReadableEnvironment | undefined;
  /** Of those who come first at once, one opens it for all. */
  opening?: Promise<ReadableEnvironment> | undefined;
  /** SHA-256 of its text, 32 bytes. */
  readonly digest: Bytes;
  /** What its key is sealed for, and a hash of it sealed: where both are the same, it opens the same. */
  readonly sealed: string;
  readonly mark: Mark;
  usedAt: number;
}

/** As many tokens, and as many bytes of sealed views, as a small machine has to spare. */
const [mostTokens, mostViewBytes] = [32_768, 32 * 1024 * 1024] as const;
/** What nobody has used for so long is forgotten, in milliseconds. */
const unusedFor = 300_000;

/**
 * What is known of service tokens that were used lately, so that a fetch need neither read the database nor open the
 * token's key, which takes as long as many fetches. A token is known by its hash, views stay sealed, and an opened key is
 * a handle that does not give its bytes back. All of it is bounded, and believed only while the database is as it was.
 */
export class KnownTokens {
  readonly #tokens = new Map<string, KnownToken>();
  readonly #places = new Map<string, KnownPlace>();
  #viewBytes = 0;

  /** @param steady - milliseconds from whenever; nobody can set it */
  constructor(
    readonly freshness: Freshness,
    private readonly steady: () => number,
  ) {}

  /** How many tokens are known, and how many bytes of views. */
  get size(): { tokens: number; viewBytes: number } {
    return { tokens: this.#tokens.size, viewBytes: this.#viewBytes };
  }

  /** The token with this text, as the database has it and its place now; undefined where that is not known. */
  find(text: string): KnownToken | undefined {
    const token = this.#tokens.get(publicIdIn(text));
    if (!token || !hasSha256(text, token.digest)) return undefined;
    if (!this.freshness.isFresh(token.mark, token.place.rootId)) return undefined;
    token.usedAt = token.place.usedAt = this.steady();
    return token;
  }

  /**
   * Keeps what was read of a token whose secret was right. What it opens stays known where nothing has changed that its
   * key is sealed for.
   *
   * @param mark - taken before it was read
   */
  keep(text: string, verified: VerifiedToken, mark: Mark): KnownToken {
    const { description, allowedIps } = verified;
    const { publicId, expiresAt } = description;
    const former = this.#tokens.get(publicId);
    const place = this.#keepPlace(verified);
    const sealed = describeSeal(verified);
    const isSame = former?.sealed === sealed && hasSha256(text, former.digest);
    const opened = isSame ? former.opened : undefined;
    const digest = isSame ? former.digest : sha256(text);
    const usedAt = this.steady();
    const token = { publicId, expiresAt, allowedIps, place, opened, digest, sealed, mark, usedAt };
    this.#tokens.delete(publicId);
    this.#tokens.set(publicId, token);
    forgetFirst(this.#tokens);
    return token;
  }

  /** What a token opens, which is opened now if that is not known. Throws what `open` throws. */
  async open(token: KnownToken, open: () => Promise<ReadableEnvironment>): Promise<ReadableEnvironment> {
    if (token.opened) return token.opened;
    token.opening ??= open();
    try {
      const opened = await token.opening;
      token.opened = this.#shared(token.place, opened);
      return opened;
    } finally {
      token.opening = undefined;
    }
  }

  /** Forgets a token by its public id: it is gone, or no longer good. */
  forget(publicId: string): void {
    this.#tokens.delete(publicId);
  }

  /** Forgets what nobody has used for five minutes. To be called now and then. */
  sweep(): void {
    const before = this.steady() - unusedFor;
    for (const [publicId, { usedAt }] of this.#tokens) if (usedAt < before) this.#tokens.delete(publicId);
    for (const [key, place] of this.#places) {
      if (place.usedAt >= before) continue;
      this.#forgetView(place);
      this.#places.delete(key);
    }
  }

  /**
   * What other read tokens of the place have opened, where it is the same key. Only then: a row that somebody has forged
   * may hold another one, which must not open with this.
   */
  #shared(place: KnownPlace, opened: ReadableEnvironment): ReadableEnvironment {
    if (isWritable(opened)) return opened;
    place.readable ??= opened;
    return place.readable.viewKey.equals(opened.viewKey) ? place.readable : opened;
  }

  #keepPlace({ grant, description, view }: VerifiedToken): KnownPlace {
    const { projectName } = description;
    const { projectId, rootId, environment, generation } = grant;
    const key = `${rootId} ${projectId} ${environment.id} ${environment.name} ${generation}`;
    const place: KnownPlace = this.#places.get(key) ?? {
      ...{ projectId, rootId, environment: environment.name, projectName },
      ...{ view: undefined, readable: undefined, usedAt: 0 },
    };
    place.projectName = projectName;
    place.usedAt = this.steady();
    const context = contextBytes(
      viewContext("view-body", { projectId, environment, generation }, view.revision),
    );
    this.#forgetView(place);
    place.view = { ...view, context };
    this.#viewBytes += view.sealedBody.length;
    this.#places.delete(key);
    this.#places.set(key, place);
    this.#makeRoom();
    return place;
  }

  /** Forgets first what was read longest ago. */
  #makeRoom(): void {
    for (const place of this.#places.values()) {
      if (this.#viewBytes <= mostViewBytes) break;
      this.#forgetView(place);
    }
    const [first] = this.#places.values();
    if (this.#places.size > mostTokens && first) this.#forgetView(first);
    forgetFirst(this.#places);
  }

  #forgetView(place: KnownPlace): void {
    this.#viewBytes -= place.view?.sealedBody.length ?? 0;
    place.view = undefined;
  }
}

function forgetFirst(known: Map<string, unknown>): void {
  const [first] = known.keys();
  if (known.size > mostTokens && first !== undefined) known.delete(first);
}

/** Rights and place are a part of what a token's key is sealed for. Joined, since a template would keep all of its parts. */
function describeSeal({ grant, format }: VerifiedToken): string {
  const { projectId, rootId, environment, rights, generation, sealedKey } = grant;
  const place = [rootId, projectId, environment.id, environment.name, generation];
  return [format, rights, ...place, sha256(sealedKey).toBase64()].join(" ");
}
