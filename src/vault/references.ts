/**
 * `${NAME}` in a value stands for another secret of the same resolved view; `$${` is a literal `${`.
 * Anything else that begins with `${` is left alone: it is some other program's.
 */
const reference = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** A reference that does not resolve. */
export interface ReferenceProblem {
  /** The secret whose value holds the reference. */
  name: string;
  kind: "unknown" | "cycle" | "too-large";
  /** The names it is about: the unknown one, or the cycle from `name` back to itself. */
  names: readonly string[];
}

export interface Resolution {
  /** Name → what apps get. Where a reference does not resolve it stays as it was written. */
  values: Map<string, string>;
  problems: ReferenceProblem[];
}

/** Names that a value refers to, in order, each once. */
export function referencedNames(value: string): string[] {
  const names = new Set<string>();
  for (const [, name] of value.matchAll(reference)) if (name !== undefined) names.add(name);
  return [...names];
}

/** Bounds on what references may make of values, in bytes of UTF-8: a short text could otherwise fill the memory. */
export interface ExpansionLimits {
  /** Of one expanded value. */
  value: number;
  /** Of all values that hold references, together. */
  total: number;
}

/**
 * Expands all references. A value that would pass a limit stays as it was written, and that is told as a
 * problem: references to references could otherwise double it at every step.
 */
export function resolveReferences(raw: ReadonlyMap<string, string>, limits: ExpansionLimits): Resolution {
  let left = limits.total;
  const graph: Graph = new Map();
  const problems: ReferenceProblem[] = [];
  for (const [name, value] of raw) {
    const referenced = value.includes("${") ? referencedNames(value) : [];
    graph.set(name, new Set(referenced.filter((other) => raw.has(other))));
    for (const other of referenced) {
      if (!raw.has(other)) problems.push({ name, kind: "unknown", names: [other] });
    }
  }
  problems.push(...cutCycles(graph));
  const values = new Map<string, string>();
  for (const name of referencesFirst(graph)) {
    const value = raw.get(name) ?? "";
    if (!value.includes("${")) {
      values.set(name, value);
      continue;
    }
    const expanded = expand(value, graph.get(name) ?? new Set(), values, Math.min(limits.value, left));
    if (expanded === undefined) problems.push({ name, kind: "too-large", names: [name] });
    values.set(name, expanded ?? value);
    left -= Buffer.byteLength(expanded ?? "");
  }
  return { values, problems };
}

/** Name → the names that its value refers to and that are there. */
type Graph = Map<string, Set<string>>;

/** A value with the references in `usable` replaced; undefined where that makes it too large. */
function expand(
  value: string,
  usable: ReadonlySet<string>,
  values: ReadonlyMap<string, string>,
  maxBytes: number,
): string | undefined {
  let added = 0;
  const expanded = value.replace(reference, (text, name: string | undefined) => {
    if (name === undefined) return "${";
    const target = usable.has(name) ? values.get(name) : undefined;
    if (target === undefined) return text;
    added += target.length;
    return added > maxBytes ? "" : target;
  });
  return added > maxBytes || Buffer.byteLength(expanded) > maxBytes ? undefined : expanded;
}

/** The names, each behind those that it refers to (Kahn's algorithm); names in or behind a cycle are left out. */
function referencesFirst(graph: Graph): string[] {
  const dependents = reversed(graph);
  const open = new Map([...graph].map(([name, references]) => [name, references.size]));
  const order = [...graph.keys()].filter((name) => open.get(name) === 0);
  for (const name of order) {
    for (const dependent of dependents.get(name) ?? []) {
      const left = (open.get(dependent) ?? 0) - 1;
      open.set(dependent, left);
      if (left === 0) order.push(dependent);
    }
  }
  return order;
}

function reversed(graph: Graph): Graph {
  const reverse: Graph = new Map([...graph.keys()].map((name) => [name, new Set<string>()]));
  for (const [name, references] of graph) for (const other of references) reverse.get(other)?.add(name);
  return reverse;
}

/** Only the names in `keep`, and the references among them. */
function restricted(graph: Graph, keep: ReadonlySet<string>): Graph {
  return new Map(
    [...keep].map((name) => [name, new Set([...(graph.get(name) ?? [])].filter((other) => keep.has(other)))]),
  );
}

/** Takes the references out of the graph that make a cycle, and tells each cycle once. */
function cutCycles(graph: Graph): ReferenceProblem[] {
  const behind = new Set(graph.keys()).difference(new Set(referencesFirst(graph)));
  if (behind.size === 0) return [];
  // What is left both from the front and from the back lies on a cycle (or between two).
  const backwards = reversed(restricted(graph, behind));
  const cyclic = behind.difference(new Set(referencesFirst(backwards)));
  const inner = restricted(graph, cyclic);
  for (const [name, references] of inner) for (const other of references) graph.get(name)?.delete(other);
  const told = new Set<string>();
  return [...cyclic].sort().flatMap((name) => {
    if (told.has(name)) return [];
    const names = cycleFrom(name, inner);
    for (const member of names) told.add(member);
    return [{ name: names[0] ?? name, kind: "cycle" as const, names }];
  });
}

/** Follows first references from a cyclic name until one comes again: that cycle, closed. */
function cycleFrom(start: string, inner: Graph): string[] {
  const path: string[] = [];
  let name: string | undefined = start;
  while (name !== undefined && !path.includes(name)) {
    path.push(name);
    name = [...(inner.get(name) ?? [])][0];
  }
  return name === undefined ? path : [...path.slice(path.indexOf(name)), name];
}

/** The same text for the same problem, whichever name the walk met first. */
export function problemKey({ name, kind, names }: ReferenceProblem): string {
  return kind === "cycle"
    ? `cycle ${[...new Set(names)].sort().join(" ")}`
    : `${kind} ${name} ${names.join(" ")}`;
}

/** A problem in words. */
export function describeProblem({ name, kind, names }: ReferenceProblem): string {
  switch (kind) {
    case "unknown":
      return `${name} refers to \${${names[0]}}, which is not a secret here`;
    case "cycle":
      return `references go in a circle: ${names.join(" → ")}`;
    case "too-large":
      return `${name} becomes too large when its references are expanded`;
  }
}
