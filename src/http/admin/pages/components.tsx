/** @jsxImportSource hono/jsx */
import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import type { ActorLabel, ProjectLink } from "../view-models.ts";
import { projectPath, projectsPath } from "./paths.ts";

const utcTime = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});

/** A moment in UTC, where there is only text. */
export function momentText(at: number): string {
  return `${utcTime.format(new Date(at))} UTC`;
}

/** A moment in UTC; the script shows it in the reader's time zone, with the exact time on hover. */
export function Time({ at }: { at: number }) {
  const date = new Date(at);
  const iso = date.toISOString();
  return (
    <time datetime={iso} title={iso}>
      {momentText(at)}
    </time>
  );
}

/** `4 min 32 s`: short enough for the header, exact enough to decide by. The script prints the same. */
function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

interface CountdownProps {
  milliseconds: number;
  leaveTo?: string;
  isOfKey?: boolean;
}

/**
 * The time left, which the script counts down. It is told how long, not until when: the browser's clock
 * need not agree with the server's.
 *
 * @param leaveTo - where the script goes when the time is over
 * @param isOfKey - whether it is the time of the key that this page's forms need
 */
export function Countdown({ milliseconds, leaveTo, isOfKey }: CountdownProps) {
  const left = Math.max(0, milliseconds);
  return (
    <span
      class="countdown"
      data-countdown={left}
      data-leave-to={leaveTo}
      data-key-left={isOfKey ? "" : undefined}
    >
      {formatDuration(left)}
    </span>
  );
}

/** Whether this session holds a root's key, and for how long. */
export function SealState({ unsealedUntil, now }: { unsealedUntil: number | null; now: number }) {
  if (unsealedUntil === null || unsealedUntil <= now) return <span class="badge">Sealed</span>;
  return (
    <span class="badge good" data-seal-state="">
      Unsealed, <Countdown milliseconds={unsealedUntil - now} /> left
    </span>
  );
}

interface FindFormProps {
  /** The list's own address. */
  path: string;
  /** Of its field. */
  id: string;
  label: string;
  placeholder: string;
  query: string;
  /** The id of the list that a script swaps while it is typed; undefined: it is sent first. */
  live: string | undefined;
  /** Further fields. */
  children?: Child;
}

/** A search in a list, by its address: it works without a script. */
export function FindForm({ path, id, label, placeholder, query, live, children }: FindFormProps) {
  return (
    <search>
      <form method="get" action={path} class="find" data-live={live}>
        {children}
        <label class="visually-hidden" for={id}>
          {label}
        </label>
        <input
          type="search"
          id={id}
          name="q"
          value={query}
          placeholder={placeholder}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
        <button type="submit" class="button">
          Find
        </button>
      </form>
    </search>
  );
}

/** The head of a table's last column, which only a screen reader needs. */
export function ActionsHead() {
  return (
    <th scope="col">
      <span class="visually-hidden">Actions</span>
    </th>
  );
}

/** The way from the list of projects down to the page's parent; `children` are the items after the projects. */
export function Breadcrumbs({ projects, children }: { projects: readonly ProjectLink[]; children?: Child }) {
  return (
    <nav class="breadcrumbs" aria-label="Breadcrumb">
      <ol>
        <li>
          <a href={projectsPath}>Projects</a>
        </li>
        {projects.map((project) => (
          <li>
            <a href={projectPath(project.id)}>{project.name}</a>
          </li>
        ))}
        {children}
      </ol>
    </nav>
  );
}

/**
 * Text that reaches the page with its carriage returns: an HTML parser turns a plain CR or CRLF into LF,
 * but leaves a character reference alone.
 */
function ExactText({ text }: { text: string }) {
  const [first = "", ...rest] = text.split("\r");
  return (
    <>
      {first}
      {rest.map((part) => [raw("&#13;"), part])}
    </>
  );
}

/**
 * The content of a `pre` or a `textarea`, exactly. HTML drops a newline right after either start tag, so
 * one is given to be dropped; otherwise a value that starts with a newline would lose it.
 */
export function PreformattedText({ text }: { text: string }) {
  return (
    <>
      {"\n"}
      <ExactText text={text} />
    </>
  );
}

/** Longer values get a box of their own to scroll in. */
function isLong(value: string): boolean {
  return value.length > 900 || value.split("\n", 12).length > 11;
}

/** A value as it is, whitespace included, with a button (script only) that copies it. */
export function CopyableValue({ value, label }: { value: string; label: string }) {
  return (
    <div class="copyable">
      {isLong(value) ? (
        // A box that scrolls must be reachable with the keyboard.
        <section class="scrolls" aria-label={label} tabindex={0}>
          <pre class="value">
            <PreformattedText text={value} />
          </pre>
        </section>
      ) : (
        <pre class="value">
          <PreformattedText text={value} />
        </pre>
      )}
      <CopyButton label={label} />
    </div>
  );
}

/** A key or token that is shown this once; the element with `id` holds it and nothing else. */
export function ShownOnce({ id, value, label }: { id: string; value: string; label: string }) {
  return (
    <div class="copyable once">
      <code class="value" id={id}>
        {value}
      </code>
      <CopyButton label={label} />
    </div>
  );
}

/** Commands to type, with a button (script only) that copies them. */
export function Commands({ text, label }: { text: string; label: string }) {
  return (
    <div class="copyable">
      <pre class="value commands">
        <PreformattedText text={text} />
      </pre>
      <CopyButton label={label} />
    </div>
  );
}

/** Copies the text of the element before it. The stylesheet hides it where scripts do not run. */
function CopyButton({ label }: { label: string }) {
  return (
    <button type="button" class="button needs-script" data-copy="" aria-label={`Copy ${label}`}>
      Copy
    </button>
  );
}

/** What a list says when there is nothing in it: what it is for, and how to begin. */
export function EmptyState({ title, children }: { title: string; children: Child }) {
  return (
    <div class="empty stack tight">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Who did something, with their id on hover. */
export function Actor({ actor }: { actor: ActorLabel }) {
  return (
    <span class="by">
      by <span title={actor.id}>{actor.text}</span>
    </span>
  );
}

/** `1 secret`, `2 secrets`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
