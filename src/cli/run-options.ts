/** The options of `run` as commander hands them over. */
export interface RunOptions {
  onlySecrets?: true;
  preserveEnv?: "all" | ReadonlySet<string>;
  allow?: ReadonlySet<string>;
  /** Secrets without which nothing is started. */
  require?: ReadonlySet<string>;
  /** A path; false: none, whatever the environment says. */
  fallback?: string | false;
  /** Milliseconds. */
  fallbackMaxAge: number;
  watch?: true;
  /** Milliseconds from SIGTERM to SIGKILL when the command is restarted. */
  grace: number;
}
