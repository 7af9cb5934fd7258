import { describe, expect, test } from "bun:test";
import { parseSecrets } from "../../src/formats/index.ts";

function read(text: string): { format: string; entries: [string, string, number][] } {
  const { format, entries, faults } = parseSecrets(text);
  expect(faults).toEqual([]);
  return { format, entries: entries.map(({ name, value, line }) => [name, value, line]) };
}

const faultsOf = (text: string) => parseSecrets(text).faults;

describe("what Vault and OpenBao print", () => {
  /** `vault kv get -format=json secret/shop`, version 2 of the KV engine. */
  const version2 = (data: string) =>
    `{
  "request_id": "8d5c2f0e-3d3f-4f1b-8a3a-0c5c7d1f9a10",
  "lease_id": "",
  "lease_duration": 0,
  "renewable": false,
  "data": {
    "data": ${data},
    "metadata": {
      "created_time": "2026-01-14T08:17:18.993403846Z",
      "custom_metadata": null,
      "deletion_time": "",
      "destroyed": false,
      "version": 1
    }
  },
  "warnings": null,
  "mount_type": "kv"
}
`;
  const version1 = (data: string) =>
    `{"request_id":"x","lease_id":"","lease_duration":2764800,"renewable":false,\n"data":${data},"warnings":null}`;

  test("is read of both versions of the KV engine, with the lines", () => {
    expect(
      read(version2('{\n      "DB_PASSWORD": "it\'s\\n",\n      "PORT": 5432,\n      "ON": true\n    }')),
    ).toEqual({
      format: "json",
      entries: [
        ["DB_PASSWORD", "it's\n", 8],
        ["PORT", "5432", 9],
        ["ON", "true", 10],
      ],
    });
    expect(read(version1('{"A":"b",\n"data":"c"}')).entries).toEqual([
      ["A", "b", 2],
      ["data", "c", 3],
    ]);
    expect(read(version2("{}")).entries).toEqual([]);
  });

  test("is read of version 1 with secrets that are called data and metadata", () => {
    expect(read(version1('{"data":"a","metadata":"b"}')).entries).toEqual([
      ["data", "a", 2],
      ["metadata", "b", 2],
    ]);
  });

  test("is read as YAML", () => {
    const text = [
      "auth: null",
      "data:",
      "  data:",
      "    A: b",
      '    B: "1"',
      "  metadata:",
      "    created_time: 2026-01-14T08:17:18.993403846Z",
      "    custom_metadata: null",
      "    version: 1",
      "lease_duration: 0",
      'lease_id: ""',
      "renewable: false",
      "request_id: 8d5c2f0e",
      "warnings: null",
    ].join("\n");
    expect(read(text)).toEqual({
      format: "yaml",
      entries: [
        ["A", "b", 4],
        ["B", "1", 5],
      ],
    });
  });

  test("says that a deleted version holds nothing", () => {
    const message = "Vault says that nothing is here: this version was deleted.";
    expect(faultsOf(version2("null"))).toEqual([{ line: 7, message }]);
    expect(faultsOf(version1("null"))).toEqual([{ line: 2, message }]);
  });

  test("has a fault for each value that is no text", () => {
    expect(faultsOf(version2('{"A": {"B": "c"},\n"D": null, "E": ["f"], "G": "h"}'))).toEqual([
      { line: 7, name: "A", message: "Its value has names of its own; a secret's is one text." },
      { line: 8, name: "D", message: 'It has no value. Write "" for an empty one.' },
      { line: 8, name: "E", message: "Its value is a list; a secret's is one text." },
    ]);
  });

  test("is not taken for it where secrets only have such names", () => {
    const names = { request_id: "a", lease_id: "b", lease_duration: "c", renewable: "d", data: "e" };
    expect(read(JSON.stringify(names)).entries.map(([name]) => name)).toEqual(Object.keys(names));
    expect(faultsOf('{"data": {"data": {"A": "b"}, "metadata": {}}}')).toHaveLength(1);
  });
});

describe("what Doppler prints", () => {
  test("is read of `doppler secrets --json`: the computed value, whatever else is told", () => {
    const text = `{
  "A": {"computed": "b", "computedVisibility": "masked", "note": ""},
  "B": {"computed": "", "raw": "\${A}", "rawVisibility": "masked"}
}`;
    expect(read(text)).toEqual({
      format: "json",
      entries: [
        ["A", "b", 2],
        ["B", "", 3],
      ],
    });
  });

  test("names what is restricted, whose value it does not tell", () => {
    expect(faultsOf('{"A":{"computed":"b"},\n"B":{"computed":null,"note":""}}')).toEqual([
      { line: 2, name: "B", message: "Doppler did not tell its value: it is restricted there." },
    ]);
  });

  test("is read of `doppler secrets download`, as JSON and as env", () => {
    expect(read('{"A":"b","DOPPLER_CONFIG":"prd"}').entries).toHaveLength(2);
    expect(read('A="say \\"hi\\" \\\\n $HOME"\nB="one\ntwo"\nC=""').entries).toEqual([
      ["A", 'say "hi" \\n $HOME', 1],
      ["B", "one\ntwo", 2],
      ["C", "", 4],
    ]);
  });

  test("is not taken for it where one value is a text, or a secret is called computed", () => {
    expect(read('{"computed":"a","raw":"b"}').entries).toHaveLength(2);
    expect(faultsOf('{"A":{"computed":"b"},"C":"d"}')).toHaveLength(1);
    expect(read("{}").entries).toEqual([]);
  });
});

describe("what Infisical prints", () => {
  test("is read of `infisical export --format=json`, and of `infisical secrets --output json`", () => {
    const exported = `[
  {"key":"A","workspace":"","value":"b\\n","type":"shared","_id":"1","secretPath":"/","tags":[],"comment":""},
  {"key":"B","value":"","type":"personal"}
]`;
    expect(read(exported)).toEqual({
      format: "json",
      entries: [
        ["A", "b\n", 2],
        ["B", "", 3],
      ],
    });
    expect(read('[{"secretKey":"A","secretValue":"b"}]').entries).toEqual([["A", "b", 1]]);
    expect(read("- secretKey: A\n  secretValue: b=c\n")).toEqual({
      format: "yaml",
      entries: [["A", "b=c", 1]],
    });
    expect(read('[{"name":"A","value":"b"}]').entries).toEqual([["A", "b", 1]]);
  });

  test("has a fault for each item that is not like the first", () => {
    const message = "A name and a value are expected in each of these.";
    expect(
      faultsOf('[{"key":"A","value":"b"},\n{"key":"B"},\n"C",\n{"secretKey":"D","secretValue":"e"}]'),
    ).toEqual([2, 3, 4].map((line) => ({ line, message })));
    expect(faultsOf('[{"key":"A"}]')).toEqual([{ line: 1, message: "Names with values are expected here." }]);
  });

  test("is read of its .env formats", () => {
    expect(read("A='b $C \"d\"'\nE='one\ntwo'\n").entries).toEqual([
      ["A", 'b $C "d"', 1],
      ["E", "one\ntwo", 2],
    ]);
    expect(read("export A='b'\nexport -- C='it'\\''s'\n").entries).toEqual([
      ["A", "b", 1],
      ["C", "it's", 2],
    ]);
    expect(faultsOf("A='it's'\n")).toHaveLength(1);
  });

  test.each(["Key,Value\nA,b\n", '"Key","Value"\r\n', "\ufeffname;value\n", "Secret Name,Secret Value\n"])(
    "is not read as CSV: %j says so once",
    (text) => {
      expect(parseSecrets(text)).toEqual({
        format: "env",
        entries: [],
        faults: [
          {
            line: 1,
            message: "This is CSV, which is not read here. Export the secrets as JSON, YAML or .env.",
          },
        ],
      });
    },
  );

  test("is no CSV where a .env file assigns a list", () => {
    expect(read("key=a,value\n").entries).toEqual([["key", "a,value", 1]]);
  });
});
