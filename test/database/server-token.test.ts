/** A libSQL server that wants a token: who has the right one is let in, and nobody is shown any. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bearer, createTestApp, fetchMap } from "../harness.ts";
import { runServer, startFileServer, temporaryFolder } from "../server-process.ts";
import { type Sqld, startSqld } from "../sqld.ts";
import { put } from "../vault/inspect.ts";

const keys = generateKeyPairSync("ed25519");
let folder: ReturnType<typeof temporaryFolder>;
let server: Sqld;
/** The same server, as Turso and others name theirs. */
let libsqlUrl: string;

const keyFile = () => join(folder.path, "key.pem");
const writeKey = ({ publicKey }: { publicKey: KeyObject }) =>
  writeFileSync(keyFile(), publicKey.export({ type: "spki", format: "pem" }));

beforeAll(async () => {
  folder = temporaryFolder();
  writeKey(keys);
  server = await startSqld({ args: ["--auth-jwt-key-file", keyFile()] });
  libsqlUrl = `${server.url.replace("http:", "libsql:")}?tls=0`;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** A JWT as `turso db tokens create` makes one: `rw` may write, `ro` read. */
function tokenOf(access: "rw" | "ro", more: object = {}, key = keys.privateKey): string {
  const text = `${encoded({ alg: "EdDSA", typ: "JWT" })}.${encoded({ a: access, ...more })}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString("base64url")}`;
}

const settingsFor = (token: string | undefined, url = libsqlUrl) => ({
  DATABASE_URL: url,
  ...(token !== undefined && { DATABASE_AUTH_TOKEN: token }),
});

describe("the program", () => {
  test("uses a database behind libsql:// with the right token, and says the token nowhere", async () => {
    const token = tokenOf("rw");
    const settings = { ...settingsFor(token), LOG_LEVEL: "trace" };
    await using first = await startFileServer(folder.path, settings);
    const admin = first.browser();
    const { id } = await admin.createRoot("shop");
    const its = await admin.createToken(id, "prod", "write");
    expect((await put(first, its, "A", "1")).status).toBe(201);
    const { stderr } = await first.stop();
    await using second = await startFileServer(folder.path, settings);
    expect(await fetchMap(second, its)).toEqual({ A: "1" });
    for (const text of [stderr, first.greeting, second.greeting, (await second.stop()).stderr])
      for (const part of token.split(".")) expect(text).not.toContain(part);
  });

  const later = Math.floor(Date.now() / 1000) - 60;
  const others: [what: string, token: () => string | undefined, why: string][] = [
    ["without one", () => undefined, "it wants a token: set DATABASE_AUTH_TOKEN"],
    [
      "with one of another key",
      () => tokenOf("rw", {}, generateKeyPairSync("ed25519").privateKey),
      "it refuses the token that DATABASE_AUTH_TOKEN holds",
    ],
    [
      "with one that is over",
      () => tokenOf("rw", { exp: later }),
      "it refuses the token that DATABASE_AUTH_TOKEN holds",
    ],
    ["with none that is one", () => "canary", "it refuses the token that DATABASE_AUTH_TOKEN holds"],
  ];
  test.each(others)("%s says at the start where and why, and not what", async (_what, token, why) => {
    const { host } = new URL(server.url);
    expect(await runServer(folder.path, settingsFor(token()))).toEqual({
      stdout: "",
      stderr: `secretsfly: cannot use the database at ${host}: ${why}\n`,
      exitCode: 1,
    });
  });

  test("with one that may only read cannot make the database", async () => {
    await using empty = await startSqld({ args: ["--auth-jwt-key-file", keyFile()] });
    const { stderr, exitCode } = await runServer(folder.path, settingsFor(tokenOf("ro"), empty.url));
    expect(exitCode).toBe(1);
    expect(stderr).toEndWith(": the token that DATABASE_AUTH_TOKEN holds may read and not write\n");
  });

  test("says of a server without TLS that its address is to say so", async () => {
    const { stderr, exitCode } = await runServer(
      folder.path,
      settingsFor(tokenOf("rw"), libsqlUrl.replace("?tls=0", "")),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain("it does not speak TLS; the address of one that need not ends in ?tls=0");
  });
});

test("a token that the server does not take any more is a fault of the storage, until it does again", async () => {
  await using own = await startSqld({ args: ["--auth-jwt-key-file", keyFile()] });
  const app = await createTestApp({
    ...settingsFor(tokenOf("rw"), own.url),
    METRICS: "true",
  });
  const admin = app.browser();
  const { id } = await admin.createRoot("shop");
  const token = await admin.createToken(id, "prod", "write");
  const restart = async (pair: { publicKey: KeyObject }) => {
    await own.stop();
    writeKey(pair);
    await own.start();
  };
  await restart(generateKeyPairSync("ed25519"));
  const answers = [
    await app.request("/api/secrets", { headers: bearer(token) }),
    await put(app, token, "A", "1"),
  ];
  for (const answer of answers) {
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "5"]);
    const { detail } = (await answer.json()) as { detail: string };
    expect(detail).toStartWith("The database server refuses the token, or has no such database.");
  }
  expect(await (await app.request("/metrics")).text()).toContain(
    'secretsfly_storage_fault{kind="refused"} 1\n',
  );
  await restart(keys);
  expect((await put(app, token, "A", "1")).status).toBe(201);
  expect(await fetchMap(app, token)).toEqual({ A: "1" });
  app.close();
});
