/**
 * The order of the house: imports point downwards only. The table below is the rule; a new folder of `src`
 * needs a line in it, and a line that has to grow is a decision worth a second thought.
 */

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** A part of `src` → the other parts it may import from. The longest path that fits a file is its part. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "errors.ts": [],
  "turns.ts": [],
  "config.ts": ["errors.ts"],
  "logger.ts": ["errors.ts", "config.ts"],

  // Leaves: bytes and text in, bytes and text out.
  cryptography: ["errors.ts", "turns.ts"],
  database: ["errors.ts", "turns.ts"],
  formats: [],
  client: [],
  github: [],
  memory: [],
  "vault/references.ts": [],

  // The domain, and who holds its keys. Neither knows HTTP.
  vault: ["cryptography", "database", "vault/references.ts", "errors.ts", "turns.ts"],
  sessions: ["cryptography", "vault", "errors.ts"],
  // Looks after the database itself, with no server.
  maintenance: ["cryptography", "database", "vault", "errors.ts", "config.ts"],

  // The doors.
  http: [
    "cryptography",
    "database",
    "formats",
    "vault",
    "sessions",
    "http/admin/pages",
    "http/admin/view-models.ts",
    "errors.ts",
    "config.ts",
    "logger.ts",
  ],
  // Pages are given plain data and return markup: no database, no keys, no request.
  "http/admin/view-models.ts": [],
  "http/admin/pages": ["http/admin/view-models.ts"],
  cli: [
    "client",
    "formats",
    "github",
    "maintenance",
    "vault/references.ts",
    "database/replica/replica-process.ts",
    "errors.ts",
    "config.ts",
    "main.ts",
  ],

  // Keeps a replica up to date, in a process of its own.
  "database/replica/replica-process.ts": ["database"],

  // What a server does by itself.
  "upkeep.ts": ["database", "memory", "vault", "sessions", "errors.ts", "logger.ts"],

  // Puts everything together.
  "open-database.ts": ["database", "config.ts", "logger.ts"],
  "main.ts": [
    "open-database.ts",
    "upkeep.ts",
    "cryptography",
    "database",
    "vault",
    "sessions",
    "http",
    "errors.ts",
    "config.ts",
    "logger.ts",
  ],
};

/** Packages that only some parts may use. */
const MAY_USE: Record<string, readonly string[]> = {
  hono: ["http", "http/admin/pages", "main.ts"],
  "@hono/zod-validator": ["http"],
  "drizzle-orm": ["database", "vault", "maintenance"],
  "@libsql/client": ["database"],
  "@hpke/core": ["cryptography"],
  commander: ["cli"],
  "libsodium-wrappers": ["github"],
};

const SRC = join(import.meta.dir, "../src");

/** Every import of a text: values, types, re-exports, side effects and dynamic ones. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const imports = /\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;
  return [...code.matchAll(imports)].map(([, from, direct]) => from ?? direct ?? "");
}

/** The file of `src` that a relative import means; undefined for one outside of `src`. */
function resolve(importer: string, specifier: string): string | undefined {
  const path = normalize(join(dirname(importer), specifier));
  if (path.startsWith("..")) return undefined;
  const endings = ["", ".ts", ".tsx", "/index.ts"];
  const found = endings.map((ending) => path + ending).find((file) => isFile(join(SRC, file)));
  if (found === undefined) throw new Error(`${importer} imports ${specifier}, which is not there`);
  return found;
}

const isFile = (path: string) => existsSync(path) && statSync(path).isFile();

/** What the program takes from outside of `src`: everything else there is for those who work on it. */
const OUTSIDE = /^\.\.\/(drizzle\/[\w.]+\.sql|package\.json)$/;

/** The line of the table that a file belongs to. */
function partOf(file: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((part) => file === part || file.startsWith(`${part}/`))
    .sort((a, b) => b.length - a.length)[0];
}

const files = [...new Bun.Glob("**/*.{ts,tsx}").scanSync(SRC)].sort();

/** File → what it imports: files of `src` and names of packages. */
const graph = new Map(
  files.map((file) => {
    const specifiers = importsOf(readFileSync(join(SRC, file), "utf8"));
    const [relative, packages] = [
      specifiers.filter((specifier) => specifier.startsWith(".")),
      specifiers.filter((specifier) => !specifier.startsWith(".")),
    ];
    const own = relative.map((specifier) => resolve(file, specifier)).filter((path) => path !== undefined);
    return [file, { own: [...new Set(own)], packages: [...new Set(packages)] }] as const;
  }),
);

/** The first way found from a file back to itself, if there is one. */
function findCycle(): string[] | undefined {
  const finished = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return undefined;
    for (const next of graph.get(file)?.own ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle) return cycle;
    }
    finished.add(file);
    return undefined;
  };
  for (const file of files) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}

describe("the order of the house", () => {
  test("every file of src has a place in the table", () => {
    expect(files.filter((file) => partOf(file) === undefined)).toEqual([]);
  });

  test("imports point downwards only", () => {
    const wrong = files.flatMap((file) => {
      const part = partOf(file);
      if (part === undefined) return [];
      return (graph.get(file)?.own ?? [])
        .filter((target) => {
          const other = partOf(target);
          return other !== undefined && other !== part && !MAY_IMPORT[part]?.includes(other);
        })
        .map((target) => `src/${file} imports src/${target}`);
    });
    expect(wrong).toEqual([]);
  });

  test("nothing of the tests or the demo is a part of the program", () => {
    const wrong = files.flatMap((file) =>
      importsOf(readFileSync(join(SRC, file), "utf8"))
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => normalize(join(dirname(file), specifier)))
        .filter((path) => path.startsWith("..") && !OUTSIDE.test(path))
        .map((path) => `src/${file} imports ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  test("a package is used only where it belongs", () => {
    const wrong = files.flatMap((file) =>
      (graph.get(file)?.packages ?? [])
        .filter((specifier) => {
          const owner = Object.keys(MAY_USE).find(
            (name) => specifier === name || specifier.startsWith(`${name}/`),
          );
          return owner !== undefined && !MAY_USE[owner]?.includes(partOf(file) ?? "");
        })
        .map((specifier) => `src/${file} uses ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test("the client uses no package and no module of a runtime: it runs on all of them", () => {
    const used = files.filter((file) => partOf(file) === "client").map((file) => graph.get(file)?.packages);
    expect(used.length).toBeGreaterThan(5);
    expect(used.flat()).toEqual([]);
  });

  test("no file imports itself, however long the way round", () => {
    expect(findCycle()?.join(" → ")).toBeUndefined();
  });
});

describe("importsOf", () => {
  test("sees every kind of import, and no comment", () => {
    const text = `
      import { a } from "./a.ts";
      import type { B } from './b.ts';
      import c, {
        d,
      } from "./c.ts";
      export * from "./e.ts";
      export type { F } from "./f.ts";
      import "./g.ts";
      const h = await import("./h.ts");
      type I = import("./i.ts").I;
      import sql from "../drizzle/0000.sql" with { type: "text" };
      // import "./not.ts";
      /* import "./neither.ts"; */
    `;
    expect(importsOf(text)).toEqual([
      "./a.ts",
      "./b.ts",
      "./c.ts",
      "./e.ts",
      "./f.ts",
      "./g.ts",
      "./h.ts",
      "./i.ts",
      "../drizzle/0000.sql",
    ]);
  });
});
