/** The options of `run` as commander hands them over. */
export interface RunOptions {
  onlySecrets?: true;
  preserveEnv?: "all" | ReadonlySet<string>;
  allow?: ReadonlySet<string>;
}
