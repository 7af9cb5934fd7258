import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CliError } from "../../src/cli/cli-error.ts";
import { type SyncSurroundings, syncGitHub } from "../../src/cli/sync-github-action.ts";
import type { SyncGitHubOptions } from "../../src/cli/sync-github-options.ts";
import { anyValue } from "../formats/arbitraries.ts";
import { type FakeGitHub, gitHubToken, problem, startFakeGitHub } from "./fake-github.ts";
import { cli, commandLine, readUntil, startApiWith } from "./harness.ts";

let github: FakeGitHub;
beforeEach(async () => {
  github = await startFakeGitHub();
});
afterEach(() => github.stop());

const now = Date.UTC(2026, 0, 1);

/** Runs the command in this process, with the waits noted instead of waited for. */
async function sync(
  secrets: Record<string, string>,
  options: Partial<SyncGitHubOptions> = {},
  { repository = "octo/app", ...surroundings }: Partial<SyncSurroundings> & { repository?: string } = {},
) {
  const waits: number[] = [];
  const notes: string[] = [];
  let stdout = "";
  let error: CliError | undefined;
  try {
    await syncGitHub(
      repository,
      { apiUrl: github.url, ...options },
      {
        env: { GITHUB_TOKEN: gitHubToken },
        listSecrets: async () => Object.entries(secrets).map(([name, value]) => ({ name, value })),
        writeText: async (text) => {
          stdout += text;
        },
        writeJson: async (value) => {
          stdout += JSON.stringify(value);
        },
        writeNote: (message) => notes.push(message),
        confirm: undefined,
        pause: async (milliseconds) => {
          waits.push(milliseconds);
        },
        now: () => now,
        ...surroundings,
      },
    );
  } catch (thrown) {
    if (!(thrown instanceof CliError)) throw thrown;
    error = thrown;
  }
  const message = error?.message ?? "";
  if ((stdout + message + notes.join()).includes("TESTSECRET")) throw new Error("the token was shown");
  return { stdout, message, exitCode: error?.exitCode ?? 0, waits, notes };
}

const writesSeen = () => github.requests.filter((line) => !line.startsWith("GET "));
const seed = (secrets: Record<string, string>) => {
  for (const [name, value] of Object.entries(secrets)) github.repository.secrets.set(name, value);
};
const numbered = (count: number, value = "v") =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`N${index}`, value]));

describe("what arrives at GitHub", () => {
  test("is exactly what secretsfly holds, whatever the value", async () => {
    const worst = [
      ...["'", '"', "`id`", "$HOME", "$(id)", "a#b", "\\", "\\n", "\n", "a\n", "\r\n", "a\r\nb\r", "\t", " "],
      ...["::set-env name=A::b", "%0A", "é", "日本", "😀", "\u2028", "\ufeffa", "\u0001", "x".repeat(49_152)],
      ...fc
        .sample(anyValue, { numRuns: 60, seed: 1 })
        .filter((value) => value !== "" && Buffer.byteLength(value) <= 49_152),
    ];
    const secrets = Object.fromEntries(worst.map((value, index) => [`S${index}`, value]));
    const { message } = await sync(secrets);
    expect(message).toBe("");
    expect(Object.fromEntries(github.repository.secrets)).toEqual(secrets);
  });

  test("is told line by line, created and updated", async () => {
    seed({ B: "old", OTHER: "stays" });
    const { stdout, exitCode } = await sync({ A: "a", B: "b" });
    expect(stdout).toBe("created A\nupdated B\nocto/app: 1 created, 1 updated, 0 deleted\n");
    expect(exitCode).toBe(0);
    expect(Object.fromEntries(github.repository.secrets)).toEqual({ A: "a", B: "b", OTHER: "stays" });
  });

  test("has capitals and the prefix in its name, and lies in the deployment environment that was named", async () => {
    const { stdout } = await sync({ db_url: "x" }, { environment: "a/b prod", prefix: "app_" });
    expect(Object.fromEntries(github.environment.secrets)).toEqual({ APP_DB_URL: "x" });
    expect(github.repository.secrets.size).toBe(0);
    expect(stdout).toContain("octo/app (a/b prod): 1 created");
  });

  test("goes to Enterprise Server where the address says so", async () => {
    await github.stop();
    github = await startFakeGitHub("/api/v3");
    await sync({ A: "a" }, { apiUrl: `${github.url}/` });
    expect(github.repository.secrets.get("A")).toBe("a");
  });

  test("is not what --skip names, and --prune leaves that alone", async () => {
    seed({ BIG: "by hand" });
    await sync({ A: "a", big: "x".repeat(50_000) }, { skip: ["big"], prune: true, yes: true });
    expect(Object.fromEntries(github.repository.secrets)).toEqual({ A: "a", BIG: "by hand" });
  });

  test("is written a second apart where it is much, as GitHub asks", async () => {
    expect((await sync(numbered(51))).waits).toEqual(Array.from({ length: 50 }, () => 1000));
    expect((await sync(numbered(50))).waits).toEqual([]);
  });
});

describe("--dry-run", () => {
  test("says what would be done and writes nothing", async () => {
    seed({ B: "old", GONE: "x" });
    const { stdout } = await sync({ A: "a", B: "b" }, { dryRun: true, prune: true });
    expect(stdout).toBe(
      "would create A\nwould update B\nwould delete GONE\n" +
        "octo/app: 1 created, 1 updated, 1 deleted; nothing was written (--dry-run)\n",
    );
    expect(github.requests).toEqual(["GET /repos/octo/app/actions/secrets?per_page=100"]);
  });

  test("with --json says the same as data", async () => {
    seed({ GONE: "x" });
    const { stdout } = await sync({ a: "value" }, { dryRun: true, prune: true, json: true });
    expect(JSON.parse(stdout)).toEqual({
      repository: "octo/app",
      environment: null,
      dryRun: true,
      secrets: [
        { name: "A", secret: "a", outcome: "created" },
        { name: "GONE", secret: null, outcome: "deleted" },
      ],
    });
  });
});

describe("--prune", () => {
  test("deletes what secretsfly does not have, after writing", async () => {
    seed({ GONE: "x", A: "old" });
    const { stdout } = await sync({ A: "a" }, { prune: true, yes: true });
    expect(stdout).toBe("updated A\ndeleted GONE\nocto/app: 0 created, 1 updated, 1 deleted\n");
    expect([...github.repository.secrets.keys()]).toEqual(["A"]);
  });

  test("with a prefix leaves every other name alone", async () => {
    seed({ APP_GONE: "x", BY_HAND: "y" });
    await sync({ A: "a" }, { prune: true, yes: true, prefix: "APP_" });
    expect([...github.repository.secrets.keys()].sort()).toEqual(["APP_A", "BY_HAND"]);
  });

  test("asks first, naming what goes, and without a yes nothing at all is written", async () => {
    seed({ GONE: "x" });
    const questions: string[] = [];
    const confirm = (answer: boolean) => async (question: string) => {
      questions.push(question);
      return answer;
    };
    const refused = await sync({ A: "a" }, { prune: true }, { confirm: confirm(false) });
    expect(refused).toMatchObject({ exitCode: 1, message: "nothing was written", stdout: "" });
    expect(questions).toEqual(["Delete 1 secret of octo/app that secretsfly does not have (GONE)?"]);
    expect(writesSeen()).toEqual([]);
    await sync({ A: "a" }, { prune: true }, { confirm: confirm(true) });
    expect([...github.repository.secrets.keys()]).toEqual(["A"]);
  });

  test("needs --yes where nobody can be asked", async () => {
    const { exitCode, message } = await sync({ A: "a" }, { prune: true });
    expect(exitCode).toBe(2);
    expect(message).toContain("--prune needs --yes");
    expect(github.requests).toEqual([]);
  });

  test("deletes nothing when there is nothing to write: that is the wrong token", async () => {
    seed({ GONE: "x" });
    const { exitCode, message } = await sync({}, { prune: true, yes: true });
    expect(exitCode).toBe(1);
    expect(message).toContain("--prune would delete all 1 of octo/app");
    expect(github.repository.secrets.size).toBe(1);
  });

  test("makes room first where there is none", async () => {
    seed(numbered(100));
    const { exitCode, stdout } = await sync({ A: "a", B: "b" }, { prune: true, yes: true });
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith("deleted N0\n");
    expect(Object.fromEntries(github.repository.secrets)).toEqual({ A: "a", B: "b" });
  });

  test("is content with one that somebody else has deleted in the meantime", async () => {
    seed({ GONE: "x" });
    github.interventions.push((request) => {
      if (request.method === "PUT") github.repository.secrets.delete("GONE");
      return undefined;
    });
    const { exitCode, stdout } = await sync({ A: "a" }, { prune: true, yes: true });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("deleted GONE");
  });
});

describe("what GitHub cannot hold is told before anything is written, and no value with it", () => {
  test.each<[string, Record<string, string>, Partial<SyncGitHubOptions>, string[]]>([
    [
      "a name of GitHub's own",
      { GITHUB_X: "v" },
      {},
      ["GITHUB_X: GitHub keeps names that begin with GITHUB_"],
    ],
    ["such a name in small letters", { github_x: "v" }, {}, ["github_x: GitHub keeps names that begin"]],
    ["a strange name", { "A.B": "v" }, {}, ["A.B: a name at GitHub has letters, digits and _ only"]],
    ["an empty value", { A: "" }, {}, ["A: GitHub takes no empty value"]],
    [
      "a value too long",
      { A: "é".repeat(24_577) },
      {},
      ["A: the value has 49154 bytes; GitHub takes 49152 at most"],
    ],
    ["half a character", { A: "\ud800" }, {}, ["A: the value is not Unicode text"]],
    ["two names that become one", { key: "v", KEY: "w" }, {}, ["key: GitHub keeps", "KEY: GitHub keeps"]],
    ["too many", numbered(100), {}, ["GitHub holds 100 secrets in one place", "would be 101"]],
  ])("%s", async (_, secrets, options, parts) => {
    const { exitCode, message, stdout } = await sync({ ...secrets, FINE: "secret-value" }, options);
    expect(exitCode).toBe(1);
    for (const part of [...parts, "nothing was written", "--skip"]) expect(message).toContain(part);
    expect(message).not.toContain("secret-value");
    expect(stdout).toBe("");
    expect(writesSeen()).toEqual([]);
  });

  test("every fault at once", async () => {
    const { message } = await sync({ GITHUB_A: "", B: "" });
    expect(message.split("\n").length).toBe(5);
  });

  test("secrets that are there already count, on every page of the list", async () => {
    // As Enterprise Server may be set up: more than a page, and more than the limit.
    seed(numbered(130));
    const { message } = await sync({ A: "a" });
    expect(message).toContain("there would be 131");
    expect(github.requests.at(-1)).toContain("page=2");
  });
});

describe("a command line that cannot be meant", () => {
  test.each<[string, Partial<SyncGitHubOptions>, Parameters<typeof sync>[2], string]>([
    ["no repository", {}, { repository: "app" }, "OWNER/REPO"],
    ["a path out of it", {}, { repository: "octo/.." }, "OWNER/REPO"],
    ["an address", {}, { repository: "https://github.com/octo/app" }, "OWNER/REPO"],
    ["an environment that leads elsewhere", { environment: ".." }, {}, "--environment"],
    ["a prefix of GitHub's own", { prefix: "GITHUB_" }, {}, "--prefix"],
    ["a prefix with a dash", { prefix: "a-" }, {}, "--prefix"],
    ["no address", { apiUrl: "api.github.com" }, {}, "--api-url"],
    ["http to another machine", { apiUrl: "http://github.example.com/api/v3" }, {}, "https://"],
    ["a password in the address", { apiUrl: "https://a:hunter2@github.example.com" }, {}, "--api-url"],
    ["no token", {}, { env: {} }, "GH_TOKEN or GITHUB_TOKEN is not set"],
    ["an empty token", {}, { env: { GH_TOKEN: " ", GITHUB_TOKEN: "" } }, "is not set"],
    ["a service token", {}, { env: { GITHUB_TOKEN: "sfly_a_TESTSECRET" } }, "does not hold a GitHub token"],
    ["a token of two lines", {}, { env: { GITHUB_TOKEN: "a\nTESTSECRET" } }, "does not hold a GitHub token"],
  ])("%s", async (_, options, surroundings, part) => {
    const { exitCode, message } = await sync({ A: "a" }, options, surroundings);
    expect(exitCode).toBe(2);
    expect(message).toContain(part);
    expect(message).not.toContain("hunter2");
    expect(github.requests).toEqual([]);
  });

  test("GH_TOKEN beats GITHUB_TOKEN, as with gh", async () => {
    const env = { GH_TOKEN: gitHubToken, GITHUB_TOKEN: "ghs_of_the_workflow" };
    expect((await sync({ A: "a" }, {}, { env })).exitCode).toBe(0);
  });
});

/** Answers the first `times` requests that fit with something else. */
function fail(times: number, method: string, answer: () => Response) {
  let left = times;
  github.interventions.push((request) => (request.method === method && left-- > 0 ? answer() : undefined));
}

describe("an answer that is no success", () => {
  const html = (status: number) =>
    new Response("<html>gateway</html>", { status, headers: { "content-type": "text/html" } });

  test.each<[string, () => Response, string]>([
    ["401", () => problem(401, "Bad credentials"), "GitHub does not accept the token"],
    ["403", () => problem(403, "Resource not accessible by personal access token"), '"Secrets"'],
    [
      "403 with the permission it wants",
      () => problem(403, "No", { "x-accepted-github-permissions": "secrets=write" }),
      "GitHub wants secrets=write (403",
    ],
    [
      "403 of single sign-on",
      () =>
        problem(403, "Resource protected by organization SAML enforcement.", {
          "x-github-sso": "required; url=https://github.com/orgs/octo/sso?authorization_request=AB",
        }),
      "https://github.com/orgs/octo/sso?authorization_request=AB",
    ],
    ["404", () => problem(404, "Not Found"), "no such repository or environment, or the token has no access"],
    ["422", () => problem(422, "Validation Failed"), "does not accept this (422"],
    ["410 of something else", () => html(410), "not how GitHub answers (410"],
    ["a page", () => html(200), "the answer is not GitHub's own"],
    ["other JSON", () => Response.json({ secrets: [{ id: 1 }] }), "a secret in its list has no name"],
    ["an echo of the token", () => problem(422, `no ${gitHubToken}\u001b[31m`), ": no (the token) [31m"],
  ])("%s is explained, and not tried again", async (_, answer, part) => {
    fail(9, "GET", answer);
    const { exitCode, message, waits } = await sync({ A: "a" });
    expect(exitCode).toBe(1);
    expect(message).toContain(part);
    expect(waits).toEqual([]);
    expect(github.requests.length).toBe(1);
  });

  test("a redirect is not followed: the token goes nowhere else", async () => {
    const moved = `${github.url}/repositories/1/actions/secrets`;
    fail(1, "GET", () => problem(301, "Moved Permanently", { location: moved }));
    const { message } = await sync({ A: "a" });
    expect(message).toContain(`redirects to ${moved} (301); not followed`);
    expect(github.requests.length).toBe(1);
  });

  test("the next page is asked of the same server, whatever the Link header names", async () => {
    const link = '<https://attacker.example/x?per_page=100&page=2>; rel="next"';
    fail(1, "GET", () => Response.json({ secrets: [{ name: "A" }] }, { headers: { link } }));
    const { stdout } = await sync({ A: "a" });
    expect(github.requests[1]).toBe("GET /repos/octo/app/actions/secrets?per_page=100&page=2");
    expect(stdout).toStartWith("created A");
  });

  test("a list without an end is given up", async () => {
    const link = '</x?page=2>; rel="next"';
    fail(99, "GET", () => Response.json({ secrets: [] }, { headers: { link } }));
    expect((await sync({ A: "a" })).message).toContain("does not end");
  });

  test("no server is told apart from no TLS", async () => {
    const noServer = await sync({ A: "a" }, { apiUrl: "http://127.0.0.1:1" });
    expect(noServer.message).toContain("cannot be reached");
    expect(noServer.waits).toEqual([1000, 2000, 4000]);
    const noTls = await sync({ A: "a" }, { apiUrl: github.url.replace("http:", "https:") });
    expect(noTls.message).toContain("TLS failed");
    expect(noTls.waits).toEqual([]);
  });

  test.each([
    ["no key of 32 bytes", Buffer.alloc(31, 1)],
    ["not safe", Buffer.alloc(32)],
  ])("a public key that is %s seals nothing", async (part, key) => {
    github.interventions.push((_, path) =>
      path.endsWith("/public-key") ? Response.json({ key_id: "1", key: key.toString("base64") }) : undefined,
    );
    const { message } = await sync({ A: "a" });
    expect(message).toContain(part);
    expect(writesSeen()).toEqual([]);
  });
});

describe("what passes is waited for", () => {
  test.each<[string, () => Response, number[]]>([
    ["503", () => problem(503, "Unavailable"), [1000, 2000]],
    ["429 with Retry-After", () => problem(429, "Slow down", { "retry-after": "7" }), [7000, 7000]],
    [
      "403 of a used up limit",
      () =>
        problem(403, "Nothing remains", {
          "x-ratelimit-remaining": "0",
          "x-ratelimit-reset": String(now / 1000 + 42),
        }),
      [42_000, 42_000],
    ],
    [
      "403 of a secondary limit",
      () => problem(403, "You have exceeded a secondary rate limit."),
      [60_000, 120_000],
    ],
  ])("%s", async (_, answer, expected) => {
    fail(2, "PUT", answer);
    const { exitCode, waits, notes } = await sync({ A: "a" });
    expect(exitCode).toBe(0);
    expect(waits).toEqual(expected);
    expect(notes.length).toBe(expected[0] === 1000 ? 0 : 2);
    expect(github.repository.secrets.get("A")).toBe("a");
  });

  test("a limit that ends in an hour is told instead", async () => {
    fail(1, "GET", () => problem(429, "Slow down", { "retry-after": "3600" }));
    const { message, waits } = await sync({ A: "a" });
    expect(message).toContain("GitHub's rate limit is reached; try again in 3600 s");
    expect(waits).toEqual([]);
  });

  test("four attempts are enough", async () => {
    fail(9, "GET", () => problem(500, "Oops"));
    const { message, waits } = await sync({ A: "a" });
    expect(message).toContain("GitHub cannot answer now (500");
    expect(waits).toEqual([1000, 2000, 4000]);
  });
});

describe("halfway", () => {
  test("a public key that changed is fetched again, and nothing is lost", async () => {
    github.interventions.push((_, path) => {
      if (path.endsWith("/secrets/B") && github.repository.secrets.size === 1) {
        github.interventions.pop();
        github.repository.renewKey();
      }
      return undefined;
    });
    const { exitCode } = await sync({ A: "a", B: "b", C: "c" });
    expect(exitCode).toBe(0);
    expect(Object.fromEntries(github.repository.secrets)).toEqual({ A: "a", B: "b", C: "c" });
    expect(github.requests.filter((line) => line.endsWith("/public-key")).length).toBe(2);
  });

  test("a fault stops it, and it says what is written and what is not", async () => {
    seed({ GONE: "x", A: "old" });
    github.interventions.push((_, path) =>
      path.endsWith("/C") ? problem(403, "Resource not accessible") : undefined,
    );
    const secrets = { A: "secret-a", B: "secret-b", C: "secret-c", D: "secret-d" };
    const { exitCode, stdout, message } = await sync(secrets, { prune: true, yes: true });
    expect(exitCode).toBe(1);
    expect(stdout).toBe("updated A\ncreated B\n");
    expect(message).toStartWith("stopped at C: the GitHub token may not do this");
    expect(message).toContain("done: updated A, created B\n");
    expect(message).toContain("not done: C, D, GONE (3 secrets)\n");
    expect(message).toContain("again is safe");
    expect(message).not.toContain("secret-");
    expect(Object.fromEntries(github.repository.secrets)).toEqual({
      A: "secret-a",
      B: "secret-b",
      GONE: "x",
    });
  });

  test("--json says so too", async () => {
    github.interventions.push((_, path) => (path.endsWith("/B") ? problem(403, "No") : undefined));
    const { exitCode, stdout } = await sync({ A: "a", B: "b", C: "c" }, { json: true });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).secrets).toEqual([
      { name: "A", secret: "A", outcome: "created" },
      { name: "B", secret: "B", outcome: "failed" },
      { name: "C", secret: "C", outcome: "not tried" },
    ]);
  });
});

describe("the process", () => {
  const api = startApiWith({ A: "a'$HOME\n", b: "b" });
  const env = { SECRETSFLY_API_BASE_URL: api, GITHUB_TOKEN: gitHubToken };
  const args = (...more: string[]) => ["sync", "github", "octo/app", "--api-url", github.url, ...more];

  test("fetches, seals, writes and says so", async () => {
    const { stdout, stderr, exitCode } = await cli(args("--prefix", "x_"), { env });
    expect(stderr).toBe("");
    expect(stdout).toBe("created X_A\ncreated X_B\nocto/app: 2 created, 0 updated, 0 deleted\n");
    expect(exitCode).toBe(0);
    expect(Object.fromEntries(github.repository.secrets)).toEqual({ X_A: "a'$HOME\n", X_B: "b" });
  });

  test("waits no longer than it is asked to, with what is real", async () => {
    fail(1, "PUT", () => problem(429, "Slow down", { "retry-after": "0" }));
    const { stdout, stderr, exitCode } = await cli(args("--json", "--skip", "A"), { env });
    expect(stderr).toBe("secretsfly: GitHub's rate limit is reached: waiting 0 s\n");
    expect(JSON.parse(stdout).secrets).toEqual([{ name: "B", secret: "b", outcome: "created" }]);
    expect(exitCode).toBe(0);
  });

  test("fails in one line on stderr", async () => {
    const { stdout, stderr, exitCode } = await cli(args("--environment", "nowhere"), { env });
    expect(stdout).toBe("");
    expect(stderr).toStartWith("secretsfly: GitHub has no such repository or environment");
    expect(stderr).toEndWith(": Not Found\n");
    expect(exitCode).toBe(1);
  });

  const hasScript = process.platform === "linux" && Bun.which("script") !== null;
  test.skipIf(!hasScript)("asks at a terminal before --prune deletes", async () => {
    seed({ GONE: "x" });
    const { cmd, ...options } = commandLine(args("--prune"), { env });
    // script(1) of util-linux gives a command a terminal of its own.
    const line = `exec ${cmd.map((word) => `'${word}'`).join(" ")}`;
    const child = Bun.spawn(["script", "-qec", line, "/dev/null"], {
      ...options,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    const reader = child.stdout.getReader();
    await readUntil(reader, "(GONE)? [y/N] ");
    expect(writesSeen()).toEqual([]);
    child.stdin.write("y\n");
    child.stdin.flush();
    expect(await readUntil(reader, "1 deleted")).toContain("deleted GONE");
    expect(await child.exited).toBe(0);
  });
});
