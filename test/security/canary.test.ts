/**
 * Marked secrets, notes, tokens, master keys and passwords go through every path, right and wrong, while
 * everything is logged. Then they are searched for, in several encodings, wherever they must not be.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { decodeSecret } from "../../src/cryptography/base62.ts";
import { parseServiceToken } from "../../src/cryptography/service-token.ts";
import { secretFormats } from "../../src/formats/index.ts";
import { bearer, createTestApp, type Fields, origin, type TestApp, TestBrowser } from "../harness.ts";
import { type Needle, needlesOf } from "./needles.ts";

/** What a marked text is: says which answers may show it. */
type Kind = "value" | "note" | "token" | "master key" | "password" | "session" | "attempt";

interface Canary {
  kind: Kind;
  /** In words, for the findings. */
  what: string;
  /** What it looks like where it may be found. */
  needles: Needle[];
}

const canaries: Canary[] = [];

function canary(kind: Kind, what: string, bytes: string | Uint8Array): Canary {
  return { kind, what, needles: needlesOf(Buffer.from(bytes)) };
}

function add(kind: Kind, what: string, bytes: string | Uint8Array): void {
  canaries.push(canary(kind, what, bytes));
}

let count = 0;
/** A new text that occurs nowhere else. */
function mark(kind: Kind, what: string): string {
  count += 1;
  const text = `Canary${count}x${Buffer.from(crypto.getRandomValues(new Uint8Array(9))).toString("hex")}`;
  add(kind, what, text);
  return text;
}

/** A token or a generated master key: its whole, its secret part, and the 32 bytes that this stands for. */
function addKey(kind: "token" | "master key", what: string, text: string): void {
  const secret = text.startsWith("sfmk_") ? text.slice(5, 48) : (text.split("_")[2] ?? "");
  add(kind, what, secret);
  const raw = text.startsWith("sfmk_") ? decodeSecret(secret) : parseServiceToken(text)?.secret;
  if (raw) add(kind, `${what}, as bytes`, raw);
}

/** Which canaries are in a haystack, in words. */
function findings(haystack: Buffer, among: readonly Canary[] = canaries): string[] {
  return among.flatMap(({ what, needles }) =>
    needles.filter(({ needle }) => haystack.includes(needle)).map(({ encoding }) => `${what} (${encoding})`),
  );
}

interface Answer {
  request: string;
  status: number;
  headers: string;
  body: Buffer;
  /** The kinds that this answer is meant to show. */
  shows: readonly Kind[];
}

let app: TestApp;
const answers: Answer[] = [];

/** A request whose answer is kept; `shows` are the kinds that its body is meant to show. */
async function ask(path: string, init: RequestInit = {}, shows: readonly Kind[] = []): Promise<Response> {
  const response = await app.request(path, init);
  const headers = [...response.headers]
    .map(
      ([name, value]) => `${name}: ${name === "set-cookie" ? value.replace(/(session=)[^;]*/, "$1") : value}`,
    )
    .join("\n");
  for (const line of response.headers.getSetCookie()) {
    const value = /session=([^;]+)/.exec(line)?.[1];
    if (value) {
      add("session", "the secret of a session", value);
      add("session", "the secret of a session, as bytes", Buffer.from(value, "base64url"));
    }
  }
  const body = Buffer.from(await response.clone().arrayBuffer());
  answers.push({
    request: `${init.method ?? "GET"} ${path.slice(0, 60)}`,
    status: response.status,
    headers,
    body,
    shows,
  });
  return response;
}

/** The answers whose text holds one of the canaries; all at once first, since that is quick and mostly enough. */
function findingsIn(
  text: (answer: Answer) => Buffer,
  some: readonly Answer[],
  among: readonly Canary[],
): string[] {
  const suspects = findings(Buffer.concat(some.map(text)), among).length > 0 ? some : [];
  const found = suspects.flatMap((answer) =>
    findings(text(answer), among).map((finding) => `${answer.request} (${answer.status}): ${finding}`),
  );
  // One that only shows across two answers is none.
  return found;
}

const json = { "Content-Type": "application/json" };

/** What a browser's answers may show, by the form that was sent. */
function browser(shows: () => readonly Kind[] = () => []): TestBrowser {
  return new TestBrowser((path, init) => ask(path, init, shows()));
}

const password = mark("password", "ADMIN_PASSWORD");
const passphrase = mark("master key", "a passphrase");
const projectName = mark("attempt", "a project's name");

let logs: Buffer;
let stored: Buffer;

beforeAll(async () => {
  // What is no secret is no canary: names are searched for as the control.
  canaries.splice(
    canaries.findIndex(({ what }) => what === "a project's name"),
    1,
  );
  app = await createTestApp({
    ADMIN_PASSWORD: password,
    MAX_SECRET_BYTES: "5000",
    CLIENT_IP_HEADER: "fly-client-ip",
    PUBLIC_ORIGIN: origin,
  });
  await useEverything();
  await app.usage.flush();
  logs = Buffer.from(app.logs.join(""));
  // The database, its WAL and its shared memory, and on a server what else that keeps.
  const files = app.files();
  expect(files.length).toBeGreaterThanOrEqual(3);
  stored = Buffer.concat(files.map((file) => readFileSync(file)));
  expect(app.logs.length).toBeGreaterThan(100);
});
afterAll(() => app.close());

async function useEverything(): Promise<void> {
  // Signing in.
  let shows: Kind[] = [];
  const admin = browser(() => shows);
  const showing = async <T>(kinds: Kind[], act: () => Promise<T>): Promise<T> => {
    shows = kinds;
    const result = await act();
    shows = [];
    return result;
  };
  await admin.post("/admin/sign-in", { password: mark("password", "a wrong password") });
  await admin.post("/admin/sign-in", {
    password: [mark("password", "the first of two passwords"), password],
  });
  await admin.post("/admin/sign-in", { [password]: "in the name of a field" });
  await admin.get(`/admin/sign-in?password=${password}`);
  await admin.post(`/admin/sign-in?password=${password}`, { password });

  // Master keys, right and wrong.
  const root = await showing(["master key"], () => admin.createRoot(projectName));
  addKey("master key", "a generated master key", root.masterKey);
  const { id: second } = await admin.createRoot("second", passphrase);
  const wrongKeys = [
    mark("master key", "a wrong passphrase"),
    `${mark("master key", "a passphrase with a colon")}:`,
    "short",
    mark("master key", "a passphrase that is too long").repeat(60),
    `${root.masterKey.slice(0, -1)}${root.masterKey.endsWith("0") ? "1" : "0"}`,
    root.masterKey.slice(0, 30),
    ` ${passphrase} `,
  ];
  for (const masterKey of wrongKeys) {
    await admin.post("/admin/projects", { name: projectName, masterKey });
    await admin.post("/admin/projects", { name: "", masterKey });
    await admin.post("/admin/projects", { name: "child", parentId: String(root.id), masterKey });
    await admin.post("/admin/projects", { name: "child", parentId: "99", masterKey });
    await admin.unseal(second, masterKey);
    await admin.unseal(root.id, masterKey);
    await admin.unseal(99, masterKey);
    await admin.post(`/admin/projects/${second}/delete`, { confirmName: masterKey });
  }
  await admin.unseal(root.id, passphrase);
  await admin.unseal(second, root.masterKey);
  await admin.unseal(root.id, root.masterKey);
  await admin.unseal(second, passphrase);
  const child = await admin.createChild("child", root.id);

  // Secrets by form.
  const path = `/admin/projects/${root.id}/environments/dev/secrets`;
  const values = {
    PLAIN: mark("value", "a value"),
    LINES: `${mark("value", "a line of a value")}\r\n'$\`\\\n${mark("value", "another line of it")}`,
    OLD: mark("value", "a value that is replaced"),
    GONE: mark("value", "a value that is deleted"),
    UTF: `${mark("value", "a value in Unicode")}\u{1f511}ä`,
  };
  const notes = Object.keys(values).map((name) => mark("note", `the note of ${name}`));
  await admin.post(path, { name: Object.keys(values), value: Object.values(values), note: notes });
  await showing(["note"], () => admin.get(path));
  await showing(["note", "value"], () => admin.get(`${path}?decrypt=true`));
  for (const page of ["PLAIN", "LINES?edit=true", "OLD?edit=false"]) {
    await showing(["note", "value"], () => admin.get(`${path}/${page}`));
  }
  await admin.get(`${path}/NOBODY`);
  for (const fields of [
    { generate: "1", name: ["NEW", "MADE"], value: [mark("value", "a value that is typed"), ""] },
    { generate: "0", name: "PLAIN", notes: "exact", value: mark("value", "a value that makes room") },
  ]) {
    for (const length of ["32", mark("attempt", "a length")]) {
      const more = { length, alphabet: "hexadecimal", note: mark("note", "a note that is typed") };
      const rest = typeof fields.name === "string" ? more : { ...more, note: [more.note, ""] };
      const shown: Kind[] = length === "32" ? ["note", "value"] : ["attempt", "note", "value"];
      const page = await showing(shown, () => admin.post(path, { ...fields, ...rest }));
      const made = /<textarea[^>]*>\n([0-9a-f]{32})</.exec(await page.text())?.[1];
      expect(made !== undefined).toBe(length === "32");
      if (made) add("value", "a value that was made", made);
    }
  }
  await admin.post(path, {
    name: "OLD",
    value: mark("value", "a new value"),
    note: mark("note", "a new note"),
  });
  await admin.post(`${path}/GONE/delete`);
  const refused: [string, string][] = [
    ["1BAD", mark("value", "a value under a bad name")],
    ["NUL", `${mark("value", "a value with NUL")}\0`],
    ["LARGE", mark("value", "a value that is too large").repeat(200)],
    ["UNKNOWN", `${mark("value", "a value with an unknown reference")} \${NOBODY}`],
    ["CYCLE", `${mark("value", "a value with a cycle")} \${CYCLE}`],
  ];
  for (const [name, value] of refused) {
    await showing(["note", "value"], () =>
      admin.post(path, { name, value, note: mark("note", "a refused note") }),
    );
    await showing(["note", "value"], () =>
      admin.post(path, { name: ["FINE", name], value: ["fine", value] }),
    );
  }
  await showing(["note", "value"], () =>
    admin.post(path, {
      name: "NOTE",
      value: mark("value", "a value with a long note"),
      note: "n".repeat(2000),
    }),
  );
  await showing(["note", "value"], () =>
    admin.post(path, { name: ["TWICE", "TWICE"], value: [mark("value", "a value there twice"), "x"] }),
  );
  await showing(["note", "value"], () =>
    admin.post(path, { name: ["A"], value: [mark("value", "one of two values for a name"), "x"] }),
  );
  await admin.post(path, { name: "A", value: mark("value", "a form that is too large").repeat(60_000) });
  await ask(path, {
    method: "POST",
    body: `name=A&value=${mark("value", "a form from elsewhere")}`,
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
      Origin: "https://evil.example",
      Cookie: admin.cookie,
    },
  });
  await ask(path, {
    method: "POST",
    body: `--x\r\nContent-Disposition: form-data; name="value"\r\n\r\n${mark("value", "a broken form")}`,
    headers: { "Content-Type": "multipart/form-data; boundary=x", Origin: origin, Cookie: admin.cookie },
  });
  const file = new FormData();
  file.append("name", "A");
  file.append("value", new File([mark("value", "a file")], mark("value", "a file's name")));
  await ask(path, { method: "POST", body: file, headers: { Origin: origin, Cookie: admin.cookie } });
  await ask(path, {
    method: "POST",
    body: JSON.stringify({ name: "A", value: mark("value", "JSON in place of a form") }),
    headers: { ...json, Origin: origin, Cookie: admin.cookie },
  });

  // Service tokens.
  const create = async (rights: string, more = {}) => {
    const token = await showing(["token"], () => admin.createToken(root.id, "dev", rights, more));
    addKey("token", `a ${rights} token`, token);
    return token;
  };
  const [read, write, limited, revoked] = [
    await create("read"),
    await create("write"),
    await create("read", { allowedIps: "203.0.113.7" }),
    await create("write"),
  ];
  const tokensPath = `/admin/projects/${root.id}/service-tokens`;
  await admin.get(tokensPath);
  await admin.post(`${tokensPath}/4/revoke`);
  await admin.post(`${tokensPath}/${write}/revoke`);
  await admin.post(`${tokensPath}/revoke`, { token: write });

  // The API: right.
  const put = (name: string, body: unknown, token = write) =>
    ask(`/api/secrets/${name}`, {
      method: "PUT",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { ...bearer(token), ...json },
    });
  await put("VIA_PUT", { value: mark("value", "a value by PUT"), note: mark("note", "a note by PUT") });
  await put("VIA_PUT", { value: mark("value", "a second value by PUT") });
  const patch = (body: unknown, token = write) =>
    ask("/api/secrets", {
      method: "PATCH",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { ...bearer(token), ...json },
    });
  await patch({ set: { VIA_PATCH: mark("value", "a value by PATCH") }, delete: ["VIA_PUT"] });
  // With values that not every format can say.
  const printed: number[] = [];
  for (const format of secretFormats) {
    const before = answers.length;
    const response = await ask(`/api/secrets?format=${format}`, { headers: bearer(read) });
    printed.push(response.status);
    const answer = answers[before];
    if (answer && response.status === 200) answer.shows = ["value"];
  }
  expect(printed).toContain(200);
  expect(printed).toContain(422);
  await ask("/api/secrets/PLAIN", { headers: bearer(read) }, ["value"]);
  await ask("/api/secrets", { headers: { ...bearer(read), "If-None-Match": "*" } });
  await ask("/api/secrets", { method: "HEAD", headers: bearer(read) });
  await ask("/api/token", { headers: bearer(read) });

  // The API: wrong.
  const value = () => mark("value", "a value in a wrong request");
  const wrongBodies = [
    `{"value":"${value()}"`,
    `{"value":"${value()}","unknown":"${value()}"}`,
    `{"${value()}-":"${value()}"}`,
    `{"value":["${value()}"]}`,
    `{"value":"x","note":{"${value()}":1}}`,
    `"${value()}"`,
    `{"value":"${value()}\\u0000"}`,
    `{"value":"${value()}\\ud800"}`,
    `{"value":"${value().repeat(200)}"}`,
    `{"value":"${value().repeat(60_000)}"}`,
    `{"value":"${value()} \${NOBODY}"}`,
  ];
  for (const body of wrongBodies) {
    await put("WRONG", body);
    await put("1WRONG", body);
    await put("WRONG", body, read);
    await put("WRONG", body, revoked);
    await patch(body);
    await patch(`{"set":{"WRONG":${body}}}`);
    await patch(`{"set":${body}}`);
    await patch(`{"delete":${body}}`);
    await ask("/api/secrets/WRONG", { method: "PUT", body, headers: bearer(write) });
    await ask("/api/secrets/WRONG", { method: "POST", body, headers: { ...bearer(write), ...json } });
  }
  await put("1BAD", { value: value() });
  await patch({ set: { GOOD: value(), "BAD-NAME": value() } });
  await ask(`/api/secrets?format=${value()}`, { headers: bearer(write) });
  await ask("/api/secrets", { headers: bearer(limited) });
  await ask("/api/secrets", { headers: { ...bearer(limited), "Fly-Client-IP": value() } });

  // Secrets in the strangest places.
  const misplaced = [
    ...[read, write, revoked, root.masterKey, passphrase, password],
    `${write.slice(0, -1)}x`,
    mark("attempt", "something pasted"),
  ];
  for (const text of misplaced) {
    for (const headers of [{}, bearer(read), { Cookie: admin.cookie }]) {
      for (const place of [
        `/${text}`,
        `/api/${text}`,
        `/api/secrets/${text}`,
        `/api/secrets/${text}/${text}`,
        `/api/secrets?token=${text}`,
        `/api/token?${text}`,
        `/api/status/?access_token=${text}`,
        `/admin/${text}`,
        `/admin/projects/${text}`,
        `/admin/projects/${root.id}/environments/${text}/secrets`,
        `/admin/projects/${root.id}/environments/dev/secrets/${text}`,
        `/admin/projects/${child}/environments/dev/secrets/${text}/delete`,
        `/admin/projects?masterKey=${text}`,
        `/assets/${text}.css`,
      ]) {
        const shows: Kind[] =
          place.startsWith("/api/secrets?") && "Authorization" in headers ? ["value"] : [];
        await ask(place, { headers }, shows);
        await ask(place, { method: "HEAD", headers });
      }
      await ask(`/api/status?${text}`, { method: "POST", headers });
      for (const name of [
        "X-Request-Id",
        "If-None-Match",
        "Referer",
        "User-Agent",
        "Fly-Client-IP",
        "Accept",
        "Range",
      ]) {
        await ask(
          "/api/secrets",
          { headers: { ...headers, [name]: text } },
          "Authorization" in headers ? ["value"] : [],
        );
        await ask("/admin/projects", { headers: { ...headers, [name]: text } });
      }
      await ask("/api/secrets", { headers: { ...headers, Authorization: `Basic ${text}` } });
      await ask("/api/secrets", { headers: { ...headers, Authorization: `${text} ${text}` } });
      await ask("/api/secrets/A", {
        method: "PUT",
        body: "{}",
        headers: { ...bearer(write), "Content-Type": text },
      });
      await ask(path, {
        method: "POST",
        body: "",
        headers: { ...headers, Origin: `https://${text}.example` },
      });
      await ask(path, {
        method: "POST",
        body: "",
        headers: { ...headers, Origin: origin, "Content-Type": text },
      });
    }
    await ask("/admin/projects", { headers: { Cookie: `secretsfly_session=${text}` } });
    await ask("/admin/sign-in", {
      headers: { Cookie: `${text}=${text}; __Host-secretsfly_session=${text}` },
    });
    await ask("/api/secrets", { headers: { Cookie: `token=${text}` } });
  }

  await useAdminPages(admin, showing, { root: root.id, second });

  // The time-out, sealed, signed out.
  app.clock.advance(301_000);
  await admin.get(`${path}?decrypt=true`);
  await admin.post(path, { name: "LATE", value: mark("value", "a value that came too late") });
  app.sessions.sweep();
  await admin.unseal(root.id, root.masterKey);
  await admin.post(`/admin/projects/${root.id}/seal`, { masterKey: root.masterKey });
  await admin.post("/admin/sign-out", { password });
  await admin.post(path, { name: "LATE", value: mark("value", "a value after the sign-out") });

  // A fault of our own, with the values in the hand of what fails.
  const broken = await app.copy();
  broken.db.$client.close();
  const body = JSON.stringify({ value: mark("value", "a value that meets a fault") });
  for (const [method, at] of [
    ["GET", "/api/secrets"],
    ["PUT", "/api/secrets/A"],
    ["GET", "/api/status"],
  ] as const) {
    const response = await broken.request(at, {
      method,
      headers: { ...bearer(write), ...json },
      ...(method === "PUT" && { body }),
    });
    expect([500, 503]).toContain(response.status);
    const bytes = Buffer.from(await response.arrayBuffer());
    answers.push({
      request: `${method} ${at} without a database`,
      status: response.status,
      headers: "",
      body: bytes,
      shows: [],
    });
  }
  expect(broken.logs.join("")).toContain("request failed");
  app.logs.push(...broken.logs);
}

/** What an admin does besides: history, comparing, import and export, rotation, the audit; right and wrong. */
async function useAdminPages(
  admin: TestBrowser,
  showing: <T>(kinds: Kind[], act: () => Promise<T>) => Promise<T>,
  { root, second }: { root: number; second: number },
): Promise<void> {
  const environment = `/admin/projects/${root}/environments/dev`;
  const secrets = `${environment}/secrets`;

  // History, and back.
  for (const name of ["OLD", "GONE", "NOBODY"]) {
    await showing(["note"], () => admin.get(`${secrets}/${name}/history`));
    await showing(["note", "value"], () => admin.get(`${secrets}/${name}/history?decrypt=true`));
    await showing(["note", "value"], () => admin.get(`${secrets}/${name}/history?from=1&to=2`));
    for (const version of ["1", "99", mark("attempt", "a version")])
      await showing(["note"], () => admin.post(`${secrets}/${name}/rollback`, { version }));
  }
  await admin.get(`${environment}/history`);
  const at = String(app.clock.now);
  for (const moment of [at, "0", mark("attempt", "a moment")]) {
    await admin.get(`${environment}/rollback?at=${moment}`);
    await admin.post(`${environment}/rollback`, {
      at: moment,
      confirm: "true",
      state: mark("attempt", "a state"),
    });
    await admin.post(`${environment}/rollback`, { at: moment });
  }
  await showing(["note"], () => admin.get(secrets));

  // Comparing and copying.
  for (const query of ["", "?with=parent", "?from=dev&to=prod", "?show=different"])
    await admin.get(`/admin/projects/${root}/compare${query}`);
  for (const names of [
    ["PLAIN", "LINES"],
    ["PLAIN"],
    ["UTF", `sfly_${mark("token", "what looks like a token, as a name")}`],
    [`${mark("attempt", "no name")}-`],
  ])
    await admin.post(`/admin/projects/${root}/environments/prod/copy`, { from: "dev", names });
  await admin.get(`/admin/projects/${root}/compare`);

  // Import: each text comes back in its form, and nowhere else.
  const imported = () => mark("value", "a value that is imported");
  await showing(["value"], () => admin.get(`${environment}/import`));
  for (const text of [
    `IMPORTED=${imported()}\nSECOND='${imported()}'`,
    `{"IMPORTED":"${imported()}","SECOND":["${imported()}"]}`,
    `IMPORTED: ${imported()}\nSECOND: &x ${imported()}\nTHIRD: *x`,
    `IMPORTED="${imported()}\n${imported()} is no line\n1BAD=${imported()}`,
    `IMPORTED=${imported()} \${NOBODY}`,
    `IMPORTED=${imported().repeat(200)}`,
  ]) {
    for (const confirm of ["", "true"])
      await showing(["value"], () => admin.post(`${environment}/import`, { text, confirm }));
  }

  // Export.
  await admin.get(`${environment}/export`);
  for (const format of ["json", ...secretFormats]) {
    const before = answers.length;
    const { status } = await admin.get(`${environment}/export?format=${format}`);
    const answer = answers[before];
    if (answer && status === 200) answer.shows = ["value"];
  }
  await admin.get(`${environment}/export?format=${imported()}`);

  // Rotation.
  const rotate = (fields: Fields, id = second) => admin.post(`/admin/projects/${id}/rotate`, fields);
  await admin.get(`/admin/projects/${second}/rotate`);
  const next = mark("master key", "the passphrase after a rotation");
  const wrong = mark("master key", "a wrong current passphrase");
  await rotate({ currentMasterKey: wrong, newMasterKey: next });
  await rotate({ currentMasterKey: passphrase, newMasterKey: passphrase });
  await rotate({ currentMasterKey: passphrase, newMasterKey: `${next}:` });
  await rotate({ currentMasterKey: passphrase, newMasterKey: next, revoke: [wrong, "99"] });
  expect((await rotate({ currentMasterKey: passphrase, newMasterKey: next })).status).toBe(303);
  const page = await showing(["master key"], () => rotate({ currentMasterKey: next, newMasterKey: "" }));
  const generated = /id="master-key"[^>]*>([^<]+)</.exec(await page.text())?.[1] ?? "";
  expect(generated).toStartWith("sfmk_");
  addKey("master key", "the master key that a rotation generated", generated);
  // Later steps know this root by its first passphrase.
  await rotate({ currentMasterKey: generated, newMasterKey: passphrase });

  // The audit, and giving everything up.
  for (const audit of ["/admin/audit", `/admin/projects/${root}/audit`]) {
    for (const query of ["", "?format=csv", "?format=jsonl", "?what=reads&format=csv", "?from=nonsense"])
      await admin.get(`${audit}${query}`);
  }
  await admin.post("/admin/seal");
  for (const sealed of [
    `${secrets}/PLAIN`,
    `${environment}/export?format=env`,
    `/admin/projects/${root}/audit`,
  ])
    await admin.get(sealed);
}

describe("the search", () => {
  test("finds what is there: a project's name in the database, as it is", () => {
    expect(findings(stored, [canary("attempt", "the name", projectName)])).toEqual([
      "the name (its first half)",
      "the name (its second half)",
    ]);
  });

  test("finds a text in every encoding, wherever it begins", () => {
    const bytes = Buffer.from("a text that is looked for");
    const one = [canary("value", "it", bytes)];
    const utf16 = Buffer.from(bytes.toString(), "utf16le");
    const hidden: [string, Buffer][] = [
      ["UTF-16LE", utf16],
      ["UTF-16BE", Buffer.from(utf16).swap16()],
      ["hex", Buffer.from(bytes.toString("hex"))],
      ["upper-case hex", Buffer.from(bytes.toString("hex").toUpperCase())],
      ...["", "x", "xy", "xyz"].flatMap((before): [string, Buffer][] => {
        const whole = Buffer.from(`${before}${bytes.toString()} and more`);
        return [
          ["base64", Buffer.from(whole.toString("base64"))],
          ["base64url", Buffer.from(whole.toString("base64url"))],
        ];
      }),
    ];
    for (const [encoding, haystack] of hidden) {
      expect(findings(haystack, one).join()).toContain(`it (${encoding})`);
    }
  });

  test("finds values in the answers that are meant to show them", () => {
    const shown = answers.filter(({ shows }) => shows.includes("value")).map(({ body }) => body);
    const values = canaries.filter(({ what }) =>
      ["a value", "a line of a value", "a value by PATCH"].includes(what),
    );
    expect(
      values
        .map(({ what }) => what)
        .filter((what) => !findings(Buffer.concat(shown), values).join().includes(what)),
    ).toEqual([]);
  });

  test("knows tokens, master keys, passwords, sessions, values and notes", () => {
    expect(new Set(canaries.map(({ kind }) => kind))).toEqual(
      new Set(["value", "note", "token", "master key", "password", "session", "attempt"]),
    );
  });
});

test("every answer shows only kinds that are looked through below", () => {
  const known = ["", "value", "note", "note,value", "attempt,note,value", "token", "master key"];
  expect(
    [...new Set(answers.map(({ shows }) => shows.join()))].filter((kinds) => !known.includes(kinds)),
  ).toEqual([]);
});

describe("nothing secret", () => {
  test("is in the logs, at the lowest level", () => {
    expect(findings(logs)).toEqual([]);
  });

  test("is in the database, its WAL or its shared memory", () => {
    expect(findings(stored)).toEqual([]);
  });

  test("is in any header of any answer", () => {
    expect(findingsIn(({ headers }) => Buffer.from(headers), answers, canaries)).toEqual([]);
  });

  for (const shown of [
    [],
    ["value"],
    ["note"],
    ["note", "value"],
    ["attempt", "note", "value"],
    ["token"],
    ["master key"],
  ] as const) {
    const except =
      shown.length > 0 ? `but its ${shown.join(" and ")}, in a page or answer that shows these` : "at all";
    test(`is in the body of an answer ${except}`, () => {
      const some = answers.filter(({ shows }) => shows.join() === shown.join());
      const hidden = canaries.filter(({ kind }) => !(shown as readonly Kind[]).includes(kind));
      expect(some.length).toBeGreaterThan(0);
      expect(findingsIn(({ body }) => body, some, hidden)).toEqual([]);
    });
  }
});
