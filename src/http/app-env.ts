import type { Config } from "../config.ts";
import type { Logger } from "../logger.ts";
import type { Guesses } from "../sessions/guesses.ts";
import type { Rotations } from "../sessions/rotations.ts";
import type { Session, Sessions } from "../sessions/sessions.ts";
import type { ChangeFeed } from "../vault/change-feed.ts";
import type { KnownTokens } from "../vault/known-tokens.ts";
import type { TokenUsage } from "../vault/token-usage.ts";
import type { Vault } from "../vault/vault.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/** What the HTTP side stands on. */
export interface AppDeps {
  config: Config;
  vault: Vault;
  sessions: Sessions;
  rotations: Rotations;
  guesses: Guesses;
  knownTokens: KnownTokens;
  usage: TokenUsage;
  changes: ChangeFeed;
  logger: Logger;
}

/** Why a session that a browser asks by is not here. */
export type Loss =
  /** Its time is over, or this process did not give it. */
  | "ended"
  /** The machine that gave it was asked in vain. */
  | "gone";

/** What a request carries from one middleware to the next. */
export interface AppEnv {
  Variables: AppDeps & {
    requestId: string;
    memory: MemoryBudget;
    /** The client's address as the settings say it is to be learnt. */
    address: string;
    /** Of the admin pages; undefined until something is worth remembering. */
    session: Session | undefined;
    /** Why there is none where the browser has sent a session's cookie and must sign in. */
    loss: Loss | undefined;
    /** What is to be overwritten of a form when its request is over. */
    formSecrets: Uint8Array[] | undefined;
  };
}
