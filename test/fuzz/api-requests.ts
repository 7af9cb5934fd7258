import type { DocumentedOperation, JsonSchema, OpenApiDocument } from "../../src/http/api/openapi.ts";
import type { Dice } from "./dice.ts";
import { hostileJson, hostileText, mutated, names } from "./hostile.ts";
import { goodAddress, type World } from "./world.ts";

/** A request to the API, and what is known of who sends it. */
export interface ApiRequest {
  path: string;
  init: RequestInit & { headers: Headers };
  /** The operation that it is meant for; undefined where it is for none. */
  operation?: { path: string; method: string };
  /** Whether it carries a token that is good where it is used. */
  isKnown: boolean;
  /** The markers of the values that it carries, which no problem may repeat. */
  markers: readonly string[];
}

/** Makes requests from the document: mostly what it describes, with something wrong in most. */
export class ApiRequests {
  readonly #operations: { path: string; method: string; operation: DocumentedOperation }[];

  constructor(
    private readonly document: OpenApiDocument,
    private readonly world: World,
    private readonly dice: Dice,
  ) {
    this.#operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, operation]) =>
        // What takes something has more to get wrong.
        dice.times(path.startsWith("/api/secrets") ? 6 : 1, () => ({ path, method, operation })),
      ),
    );
  }

  next(): ApiRequest {
    const { dice } = this;
    const { path, method, operation } = dice.pick(this.#operations);
    const { authorization, isKnown } = this.#credentials();
    const headers = new Headers({ "fly-client-ip": isKnown ? goodAddress : this.#address() });
    if (authorization !== undefined) setHeader(headers, "Authorization", authorization);
    for (const { name, in: place } of operation.parameters ?? []) {
      if (place === "header" && dice.once(3)) setHeader(headers, name, this.#condition());
    }
    if (dice.once(20)) setHeader(headers, dice.pick(oddHeaders), hostileText(dice));
    const markers: string[] = [];
    const init: ApiRequest["init"] = { method: method.toUpperCase(), headers };
    if (operation.requestBody || dice.once(30)) this.#body(init, operation, markers);
    const isMeant = !dice.once(25);
    if (!isMeant) init.method = dice.pick(methods);
    if (/^(?:GET|HEAD)$/.test(init.method ?? "")) delete init.body;
    const filled = this.#filled(path);
    const bent = dice.once(15) ? this.#bent(filled) : filled;
    const isPlain = isMeant && bent === filled;
    const address = bent + this.#query(operation);
    return { path: address, init, isKnown, markers, ...(isPlain && { operation: { path, method } }) };
  }

  /** A request with a token that is none, always from the same address. */
  bad(): ApiRequest {
    const { path, method } = this.dice.pick(
      this.#operations.filter(({ path }) => path.startsWith("/api/secrets")),
    );
    const headers = new Headers({ Authorization: "Bearer sfly_nobody", "fly-client-ip": "192.0.2.66" });
    const init = { method: method.toUpperCase(), headers };
    return { path: this.#filled(path), init, isKnown: false, markers: [], operation: { path, method } };
  }

  #credentials(): { authorization?: string; isKnown: boolean } {
    const { dice } = this;
    const { read, write, revoked, elsewhere, bank } = this.world.tokens;
    switch (dice.below(24)) {
      case 0:
        return { isKnown: false };
      case 1:
        return { authorization: `Bearer ${revoked}`, isKnown: false };
      case 2:
        return { authorization: `Bearer ${elsewhere}`, isKnown: false };
      case 3:
        return { authorization: this.#spoilt(dice.pick([read, write, bank])), isKnown: false };
      case 4:
        return { authorization: hostileText(dice), isKnown: false };
      case 5:
        return { authorization: read, isKnown: true };
      case 6:
        return { authorization: `bEaReR   ${read}`, isKnown: true };
      default:
        return { authorization: `Bearer ${dice.once(5) ? read : write}`, isKnown: true };
    }
  }

  /** A token with something done to it, and never the token itself. */
  #spoilt(token: string): string {
    const spoilt = mutated(this.dice, `Bearer ${token}!`);
    return spoilt.replace(/^Bearer +/i, "").trim() === token ? `${spoilt}!` : spoilt;
  }

  #address(): string {
    return `2001:db8:${this.dice.below(65_536).toString(16)}:${this.dice.below(65_536).toString(16)}::1`;
  }

  #condition(): string {
    const { dice } = this;
    return dice.pick(["*", '"x"', '""', 'W/"x", "y"', '"unclosed', ",", "", hostileText(dice)]);
  }

  #filled(template: string): string {
    const { dice } = this;
    const filled = template.replace("{name}", () =>
      dice.once(4) ? segment(hostileText(dice)) : dice.pick(names),
    );
    return dice.once(8) ? `${filled}/` : filled;
  }

  /** An address that only resembles one of ours. */
  #bent(path: string): string {
    const { dice } = this;
    return dice.pick([
      `/${path}`,
      `${path}//`,
      `${path}/..`,
      `${path}%2f`,
      `${path}%00`,
      `${path};a=b`,
      path.toUpperCase(),
      path.replace("/api", "/api/."),
      path.replace("/api", "/%61pi"),
      `${path}/${encodeURIComponent(scalar(hostileText(dice))).slice(0, 500)}`,
    ]);
  }

  #query({ parameters = [] }: DocumentedOperation): string {
    const { dice } = this;
    const query = new URLSearchParams();
    for (const { name, in: place, schema } of parameters) {
      if (place !== "query" || dice.once(2)) continue;
      for (let i = dice.once(10) ? 2 : 1; i > 0; i--) query.append(name, this.#queryValue(schema));
    }
    if (dice.once(20)) query.append(scalar(hostileText(dice)).slice(0, 100), scalar(hostileText(dice)));
    const text = query.toString();
    return text === "" ? "" : `?${dice.once(20) ? text.replaceAll("=", "") : text}`;
  }

  #queryValue(schema: JsonSchema): string {
    const known = [...(schema.enum ?? []), ...(schema.anyOf ?? []).map(({ const: value }) => value)];
    if (known.length > 0 && !this.dice.once(5)) return String(this.dice.pick(known));
    return this.dice.once(3) ? this.dice.pick(["true", "false", "1"]) : scalar(hostileText(this.dice));
  }

  #body(init: ApiRequest["init"], operation: DocumentedOperation, markers: string[]): void {
    const { dice } = this;
    if (!dice.once(15)) init.headers.set("Content-Type", this.#contentType());
    const schema = operation.requestBody?.content["application/json"]?.schema;
    const value = dice.once(8) ? hostileJson(dice) : this.#fitting(schema ?? {}, markers);
    let text = JSON.stringify(value) ?? "";
    if (dice.once(12)) text = mutated(dice, text);
    if (dice.once(40)) text = text.replace("{", '{"value":"twice",');
    if (dice.once(60)) text = "[".repeat(20_000);
    init.body = dice.once(40) ? Uint8Array.of(0x22, 0xff, 0xfe, 0x22, dice.below(256)) : text;
  }

  #contentType(): string {
    const { dice } = this;
    if (!dice.once(12)) return "application/json";
    return dice.pick([
      "application/json; charset=utf-8",
      "application/json;charset=utf-16",
      "APPLICATION/JSON",
      "application/problem+json",
      "text/plain",
      "multipart/form-data; boundary=x",
      "json",
      "*/*",
    ]);
  }

  /** Something that fits a schema, or nearly. */
  #fitting(given: JsonSchema, markers: string[]): unknown {
    const { dice } = this;
    const schema = this.#resolved(given);
    if (dice.once(25)) return hostileJson(dice);
    if (schema.anyOf) return this.#fitting(dice.pick(schema.anyOf), markers);
    if (schema.type === "array")
      return dice.times(dice.below(4), () => this.#fitting(schema.items ?? {}, markers));
    if (schema.type === "object") return this.#object(schema, markers);
    if (schema.type === "string" || schema.type === undefined) return this.#text(schema, markers);
    return hostileJson(dice);
  }

  #object({ properties, required = [], additionalProperties }: JsonSchema, markers: string[]): unknown {
    const { dice } = this;
    const told = Object.entries(properties ?? {}).filter(([name]) => required.includes(name) || dice.once(2));
    const entries = told.map(([name, schema]) => [name, this.#fitting(schema, markers)] as const);
    if (typeof additionalProperties === "object") {
      const free = dice.times(dice.below(4), () => {
        const name = dice.once(5) ? hostileText(dice).slice(0, 300) : dice.pick(names);
        return [name, this.#fitting(additionalProperties, markers)] as const;
      });
      entries.push(...free);
    } else if (dice.once(15)) entries.push([hostileText(dice).slice(0, 50), hostileJson(dice)]);
    return Object.fromEntries(dice.once(20) ? entries.slice(1) : entries);
  }

  #text(schema: JsonSchema, markers: string[]): string {
    const { dice } = this;
    if (schema.pattern !== undefined && !dice.once(5)) return dice.pick(names);
    if (dice.once(2)) return hostileText(dice);
    const marker = `marker-${dice.below(2 ** 31).toString(36)}-${dice.below(2 ** 31).toString(36)}`;
    markers.push(marker);
    return dice.once(2) ? marker : `${marker} ${hostileText(dice)}`;
  }

  #resolved(schema: JsonSchema): JsonSchema {
    const name = schema.$ref?.split("/").at(-1);
    return name === undefined ? schema : this.#resolved(this.document.components.schemas[name] ?? {});
  }
}

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
const oddHeaders = [
  "Accept",
  "Accept-Encoding",
  "X-Forwarded-For",
  "X-HTTP-Method-Override",
  "Range",
  "Last-Event-ID",
  "Origin",
  "Cookie",
  "Expect",
];

/** Without halves of surrogate pairs, which no address can hold. */
export function scalar(text: string): string {
  return text.toWellFormed();
}

/** Leaves out what no client library would send; a socket can, and is tested by itself. */
function setHeader(headers: Headers, name: string, value: string): void {
  headers.set(name, value.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?"));
}

/** A text as a part of a path; of one that an address loses on its way, a space. */
function segment(text: string): string {
  const encoded = encodeURIComponent(scalar(text)).slice(0, 2000);
  return /^\.{0,2}$/.test(encoded) ? "%20" : encoded;
}
