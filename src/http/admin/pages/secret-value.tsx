/** @jsxImportSource hono/jsx */
import type { SecretRow } from "../view-models.ts";
import { CopyableValue, Countdown } from "./components.tsx";

/** A value that stays encrypted until it is asked for: shown, or (script only) copied without being shown. */
export function HiddenValue({ name, path, row }: { name: string; path: string; row: string }) {
  return (
    <div class="hidden-value">
      <span class="mask" aria-hidden="true">
        ••••••••
      </span>
      <span class="visually-hidden">Hidden</span>
      <a class="button quiet" href={path} data-swap={row} aria-label={`Reveal ${name}`}>
        Reveal
      </a>
      <button
        type="button"
        class="button quiet needs-script"
        data-copy-from={path}
        aria-label={`Copy ${name}`}
      >
        Copy
      </button>
    </div>
  );
}

interface Hide {
  /** The list, where values are hidden. */
  path: string;
  row: string;
  /** Milliseconds until it happens by itself. */
  revealedFor: number;
}

/** A value, what apps get of it where that differs, and (where it was revealed by itself) the way to hide it again. */
export function OpenValue({ secret, hide }: { secret: SecretRow; hide: Hide | undefined }) {
  const { name, value = "", resolvedValue } = secret;
  return (
    <div class="stack tight">
      <CopyableValue value={value} label={`the value of ${name}`} />
      {value === "" && <p class="hint">The value is empty.</p>}
      {resolvedValue !== undefined && (
        <>
          <p class="hint">Apps get, with its references expanded:</p>
          <CopyableValue value={resolvedValue} label={`what apps get as ${name}`} />
        </>
      )}
      {hide && (
        <p class="hint">
          Hidden again in <Countdown milliseconds={hide.revealedFor} leaveTo={hide.path} />.{" "}
          <a
            href={`${hide.path}#${hide.row}`}
            data-swap={hide.row}
            data-swap-from={`${hide.path}?q=${encodeURIComponent(name)}`}
            data-hide=""
            data-focus=""
          >
            Hide it now
          </a>
        </p>
      )}
    </div>
  );
}
