import { expect, test } from "bun:test";
import { cli, startApi, token } from "./harness.ts";

function problem(status: number, detail: string, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ type: "about:blank", title: "x", status, detail });
  return new Response(body, { status, headers: { "content-type": "application/problem+json", ...headers } });
}

const html = (status: number) =>
  new Response("<html>gateway</html>", { status, headers: { "content-type": "text/html" } });

/** What the server answers, and what the CLI has to say about it. */
const answers: [string, () => Response, string[]][] = [
  [
    "401",
    () => problem(401, "This token is not valid."),
    ["token sfly_abc123_… is not valid", "This token is not valid."],
  ],
  ["401 of a proxy", () => html(401), ["sfly_abc123_…", "a proxy may be in between"]],
  ["403", () => problem(403, "Not from this address."), ["sfly_abc123_… may not", "Not from this address."]],
  [
    "429",
    () => problem(429, "Slow down.", { "retry-after": "7" }),
    ["too many requests", "try again in 7 s", "Slow down."],
  ],
  ["500", () => problem(500, "Something failed."), ["cannot answer now (500", "Something failed."]],
  ["503 of a proxy", () => html(503), ["cannot answer now (503", "a proxy may be in between"]],
  ["404", () => html(404), ["not how secretsfly answers", "SECRETSFLY_API_BASE_URL"]],
  ["HTML", () => html(200), ["does not answer as secretsfly does", "SECRETSFLY_API_BASE_URL"]],
  [
    "other JSON",
    () => Response.json({ secrets: [{ name: "A", value: "secret-part" }] }),
    ["does not answer as secretsfly does"],
  ],
  [
    "a name no environment can hold",
    () => Response.json({ secrets: [{ id: 1, name: "A=B", value: "" }] }),
    ["does not answer"],
  ],
  [
    "an echo of the token",
    () => problem(500, `no such token: ${token}\u001b[31m`),
    ["no such token: sfly_abc123_… [31m"],
  ],
];

test.each(answers)("an answer of %s is explained, and nothing is started", async (_, answer, parts) => {
  const { stdout, stderr, exitCode } = await cli(["run", "--", "echo", "started"], {
    env: { SECRETSFLY_API_BASE_URL: startApi(answer) },
  });
  expect(exitCode).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toStartWith("secretsfly: ");
  expect(stderr).not.toContain("secret-part");
  for (const part of parts) expect(stderr).toContain(part);
});

test("a redirect is not followed: the token goes nowhere else", async () => {
  let followed = false;
  const elsewhere = startApi(() => {
    followed = true;
    return Response.json({ secrets: [] });
  });
  const api = startApi(() => Response.redirect(`${elsewhere}/api/secrets`, 302));
  const { stderr, exitCode } = await cli(["run", "true"], { env: { SECRETSFLY_API_BASE_URL: api } });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`redirects to ${elsewhere}/api/secrets (302); it was not followed`);
  expect(followed).toBe(false);
});

/** Longer than a part of a name may be: no server of names is asked, which may be slow, or away. */
const impossibleName = `${"x".repeat(64)}.invalid`;

test.each([
  ["no server", "http://127.0.0.1:1", "the connection was refused"],
  ["no such host", `http://${impossibleName}`, "the name cannot be resolved"],
  ["no TLS where https is asked for", startApi(() => html(200)).replace("http:", "https:"), "TLS failed"],
])("%s is told apart", async (_, address, message) => {
  const { stderr, exitCode } = await cli(["run", "true"], { env: { SECRETSFLY_API_BASE_URL: address } });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(message);
});
