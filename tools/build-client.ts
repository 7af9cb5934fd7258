/**
 * Builds what is published of the client: `dist/npm`, the package `secretsfly` with `secretsfly/client` in it. One
 * module for all runtimes and one file of declarations, both of which stand alone.
 *
 *     bun tools/build-client.ts
 */

import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import manifest from "../package.json";

const root = join(import.meta.dir, "..");
const source = join(root, "src/client");
const target = join(root, "dist/npm");

/** The files whose types can be reached from outside, each after those that it names. */
const publicFiles = ["types", "request-error", "index"];

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
await writeModule();
writeDeclarations();
writeManifest();
copyFileSync(join(source, "README.md"), join(target, "README.md"));
copyFileSync(join(root, "LICENSE"), join(target, "LICENSE"));
process.stdout.write(`dist/npm: ${readdirSync(target).sort().join(", ")}\n`);

/** Throws where the module would import anything. */
async function writeModule(): Promise<void> {
  const { outputs } = await Bun.build({
    entrypoints: [join(source, "index.ts")],
    target: "browser",
    format: "esm",
  });
  const [module, ...others] = await Promise.all(outputs.map((output) => output.text()));
  if (module === undefined || others.length > 0) throw new Error("the client is not one module");
  const { imports } = new Bun.Transpiler().scan(module);
  if (imports.length > 0) throw new Error(`the client imports ${imports.map(({ path }) => path)}`);
  writeFileSync(join(target, "client.js"), module);
}

/**
 * `tsc` writes one file of declarations for each source file. They are put one after the other, without the imports
 * between them.
 */
function writeDeclarations(): void {
  const folder = mkdtempSync(join(root, "dist/declarations-"));
  try {
    emitDeclarations(folder);
    const texts = publicFiles.map((name) => readFileSync(join(folder, `${name}.d.ts`), "utf8"));
    const own = texts.map((text) =>
      // What comes from another file is exported there already.
      text.replace(/^(?:import|export)\s+(?:type\s+)?\{[^}]*\}\s+from\s+"\.\/[^"]+";\n/gm, ""),
    );
    // Without the last line everything would be exported, whether it says so or not.
    writeFileSync(join(target, "client.d.ts"), `${own.join("\n")}\nexport {};\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function emitDeclarations(folder: string): void {
  const project = join(folder, "tsconfig.json");
  const settings = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      // No types of Bun's or Node's: what is not of every runtime is an error here.
      types: [],
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: source,
      outDir: folder,
    },
    include: [],
    files: [join(source, "index.ts")],
  };
  writeFileSync(project, JSON.stringify(settings));
  const tsc = Bun.spawnSync([process.execPath, "x", "tsc", "--project", project], { cwd: root });
  if (!tsc.success) throw new Error(`tsc failed:\n${tsc.stdout}${tsc.stderr}`);
}

function writeManifest(): void {
  const { name, version, license } = manifest;
  const published = {
    ...{ name, version },
    description: "Client of secretsfly, a self-hosted secrets manager.",
    ...{ license, type: "module", sideEffects: false },
    exports: { "./client": { types: "./client.d.ts", default: "./client.js" } },
    engines: { node: ">=20" },
  };
  writeFileSync(join(target, "package.json"), `${JSON.stringify(published, undefined, 2)}\n`);
}
