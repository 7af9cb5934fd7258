import type { Context } from "hono";
import { invalid, SecretsflyError } from "../../errors.ts";
import { maxSecrets } from "../../vault/secret-input.ts";
import type { AppEnv } from "../app-env.ts";

/** A posted form's text fields. Throws SecretsflyError `malformed`, `too-large`. */
export async function readForm(c: Context<AppEnv>): Promise<Form> {
  const type = c.req.header("Content-Type");
  if (type === undefined) return new Form(new URLSearchParams());
  if (/^multipart\//i.test(type)) {
    return new Form(
      await c.req.formData().catch(() => {
        throw new SecretsflyError("malformed", "The form cannot be read.");
      }),
    );
  }
  const text = await c.req.text();
  // Counted before they are taken apart: each of millions of empty fields would cost a hundred times its size.
  if (text.split("&", maxFields + 1).length > maxFields) throw tooManyFields();
  return new Form(new URLSearchParams(text));
}

/** The fields of a form that is sent by GET: the query of the address. Throws SecretsflyError `too-large`. */
export function queryForm(c: Context<AppEnv>): Form {
  return new Form(new URL(c.req.url).searchParams);
}

/** As many secrets as an environment can have, with their notes and what else a form holds. */
const maxFields = 3 * maxSecrets + 100;

function tooManyFields(): SecretsflyError {
  return new SecretsflyError("too-large", `A form may have at most ${maxFields} fields.`);
}

/** Fields by name; one that is not there is empty. */
export class Form {
  /** Throws SecretsflyError `too-large` for more fields than any form has. */
  constructor(private readonly data: FormData | URLSearchParams) {
    if ([...data.keys()].length > maxFields) throw tooManyFields();
  }

  text(name: string): string {
    return this.texts(name)[0] ?? "";
  }

  texts(name: string): string[] {
    return this.data.getAll(name).map((value) => {
      if (typeof value === "string") return value;
      throw invalid(name, "A file cannot be sent here.");
    });
  }

  has(name: string): boolean {
    return this.data.has(name);
  }

  /** A whole number above zero; undefined for an empty field. Throws SecretsflyError `invalid`. */
  number(name: string, fault: string): number | undefined {
    const text = this.text(name).trim();
    if (text === "") return undefined;
    if (!/^[1-9]\d{0,14}$/.test(text)) throw invalid(name, fault);
    return Number(text);
  }
}

/** The id in a path: a whole number above zero. Throws SecretsflyError `not-found` for anything else. */
export function idParam(c: Context<AppEnv>, name: string): number {
  const text = c.req.param(name) ?? "";
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new SecretsflyError("not-found", `${JSON.stringify(name)} in the address must be a number.`);
  return Number(text);
}
