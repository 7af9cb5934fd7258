import type { Random } from "../../cryptography/bytes.ts";
import { invalid, SecretsflyError } from "../../errors.ts";
import {
  alphabetOf,
  alphabets,
  defaultGeneratedLength,
  generateValue,
  maxGeneratedLength,
} from "../../vault/generate-value.ts";
import type { Form } from "./form.ts";
import type { Generator } from "./pages/value-generator.tsx";
import type { SecretFormRow } from "./view-models.ts";

/** What the forms offer to make values of. */
export function newGenerator(): Generator {
  return {
    length: String(defaultGeneratedLength),
    maxLength: maxGeneratedLength,
    alphabet: alphabets[0].id,
    alphabets,
    errors: {},
  };
}

interface Filled {
  rows: SecretFormRow[];
  /** As it was chosen, with what is wrong with it. */
  generator: Generator;
  isFilled: boolean;
}

/**
 * The rows of a form with a random value in the one that `generate` names. What is
 * wrong with length or characters is told in the form. Throws SecretsflyError `invalid` where there is no such row.
 */
export function fillGenerated(form: Form, rows: SecretFormRow[], random: Random): Filled {
  const index = rows.findIndex((_row, i) => String(i) === form.text("generate"));
  if (index === -1) throw invalid("generate", "There is no such row to make a value for.");
  const generator = { ...newGenerator(), length: form.text("length"), alphabet: form.text("alphabet") };
  try {
    const length = /^\d{1,4}$/.test(generator.length) ? Number(generator.length) : 0;
    const value = generateValue(alphabetOf(generator.alphabet), length, random);
    const filled = rows.map((row, i) => (i === index ? { ...row, value, generated: true } : row));
    return { rows: filled, generator, isFilled: true };
  } catch (error) {
    if (!(error instanceof SecretsflyError)) throw error;
    return { rows, generator: { ...generator, errors: error.fields }, isFilled: false };
  }
}
