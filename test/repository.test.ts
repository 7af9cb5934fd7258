/** What no compiler checks: that the files of this repository agree with each other. */

import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../package.json";

const ROOT = join(import.meta.dir, "..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** What is never committed. */
const NOT_OURS = new Set([".git", "node_modules", "dist", "data"]);

/** Every text file of the repository, as paths from its root. */
function textFiles(folder = ""): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (NOT_OURS.has(path)) return [];
    if (entry.isDirectory()) return textFiles(path);
    return entry.isFile() && !read(path).includes("\0") ? [path] : [];
  });
}

const dependencies: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies };

describe("dependencies", () => {
  test("have exact versions", () => {
    const loose = Object.entries(dependencies).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  test("are locked by one lock file", () => {
    const lockFiles = [
      "bun.lock",
      "bun.lockb",
      "package-lock.json",
      "npm-shrinkwrap.json",
      "pnpm-lock.yaml",
      "yarn.lock",
    ];
    expect(lockFiles.filter((file) => existsSync(join(ROOT, file)))).toEqual(["bun.lock"]);
  });

  test("come from the registry by name, so that the lock file works behind any mirror", () => {
    expect(read("bun.lock").match(/https?:\/\/[^"]*/g)).toBeNull();
  });

  test("are the ones that the README gives a reason for", () => {
    const section =
      read("README.md")
        .split(/^## /m)
        .find((part) => part.startsWith("Dependencies\n")) ?? "";
    const rows = [...section.matchAll(/^\| *\[?`([^`]+)`/gm)].map(([, name]) => name);
    const runtime = ["bun"]; // has a row without being in package.json
    expect(rows.filter((name) => !runtime.includes(name ?? "")).sort()).toEqual(
      Object.keys(dependencies).sort(),
    );
  });
});

describe("Bun's version", () => {
  const version = manifest.devDependencies["bun-types"];

  /** Every version that a file names after these words. */
  const named = (path: string, pattern: RegExp) => [
    ...new Set([...read(path).matchAll(pattern)].map((match) => match[1])),
  ];

  test("is the same in the Dockerfile, the gate, the README and CONTRIBUTING.md", () => {
    expect(named("Dockerfile", /oven\/bun:([\d.]+)/g)).toEqual([version]);
    expect(named(".ci/run", /\bbun_version=([\d.]+)/g)).toEqual([version]);
    expect(named("README.md", /\bbun@([\d.]+\d)/g)).toEqual([version]);
    expect(named("CONTRIBUTING.md", /\bbun@([\d.]+\d)/g)).toEqual([version]);
  });

  test("is the one that runs these tests", () => {
    expect(Bun.version).toBe(version);
  });
});

describe("migrations", () => {
  const { entries } = JSON.parse(read("drizzle/meta/_journal.json")) as { entries: { tag: string }[] };

  test("each one of the journal is built into the program", () => {
    const builtIn = read("src/database/migrations.ts");
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.filter(({ tag }) => !builtIn.includes(`${tag}.sql`))).toEqual([]);
  });

  test("each file is in the journal", () => {
    const inFolder = readdirSync(join(ROOT, "drizzle")).filter((file) => file.endsWith(".sql"));
    expect(inFolder.sort()).toEqual(entries.map(({ tag }) => `${tag}.sql`).sort());
  });
});

describe("the text", () => {
  test("names nothing that only exists at one desk", () => {
    // Written in two halves, so that this file is not its own first finding.
    const words = [
      ["/work/", "shared"],
      ["/work/", ".library"],
      ["DESIGN", ".md"],
      ["LESSONS", ".md"],
      ["STYLE", ".md"],
    ].map((halves) => halves.join(""));
    const findings = textFiles().flatMap((path) => {
      const text = read(path);
      return words.filter((word) => text.includes(word)).map((word) => `${path}: ${word}`);
    });
    expect(findings).toEqual([]);
  });

  test("leaves nothing for later in src", () => {
    const notes = textFiles("src").filter((path) => /\b(TODO|FIXME|XXX)\b/.test(read(path)));
    expect(notes).toEqual([]);
  });
});

describe("the documents", () => {
  test("link only to files that are there", () => {
    const broken = textFiles()
      .filter((path) => path.endsWith(".md"))
      .flatMap((path) => {
        const links = [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => link ?? "");
        return links
          .filter((link) => !existsSync(join(ROOT, path, "..", link)))
          .map((link) => `${path}: ${link}`);
      });
    expect(broken).toEqual([]);
  });
});
