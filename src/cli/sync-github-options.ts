/** The options of `secretsfly sync github`, as commander hands them over. */
export interface SyncGitHubOptions {
  apiUrl: string;
  environment?: string;
  prefix?: string;
  skip?: readonly string[];
  prune?: true;
  yes?: true;
  dryRun?: true;
  json?: true;
}
