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
  /** What it is about: the unknown name; the way round from `name` back to itself; `name`. */
  names: readonly string[];
  /** Of a cycle: all names that lead to each other, which may be more than one way round. */
  members: ReadonlySet<string>;
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

/** More problems than anybody reads; a body full of unknown names would otherwise become a far larger answer. */
const maxProblems = 1000;

/**
 * Expands all references. `maxBytes` (UTF-8) bounds all values together that references were replaced in:
 * references to references could otherwise double them at every step. A value that would pass it stays as
 * it was written, and that is told as a problem.
 */
export function resolveReferences(raw: ReadonlyMap<string, string>, maxBytes: number): Resolution {
  const graph: Graph = new Map();
  const values = new Map<string, string>();
  const problems: ReferenceProblem[] = [];
  for (const [name, value] of raw) {
    // Most values refer to nothing, and are what they are.
    if (!value.includes("${")) {
      values.set(name, value);
      continue;
    }
    const referenced = referencedNames(value);
    graph.set(name, new Set(referenced.filter((other) => raw.has(other))));
    for (const other of referenced) {
      if (!raw.has(other) && problems.length < maxProblems) problems.push(problem("unknown", name, [other]));
    }
  }
  problems.push(...cutCycles(graph));
  let left = maxBytes;
  for (const name of referencesFirst(graph)) {
    const value = raw.get(name) ?? "";
    const usable = graph.get(name) ?? new Set();
    const expanded = expand(value, usable, values, left);
    if (expanded === undefined) problems.push(problem("too-large", name, [name]));
    values.set(name, expanded ?? expand(value, new Set(), values, left) ?? value);
    if (usable.size > 0) left -= Buffer.byteLength(expanded ?? "");
  }
  return { values, problems };
}

function problem(
  kind: ReferenceProblem["kind"],
  name: string,
  names: readonly string[],
  members: Iterable<string> = [],
): ReferenceProblem {
  return { kind, name, names, members: new Set(members) };
}

/** Name → the names that its value refers to and that are there; of those names that refer to something. */
type Graph = Map<string, Set<string>>;

/** A value with the references in `usable` replaced; undefined where that makes it larger than `maxBytes`. */
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
  const isTooLarge = usable.size > 0 && (added > maxBytes || Buffer.byteLength(expanded) > maxBytes);
  return isTooLarge ? undefined : expanded;
}

/** The names of a graph without cycles, each behind those that it refers to (Kahn's algorithm). */
function referencesFirst(graph: Graph): string[] {
  const dependents = reversed(graph);
  const count = (references: ReadonlySet<string>) => [...references].filter((name) => graph.has(name)).length;
  const open = new Map([...graph].map(([name, references]) => [name, count(references)]));
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

/** Takes the references out of the graph that lead back to where they stand, and tells one cycle for each knot of them. */
function cutCycles(graph: Graph): ReferenceProblem[] {
  const problems: ReferenceProblem[] = [];
  for (const members of knots(graph)) {
    const start = [...members].sort()[0] ?? "";
    problems.push(problem("cycle", start, wayRound(graph, members, start), members));
    for (const name of members) {
      const references = graph.get(name) ?? new Set();
      graph.set(name, references.difference(members));
    }
  }
  return problems;
}

/** Sets of names that all lead to each other: strongly connected components (Kosaraju's algorithm) with a cycle in them. */
function knots(graph: Graph): Set<string>[] {
  const backwards = reversed(graph);
  const done = new Set<string>();
  const found: Set<string>[] = [];
  for (const name of finished(graph).reverse()) {
    if (done.has(name)) continue;
    const members = new Set([name]);
    done.add(name);
    for (const member of members) {
      for (const other of backwards.get(member) ?? []) {
        if (done.has(other)) continue;
        done.add(other);
        members.add(other);
      }
    }
    if (members.size > 1 || graph.get(name)?.has(name)) found.push(members);
  }
  return found;
}

/** The names in the order in which a depth-first walk leaves them; without recursion, since chains can be long. */
function finished(graph: Graph): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  for (const start of graph.keys()) {
    if (seen.has(start)) continue;
    seen.add(start);
    const path = [{ name: start, rest: [...(graph.get(start) ?? [])] }];
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const next = top.rest.pop();
      if (next === undefined) {
        order.push(top.name);
        path.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        path.push({ name: next, rest: [...(graph.get(next) ?? [])] });
      }
    }
  }
  return order;
}

/** The shortest way from a name back to itself, within its knot: breadth first. */
function wayRound(graph: Graph, members: ReadonlySet<string>, start: string): string[] {
  const from = new Map<string, string>();
  const queue = [start];
  for (const name of queue) {
    for (const other of graph.get(name) ?? []) {
      if (!members.has(other) || from.has(other)) continue;
      from.set(other, name);
      if (other === start) queue.length = 0;
      else queue.push(other);
    }
  }
  const path = [start];
  for (let name = from.get(start); name !== undefined && name !== start; name = from.get(name))
    path.unshift(name);
  return [start, ...path];
}

/** Whether a problem was there before: the same one, or a cycle that is only what is left of a larger one. */
export function isKnownProblem(known: readonly ReferenceProblem[], made: ReferenceProblem): boolean {
  return known.some((old) => {
    if (old.kind !== made.kind) return false;
    if (made.kind === "cycle") return made.members.isSubsetOf(old.members);
    return old.name === made.name && old.names[0] === made.names[0];
  });
}

/** As many names of a cycle as a sentence can hold. */
const toldNames = 10;

/** A problem in words. */
export function describeProblem({ name, kind, names }: ReferenceProblem): string {
  switch (kind) {
    case "unknown":
      return `${name} refers to \${${names[0]}}, which is not a secret here`;
    case "cycle":
      return `references go in a circle: ${wayInWords(names)}`;
    case "too-large":
      return `${name} becomes too large when its references are expanded`;
  }
}

function wayInWords(names: readonly string[]): string {
  const left = names.length - toldNames;
  const told = left > 0 ? [...names.slice(0, toldNames), `… and ${left} more`] : names;
  return told.join(" → ");
}
