/** The workflows of `docs/recipes/github-actions.md`, followed as a runner of GitHub Actions follows them. */

import assert from "node:assert/strict";
import { gitHubToken, startFakeGitHub } from "../test/cli/fake-github.ts";
import { readAsRunner } from "../test/formats/readers.ts";
import type { Scratch } from "./recipe.ts";

interface Workflow {
  jobs: Record<string, { env?: Record<string, string>; steps: WorkflowStep[] }>;
}

interface WorkflowStep {
  name?: string;
  uses?: string;
  env?: Record<string, string>;
  run?: string;
}

/** `vars.…` and `secrets.…` of the repository. */
type Expressions = Readonly<Record<string, string>>;

/** Does the steps of `deploy.yaml`, and looks at what later steps have and what the log shows. */
export async function followsActions(scratch: Scratch): Promise<void> {
  const printed = await withDownload(scratch, (expressions) =>
    follow(scratch, ".github/workflows/deploy.yaml", { ...expressions }),
  );
  assert.match(printed, /^deploying against db\.internal$/m);
  const variables = Object.fromEntries(readAsRunner(scratch.text("runner/env"), "linux"));
  assert.equal(variables.CERTIFICATE, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
  assert.equal(variables.GREETING, `it's "5 $"`);
  for (const masked of ["postgres://db.internal/shop", "MIIB", `it's "5 $"`])
    assert.ok(printed.includes(`::add-mask::${masked}\n`), masked);
}

/** Does the steps of `sync.yaml` against a server that answers as GitHub's documentation says. */
export async function fillsStoreOfGitHub(scratch: Scratch): Promise<void> {
  const gitHub = await startFakeGitHub();
  try {
    gitHub.repository.secrets.set("APP_OLD", "x").set("OTHER", "y");
    await withDownload(scratch, (expressions) =>
      follow(
        scratch,
        ".github/workflows/sync.yaml",
        { ...expressions, "secrets.SECRETS_WRITER": gitHubToken },
        { GITHUB_API_URL: gitHub.url },
      ),
    );
    assert.deepEqual(Object.fromEntries([...gitHub.repository.secrets].sort()), {
      APP_CERTIFICATE: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
      APP_DATABASE_URL: "postgres://db.internal/shop",
      APP_DB_HOST: "db.internal",
      APP_GREETING: `it's "5 $"`,
      OTHER: "y",
    });
  } finally {
    await gitHub.stop();
  }
}

/** Serves something that is as good as the executable, and much smaller, for the step that installs it. */
async function withDownload<T>(scratch: Scratch, use: (expressions: Expressions) => Promise<T>): Promise<T> {
  const script = `#!/bin/sh\nexec '${(await scratch.printed("command -v secretsfly")).trim()}' "$@"\n`;
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(script) });
  try {
    return await use({
      "vars.SECRETSFLY_DOWNLOAD": server.url.href,
      "vars.SECRETSFLY_SHA256": new Bun.CryptoHasher("sha256").update(script).digest("hex"),
      "secrets.SECRETSFLY_TOKEN": scratch.tokens["read token"],
    });
  } finally {
    await server.stop(true);
  }
}

/** Runs the `run` steps of a workflow's only job, each with what the ones before it left for it. */
async function follow(
  scratch: Scratch,
  file: string,
  expressions: Expressions,
  more: Record<string, string> = {},
): Promise<string> {
  const { jobs } = Bun.YAML.parse(scratch.text(file)) as Workflow;
  const [job, ...others] = Object.values(jobs);
  assert.ok(job && others.length === 0);
  for (const name of ["env", "path"]) scratch.write(`runner/${name}`, "");
  await scratch.printed("rm -rf runner/temp && mkdir runner/temp");
  const runner = {
    ...{ GITHUB_ACTIONS: "true", GITHUB_ENV: scratch.path("runner/env"), ...more },
    ...{ GITHUB_PATH: scratch.path("runner/path"), RUNNER_TEMP: scratch.path("runner/temp") },
  };
  let log = "";
  for (const { run, env } of job.steps) {
    if (run === undefined) continue;
    const added = scratch.text("runner/path").trimEnd().split("\n");
    const outcome = await scratch.run(["bash", "-e", "-c", run], {
      env: {
        ...Object.fromEntries(readAsRunner(scratch.text("runner/env"), "linux")),
        ...runner,
        ...evaluated({ ...job.env, ...env }, expressions),
        // What the workflow installs, and not what this machine has.
        PATH: [...added, ...pathWithoutSecretsfly(scratch)].filter(Boolean).join(":"),
      },
    });
    log += outcome.stdout + outcome.stderr;
    assert.equal(outcome.exitCode, 0, `${run}\n${log}`);
  }
  return log;
}

function pathWithoutSecretsfly(scratch: Scratch): string[] {
  const [, ...machine] = (scratch.environment.PATH ?? "").split(":");
  return machine;
}

/** Variables with `${{ … }}` replaced. */
function evaluated(env: Record<string, string>, expressions: Expressions): Record<string, string> {
  const replace = (text: string) =>
    text.replaceAll(/\$\{\{ (\S+) \}\}/g, (_, name: string) => {
      const value = expressions[name];
      assert.ok(value, `nothing is known of ${name}`);
      return value;
    });
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, replace(value)]));
}
