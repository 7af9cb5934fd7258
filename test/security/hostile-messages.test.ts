/** Messages that no honest client sends, through a socket to the program: where one ends must never be in doubt. */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { bearer } from "../harness.ts";
import { type ServerProcess, startServer, temporaryFolder } from "../server-process.ts";
import { converse } from "./raw-connection.ts";

setDefaultTimeout(240_000);

let folder: ReturnType<typeof temporaryFolder>;
let server: ServerProcess;
let token: string;
let cookie: string;
let project: number;

beforeAll(async () => {
  folder = temporaryFolder();
  server = await startServer(folder.path, { LOG_LEVEL: "trace" });
  const admin = server.browser();
  project = (await admin.createRoot("shop")).id;
  token = await admin.createToken(project, "prod", "write");
  cookie = admin.cookie;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** The names of the secrets that there are: what was written. */
async function written(): Promise<string[]> {
  const response = await server.request("/api/secrets?format=map", { headers: bearer(token) });
  return Object.keys((await response.json()) as object);
}

async function forget(...names: string[]): Promise<void> {
  const there = await written();
  const body = JSON.stringify({ delete: names.filter((name) => there.includes(name)) });
  const headers = { ...bearer(token), "Content-Type": "application/json" };
  await server.request("/api/secrets", { method: "PATCH", headers, body });
}

const host = () => new URL(server.url).host;

/** A request with these headers, as it is sent. */
function request(line: string, headers: readonly string[], body = ""): string {
  return [line, `Host: ${host()}`, ...headers, "", body].join("\r\n");
}

const value = '{"value":"x"}';

/** What would write a secret if it were taken for a request. */
function smuggled(): string {
  const headers = [
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    "Connection: close",
    `Content-Length: ${value.length}`,
  ];
  return request("PUT /api/secrets/SMUGGLED HTTP/1.1", headers, value);
}

/** A request that may write, with this framing and body, and behind it one that must not be seen. */
function outer(framing: readonly string[], body: string): string {
  const headers = [`Authorization: Bearer ${token}`, "Content-Type: application/json", ...framing];
  return request("PUT /api/secrets/OUTER HTTP/1.1", headers, body);
}

const length = `Content-Length: ${value.length}`;
const chunked = "Transfer-Encoding: chunked";
const chunk = (size: string, end = "\r\n") => `${size}${end}${value}\r\n0\r\n\r\n`;
const size = value.length.toString(16);

/** What makes two readers disagree on where the message ends. */
const ambiguous: [what: string, framing: string[], body: string][] = [
  ["a length and chunks", [length, chunked], chunk(size)],
  ["chunks and a length", [chunked, length], chunk(size)],
  ["chunks and a length of nothing", [chunked, "Content-Length: 0"], chunk(size)],
  ["two lengths that differ", [length, "Content-Length: 0"], value],
  ["two lengths in one header", [`${length}, 0`], value],
  ["one length twice in one header", [`${length}, ${value.length}`], value],
  ["a negative length", ["Content-Length: -1"], value],
  ["a length with a sign", [`Content-Length: +${value.length}`], value],
  ["a length in hexadecimal", [`Content-Length: 0x${size}`], value],
  ["a length with a fraction", [`Content-Length: ${value.length}.0`], value],
  ["a length with an exponent", ["Content-Length: 1e1"], value],
  ["a length that is none", ["Content-Length: x"], value],
  ["an empty length", ["Content-Length:"], value],
  ["a length beyond 64 bits", [`Content-Length: ${2n ** 64n + BigInt(value.length)}`], value],
  ["an endless length", [`Content-Length: ${"9".repeat(100)}`], value],
  ["a blank before the colon of the length", [`Content-Length : ${value.length}`], value],
  ["a blank before the colon of the chunks", ["Transfer-Encoding : chunked"], chunk(size)],
  ["a blank in the length's name", [`Content Length: ${value.length}`], value],
  ["a control character before the chunks' name", ["\x0bTransfer-Encoding: chunked"], chunk(size)],
  ["chunks by another name", ["Transfer-Encoding: xchunked"], chunk(size)],
  ["chunks in quotes", ['Transfer-Encoding: "chunked"'], chunk(size)],
  ["chunks, and then something else", ["Transfer-Encoding: chunked, identity"], chunk(size)],
  ["chunks of something that is not understood", ["Transfer-Encoding: gzip, chunked"], chunk(size)],
  ["chunks twice", [chunked, "Transfer-Encoding: identity"], chunk(size)],
  ["chunks in a folded header", ["Transfer-Encoding:\r\n chunked"], chunk(size)],
  ["a folded header", [length, "X-Folded: a\r\n b"], value],
  ["a line feed alone behind a header", [`${length}\nX-Other: a`], value],
  ["a carriage return alone behind a header", [`${length}\rX-Other: a`], value],
  ["a carriage return in a header's value", [length, "X-Other: a\rb"], value],
  ["a NUL in a header", [length, "X-Other: a\0b"], value],
  ["a header without a name", [length, ": a"], value],
  ["a header without a colon", [length, "X-Other"], value],
  ["no host", [length, "Host"], value],
  ["a negative chunk", [chunked], chunk(`-${size}`)],
  ["a chunk with a sign", [chunked], chunk(`+${size}`)],
  ["a chunk in 0x", [chunked], chunk(`0x${size}`)],
  ["a chunk beyond 64 bits", [chunked], chunk(`1000000000000000${size.padStart(2, "0")}`)],
  ["a chunk without a size", [chunked], chunk("")],
  ["a chunk whose size is none", [chunked], chunk("z")],
  ["a line feed alone behind a chunk's size", [chunked], chunk(size, "\n")],
  ["a line feed alone in a chunk's extension", [chunked], chunk(`${size};a\nb`)],
  ["a chunk that is longer than its size", [chunked], chunk("1")],
  ["a chunk that ends in something else", [chunked], `${size}\r\n${value}XX0\r\n\r\n`],
];

describe("a message whose end is in doubt is refused, the connection with it, and nothing behind it is done:", () => {
  for (const [what, framing, body] of ambiguous) {
    test(what, async () => {
      const [first, second] = [outer(framing, body), smuggled()];
      for (const messages of [[first + second], [first, second]]) {
        const { statuses, isClosed } = await converse(server.url, ...messages);
        expect(statuses.filter((status) => status !== 400)).toEqual([]);
        expect(statuses.length).toBeLessThan(2);
        expect(isClosed).toBe(true);
        expect(await written()).toEqual([]);
      }
    });
  }
});

describe("a message whose end is not in doubt is done, and the next one after it:", () => {
  const plain: [what: string, framing: string[], body: string][] = [
    ["by its length", [length], value],
    ["by one length, twice", [length, length], value],
    ["by its length with blanks around", [`Content-Length: \t ${value.length}  `], value],
    ["by chunks", [chunked], chunk(size)],
    ["by chunks in capitals", ["TRANSFER-ENCODING: CHUNKED"], chunk(size)],
    ["by a chunk with zeros in front", [chunked], chunk(`000${size}`)],
    ["by a chunk with an extension", [chunked], chunk(`${size};name="a;b"`)],
  ];
  for (const [what, framing, body] of plain) {
    test(what, async () => {
      const { statuses } = await converse(server.url, outer(framing, body), smuggled());
      expect(statuses).toEqual([201, 201]);
      expect(await written()).toEqual(["OUTER", "SMUGGLED"]);
      await forget("OUTER", "SMUGGLED");
    });
  }
});

describe("the body of a request that is refused is no request:", () => {
  const refused: [what: string, line: string, status: number, headers: string[]][] = [
    ["of an unknown token", "PUT /api/secrets/OUTER HTTP/1.1", 401, ["Authorization: Bearer sfly_"]],
    ["at an address that is not there", "POST /nothing HTTP/1.1", 404, []],
    ["with a method that is not there", "POST /livez HTTP/1.1", 405, []],
    ["of a form of another origin", "POST /admin/projects HTTP/1.1", 403, ["Origin: https://evil.example"]],
    ["of what has no body", "GET /livez HTTP/1.1", 200, []],
    ["of HEAD", "HEAD /livez HTTP/1.1", 200, []],
    ["of OPTIONS", "OPTIONS /api/status HTTP/1.1", 405, []],
  ];
  for (const [what, line, status, headers] of refused) {
    test(`${what}: ${status}, and the request behind it is answered as itself`, async () => {
      const body = smuggled();
      const first = request(line, [...headers, `Content-Length: ${body.length}`], body);
      const second = request("GET /api/status HTTP/1.1", ["Connection: close"]);
      const { statuses, text } = await converse(server.url, first, second);
      expect(statuses).toEqual([status, 200]);
      expect(text).toEndWith('{"db":"up"}');
      // Sent at once, the server may hang up on the second; it answers nothing else.
      const atOnce = await converse(server.url, first + second);
      expect([status, 200].slice(0, atOnce.statuses.length)).toEqual(atOnce.statuses);
      expect(await written()).toEqual([]);
    });
  }

  test("nor is what follows a length that is too large: 413", async () => {
    const headers = [`Authorization: Bearer ${token}`, "Content-Type: application/json"];
    const first = request("PUT /api/secrets/OUTER HTTP/1.1", [...headers, "Content-Length: 999999999999"]);
    const { statuses } = await converse(server.url, first + smuggled());
    expect(statuses).toEqual([413]);
    expect(await written()).toEqual([]);
  });
});

describe("a request line that is none is refused, and the connection with it:", () => {
  const lines: [what: string, line: string][] = [
    ["a method that nobody knows", "BREW /api/secrets HTTP/1.1"],
    ["a method in small letters", "get /api/secrets HTTP/1.1"],
    ["a method with a NUL", "GE\0T /api/secrets HTTP/1.1"],
    ["no method", " /api/secrets HTTP/1.1"],
    ["no version", "GET /api/secrets"],
    ["a version of the future", "GET /api/secrets HTTP/2.0"],
    ["a version that is none", "GET /api/secrets HTTP/x"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0"],
    ["another protocol's version", "GET /api/secrets ICAP/1.0"],
    ["an address that is none", "GET api/secrets HTTP/1.1"],
    ["an address that begins at somebody else's", "GET @evil.example/api/secrets HTTP/1.1"],
    ["a blank in the address", "GET /api/secrets HTTP/1.1 HTTP/1.1"],
    ["the greeting of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ];
  for (const [what, line] of lines) {
    test(what, async () => {
      const first = request(line, [`Authorization: Bearer ${token}`]);
      const { statuses, text, isClosed } = await converse(server.url, first + smuggled());
      expect(statuses.filter((status) => ![400, 501, 505].includes(status))).toEqual([]);
      expect(statuses.length).toBeLessThan(2);
      expect(isClosed).toBe(true);
      expect(text).not.toContain("secrets");
      expect(await written()).toEqual([]);
    });
  }
});

describe("a request line that proxies are sent", () => {
  test("TRACE gives nothing back of what it was sent", async () => {
    for (const path of ["/livez", "/api/secrets", "/admin/projects"]) {
      const headers = [`Authorization: Bearer ${token}`, `Cookie: ${cookie}`, `Origin: ${server.url}`];
      const { statuses, text } = await converse(
        server.url,
        request(`TRACE ${path} HTTP/1.1`, [...headers, "Connection: close"]),
      );
      expect(statuses).toEqual([405]);
      for (const sent of [token, cookie.split("=")[1] ?? ""]) expect(text).not.toContain(sent);
    }
  });

  test("CONNECT opens no way to anywhere", async () => {
    for (const target of ["evil.example:443", "127.0.0.1:22", "/livez"]) {
      const line = `CONNECT ${target} HTTP/1.1`;
      const { statuses } = await converse(server.url, request(line, ["Connection: close"]));
      expect([[400], [404], [405]]).toContainEqual(statuses);
    }
  });

  test("an upgrade is not made", async () => {
    const upgrades = [
      [
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        "Connection: Upgrade, HTTP2-Settings, close",
      ],
      [
        "Upgrade: websocket",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Connection: Upgrade, close",
      ],
    ];
    for (const headers of upgrades) {
      const { statuses } = await converse(server.url, request("GET /livez HTTP/1.1", headers));
      expect(statuses).toEqual([200]);
    }
  });
});

test("after all of that the server serves, and has logged no token", async () => {
  expect((await server.request("/livez")).status).toBe(200);
  const { stderr } = await server.stop();
  expect(stderr).not.toContain(token);
});
