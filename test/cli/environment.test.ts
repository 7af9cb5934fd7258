import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CliError } from "../../src/cli/cli-error.ts";
import { buildEnvironment, type EnvironmentOptions } from "../../src/cli/environment.ts";
import { isProtectedName } from "../../src/cli/protected-names.ts";

const plain: EnvironmentOptions = { onlySecrets: false, preserve: new Set(), allow: new Set() };
const name = fc.oneof(
  fc.constantFrom(
    "A",
    "B",
    "PATH",
    "LD_PRELOAD",
    "SECRETSFLY_TOKEN",
    "SECRETSFLY_TOKEN_FILE",
    "__proto__",
    "LC_ALL",
  ),
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,6}$/),
);
const variables = fc.dictionary(name, fc.string(), { maxKeys: 8, noNullPrototype: true });
const secretList = fc.uniqueArray(fc.record({ name, value: fc.stringMatching(/^[a-z]{0,5}$/) }), {
  selector: (secret) => secret.name,
});
const options = fc.record<EnvironmentOptions>({
  onlySecrets: fc.boolean(),
  preserve: fc.oneof(
    fc.constant("all" as const),
    fc.array(name).map((names) => new Set(names)),
  ),
  allow: fc.array(name).map((names) => new Set(names)),
});

function build(
  parent: Record<string, string>,
  secrets: Record<string, string>,
  changed: Partial<EnvironmentOptions> = {},
) {
  const list = Object.entries(secrets).map(([name, value]) => ({ name, value }));
  const { environment, leftOut } = buildEnvironment(parent, list, { ...plain, ...changed });
  return { environment: Object.fromEntries(environment), leftOut };
}

describe("the command's environment", () => {
  test("is the parent's with the secrets, which win", () => {
    expect(build({ A: "old", C: "c" }, { A: "new", B: "b" }).environment).toEqual({
      A: "new",
      B: "b",
      C: "c",
    });
  });

  test("keeps what is set where it is preserved, by name or all of it", () => {
    const parent = { A: "old", B: "old" };
    const secrets = { A: "new", B: "new", C: "new" };
    expect(build(parent, secrets, { preserve: new Set(["A", "C"]) }).environment).toEqual({
      A: "old",
      B: "new",
      C: "new",
    });
    expect(build(parent, secrets, { preserve: "all" }).environment).toEqual({ A: "old", B: "old", C: "new" });
  });

  test("with only secrets keeps what programs need to start, and what is preserved by name", () => {
    const parent = { PATH: "/bin", HOME: "/h", LC_ALL: "C", TERM: "vt100", EDITOR: "vi", A: "old", B: "old" };
    const few = { PATH: "/bin", HOME: "/h", LC_ALL: "C", TERM: "vt100" };
    expect(build(parent, { A: "new" }, { onlySecrets: true }).environment).toEqual({ ...few, A: "new" });
    const preserving = build(parent, { A: "new" }, { onlySecrets: true, preserve: new Set(["A"]) });
    expect(preserving.environment).toEqual({ ...few, A: "old" });
  });

  test("lets a secret set a protected name only when it is allowed", () => {
    const secrets = { LD_PRELOAD: "x", PATH: "/evil", A: "a" };
    const parent = { PATH: "/bin" };
    expect(build(parent, secrets)).toEqual({
      environment: { PATH: "/bin", A: "a" },
      leftOut: ["LD_PRELOAD", "PATH"],
    });
    expect(build(parent, secrets, { allow: new Set(["PATH"]) })).toEqual({
      environment: { PATH: "/evil", A: "a" },
      leftOut: ["LD_PRELOAD"],
    });
  });

  test("holds none of our own variables under any option, and a secret of such a name only when allowed", () => {
    const parent = {
      SECRETSFLY_TOKEN: "t",
      SECRETSFLY_TOKEN_FILE: "f",
      SECRETSFLY_API_BASE_URL: "u",
      SECRETSFLY_CA_FILE: "c",
      SECRETSFLY_RETRIES: "1",
      A: "a",
    };
    const allow = new Set(["SECRETSFLY_TOKEN"]);
    expect(build(parent, {}, { allow, preserve: "all" }).environment).toEqual({ A: "a" });
    expect(build(parent, { SECRETSFLY_TOKEN: "s" }).leftOut).toEqual(["SECRETSFLY_TOKEN"]);
    expect(build(parent, { SECRETSFLY_TOKEN: "s" }, { allow }).environment.SECRETSFLY_TOKEN).toBe("s");
  });

  test.each([
    ["a NUL", "secret-part\0"],
    ["half a surrogate pair", "secret-part\ud800"],
    ["131,072 bytes with its name", `secret-part${"x".repeat(131_072 - 11 - 2)}`],
  ])("cannot hold %s: the secret is named, the value is not shown", (_, value) => {
    const attempt = () => build({}, { A: value });
    expect(attempt).toThrow(CliError);
    expect(attempt).toThrow(/^the secret A /);
    expect(attempt).not.toThrow(/secret-part/);
  });

  test("can hold 131,071 bytes with the name", () => {
    expect(build({}, { A: "x".repeat(131_069) }).environment.A).toHaveLength(131_069);
  });

  test("has every variable from one right place", () => {
    fc.assert(
      fc.property(variables, secretList, options, (parent, secrets, options) => {
        const { environment, leftOut } = buildEnvironment(parent, secrets, options);
        for (const [name, value] of environment) {
          const secret = secrets.find((candidate) => candidate.name === name);
          const fromSecret = secret?.value === value && (!isProtectedName(name) || options.allow.has(name));
          const fromParent =
            Object.hasOwn(parent, name) && parent[name] === value && !name.startsWith("SECRETSFLY_");
          expect(fromSecret || fromParent).toBe(true);
        }
        for (const { name, value } of secrets) {
          if (leftOut.includes(name)) expect(isProtectedName(name) && !options.allow.has(name)).toBe(true);
          else if (options.preserve !== "all" && !options.preserve.has(name))
            expect(environment.get(name)).toBe(value);
          else expect(environment.has(name)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("protected names", () => {
  test.each(
    (
      "PATH HOME SHELL IFS ENV BASH_ENV BASH_FUNC_ls%% PROMPT_COMMAND PS4 LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT " +
      "DYLD_INSERT_LIBRARIES NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS BUN_INSPECT BUN_OPTIONS PYTHONPATH PYTHONHOME " +
      "PYTHONSTARTUP RUBYOPT RUBYLIB PERL5OPT PERL5LIB PERL5DB JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS GIT_SSH " +
      "GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_CONFIG_COUNT GCONV_PATH npm_config_script_shell NPM_CONFIG_PREFIX EDITOR " +
      "SECRETSFLY_TOKEN SECRETSFLY_API_BASE_URL SECRETSFLY_ANYTHING"
    ).split(" "),
  )("%s is one", (name) => {
    expect(isProtectedName(name)).toBe(true);
  });

  test.each(
    "DATABASE_URL API_KEY NODE_ENV PORT LANG TZ path home GIT_TOKEN PYTHONUNBUFFERED JAVA_KEY AWS_SECRET_ACCESS_KEY NPM_TOKEN".split(
      " ",
    ),
  )("%s is none", (name) => {
    expect(isProtectedName(name)).toBe(false);
  });
});
