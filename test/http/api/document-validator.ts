import Ajv2020, { type ValidateFunction } from "ajv/dist/2020";
import type { OpenApiDocument } from "../../../src/http/api/openapi.ts";

/** Checks data against parts of an OpenAPI document. Stricter than that is: answers hold nothing that it does not name. */
export class DocumentValidator {
  /** The document as a JSON Schema of schemas. */
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: OpenApiDocument) {
    this.#ajv.addSchema({ $id: "api", ...closed(document) });
  }

  /** The validator of a part of the document, by the way to it. */
  at(...way: readonly string[]): ValidateFunction {
    const steps = way.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1")));
    const pointer = steps.join("/");
    const known = this.#compiled.get(pointer) ?? this.#ajv.compile({ $ref: `api#/${pointer}` });
    this.#compiled.set(pointer, known);
    return known;
  }

  /** The validator of a schema that stands alone. */
  of(schema: object): ValidateFunction {
    return this.#ajv.compile(schema);
  }
}

/** The same, where no object may have a property that it does not name. */
function closed<T>(node: T): T {
  if (Array.isArray(node)) return node.map(closed) as T;
  if (typeof node !== "object" || node === null) return node;
  const copied = Object.fromEntries(Object.entries(node).map(([key, child]) => [key, closed(child)]));
  const isObject = copied.type === "object" && copied.properties && !("additionalProperties" in copied);
  return (isObject ? { ...copied, additionalProperties: false } : copied) as T;
}

/** What is wrong with data, in the validator's words; empty for nothing. */
export function faultsOf(validate: ValidateFunction, data: unknown): string[] {
  return validate(data)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
