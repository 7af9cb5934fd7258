import { dirname, join } from "node:path";

/** What opens a database wherever the run has them: the modules, and the names of what does it in each. */
const doors: Readonly<Record<string, readonly string[]>> = {
  "test/harness.ts": ["createTestApp"],
  "test/server-process.ts": ["startServer"],
  "test/browser/harness.ts": ["startServer", "describeInBrowser"],
  "test/place.ts": ["newPlace", "emptyPlace"],
};

/** Names and module of an import: `import { a, type B } from "./c.ts"`. */
const importPattern = /^import\s+(?!type\b)(?:\{([^}]*)\}|[^"{]*)\s*from\s+"(\.[^"]+)";$/gm;

/** What a module imports of others here, by their paths: the names. */
type Imports = ReadonlyMap<string, readonly string[]>;

/**
 * The test files of a repository that open a database wherever the run has them, as paths from its root: those that
 * import a door, and those that import a module which does. Who comes in another way, such as by `createFileApp`, which
 * has a file in any run, is none of them.
 */
export async function filesThatOpenDatabases(root: string): Promise<string[]> {
  const modules = new Map<string, Imports>();
  for await (const path of new Bun.Glob("{test,bench}/**/*.ts").scan(root))
    modules.set(path, importsOf(path, await Bun.file(join(root, path)).text()));
  const openers = new Set<string>();
  const opens = (path: string, names: readonly string[]) =>
    doors[path] ? names.some((name) => doors[path]?.includes(name)) : openers.has(path);
  // Who imports one that was found is looked at again, until no other is found.
  for (let before = -1; before < openers.size; ) {
    before = openers.size;
    for (const [path, imports] of modules) {
      if ([...imports].some(([from, names]) => opens(from, names))) openers.add(path);
    }
  }
  return [...openers].filter((path) => path.endsWith(".test.ts")).sort();
}

function importsOf(path: string, code: string): Imports {
  const found = [...code.matchAll(importPattern)].map(([, names = "", from = ""]) => {
    const values = names.split(",").map((name) => name.trim().split(" ")[0] ?? "");
    return [join(dirname(path), from), values] as const;
  });
  return new Map(found);
}
