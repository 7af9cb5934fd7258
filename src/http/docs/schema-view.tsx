/** @jsxImportSource hono/jsx */
import type { JsonSchema } from "../api/openapi.ts";
import { Prose } from "./prose.tsx";

/** The name of the component that a reference means. */
function referredTo(ref: string): string {
  return ref.slice(ref.lastIndexOf("/") + 1);
}

/** Where a component is on the page. */
export const anchorOf = (component: string) => `schema-${component}`;

/** What a value is, in a few words. */
export function TypeOf({ schema }: { schema: JsonSchema }) {
  const { $ref, anyOf, items, type, additionalProperties } = schema;
  const constant = schema.const;
  if ($ref !== undefined) return <a href={`#${anchorOf(referredTo($ref))}`}>{referredTo($ref)}</a>;
  if (anyOf) {
    return (
      <>
        {anyOf.map((one, i) => (
          <>
            {i > 0 && " or "}
            <TypeOf schema={one} />
          </>
        ))}
      </>
    );
  }
  if (schema.enum) {
    return (
      <>
        {schema.enum.map((one, i) => (
          <>
            {i > 0 && ", "}
            <code>{String(one)}</code>
          </>
        ))}
      </>
    );
  }
  if (constant !== undefined) return <code>{String(constant)}</code>;
  if (items) {
    return (
      <>
        list of <TypeOf schema={items} />
      </>
    );
  }
  if (typeof additionalProperties === "object" && Object.keys(additionalProperties).length > 0) {
    return (
      <>
        object of names and <TypeOf schema={additionalProperties} />
      </>
    );
  }
  return <>{words[type ?? ""] ?? "anything"}</>;
}

const words: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  boolean: "true or false",
  object: "object",
  null: "null",
};

interface FieldRowProps {
  name: string;
  schema: JsonSchema;
  /** Said of fields that need not be there; nothing of the others. */
  isRequired: boolean;
  /** Where it is sent, if not in the body. */
  place?: string;
  description?: string | undefined;
}

/** One field or parameter, for a `dl`. */
export function FieldRow({ name, schema, isRequired, place, description }: FieldRowProps) {
  return (
    <>
      <dt>
        <code>{name}</code>
        <span class="hint">
          {place !== undefined && `${place}, `}
          <TypeOf schema={schema} />
          {!isRequired && ", optional"}
          {typeof schema.default === "string" && (
            <>
              ; <code>{schema.default}</code> unless told
            </>
          )}
        </span>
      </dt>
      <dd>
        <Prose text={description ?? schema.description ?? ""} />
        {schema.properties && <Fields schema={schema} />}
      </dd>
    </>
  );
}

/** The fields of an object, those of objects within it too. */
export function Fields({ schema }: { schema: JsonSchema }) {
  const required = new Set(schema.required);
  return (
    <dl class="fields">
      {Object.entries(schema.properties ?? {}).map(([name, field]) => (
        <FieldRow name={name} schema={field} isRequired={required.has(name)} />
      ))}
    </dl>
  );
}
