import type { OpenApiDocument } from "../../src/http/api/openapi.ts";
import { DocumentValidator, faultsOf } from "../http/api/document-validator.ts";
import type { AdminRequest } from "./admin-requests.ts";
import type { ApiRequest } from "./api-requests.ts";
import type { World } from "./world.ts";

/** What the admin pages may answer with (docs/admin-forms.md). */
const adminStatuses = [200, 204, 302, 303, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429];
/** What may be answered where an address only resembles one of the API, or the method is another. */
const strayStatuses = [200, 201, 204, 302, 304, 400, 401, 403, 404, 405, 412, 413, 415, 422, 429];
const largestShown = 2 * 1024 * 1024;

/** Of a request line or headers above 16 KiB: the server's own answer, before the app is asked. */
const headersTooLarge = 431;

/** Says what is wrong with an answer. */
export class Judge {
  readonly #validators: DocumentValidator;

  constructor(
    private readonly document: OpenApiDocument,
    private readonly world: World,
  ) {
    this.#validators = new DocumentValidator(document);
  }

  /** What is wrong with an answer of the API; empty for nothing. */
  async api(request: ApiRequest, response: Response): Promise<string[]> {
    const type = response.headers.get("Content-Type")?.replace(/;.*/, "") ?? "";
    const body = await readBody(response, type);
    if (response.status === headersTooLarge && body === "") return [];
    const faults = this.#always(response, body);
    if (response.status >= 400) {
      faults.push(...leaks(body, request.markers, "repeats what it was sent"));
      const validate = this.#validators.at("components", "schemas", "Problem");
      const isProblem = type === "application/problem+json";
      if (isProblem && request.init.method !== "HEAD")
        faults.push(...faultsOf(validate, JSON.parse(body)).map((fault) => `problem: ${fault}`));
      if (!isProblem && request.path.startsWith("/api/")) faults.push(`answers ${type} instead of a problem`);
    }
    const mayRead = request.isKnown && response.status < 300;
    if (!mayRead) faults.push(...leaks(body, this.world.own, "tells a value"));
    faults.push(...leaks(body, this.world.unsaid, "tells another environment, or a note"));
    return [...faults, ...this.#documented(request, response, type, body)];
  }

  #documented({ operation, init }: ApiRequest, response: Response, type: string, body: string): string[] {
    const status = String(response.status);
    if (!operation && !strayStatuses.includes(response.status)) return [`answers ${status}`];
    const told = operation && this.document.paths[operation.path]?.[operation.method as "get"]?.responses;
    // Under another address or method than the documented ones, it may have met another operation.
    if (!told || init.method === "HEAD") return [];
    const answer = told[status];
    // A name that the address cannot hold leads elsewhere.
    const isLed = operation.path.includes("{name}") && (response.status === 404 || response.status === 400);
    if (!answer) return isLed ? [] : [`${status} is not documented`];
    if (!answer.content) return body === "" ? [] : [`${status} has a body`];
    if (!(type in answer.content)) return [`${status} is ${type}`];
    if (!type.endsWith("json")) return [];
    const way = ["paths", operation.path, operation.method, "responses", status, "content", type, "schema"];
    return faultsOf(this.#validators.at(...way), JSON.parse(body)).map((fault) => `${status}: ${fault}`);
  }

  /** What is wrong with an admin page; empty for nothing. */
  async admin(request: AdminRequest, response: Response): Promise<string[]> {
    const body = await readBody(response, "");
    if (response.status === headersTooLarge && body === "") return [];
    const faults = this.#always(response, body);
    if (!adminStatuses.includes(response.status)) faults.push(`answers ${response.status}`);
    if (response.headers.get("Content-Type")?.startsWith("text/html") && /<x-fuzz|<script>/i.test(body))
      faults.push("puts what it was sent into the page as markup");
    const location = response.headers.get("Location");
    if (location !== null && !/^\/(?:admin|$)/.test(location)) faults.push(`leads to ${location}`);
    if (response.headers.get("Cache-Control")?.includes("no-store") !== true)
      faults.push(`${request.route} may be stored`);
    return faults;
  }

  #always(response: Response, body: string): string[] {
    const faults = leaks(body + headersOf(response), this.world.forbidden, "tells");
    if (response.status >= 500) faults.push(`answers ${response.status}`);
    if (!response.headers.has("X-Request-Id")) faults.push("has no X-Request-Id");
    if (response.headers.get("X-Content-Type-Options") !== "nosniff") faults.push("may be sniffed");
    if (response.headers.has("Access-Control-Allow-Origin")) faults.push("may be read by other origins");
    return faults;
  }
}

function headersOf({ headers }: Response): string {
  return [...headers].map(([name, value]) => `${name}: ${value}`).join("\n");
}

function leaks(text: string, canaries: readonly string[], what: string): string[] {
  return canaries.filter((canary) => text.includes(canary)).map((canary) => `${what}: ${canary}`);
}

/** The body as text; of a stream that does not end, the first piece. */
async function readBody(response: Response, type: string): Promise<string> {
  if (type !== "text/event-stream" || !response.body) return (await response.text()).slice(0, largestShown);
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}
