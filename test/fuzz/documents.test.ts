/**
 * Files with secrets in them, as people import them: changed in every way that a hand or a line changes them, each is
 * refused with its line, or read as what it says. An independent reader says what that is, where there is one; and what
 * is accepted is printed and read again as the same. That it was cut off, a .env file, Docker's and YAML cannot tell.
 */

import { describe, expect, test } from "bun:test";
import { EventStreamParser, type StreamEvent } from "../../src/client/event-stream.ts";
import {
  type ImportFormat,
  parseSecrets,
  printSecrets,
  UnprintableSecretError,
} from "../../src/formats/index.ts";
import { readAsDocker } from "../formats/readers.ts";
import { textMutationsOf } from "./mutations.ts";

/** Names and values of a text; undefined where anything of it is refused. */
function read(text: string, format: ImportFormat): [string, string][] | undefined {
  const { entries, faults } = parseSecrets(text, format);
  for (const { line, message } of faults) {
    expect(line).toBeGreaterThan(0);
    expect(message).not.toContain("s3cret");
  }
  return faults.length > 0 ? undefined : entries.map(({ name, value }) => [name, value]);
}

const yamlManifest = `apiVersion: v1
kind: Secret
data:
  A: czNjcmV0
stringData:
  B: "s3cret two"
`;

const texts: readonly [string, ImportFormat, string][] = [
  [".env", "env", `# c\nexport A=s3cret\nB='s3cret two' # c\nC="x\\n\\"y"\n`],
  ["Docker's", "docker", "A=s3cret two\n# c\nB='q'\n"],
  ["YAML", "yaml", `A: s3cret\nB: "s3cret\\ttwo"\nC: |\n  x\n  y\n`],
  ["a Kubernetes Secret in YAML", "yaml", yamlManifest],
  ["JSON", "json", `{"A":"s3cret","B":"x\\u0041\\n", "C": 1.50}`],
  ["this API's answer", "json", `{"secrets":[{"id":1,"name":"A","value":"s3cret"}]}`],
  ["Infisical's", "json", `[{"key":"A","value":"s3cret"},{"key":"B","value":""}]`],
  [
    "Vault's",
    "json",
    `{"request_id":"r","lease_id":"","lease_duration":0,"renewable":false,"data":{"data":{"A":"s3cret"},"metadata":{"v":1}}}`,
  ],
  ["Doppler's", "json", `{"A":{"computed":"s3cret","raw":"r"},"B":{"computed":"x"}}`],
  [
    "a Kubernetes Secret in JSON",
    "json",
    `{"apiVersion":"v1","kind":"Secret","data":{"A":"czNjcmV0"},"stringData":{"B":"s3cret"}}`,
  ],
];

describe.each(texts)("a file of secrets, %s,", (_what, format, text) => {
  test("is read as it is", () => {
    expect(read(text, format)?.[0]).toEqual(["A", text.startsWith("A=s3cret two") ? "s3cret two" : "s3cret"]);
  });

  test("and changed, is refused, or what is read of it is printed and read again as the same", () => {
    let accepted = 0;
    for (const { how, changed } of textMutationsOf(text)) {
      const entries = read(changed, format);
      if (!entries) continue;
      accepted += 1;
      const secrets = entries.map(([name, value]) => ({ name, value }));
      const printed = printSecrets("map", secrets, "t").body;
      expect([how, (read(printed, "json") ?? []).sort()]).toEqual([how, entries.toSorted()]);
      for (const kind of ["env", "docker"] as const) {
        const again = printedAs(kind, secrets);
        if (again !== undefined) expect([how, kind, read(again, kind)]).toEqual([how, kind, entries]);
      }
    }
    expect(accepted).toBeGreaterThan(0);
  });
});

/** Undefined for what a format cannot hold. */
function printedAs(format: "env" | "docker", secrets: { name: string; value: string }[]): string | undefined {
  try {
    return printSecrets(format, secrets, "t").body;
  } catch (error) {
    if (error instanceof UnprintableSecretError) return undefined;
    throw error;
  }
}

describe("JSON that was changed", () => {
  const json = texts.filter(([, format]) => format === "json");

  test.each(json)(
    "is refused where JSON.parse refuses it, or where a name is there twice: %s",
    (_what, format, text) => {
      for (const { how, changed } of textMutationsOf(text)) {
        const entries = read(changed, format);
        if (!entries) continue;
        // A byte order mark at the start is no part of a file; RFC 8259 lets readers ignore it.
        const document = JSON.parse(changed.replace(/^\ufeff/, "")) as unknown;
        const leaves = new Set(leavesOf(document));
        for (const [name, value] of entries) {
          expect([how, leaves.has(name)]).toEqual([how, true]);
          const isThere =
            leaves.has(value) || leaves.has(Buffer.from(value).toString("base64")) || changed.includes(value);
          expect([how, value, isThere]).toEqual([how, value, true]);
        }
      }
    },
  );

  test.each([
    '{"A":"1","A":"2"}',
    '[{"name":"A","value":"1","value":"2"}]',
    '{"secrets":[{"name":"A","name":"B","value":"1"}]}',
    '{"A":{"computed":"1","computed":"2"}}',
    '{"apiVersion":"v1","kind":"Secret","data":{"A":"eA=="},"data":{"B":"eA=="}}',
    '{"apiVersion":"v1","kind":"Secret","kind":"ConfigMap","stringData":{"A":"x"}}',
    '{"request_id":"r","lease_id":"","lease_duration":0,"renewable":false,"data":{"A":"1"},"data":{"A":"2"}}',
  ])("to have a name twice is refused: %s", (text) => {
    expect(read(text, "json")).toBeUndefined();
  });

  test.each(["eA", "eA=", "eB==", "e", "eA==eA==", "ea==", "_-8=", "/w==", "eA==\u00a0"])(
    "to have base64 that is none is refused: %s",
    (data) => {
      const text = JSON.stringify({ apiVersion: "v1", kind: "Secret", data: { A: data } });
      const value = read(text, "json")?.[0]?.[1];
      expect([data, value]).toEqual([data, undefined]);
    },
  );
});

/** All names and values of a document. */
function leavesOf(document: unknown): string[] {
  if (Array.isArray(document)) return document.flatMap(leavesOf);
  if (typeof document !== "object" || document === null) return [String(document)];
  return Object.entries(document).flatMap(([name, value]) => [name, ...leavesOf(value)]);
}

test("a Docker env file that was changed is read as Docker reads it, or refused", () => {
  const text = "A=s3cret two\n# c\nB='q'\n";
  for (const { how, changed } of textMutationsOf(text)) {
    const entries = read(changed, "docker");
    if (!entries) continue;
    let docker: string[];
    try {
      docker = readAsDocker(changed);
    } catch {
      continue;
    }
    expect([how, entries.map(([name, value]) => `${name}=${value}`)]).toEqual([how, docker]);
  }
});

test("an event stream that was changed gives no event that it does not hold, however it is cut", () => {
  const text = 'id: 7\nevent: revision\ndata: {"revision":"a"}\n\n: c\nretry: 100\nevent: ping\ndata:\n\n';
  const all = (stream: string, size: number) => {
    const parser = new EventStreamParser();
    const bytes = new TextEncoder().encode(stream.toWellFormed());
    const events: StreamEvent[] = [];
    for (let at = 0; at < bytes.length; at += size)
      events.push(...parser.push(bytes.subarray(at, at + size)));
    return { events, retry: parser.retryMs, id: parser.lastEventId };
  };
  for (const { how, changed } of textMutationsOf(text)) {
    const whole = all(changed, 10_000);
    expect([how, all(changed, 1)]).toEqual([how, whole]);
    for (const { type, data } of whole.events) {
      expect([how, type === "message" || changed.toWellFormed().includes(type)]).toEqual([how, true]);
      for (const line of data.split("\n"))
        expect([how, changed.toWellFormed().includes(line)]).toEqual([how, true]);
    }
  }
});
