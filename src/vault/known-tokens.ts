import { contextBytes } from "../cryptography/aead.ts";
import type { Bytes } from "../cryptography/bytes.ts";
import { equalBytes, hasSha256, sha256 } from "../cryptography/hash.ts";
import { publicIdIn, type SealFormat } from "../cryptography/service-token.ts";
import type { Freshness, Mark } from "../database/freshness.ts";
import type { ReadableEnvironment, ServiceTokenGrant } from "./unlock.ts";
import { type ViewRow, viewContext } from "./views.ts";

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

/** A view as apps get it, still sealed. */
export type SealedView = Pick<ViewRow, "revision" | "bodyId" | "sealedBody">;

/** What the database says of a service token whose secret was right. */
export interface VerifiedToken {
  description: TokenDescription;
  grant: ServiceTokenGrant;
  format: SealFormat;
  allowedIps: string;
}

/** The same, with what it opens once that was needed. */
export interface KnownToken extends VerifiedToken {
  /** By whoever came first: whoever uses it says who asks. */
  opened: ReadableEnvironment | undefined;
  /** Of those who came first at once, one opens it for all. */
  opening: Promise<ReadableEnvironment> | undefined;
}

/** A view with what its body is sealed for. */
export interface KnownView extends SealedView {
  readonly context: Bytes;
}

interface TokenEntry extends KnownToken {
  /** SHA-256 of its text. */
  digest: Bytes;
  place: string;
  mark: Mark;
  usedAt: number;
}

interface ViewEntry extends KnownView {
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
  readonly #tokens = new Map<string, TokenEntry>();
  /** By place, since many tokens read the same. */
  readonly #views = new Map<string, ViewEntry>();
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

  /** The token with this text, and its view, as the database has them now; undefined where that is not known. */
  find(text: string): { token: KnownToken; view: KnownView } | undefined {
    const token = this.#tokens.get(publicIdIn(text));
    if (!token || !hasSha256(text, token.digest)) return undefined;
    if (!this.freshness.isFresh(token.mark)) return undefined;
    const view = this.#views.get(token.place);
    if (!view) return undefined;
    token.usedAt = view.usedAt = this.steady();
    return { token, view };
  }

  /**
   * Keeps what was read of a token whose secret was right. What it opens stays known where nothing has changed that its
   * key is sealed for.
   *
   * @param mark - taken before it was read
   */
  keep(text: string, verified: VerifiedToken, view: SealedView, mark: Mark): KnownToken {
    const { publicId } = verified.description;
    const digest = sha256(text);
    const former = this.#tokens.get(publicId);
    const isSame = former && equalBytes(former.digest, digest) && isSameGrant(former, verified);
    const place = this.#keepView(verified.grant, view);
    const token: TokenEntry = {
      ...verified,
      ...{ digest, place, mark, usedAt: this.steady() },
      opened: isSame ? former.opened : undefined,
      opening: isSame ? former.opening : undefined,
    };
    this.#tokens.delete(publicId);
    this.#tokens.set(publicId, token);
    const [longestKnown] = this.#tokens.keys();
    if (this.#tokens.size > mostTokens && longestKnown !== undefined) this.#tokens.delete(longestKnown);
    return token;
  }

  /** Forgets a token by its public id: it is gone, or no longer good. */
  forget(publicId: string): void {
    this.#tokens.delete(publicId);
  }

  /** Forgets what nobody has used for five minutes. To be called now and then. */
  sweep(): void {
    const before = this.steady() - unusedFor;
    for (const [publicId, { usedAt }] of this.#tokens) if (usedAt < before) this.#tokens.delete(publicId);
    for (const [place, { usedAt }] of this.#views) if (usedAt < before) this.#forgetView(place);
  }

  /** Returns the place that it is kept by: a view of other keys is another one. */
  #keepView(grant: ServiceTokenGrant, view: SealedView): string {
    const { projectId, environment, generation } = grant;
    const place = `${projectId} ${environment.id} ${generation}`;
    const context = contextBytes(
      viewContext("view-body", { projectId, environment, generation }, view.revision),
    );
    this.#forgetView(place);
    this.#views.set(place, { ...view, context, usedAt: this.steady() });
    this.#viewBytes += view.sealedBody.length;
    for (const longestKnown of this.#views.keys()) {
      if (this.#viewBytes <= mostViewBytes) break;
      this.#forgetView(longestKnown);
    }
    return place;
  }

  #forgetView(place: string): void {
    this.#viewBytes -= this.#views.get(place)?.sealedBody.length ?? 0;
    this.#views.delete(place);
  }
}

/** Whether what opened a token's key then opens it now: rights and place are a part of what it is sealed for. */
function isSameGrant(a: VerifiedToken, b: VerifiedToken): boolean {
  const [was, is] = [a.grant, b.grant];
  return (
    a.format === b.format &&
    was.projectId === is.projectId &&
    was.rootId === is.rootId &&
    was.environment.id === is.environment.id &&
    was.environment.name === is.environment.name &&
    was.rights === is.rights &&
    was.generation === is.generation &&
    equalBytes(was.sealedKey, is.sealedKey)
  );
}
