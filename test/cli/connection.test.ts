import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bypassProxyForLoopback, readConnectionSettings } from "../../src/cli/connection-settings.ts";
import { cli, commandLine, startApi, startApiWith, temporaryFolder, token } from "./harness.ts";

const api = startApiWith({ API_KEY: "k3y" });
const folder = temporaryFolder();
const inFolder = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
/** Made with openssl for these tests alone; they are valid until 2126. */
const fixture = (name: string) => join(import.meta.dir, "tls", name);
const printKey = ["run", "--", "printenv", "API_KEY"];

test("a server on this machine is one more exception from the proxy, beside those that there are", () => {
  const env: NodeJS.ProcessEnv = { no_proxy: "github.example.com" };
  bypassProxyForLoopback("https://secrets.example.com/api", env);
  expect(env).toEqual({ no_proxy: "github.example.com" });
  bypassProxyForLoopback("http://127.0.0.1:3000/api", env);
  const both = "github.example.com,127.0.0.1";
  expect(env).toEqual({ NO_PROXY: both, no_proxy: both });
});

describe("the token", () => {
  const elsewhere = { SECRETSFLY_API_BASE_URL: api, SECRETSFLY_TOKEN: "" };

  test("may be in a file, with a newline behind it", async () => {
    const env = { ...elsewhere, SECRETSFLY_TOKEN_FILE: inFolder("token", `${token}\n`) };
    expect(await cli(printKey, { env })).toEqual({ stdout: "k3y\n", stderr: "", exitCode: 0 });
  });

  test("may come from standard input", async () => {
    const env = { ...elsewhere, SECRETSFLY_TOKEN_FILE: "-" };
    expect(await cli(printKey, { env, stdin: `${token}\r\n` })).toMatchObject({
      stdout: "k3y\n",
      stderr: "",
    });
  });

  test("may come from an open file, which the command does not inherit", async () => {
    const { cmd, ...rest } = commandLine(["run", "--", "sh", "-c", "echo $API_KEY; ! cat <&3"], {
      env: { ...elsewhere, SECRETSFLY_TOKEN_FD: "3" },
    });
    const file = inFolder("token", token);
    const child = Bun.spawn(["sh", "-c", `exec "$@" 3<${file}`, "sh", ...cmd], { ...rest, stderr: "ignore" });
    expect(await new Response(child.stdout).text()).toBe("k3y\n");
    expect(await child.exited).toBe(0);
  });
});

describe("a setting that is wrong is named, and a token is not repeated:", () => {
  const big = inFolder("big", "x".repeat(100_000));
  const valid = inFolder("valid", token);
  const other = { SECRETSFLY_TOKEN: "" };
  test.each<[string, Record<string, string>]>([
    ["SECRETSFLY_TOKEN is not set", other],
    ["set one of SECRETSFLY_TOKEN and SECRETSFLY_TOKEN_FILE, not both", { SECRETSFLY_TOKEN_FILE: valid }],
    [
      "SECRETSFLY_TOKEN_FILE cannot be read (ENOENT)",
      { ...other, SECRETSFLY_TOKEN_FILE: join(folder, "none") },
    ],
    ["SECRETSFLY_TOKEN_FILE cannot be read (EISDIR)", { ...other, SECRETSFLY_TOKEN_FILE: folder }],
    [
      "SECRETSFLY_TOKEN_FILE holds no service token: it is empty",
      { ...other, SECRETSFLY_TOKEN_FILE: inFolder("empty", "\n") },
    ],
    ["SECRETSFLY_TOKEN_FILE is not a service token", { ...other, SECRETSFLY_TOKEN_FILE: big }],
    ["SECRETSFLY_TOKEN_FD is not the number of an open file", { ...other, SECRETSFLY_TOKEN_FD: "three" }],
    ["SECRETSFLY_TOKEN_FD cannot be read (EBADF)", { ...other, SECRETSFLY_TOKEN_FD: "999999" }],
    ["SECRETSFLY_TOKEN is not a service token", { SECRETSFLY_TOKEN: `sfmk_${token}` }],
    ["SECRETSFLY_TIMEOUT is not a number of seconds", { SECRETSFLY_TIMEOUT: "0" }],
    ["SECRETSFLY_TIMEOUT is not a number of seconds", { SECRETSFLY_TIMEOUT: "10s" }],
    ["SECRETSFLY_RETRIES is not a whole number", { SECRETSFLY_RETRIES: "-1" }],
    ["SECRETSFLY_RETRIES is not a whole number", { SECRETSFLY_RETRIES: "1.5" }],
    [
      "SECRETSFLY_CA_FILE names a file that cannot be read (ENOENT)",
      { SECRETSFLY_CA_FILE: join(folder, "none") },
    ],
    ["SECRETSFLY_CA_FILE names a file without a certificate", { SECRETSFLY_CA_FILE: valid }],
    [
      "SECRETSFLY_CA_FILE names a file whose certificate 1 cannot be read",
      {
        SECRETSFLY_CA_FILE: inFolder(
          "broken",
          "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        ),
      },
    ],
  ])("%s", async (message, env) => {
    const failure = await readConnectionSettings({ SECRETSFLY_TOKEN: token, ...env }).catch((error) => error);
    expect(failure).toMatchObject({ name: "CliError", exitCode: 2 });
    expect(failure.message).toContain(message);
    expect(failure.message).not.toContain("TOKENSECRET");
  });
});

describe("patience", () => {
  test("is 10 s and left open how often, unless told", async () => {
    const read = (env: Record<string, string>) => readConnectionSettings({ SECRETSFLY_TOKEN: token, ...env });
    expect(await read({})).toMatchObject({ timeoutMs: 10_000, retries: undefined });
    expect(await read({ SECRETSFLY_TIMEOUT: "0.5", SECRETSFLY_RETRIES: "7" })).toMatchObject({
      timeoutMs: 500,
      retries: 7,
    });
  });

  test("asks again where that was told, and no more often", async () => {
    let asked = 0;
    const failing = startApi(() => {
      asked += 1;
      return new Response(null, { status: 503 });
    });
    const env = { SECRETSFLY_API_BASE_URL: failing, SECRETSFLY_RETRIES: "1" };
    expect((await cli(["run", "true"], { env })).exitCode).toBe(1);
    expect(asked).toBe(2);
  });

  test("ends with the time-out", async () => {
    const silent = startApi(() => new Promise<Response>(() => {}));
    const env = { SECRETSFLY_API_BASE_URL: silent, SECRETSFLY_TIMEOUT: "0.2" };
    const { stderr, exitCode } = await cli(["run", "true"], { env });
    expect(stderr).toBe(`secretsfly: no answer from ${silent}/api/secrets within 0.2 s\n`);
    expect(exitCode).toBe(1);
  });
});

describe("a server whose certificate a private CA signed", () => {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: Bun.file(fixture("server.pem")), key: Bun.file(fixture("server.key")) },
    fetch: () => Response.json({ secrets: [{ id: 1, name: "API_KEY", value: "k3y" }] }),
  });
  const base = { SECRETSFLY_API_BASE_URL: `https://localhost:${server.port}` };

  test("is not believed", async () => {
    const { stderr, exitCode } = await cli(printKey, { env: base });
    expect(stderr).toContain("TLS failed (UNABLE_TO_VERIFY_LEAF_SIGNATURE)");
    expect(exitCode).toBe(1);
  });

  test("is, with the CA's certificate in SECRETSFLY_CA_FILE, whatever else is in that file", async () => {
    const text = `A comment\r\n${await Bun.file(fixture("ca.pem")).text()}`;
    const env = { ...base, SECRETSFLY_CA_FILE: inFolder("ca.pem", text) };
    expect(await cli(printKey, { env })).toEqual({ stdout: "k3y\n", stderr: "", exitCode: 0 });
  });

  test("is not, with only the certificate of another CA there, even if the system trusts the right one", async () => {
    const env = {
      ...base,
      SECRETSFLY_CA_FILE: fixture("other-ca.pem"),
      NODE_EXTRA_CA_CERTS: fixture("ca.pem"),
    };
    expect((await cli(printKey, { env })).stderr).toContain("TLS failed");
    const trusting = { ...base, NODE_EXTRA_CA_CERTS: fixture("ca.pem") };
    expect((await cli(printKey, { env: trusting })).stdout).toBe("k3y\n");
    await server.stop(true);
  });
});
