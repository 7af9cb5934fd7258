import { normaliseApiBaseUrl } from "./api-base-url.ts";
import type { Answer } from "./failed-answer.ts";
import {
  readChanged,
  readEtag,
  readSecrets,
  readSecretVersion,
  readToken,
  readWritten,
} from "./read-answer.ts";
import { RequestError } from "./request-error.ts";
import type { Runtime } from "./runtime.ts";
import { type Call, Transport } from "./transport.ts";
import type {
  ChangeOptions,
  ChangeResult,
  Changes,
  ClientOptions,
  ReadSecret,
  RequestOptions,
  Revision,
  SecretList,
  SecretsflyClient,
  SetOptions,
  TokenInfo,
  WatchOptions,
  WriteOptions,
  WrittenSecret,
} from "./types.ts";
import { watch } from "./watch.ts";

/**
 * The client on a runtime of the caller's: see `secretsfly`, which brings the real one.
 *
 * @throws RangeError for a bad `baseUrl`, `timeoutMs` or `retries`, TypeError for no token
 */
export function createClient(options: ClientOptions, runtime: Runtime): SecretsflyClient {
  const { token, timeoutMs = 10_000, retries = 3 } = options;
  // A token with anything else in it could not be sent, and the runtime's error would repeat it.
  if (!token) throw new TypeError("token is empty or not set");
  if (typeof token !== "string" || !/^[!-~]+$/.test(token)) throw new TypeError("token is no service token");
  if (!isTime(timeoutMs)) throw new RangeError("timeoutMs is not a number of milliseconds above 0");
  if (!(retries >= 0)) throw new RangeError("retries is not a number of attempts");
  const transport = new Transport({
    ...{ apiBaseUrl: readBaseUrl(options.baseUrl), token, timeoutMs, retries, runtime },
    // Looked up with each request, so that what has been put in its place since is used.
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
  });
  return new Client(transport);
}

/** What a timer can wait for: beyond 24 days it would fire at once. */
function isTime(milliseconds: number): boolean {
  return milliseconds > 0 && milliseconds < 2 ** 31;
}

function readBaseUrl(text: string): string {
  try {
    return normaliseApiBaseUrl(String(text));
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`baseUrl ${error.message}`) : error;
  }
}

class Client implements SecretsflyClient {
  readonly #transport: Transport;
  #latest: SecretList | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(options: RequestOptions = {}): Promise<SecretList> {
    const known = this.#latest;
    const headers: Record<string, string> = known ? { "If-None-Match": known.etag } : {};
    const call: Call = { method: "GET", path: "/secrets", headers, signal: options.signal };
    const answer = await this.#transport.send(call);
    if (answer.status === 304 && known) return known;
    const secrets = this.#expect(call, answer, readSecrets);
    const etag = readEtag(answer);
    const list = Object.freeze({ etag, secrets: Object.freeze(secrets.map((one) => Object.freeze(one))) });
    this.#latest = etag ? list : undefined;
    return list;
  }

  async values(options: RequestOptions = {}): Promise<Record<string, string>> {
    const { secrets } = await this.list(options);
    // Unlike an assignment, this keeps a name such as `__proto__` a name.
    return Object.fromEntries(secrets.map(({ name, value }) => [name, value]));
  }

  async get(name: string, options: RequestOptions = {}): Promise<ReadSecret> {
    const call: Call = { method: "GET", path: pathOf(name), signal: options.signal };
    const answer = await this.#transport.send(call);
    return { ...this.#expect(call, answer, readSecretVersion), etag: readEtag(answer) };
  }

  async set(name: string, value: string, options: SetOptions = {}): Promise<WrittenSecret> {
    const { note, create, signal } = options;
    const call: Call = {
      ...{ method: "PUT", path: pathOf(name), signal },
      headers: { ...conditionOf(options), ...(create && { "If-None-Match": "*" }) },
      body: { value, ...(note !== undefined && { note }) },
      repeatable: options.ifMatch === undefined && !create,
    };
    const answer = await this.#transport.send(call);
    const written = this.#expect(call, answer, readWritten);
    return { ...written, created: answer.status === 201, etag: readEtag(answer) };
  }

  async delete(name: string, options: WriteOptions = {}): Promise<void> {
    await this.#transport.send({
      ...{ method: "DELETE", path: pathOf(name), signal: options.signal },
      headers: conditionOf(options),
      repeatable: options.ifMatch === undefined,
      goneIsDone: true,
    });
  }

  async change(changes: Changes, options: ChangeOptions = {}): Promise<ChangeResult> {
    const { ifMatch, dryRun = false, signal } = options;
    const call: Call = {
      ...{ method: "PATCH", path: dryRun ? "/secrets?dryRun=true" : "/secrets", signal },
      headers: conditionOf(options),
      body: changes,
      // What is deleted already cannot be deleted once more: the answer would be that it is not there.
      repeatable: dryRun || (ifMatch === undefined && !changes.delete?.length),
    };
    const answer = await this.#transport.send(call);
    return { secrets: this.#expect(call, answer, readChanged), etag: readEtag(answer) };
  }

  async token(options: RequestOptions = {}): Promise<TokenInfo> {
    const call: Call = { method: "GET", path: "/token", signal: options.signal };
    return this.#expect(call, await this.#transport.send(call), readToken);
  }

  watch(options: WatchOptions = {}): AsyncGenerator<Revision, void, undefined> {
    const { pollSeconds = 30 } = options;
    if (!isTime(pollSeconds * 1000)) throw new RangeError("pollSeconds is not a number of seconds above 0");
    return watch({ transport: this.#transport, list: (more) => this.list(more) }, options);
  }

  #expect<Shape>(call: Call, answer: Answer, read: (answer: Answer) => Shape | undefined): Shape {
    const shape = read(answer);
    if (shape !== undefined) return shape;
    const url = this.#transport.urlOf(call.path);
    const message = `${url} does not answer as secretsfly does. Is the base URL (SECRETSFLY_API_BASE_URL) right, or a proxy in between?`;
    throw new RequestError("unexpected", message, { status: answer.status });
  }
}

/**
 * The address of one secret. What cannot be a name is refused here: it may be a value or a token in the wrong
 * place, and an address is written to logs.
 */
function pathOf(name: string): string {
  const isName = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name) && !/^(?:sfly|sfmk)_/.test(name);
  // The API has an address of this name, which is no secret's.
  if (isName && name !== "events") return `/secrets/${name}`;
  throw new RequestError("invalid", "this cannot be the name of a secret");
}

/** The header of a conditional write; a bare revision becomes an entity tag (RFC 9110, 8.8.3). */
function conditionOf({ ifMatch }: WriteOptions): Record<string, string> {
  if (ifMatch === undefined) return {};
  // An empty condition would be none, and the write would happen anyway.
  if (ifMatch === "") throw new TypeError("ifMatch is empty: the answer before had no ETag");
  return { "If-Match": ifMatch === "*" || ifMatch.includes('"') ? ifMatch : `"${ifMatch}"` };
}
