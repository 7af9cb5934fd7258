/** What the program is made of: locked, hashed, without a script that runs when it is installed, and told by `bun run sbom`. */

import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Ajv from "ajv";
import manifest from "../package.json";
import { createSbom } from "../tools/sbom.ts";

const root = join(import.meta.dir, "..");
const lock = Bun.JSONC.parse(readFileSync(join(root, "bun.lock"), "utf8")) as Bun.BunLockFile;
const lockedIds = new Set(Object.values(lock.packages).map(([id]) => id));

interface Installed {
  name: string;
  version: string;
  folder: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/** An installed package, found as a program in a folder finds it; undefined where there is none. */
function find(name: string, from: string): Installed | undefined {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    const path = join(candidate, "package.json");
    if (existsSync(path)) return { ...JSON.parse(readFileSync(path, "utf8")), folder: candidate };
  }
  return undefined;
}

/** All that is installed for some names, by what the packages themselves say, and not by the lock. */
function installedFor(names: readonly string[]): Map<string, Installed> {
  const found = new Map<string, Installed>();
  const walk = (name: string, from: string, mayLack: boolean) => {
    const one = find(name, from);
    if (!one && !mayLack) throw new Error(`${name} is not installed`);
    if (!one || found.has(one.folder)) return;
    found.set(one.folder, one);
    for (const need of Object.keys(one.dependencies ?? {}))
      walk(need, one.folder, need in (one.optionalDependencies ?? {}));
    for (const need of Object.keys(one.optionalDependencies ?? {})) walk(need, one.folder, true);
    for (const need of Object.keys(one.peerDependencies ?? {}))
      if (!one.peerDependenciesMeta?.[need]?.optional) walk(need, one.folder, false);
  };
  for (const name of names) walk(name, root, false);
  return found;
}

const idOf = ({ name, version }: Installed) => `${name}@${version}`;
const runtime = installedFor(Object.keys(manifest.dependencies));
const everything = installedFor(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }));

describe("the lock file", () => {
  test("locks what package.json asks for, and nothing else is asked for", () => {
    const { dependencies, devDependencies } = manifest;
    expect(lock.workspaces).toEqual({ "": { name: manifest.name, dependencies, devDependencies } });
  });

  test("has one exact version of the registry and a SHA-512 for each package", () => {
    const loose = Object.values(lock.packages).filter(
      ([id, registry, , integrity]) =>
        !/^(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(id) ||
        registry !== "" ||
        !/^sha512-[\w+/]{86}==$/.test(String(integrity)),
    );
    expect(loose).toEqual([]);
  });

  test("is what is installed", () => {
    expect([...everything.values()].map(idOf).filter((id) => !lockedIds.has(id))).toEqual([]);
  });
});

describe("a script that runs when it is installed", () => {
  const scripted = (packages: Map<string, Installed>) =>
    [...packages.values()].filter(
      ({ scripts = {}, folder }) =>
        ["preinstall", "install", "postinstall"].some((name) => name in scripts) ||
        existsSync(join(folder, "binding.gyp")),
    );

  test("is in nothing that the program needs to run", () => {
    expect(scripted(runtime).map(idOf)).toEqual([]);
  });

  test("is in esbuild, which drizzle-kit brings, and in sqld, and is not run: not even what Bun trusts by itself is trusted", () => {
    const names = new Set(scripted(everything).map(({ name }) => name.replace(/^@sqld\/.*/, "sqld")));
    expect(names).toEqual(new Set(["esbuild", "sqld"]));
    // Where it is absent, Bun's own list of trusted packages is taken; esbuild is on that.
    expect(manifest.trustedDependencies).toEqual([]);
  });
});

type Sbom = ReturnType<typeof createSbom>;

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const cmd = [process.execPath, "run", "sbom", ...args];
  const child = Bun.spawn({ cmd, cwd: root, env: { PATH: "/usr/bin:/bin", ...env }, stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { stdout, stderr, exitCode: await child.exited };
}

describe("bun run sbom", () => {
  let text: string;
  let sbom: Sbom;
  let full: Sbom;

  beforeAll(async () => {
    text = (await run([])).stdout;
    sbom = JSON.parse(text) as Sbom;
    full = JSON.parse((await run(["--dev"])).stdout) as Sbom;
  });

  test("prints what CycloneDX's own schema of version 1.6 takes, in each way of asking", async () => {
    const schemas = join(dirname(require.resolve("@cyclonedx/cyclonedx-library/package.json")), "res/schema");
    const read = (name: string) =>
      JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), "utf8")) as object;
    // Formats of text are not known to ajv by itself; addresses and times are looked at below.
    const ajv = new Ajv({ strict: false, validateFormats: false });
    for (const name of ["spdx", "jsf-0.82"])
      ajv.addSchema(read(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
    const validate = ajv.compile(read("bom-1.6"));
    const timed = JSON.parse((await run([], { SOURCE_DATE_EPOCH: "1767225600" })).stdout) as Sbom;
    for (const document of [sbom, full, timed]) {
      validate(document);
      expect(validate.errors).toBeNull();
    }
    expect(validate({ ...sbom, components: [{ type: "library" }] })).toBe(false);
    expect(timed.metadata.timestamp).toBe("2026-01-01T00:00:00.000Z");
  });

  test("is the same for the same lock, and tells no time of itself", async () => {
    expect((await run([])).stdout).toBe(text);
    expect(sbom).toEqual(JSON.parse(JSON.stringify(createSbom(false, undefined))));
    expect(sbom.metadata.timestamp).toBeUndefined();
    expect(sbom.serialNumber).toMatch(
      /^urn:uuid:[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
    expect(full.serialNumber).not.toBe(sbom.serialNumber);
  });

  const idsOf = ({ components }: Sbom, scope?: string) =>
    components
      .filter((one) => one.type === "library" && (scope === undefined || one.scope === scope))
      .map(({ purl }) => decodeURIComponent(purl.replace("pkg:npm/", "")))
      .sort();

  test("names all that is installed to run the program, and what other systems get in its place", () => {
    const ids = [...new Set([...runtime.values()].map(idOf))].sort();
    expect(ids.filter((id) => !idsOf(sbom).includes(id))).toEqual([]);
    const more = idsOf(sbom).filter((id) => !ids.includes(id));
    expect(more.filter((id) => !id.startsWith("@libsql/"))).toEqual([]);
    expect(idsOf(sbom, "required").filter((id) => !ids.includes(id))).toEqual([]);
    expect(idsOf(sbom, "excluded")).toEqual([]);
  });

  test("names all that is locked where development is asked for, that as excluded", () => {
    expect(idsOf(full)).toEqual([...lockedIds].sort());
    const ofRuntime = [...idsOf(full, "required"), ...idsOf(full, "optional")].sort();
    expect(ofRuntime).toEqual(idsOf(sbom));
    expect(idsOf(full, "excluded")).toContain(`typescript@${manifest.devDependencies.typescript}`);
  });

  test("has the hash of the lock and the licence of the package for each", () => {
    const integrity = new Map(Object.values(lock.packages).map(([id, , , hash]) => [id, String(hash)]));
    const licences = new Map<string, unknown>(
      [...everything.values()].map((one) => [idOf(one), (one as { license?: unknown }).license]),
    );
    for (const one of full.components.filter(({ type }) => type === "library")) {
      const id = decodeURIComponent(one.purl.replace("pkg:npm/", ""));
      const [hash] = "hashes" in one ? one.hashes : [];
      expect(hash?.alg).toBe("SHA-512");
      expect(`sha512-${Buffer.from(hash?.content ?? "", "hex").toString("base64")}`).toBe(
        integrity.get(id) ?? "",
      );
      if (one.licenses) expect(one.licenses).toEqual([{ expression: String(licences.get(id)) }]);
    }
    const without = sbom.components.filter(({ licenses, scope }) => !licenses && scope === "required");
    expect(without).toEqual([]);
  });

  test("leads from the program to each part of it, by parts that are there", () => {
    for (const { metadata, components, dependencies } of [sbom, full]) {
      const needs = new Map(
        dependencies.map(({ ref, ...rest }) => [ref, "dependsOn" in rest ? rest.dependsOn : []]),
      );
      const there = new Set([metadata.component["bom-ref"], ...components.map((one) => one["bom-ref"])]);
      expect(new Set(needs.keys())).toEqual(there);
      const reached = new Set([metadata.component["bom-ref"]]);
      for (const ref of reached) for (const need of needs.get(ref) ?? []) reached.add(need);
      expect(reached).toEqual(there);
    }
    const ofHpke = sbom.dependencies.find(({ ref }) => ref.includes("%40hpke/core@"));
    expect(ofHpke).toMatchObject({ dependsOn: [expect.stringContaining("pkg:npm/%40hpke/common@")] });
  });

  test("names Bun, in the version that runs this", () => {
    const platforms = sbom.components.filter(({ type }) => type === "platform");
    expect(platforms.map(({ name, version }) => [name, version])).toEqual([["bun", Bun.version]]);
  });

  test("takes nothing else", async () => {
    for (const args of [["--all"], ["--dev", "more"]]) {
      const { stdout, stderr, exitCode } = await run(args);
      expect([stdout, exitCode]).toEqual(["", 2]);
      expect(stderr).toContain("usage: bun run sbom [--dev]");
    }
    expect((await run([], { SOURCE_DATE_EPOCH: "yesterday" })).exitCode).not.toBe(0);
  });
});
