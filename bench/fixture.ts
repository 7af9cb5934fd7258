import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A database for a scenario: which projects are in it, parents before their children. */
export interface FixturePlan {
  /** Also the name of its folder. */
  name: string;
  environments: readonly string[];
  projects: readonly ProjectPlan[];
}

/** A project, in every environment alike. */
export interface ProjectPlan {
  name: string;
  /** Name of the project above it; a root has none. */
  parent?: string;
  /** How many secrets of 32 characters it has of its own. */
  secrets: number;
  /** How many service tokens it has of each kind. */
  readTokens: number;
  writeTokens?: number;
}

/** A database that is there, and the keys to it. */
export interface Fixture {
  /** As a server is told its database's place: the folder that it runs in. */
  folder: string;
  environments: readonly string[];
  /** A file with the text of every read token, one a line. */
  tokenFile: string;
  /** The read tokens of a project, of one environment after the other. */
  readers(project: string): string[];
  writers(project: string): string[];
  /** A root project's id and master key. */
  root(project: string): { id: number; masterKey: string };
}

/** What `seed.ts` has written beside the database. */
export interface SeededKeys {
  roots: Record<string, { id: number; masterKey: string }>;
  /** Write tokens by project. */
  writers: Record<string, string[]>;
}

/** The files of a fixture's folder; those that hold keys are their owner's alone. */
export const filesIn = (folder: string) => ({
  database: join(folder, "data", "secretsfly.db"),
  keys: join(folder, "keys.json"),
  tokens: join(folder, "tokens"),
});

/**
 * Makes a fixture in a folder, or finds it there. A process of its own does it, so that the memory that it takes is
 * given back before anything is measured.
 */
export async function makeFixture(plan: FixturePlan, folder: string): Promise<Fixture> {
  const files = filesIn(folder);
  if (!existsSync(files.keys)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "seed.ts")], {
      cwd: folder,
      stdin: new Blob([JSON.stringify(plan)]),
      stdout: "inherit",
      stderr: "inherit",
    });
    if ((await child.exited) !== 0) throw new Error(`the database ${plan.name} could not be made`);
  }
  const keys = JSON.parse(readFileSync(files.keys, "utf8")) as SeededKeys;
  return {
    folder,
    environments: plan.environments,
    tokenFile: files.tokens,
    readers: (project) => readTokens(plan, files.tokens, project),
    writers: (project) => keys.writers[project] ?? [],
    root(project) {
      const root = keys.roots[project];
      if (!root) throw new Error(`${plan.name} has no root project ${project}`);
      return root;
    },
  };
}

/** The file has the tokens project by project, so it tells by its lines alone whose they are. */
function readTokens(plan: FixturePlan, file: string, name: string): string[] {
  let before = 0;
  for (const project of plan.projects) {
    const count = project.readTokens * plan.environments.length;
    if (project.name === name) return readLines(file).slice(before, before + count);
    before += count;
  }
  throw new Error(`${plan.name} has no project ${name}`);
}

/** The lines of a file. */
export function readLines(file: string): string[] {
  return readFileSync(file, "utf8").split("\n").filter(Boolean);
}
