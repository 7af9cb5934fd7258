import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { type Bytes, toBytes, wipe } from "../../cryptography/bytes.ts";
import { invalid, SecretsflyError } from "../../errors.ts";
import { maxSecrets } from "../../vault/secret-input.ts";
import type { AppEnv } from "../app-env.ts";
import { takeSecrets } from "./form-bytes.ts";

/** Overwrites the secrets of a form that was read, once its request is over. */
export const overwriteForm = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  wipe(...(c.var.formSecrets ?? []));
});

/**
 * A posted form's fields. Its bytes are overwritten; what a multipart one holds is text, which cannot be, and no page of
 * ours sends one. Throws SecretsflyError `malformed`, `too-large`.
 */
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
  const body = new Uint8Array(await c.req.arrayBuffer());
  try {
    // Counted before they are taken apart: each of millions of empty fields would cost a hundred times its size.
    if (isMoreThan(maxFields, body)) throw tooManyFields();
    const { text, secrets } = takeSecrets(body);
    c.set("formSecrets", [...secrets.values()]);
    return new Form(new URLSearchParams(text), secrets);
  } finally {
    wipe(body);
  }
}

/** The fields of a form that is sent by GET: the query of the address. Throws SecretsflyError `too-large`. */
export function queryForm(c: Context<AppEnv>): Form {
  return new Form(new URL(c.req.url).searchParams);
}

/** As many secrets as an environment can have, with their notes and what else a form holds. */
const maxFields = 3 * maxSecrets + 100;

function isMoreThan(limit: number, body: Bytes): boolean {
  let fields = 1;
  for (const byte of body) if (byte === 0x26) fields++;
  return fields > limit;
}

function tooManyFields(): SecretsflyError {
  return new SecretsflyError("too-large", `A form may have at most ${maxFields} fields.`);
}

/** Fields by name; one that is not there is empty. */
export class Form {
  /** Throws SecretsflyError `too-large` for more fields than any form has. */
  constructor(
    private readonly data: FormData | URLSearchParams,
    private readonly secrets: ReadonlyMap<string, Bytes> = new Map(),
  ) {
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

  /** A master key or a password, as UTF-8: it is overwritten when the request is over. */
  secret(name: string): Bytes {
    return this.secrets.get(name) ?? toBytes(this.text(name));
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
