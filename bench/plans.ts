import type { FixturePlan, ProjectPlan } from "./fixture.ts";

/** As many secrets as a view has where nothing else is said. */
export const usualSecrets = 50;

const production = ["prod"];
const three = ["dev", "staging", "prod"];

/** Root projects of so many secrets each, called by that number, with a token to read and one to write each. */
export function sizesPlan(sizes: readonly number[]): FixturePlan {
  const projects = sizes.map((secrets) => ({
    ...{ name: String(secrets), secrets, readTokens: 1, writeTokens: 1 },
  }));
  return { name: "sizes", environments: production, projects };
}

/** A number of projects in trees of ten, each of which shows the 50 secrets of its root, with ten tokens a place. */
export function fleetPlan(count: number): FixturePlan {
  const projects = Array.from({ length: count }, (_, i): ProjectPlan => {
    const root = i - (i % 10);
    if (i === root) return { name: `fleet-${i}`, secrets: usualSecrets, readTokens: 10 };
    return { name: `fleet-${i}`, parent: `fleet-${root}`, secrets: 0, readTokens: 10 };
  });
  return { name: `fleet-${count}`, environments: three, projects };
}

/** Name of the deepest project of a tree of so many levels in `depthPlan`. */
export const deepest = (depth: number) => `depth-${depth}-${depth}`;

/** Trees of so many levels, one project a level; the deepest shows 50 secrets, which come from all levels. */
export function depthPlan(depths: readonly number[]): FixturePlan {
  const projects = depths.flatMap((depth) =>
    Array.from({ length: depth }, (_, i): ProjectPlan => {
      const level = i + 1;
      const upTo = (levels: number) => Math.floor((usualSecrets * levels) / depth);
      return {
        name: `depth-${depth}-${level}`,
        ...(i > 0 && { parent: `depth-${depth}-${i}` }),
        secrets: upTo(level) - upTo(level - 1),
        readTokens: level === depth ? 1 : 0,
      };
    }),
  );
  return { name: "depths", environments: production, projects };
}

/** Root of 50 secrets with 20 projects below it: four, and four below each. */
export function familyPlan(): FixturePlan {
  const children = Array.from({ length: 4 }, (_, i): ProjectPlan[] => {
    const child = { name: `child-${i}`, parent: "family", secrets: 0, readTokens: 1 };
    const below = Array.from({ length: 4 }, (_, j) => ({
      ...{ name: `child-${i}-${j}`, parent: child.name, secrets: 0, readTokens: 1 },
    }));
    return [child, ...below];
  });
  const root = { name: "family", secrets: usualSecrets, readTokens: 1, writeTokens: 1 };
  return { name: "family", environments: production, projects: [root, ...children.flat()] };
}

/** Empty root projects, called by their number, each with a token to write. */
export function emptyPlan(count: number): FixturePlan {
  const projects = Array.from({ length: count }, (_, i) => ({
    ...{ name: String(i), secrets: 0, readTokens: 0, writeTokens: 1 },
  }));
  return { name: "empty", environments: production, projects };
}

/**
 * One tree of so many projects below its root, each with 50 secrets of its own in three environments. The root has none:
 * they would be in every view below it, too.
 */
export function largeTreePlan(count: number): FixturePlan {
  const below = Array.from({ length: count }, (_, i) => ({
    ...{ name: `large-${i}`, parent: "large", secrets: usualSecrets, readTokens: 1 },
  }));
  const root = { name: "large", secrets: 0, readTokens: 0 };
  return { name: "large-tree", environments: three, projects: [root, ...below] };
}
