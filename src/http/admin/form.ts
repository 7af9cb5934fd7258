import type { Context } from "hono";
import { invalid, SecretsflyError } from "../../errors.ts";
import type { AppEnv } from "../app-env.ts";

/** A posted form's text fields. Throws SecretsflyError `malformed` where the body is none, `invalid` for a file. */
export async function readForm(c: Context<AppEnv>): Promise<Form> {
  if (c.req.header("Content-Type") === undefined) return new Form(new FormData());
  try {
    return new Form(await c.req.formData());
  } catch (error) {
    if (error instanceof SecretsflyError) throw error;
    throw new SecretsflyError("malformed", "The form cannot be read.");
  }
}

/** Fields by name; one that is not there is empty. */
export class Form {
  constructor(private readonly data: FormData) {}

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
