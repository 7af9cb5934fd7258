import { GitHubError } from "./github-error.ts";
import type { GitHubAnswer, GitHubRequest } from "./request.ts";
import { sealFor } from "./sealed-box.ts";

/** Where secrets are: a repository, or a deployment environment of it. */
export interface SecretsPlace {
  owner: string;
  repository: string;
  environment: string | undefined;
}

interface PublicKey {
  id: string;
  seal(value: string): string;
}

/** More pages than a place that holds 100 secrets can have. */
const maxPages = 20;

/**
 * The Actions secrets of one place, by GitHub's REST API ("REST API endpoints for GitHub Actions Secrets").
 * Values go in and never come out. Every method throws GitHubError.
 */
export class ActionsSecrets {
  readonly #path: string;
  #key: PublicKey | undefined;

  constructor(
    private readonly request: GitHubRequest,
    { owner, repository, environment }: SecretsPlace,
  ) {
    const repositoryPath = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}`;
    this.#path =
      environment === undefined
        ? `${repositoryPath}/actions/secrets`
        : `${repositoryPath}/environments/${encodeURIComponent(environment)}/secrets`;
  }

  /** The names of all secrets that are there, from all pages. */
  async names(): Promise<string[]> {
    const names: string[] = [];
    let query: string | undefined = "?per_page=100";
    for (let page = 1; query !== undefined; page++) {
      if (page > maxPages) throw unexpected("the list of secrets does not end");
      const answer = await this.request("GET", this.#path + query);
      names.push(...namesOf(answer.body));
      query = nextQuery(answer);
    }
    return names;
  }

  /** Seals a value with the place's public key and stores it. */
  async write(name: string, value: string): Promise<"created" | "updated"> {
    this.#key ??= await this.#fetchKey();
    try {
      return await this.#put(name, value, this.#key);
    } catch (error) {
      if (!(error instanceof GitHubError && error.failure === "invalid")) throw error;
      // The place may have got another key since this one was fetched.
      const newer = await this.#fetchKey();
      if (newer.id === this.#key.id) throw error;
      this.#key = newer;
      return this.#put(name, value, newer);
    }
  }

  /** Deletes a secret; one that is gone already is fine. */
  async delete(name: string): Promise<void> {
    try {
      await this.request("DELETE", `${this.#path}/${encodeURIComponent(name)}`);
    } catch (error) {
      if (!(error instanceof GitHubError && error.failure === "not-found")) throw error;
    }
  }

  async #put(name: string, value: string, key: PublicKey): Promise<"created" | "updated"> {
    const { status } = await this.request("PUT", `${this.#path}/${encodeURIComponent(name)}`, {
      encrypted_value: key.seal(value),
      key_id: key.id,
    });
    return status === 201 ? "created" : "updated";
  }

  async #fetchKey(): Promise<PublicKey> {
    const { body } = await this.request("GET", `${this.#path}/public-key`);
    const { key, key_id: id } = fieldsOf(body);
    if (typeof key !== "string" || typeof id !== "string") throw unexpected("there is no public key in it");
    try {
      return { id, seal: await sealFor(key) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw unexpected(`its public key is ${error.message}`);
    }
  }
}

function namesOf(body: unknown): string[] {
  const { secrets } = fieldsOf(body);
  if (!Array.isArray(secrets)) throw unexpected("there is no list of secrets in it");
  return secrets.map((secret: unknown) => {
    const { name } = fieldsOf(secret);
    if (typeof name !== "string") throw unexpected("a secret in its list has no name");
    return name;
  });
}

/**
 * The query of the next page, as the `Link` header (RFC 8288) has it. Only the query is taken: whatever
 * host the header names, the token goes where it went before. No link reaches into the next one, so each is read once.
 */
function nextQuery({ headers }: GitHubAnswer): string | undefined {
  const next = /<([^<>]*)>\s*;[^,<]*\brel="?next"?/.exec(headers.get("link") ?? "")?.[1];
  return next === undefined ? undefined : URL.parse(next, "https://api.github.com")?.search;
}

function fieldsOf(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function unexpected(detail: string): GitHubError {
  return new GitHubError(
    "unexpected",
    `the answer is not GitHub's own: ${detail}. Is --api-url right, or a proxy in between?`,
  );
}
