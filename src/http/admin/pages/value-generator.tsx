/** @jsxImportSource hono/jsx */

/** What random values can be made of, and what was chosen last. */
export interface Generator {
  length: string;
  maxLength: number;
  alphabet: string;
  alphabets: readonly { id: string; label: string; characters: string }[];
  errors: { length?: string | undefined; alphabet?: string | undefined };
}

export interface GenerateButtonProps {
  /** The number of its row. */
  value: string;
  label: string;
}

/** Fills the value field beside it with a random value; nothing is saved by it. */
export function GenerateButton({ value, label }: GenerateButtonProps) {
  return (
    <button type="submit" name="generate" value={value} class="button quiet generate" aria-label={label}>
      Generate
    </button>
  );
}

/** How long the values of the Generate buttons of this form are, and of what characters. */
export function GeneratorOptions({ id, generator }: { id: string; generator: Generator }) {
  const { length, alphabet, errors } = generator;
  const error = errors.length ?? errors.alphabet;
  const errorId = `${id}-generator-error`;
  return (
    <details class="generator" open={error !== undefined} data-generator="">
      <summary>What Generate makes</summary>
      <div class="field-pair">
        <label class="field">
          Characters
          <select
            name="alphabet"
            autocomplete="off"
            aria-invalid={errors.alphabet ? "true" : undefined}
            aria-describedby={errors.alphabet ? errorId : undefined}
          >
            {generator.alphabets.map((choice) => (
              <option value={choice.id} selected={choice.id === alphabet} data-characters={choice.characters}>
                {choice.label}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          Length, up to {generator.maxLength}
          <input
            name="length"
            inputmode="numeric"
            data-max-length={generator.maxLength}
            value={length}
            autocomplete="off"
            aria-invalid={errors.length ? "true" : undefined}
            aria-describedby={errors.length ? errorId : undefined}
            autofocus={errors.length !== undefined}
          />
        </label>
      </div>
      {error && (
        <p class="field-error" id={errorId}>
          {error}
        </p>
      )}
      <p class="hint">
        Each character is drawn by the system’s random numbers. 128 bits are beyond guessing: 22 letters and
        digits, or 32 hexadecimal digits.
        <span data-bits="" />
      </p>
    </details>
  );
}
