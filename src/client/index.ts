import { createClient } from "./client.ts";
import { systemRuntime } from "./runtime.ts";
import type { ClientOptions, SecretsflyClient } from "./types.ts";

export { type Failure, RequestError } from "./request-error.ts";
export type {
  ChangedSecret,
  ChangeOptions,
  ChangeResult,
  Changes,
  ClientOptions,
  FetchAnswer,
  FetchInit,
  Problem,
  ReadSecret,
  RequestOptions,
  Revision,
  Secret,
  SecretList,
  SecretsflyClient,
  SecretVersion,
  SetOptions,
  Signal,
  TokenInfo,
  WatchOptions,
  WatchStatus,
  WriteOptions,
  WrittenSecret,
} from "./types.ts";

/**
 * A client of one server and one service token. It needs nothing but `fetch`, so it runs on Bun, on Node 20 and
 * later, on Deno and in Workers. It writes no log, follows no redirect and keeps what it fetched in memory only.
 *
 * @throws RangeError for a bad `baseUrl`, TypeError for no token
 */
export function secretsfly(options: ClientOptions): SecretsflyClient {
  return createClient(options, systemRuntime);
}
