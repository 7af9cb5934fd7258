import { test } from "bun:test";

/** A test that needs Python. It is skipped where there is none, but not in the gate. */
export const testWithPython = Bun.which("python3") || process.env.CI ? test : test.skip;

/** Runs a Python program with JSON as its standard input; what it prints is JSON, too. */
function runPython(program: string, input: unknown): unknown {
  const { stdout, stderr, exitCode } = Bun.spawnSync(["python3", "-c", program], {
    stdin: Buffer.from(JSON.stringify(input)),
    env: { ...process.env, PYTHONUTF8: "1" },
  });
  if (exitCode !== 0) throw new Error(`python3 failed: ${stderr.toString().slice(-500)}`);
  return JSON.parse(stdout.toString());
}

const pyYaml = `
import json, sys
try:
    import yaml
except ImportError:
    print("null")
    sys.exit()
documents = json.load(sys.stdin)
loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
print(json.dumps([list(yaml.load(text, loader).items()) for text in documents]))
`;

/**
 * Reads YAML mappings with readers that have nothing to do with the package that wrote them: Bun's, and
 * PyYAML (YAML 1.1) where Python has it.
 *
 * @returns for each reader its name, and for each document the names and values in their order
 */
export function readYamlElsewhere(documents: readonly string[]): [string, [string, unknown][][]][] {
  const readers: [string, [string, unknown][][]][] = [
    ["Bun", documents.map((text) => Object.entries(Bun.YAML.parse(text) as Record<string, unknown>))],
  ];
  const read = Bun.which("python3") ? runPython(pyYaml, documents) : null;
  if (read !== null) readers.push(["PyYAML", read as [string, unknown][][]]);
  return readers;
}

/**
 * Reads a file as a runner of GitHub Actions reads `$GITHUB_ENV`, by the rules of its `EnvFileKeyValuePairs`
 * (actions/runner, src/Runner.Worker/FileCommandManager.cs, v2.309) and its list of refused names.
 *
 * @param system Windows' runner takes CR LF for a line end; the others know LF only
 * @returns the variables in their order; throws where the runner fails the step
 */
export function readAsRunner(text: string, system: "linux" | "windows"): [string, string][] {
  const variables: [string, string][] = [];
  const lineEnd = system === "windows" ? /\r?\n/g : /\n/g;
  let at = 0;
  /** The next line and where it ends, without and with its line end; undefined behind the last. */
  const readLine = () => {
    if (at >= text.length) return undefined;
    lineEnd.lastIndex = at;
    const start = at;
    const found = lineEnd.exec(text);
    at = found ? found.index + found[0].length : text.length;
    const end = found ? found.index : text.length;
    return { line: text.slice(start, end), end, isEnded: found !== null };
  };
  for (let read = readLine(); read; read = readLine()) {
    if (read.line === "") continue;
    const [, name = "", separator, rest = ""] = /^(.*?)(=|<<)(.*)$/s.exec(read.line) ?? [];
    if (separator === "=") {
      variables.push([name, rest]);
      continue;
    }
    if (separator === undefined || name === "" || rest === "") throw new Error("Invalid format");
    const start = at;
    let end = at;
    for (let inner = readLine(); inner?.line !== rest; inner = readLine()) {
      if (!inner?.isEnded) throw new Error("Matching delimiter not found");
      end = inner.end;
    }
    variables.push([name, text.slice(start, end)]);
  }
  return variables.filter(([name]) => name.toUpperCase() !== "NODE_OPTIONS");
}

/**
 * Reads a file as `docker run --env-file` does, by the rules of docker/cli's opts/file.go.
 *
 * @returns the variables as a container gets them; throws where Docker refuses the file
 */
export function readAsDocker(text: string): string[] {
  const variables: string[] = [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const [index, raw] of lines.entries()) {
    if (Buffer.byteLength(raw) > 65_535) throw new Error("bufio.Scanner: token too long");
    const line = raw.replace(/\r$/, "").replace(index === 0 ? /^\ufeff/ : /^$/, "");
    // Go's unicode.IsSpace
    const trimmed = line.replace(
      /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/,
      "",
    );
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const [name = ""] = trimmed.split("=");
    if (name === "" || /[ \t]/.test(name)) throw new Error("poorly formatted environment");
    variables.push(trimmed);
  }
  return variables;
}
