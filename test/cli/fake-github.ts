import sodium from "libsodium-wrappers";

/** The personal access token that the stand-in accepts. */
export const gitHubToken = "github_pat_TESTSECRETTESTSECRET";

/** One repository or deployment environment: a key pair, and the secrets that were opened with it. */
interface FakePlace {
  /** Name → value, as a workflow would get it. */
  secrets: Map<string, string>;
  /** Another key pair: boxes for the former one are refused from now on. */
  renewKey(): void;
}

/** What comes before the usual answer: another one, or undefined to go on. */
type Intervention = (request: Request, path: string) => Response | undefined;

/**
 * GitHub's REST API for Actions secrets in this process, as its documentation and its OpenAPI description have
 * it, with one repository `octo/app` that has the environment `a/b prod`. It opens every box.
 */
export interface FakeGitHub {
  /** What `--api-url` is given. */
  url: string;
  repository: FakePlace;
  environment: FakePlace;
  /** `METHOD /path?query` of every request, in order. */
  requests: string[];
  /** Asked before each answer, the first one that answers wins and stays. */
  interventions: Intervention[];
  stop(): Promise<void>;
}

const nameRule = /^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/;
const base64Rule = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const maxPerPlace = 100;

/** Starts it on a free port of this machine. `basePath` as Enterprise Server has it, such as `/api/v3`. */
export async function startFakeGitHub(basePath = ""): Promise<FakeGitHub> {
  await sodium.ready;
  const repository = new Place();
  const environment = new Place();
  const places: Record<string, Place> = {
    "/repos/octo/app/actions/secrets": repository,
    "/repos/octo/app/environments/a%2Fb%20prod/secrets": environment,
  };
  const requests: string[] = [];
  const interventions: Intervention[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const url = new URL(request.url);
      requests.push(`${request.method} ${url.pathname}${url.search}`);
      for (const intervene of interventions) {
        const answer = intervene(request, url.pathname);
        if (answer !== undefined) return answer;
      }
      const fault = faultOf(request);
      if (fault !== undefined) return fault;
      const path = url.pathname.replace(new RegExp(`^${basePath}`), "");
      const base = Object.keys(places).find((known) => path === known || path.startsWith(`${known}/`));
      const place = base === undefined ? undefined : places[base];
      if (base === undefined || place === undefined) return problem(404, "Not Found");
      return place.answer(request, url, decodeURIComponent(path.slice(base.length + 1)));
    },
  });
  const url = `http://127.0.0.1:${server.port}${basePath}`;
  return { url, repository, environment, requests, interventions, stop: () => server.stop(true) };
}

/** GitHub's errors: a message and where to read about it. */
export function problem(status: number, message: string, headers: Record<string, string> = {}): Response {
  const body = { message, documentation_url: "https://docs.github.com/rest", status: String(status) };
  return Response.json(body, { status, headers });
}

function faultOf({ headers }: Request): Response | undefined {
  if (!headers.get("user-agent")?.startsWith("secretsfly/")) {
    return problem(403, "Request forbidden by administrative rules.");
  }
  if (headers.get("x-github-api-version") !== "2022-11-28") return problem(400, "Unsupported API version");
  if (headers.get("accept") !== "application/vnd.github+json") return problem(415, "Unsupported Accept");
  return headers.get("authorization") === `Bearer ${gitHubToken}`
    ? undefined
    : problem(401, "Bad credentials");
}

class Place implements FakePlace {
  readonly secrets = new Map<string, string>();
  #keys = sodium.crypto_box_keypair();
  #keyId = 1;

  renewKey(): void {
    this.#keys = sodium.crypto_box_keypair();
    this.#keyId++;
  }

  async answer(request: Request, url: URL, name: string): Promise<Response> {
    if (request.method === "GET" && name === "") return this.#list(url);
    if (request.method === "GET" && name === "public-key") {
      const key = sodium.to_base64(this.#keys.publicKey, sodium.base64_variants.ORIGINAL);
      return Response.json({ key_id: `key-${this.#keyId}`, key });
    }
    if (request.method === "PUT") return this.#put(name, await request.json());
    if (request.method !== "DELETE") return problem(404, "Not Found");
    return this.secrets.delete(name) ? new Response(null, { status: 204 }) : problem(404, "Not Found");
  }

  /** "Using pagination in the REST API": 30 a page unless told, 100 at most, and where to go on in `Link`. */
  #list(url: URL): Response {
    const perPage = Math.min(Number(url.searchParams.get("per_page") ?? 30), 100);
    const page = Number(url.searchParams.get("page") ?? 1);
    const names = [...this.secrets.keys()].sort();
    const part = names.slice((page - 1) * perPage, page * perPage);
    const pages = Math.ceil(names.length / perPage);
    const link = (number: number, rel: string) => {
      const other = new URL(url);
      other.searchParams.set("page", String(number));
      return `<${other}>; rel="${rel}"`;
    };
    const links = [
      ...(page > 1 ? [link(page - 1, "prev"), link(1, "first")] : []),
      ...(page < pages ? [link(page + 1, "next"), link(pages, "last")] : []),
    ];
    const time = "2026-01-01T00:00:00Z";
    return Response.json(
      {
        total_count: names.length,
        secrets: part.map((name) => ({ name, created_at: time, updated_at: time })),
      },
      { headers: links.length > 0 ? { link: links.join(", ") } : {} },
    );
  }

  #put(name: string, content: { encrypted_value?: unknown; key_id?: unknown }): Response {
    const { encrypted_value: sealed, key_id: keyId } = content;
    if (!nameRule.test(name)) return problem(422, "Secret names can only contain alphanumeric characters");
    if (typeof sealed !== "string" || !base64Rule.test(sealed)) {
      return problem(422, `Invalid request.\n\n${sealed} does not match ${base64Rule}.`);
    }
    const value = keyId === `key-${this.#keyId}` ? this.#open(sealed) : undefined;
    if (value === undefined)
      return problem(422, "Bad request - validation failed due to an improperly encrypted secret");
    if (value === "" || Buffer.byteLength(value) > 48 * 1024) return problem(422, "Invalid value");
    const isNew = !this.secrets.has(name);
    if (isNew && this.secrets.size >= maxPerPlace) return problem(422, "Too many secrets");
    this.secrets.set(name, value);
    return isNew ? Response.json({}, { status: 201 }) : new Response(null, { status: 204 });
  }

  #open(sealed: string): string | undefined {
    const box = sodium.from_base64(sealed, sodium.base64_variants.ORIGINAL);
    try {
      const opened = sodium.crypto_box_seal_open(box, this.#keys.publicKey, this.#keys.privateKey);
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(opened);
    } catch {
      return undefined;
    }
  }
}
