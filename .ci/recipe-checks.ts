/** What a platform would do with the files of a recipe, done by hand after the page's own steps. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Scratch } from "./recipe.ts";
import { backupChecks } from "./recipe-backup.ts";
import { fillsStoreOfGitHub, followsActions } from "./recipe-workflows.ts";

type Check = (scratch: Scratch) => Promise<void>;

/** Commands that a page cannot do without. Where one is missing, the page is skipped; the gate has Node. */
export const needs: Readonly<Record<string, readonly string[]>> = {
  python: ["python3"],
  "node-and-bun": ["node", "npm"],
  "github-actions": ["curl"],
  "from-the-first-secretsfly": ["curl"],
};

/** What has to be there before a page's first step. */
export const preparations: Readonly<Record<string, Check>> = {
  "node-and-bun": async (scratch) => {
    const root = join(import.meta.dir, "..");
    // .ci/client.ts has made it already, where the whole gate runs.
    if (!existsSync(join(root, "dist/npm")))
      await scratch.printed([process.execPath, join(root, "tools/build-client.ts")]);
    await scratch.printed(["npm", "pack", "--silent", join(root, "dist/npm")]);
  },
};

/** By page, then by what is seen. */
export const checks: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  README: {
    "a password manager's token goes through a pipe": async (scratch) => {
      scratch.write("bin/pass", '#!/bin/sh\necho "$TOKEN_OF_SHOP"\n', 0o755);
      scratch.write("nightly.sh", '#!/bin/sh\necho "$DATABASE_URL"\n', 0o755);
      const PATH = `${scratch.path("bin")}:${scratch.environment.PATH}`;
      const env = {
        PATH,
        TOKEN_OF_SHOP: scratch.tokens["read token"],
        SECRETSFLY_API_BASE_URL: scratch.origin,
      };
      const printed = await scratch.printed(scratch.step("pass show"), { env });
      assert.equal(printed, "postgres://db.internal/shop\n");
    },
  },
  "from-the-first-secretsfly": {
    "what was asked there is answered here alike": async (scratch) => {
      const step = scratch.step("read -rs OLD_TOKEN").replace("http://localhost:5000", scratch.origin);
      await scratch.printed(step, { stdin: `${scratch.tokens["read token"]}\n` });
      const { secrets } = JSON.parse(scratch.text("secrets.json"));
      assert.deepEqual(Object.keys(secrets[0]).sort(), ["id", "name", "value"]);
      assert.equal(secrets.length, 3);
    },
  },
  containers: {
    "the image's command starts with the environment that Compose gives it": async (scratch) => {
      const { services, secrets } = parsed(scratch, "compose.yaml");
      const { environment, secrets: granted } = services.shop;
      const mounted = environment.SECRETSFLY_TOKEN_FILE.replace("/run/secrets/", "");
      assert.deepEqual(granted, [mounted]);
      const env = { ...environment, SECRETSFLY_TOKEN_FILE: scratch.path(secrets[mounted].file) };
      assert.equal(await startImage(scratch, env), "shop: connecting to db.internal\n");
    },
    "the token is its owner's and stays out of image and repository": async (scratch) => {
      assert.equal(statSync(scratch.path("secretsfly-token")).mode & 0o777, 0o600);
      for (const list of [".dockerignore", ".gitignore"])
        assert.equal(scratch.text(list), "secretsfly-token\n");
    },
  },
  systemd: {
    "the token's file is made for root alone": async (scratch) => {
      const step = scratch.step("install -m 0600");
      const here = step.replaceAll("sudo ", "").replaceAll("/etc/shop", scratch.path("etc/shop"));
      await scratch.printed(here, { stdin: `${scratch.tokens["read token"]}\n` });
      assert.equal(statSync(scratch.path("etc/shop")).mode & 0o777, 0o700);
      assert.equal(statSync(scratch.path("etc/shop/secretsfly-token")).mode & 0o777, 0o600);
    },
    "ExecStart starts the app with the credential, and with what it kept when the server is away": async (
      scratch,
    ) => {
      scratch.write("opt/shop/server", '#!/bin/sh\necho "$DATABASE_URL" ${SECRETSFLY_TOKEN_FILE-}\n', 0o755);
      scratch.write("credentials/secretsfly-token", scratch.text("etc/shop/secretsfly-token"), 0o400);
      mkdirSync(scratch.path("state/shop"), { recursive: true });
      const start = unitSetting(scratch, "ExecStart")[0] ?? "";
      const command = start.replace("/usr/local/bin/", "").replace("/opt", scratch.path("opt"));
      // What was kept opens for the server's one address, so something has to go away there.
      const door = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: ({ url, headers }) => fetch(scratch.origin + new URL(url).pathname, { headers }),
      });
      const pairs = unitSetting(scratch, "Environment").map((pair) => pair.split("=", 2));
      const env = { ...Object.fromEntries(pairs), SECRETSFLY_API_BASE_URL: door.url.origin };
      assert.equal(await scratch.printed(command, { env }), "postgres://db.internal/shop\n");
      await door.stop(true);
      const { stdout, stderr } = await scratch.bash(command, { env });
      assert.equal(stdout, "postgres://db.internal/shop\n", stderr);
      assert.match(stderr, /secrets\.sealed/);
    },
    "systemd-analyze finds nothing to say": async (scratch) => {
      if (!Bun.which("systemd-analyze")) return skip("systemd-analyze");
      const here = scratch
        .text("shop.service")
        .replace("/usr/local/bin/secretsfly", Bun.which("true") ?? "/bin/true");
      scratch.write("verify/shop.service", here);
      const { exitCode, stderr } = await scratch.run(
        ["systemd-analyze", "verify", "--man=no", scratch.path("verify/shop.service")],
        {},
      );
      assert.equal(`${exitCode} ${ofThisUnit(stderr)}`, "0 ");
    },
  },
  "github-actions": {
    "the steps of deploy.yaml run one after the other": followsActions,
    "sync.yaml fills GitHub's store": fillsStoreOfGitHub,
  },
  kubernetes: {
    "the pod's command starts with the environment that the kubelet gives it": async (scratch) => {
      scratch.write("token", scratch.tokens["read token"], 0o440);
      scratch.write("app/server.sh", '#!/bin/sh\necho "$DATABASE_URL"\n', 0o755);
      const { containers, volumes } = parsed(scratch, "deployment.yaml").spec.template.spec;
      const [{ command, args, env, volumeMounts }] = containers;
      assert.equal(volumeMounts[0].name, volumes[0].name);
      assert.equal(volumes[0].secret.defaultMode, 0o440);
      const given = Object.fromEntries(env.map(({ name, value }: Record<string, string>) => [name, value]));
      assert.equal(given.SECRETSFLY_TOKEN_FILE, `${volumeMounts[0].mountPath}/token`);
      const here = [...command, scratch.path(args[0])];
      const printed = await scratch.printed(here, {
        env: { ...given, SECRETSFLY_TOKEN_FILE: scratch.path("token") },
      });
      assert.equal(printed, "postgres://db.internal/shop\n");
    },
    "kubectl understands the manifests": async (scratch) => {
      if (!Bun.which("kubectl")) return skip("kubectl");
      const local = "kubectl label --local --filename - checked=yes --output name";
      const exported = `set -o pipefail; secretsfly export --format k8s | ${local}`;
      const env = { SECRETSFLY_TOKEN: scratch.tokens["read token"] };
      assert.equal(
        await scratch.printed(exported, { env: { ...env, SECRETSFLY_API_BASE_URL: scratch.origin } }),
        "secret/shop-prod\n",
      );
      assert.equal(await scratch.printed(`${local} < deployment.yaml`), "deployment.apps/shop\n");
      const step = scratch.step("kubectl create secret");
      const dry = step.replace("/dev/stdin\n", "/dev/stdin --dry-run=client --output json\n");
      const made = JSON.parse(await scratch.printed(dry, { stdin: `${scratch.tokens["read token"]}\n` }));
      assert.equal(atob(made.data.token), scratch.tokens["read token"]);
    },
  },
  backup: backupChecks,
  fly: {
    "the image's command starts with the environment that Fly gives it": async (scratch) => {
      const { env } = Bun.TOML.parse(scratch.text("fly.toml")) as { env: Record<string, string> };
      const printed = await startImage(scratch, { ...env, SECRETSFLY_TOKEN: scratch.tokens["read token"] });
      assert.equal(printed, "shop: connecting to db.internal\n");
    },
    "fly is given the token, on its standard input": async (scratch) => {
      scratch.write("bin/fly", '#!/bin/sh\necho "fly $*"\ncat\n', 0o755);
      const step = scratch.step("fly secrets import");
      const PATH = `${scratch.path("bin")}:${scratch.environment.PATH}`;
      const token = scratch.tokens["read token"];
      assert.equal(
        await scratch.printed(step, { env: { PATH }, stdin: `${token}\n` }),
        `fly secrets import --stage\nSECRETSFLY_TOKEN=${token}\nfly deploy\n`,
      );
    },
  },
};

// biome-ignore lint/suspicious/noExplicitAny: what is missing in the file fails where it is used
function parsed(scratch: Scratch, file: string): any {
  return Bun.YAML.parse(scratch.text(file));
}

function skip(command: string): void {
  console.log(`  skip  this machine has no ${command}`);
}

/** Starts what a Dockerfile's `ENTRYPOINT` and `CMD` say, and gives what it printed. */
async function startImage(scratch: Scratch, env: Record<string, string>): Promise<string> {
  const lines = scratch.text("Dockerfile").split("\n");
  const words = ["ENTRYPOINT ", "CMD "].flatMap((key) => {
    const line = lines.find((candidate) => candidate.startsWith(key));
    assert.ok(line, key);
    return JSON.parse(line.slice(key.length)) as string[];
  });
  return await scratch.printed(
    words.map((word) => word.replace("/app/", `${scratch.folder}/`)),
    { env },
  );
}

/** All values of a key of the unit, with its specifiers replaced as systemd replaces them. */
function unitSetting(scratch: Scratch, key: string): string[] {
  return scratch
    .text("shop.service")
    .split("\n")
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1))
    .map((value) => value.replaceAll("%d", scratch.path("credentials")))
    .map((value) => value.replaceAll("%S", scratch.path("state")));
}

/** What systemd-analyze said of the unit, and not of those that this machine has. */
function ofThisUnit(stderr: string): string {
  return stderr
    .split("\n")
    .filter((line) => line.includes("shop.service"))
    .join("\n");
}
