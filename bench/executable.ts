import { join } from "node:path";
import manifest from "../package.json";

/** Builds the single executable as `bun run build` does, but into a folder. Returns its path. */
export async function buildExecutable(folder: string, say: (line: string) => void): Promise<string> {
  say("  building the executable");
  const path = join(folder, "secretsfly");
  const command = manifest.scripts.build.replace("dist/secretsfly", '"$OUTFILE"');
  const child = Bun.spawn(["sh", "-c", command], {
    cwd: join(import.meta.dir, ".."),
    // The command is the manifest's and says `bun`: the one that runs this.
    env: { ...process.env, OUTFILE: path, PATH: `${join(process.execPath, "..")}:${process.env.PATH}` },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`the executable could not be built: ${stderr}`);
  return path;
}
