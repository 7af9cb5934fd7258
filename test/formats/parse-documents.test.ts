import { describe, expect, test } from "bun:test";
import { parseSecrets } from "../../src/formats/index.ts";

const faultsOf = (text: string) => parseSecrets(text).faults;

describe("JSON", () => {
  test("is read with the line of each name; numbers and booleans are what is written", () => {
    const text = '{\n  "A": "b\\n\\u00e9\\/",\n\t"B": 1e3, "C":\n true,\r\n  "D": -0.10,\n "": ""\n}\n';
    expect(parseSecrets(text)).toEqual({
      format: "json",
      faults: [],
      entries: [
        { name: "A", value: "b\né/", line: 2 },
        { name: "B", value: "1e3", line: 3 },
        { name: "C", value: "true", line: 3 },
        { name: "D", value: "-0.10", line: 5 },
        { name: "", value: "", line: 6 },
      ],
    });
  });

  test("tells which values are no text", () => {
    expect(faultsOf('{"A": null,\n"B": [1],\n"C": {"D": 1}}')).toEqual([
      { line: 1, name: "A", message: 'It has no value. Write "" for an empty one.' },
      { line: 2, name: "B", message: "Its value is a list; a secret's is one text." },
      { line: 3, name: "C", message: "Its value has names of its own; a secret's is one text." },
    ]);
    expect(faultsOf("[]")).toEqual([{ line: 1, message: "Names with values are expected here." }]);
  });

  test.each([
    ['{"A": "b"\n"C": "d"}', 2, "A comma or } is expected here."],
    ['{"A": "b",\n}', 2, 'A name in "…" is expected here.'],
    ['{\n"A" "b"}', 2, "A colon is expected here."],
    ['{"A":\n', 2, 'A value is expected here, such as "text".'],
    ['{"A": 01}', 1, "A comma or } is expected here."],
    ['{"A": "b\n"}', 1, 'A text in "…" has a line break, a control character or an escape that is none.'],
    ['{"A": "b', 1, 'A text in "…" is not closed.'],
    ['{"A": "b"}\nmore', 2, "There is text behind the end of the JSON."],
    ["{'A': 'b'}", 1, 'A name in "…" is expected here.'],
    [`{"A":${"[".repeat(100)}`, 1, "This is nested too deeply."],
  ])("tells where %j ends to be any", (text, line, message) => {
    expect(parseSecrets(text)).toEqual({
      format: "json",
      entries: [],
      faults: [{ line, message: `This is not JSON. ${message}` }],
    });
  });

  test("has the shape of the API's answer, too", () => {
    const text =
      '{"secrets": [\n{"id": 1, "name": "A", "value": "b"},\n{"name": "B"},\n3,\n{"value": "", "name": "C"}]}';
    const { entries, faults } = parseSecrets(text);
    expect(entries).toEqual([
      { name: "A", value: "b", line: 2 },
      { name: "C", value: "", line: 5 },
    ]);
    expect(faults.map(({ line }) => line)).toEqual([3, 4]);
    expect(parseSecrets('{"secrets": "one of this name"}').entries).toHaveLength(1);
  });
});

describe("YAML", () => {
  test("is read with the line of each name; nothing is taken for a number or a boolean", () => {
    const text = [
      "# comment",
      "A: 010",
      "B: 1e3",
      "C: yes",
      "D: 2024-01-01",
      "E: |",
      "  one",
      "  two",
      "F: >-",
      "  one",
      "  two",
      "'G': '~'",
      'H: "\\u00e9\\n"',
      "I: a b # comment",
      "J: 0x1F",
    ].join("\n");
    for (const ending of ["\n", "\r\n"]) {
      const { entries, faults } = parseSecrets(text.replaceAll("\n", ending));
      expect(faults).toEqual([]);
      expect(entries.map(({ name, value, line }) => [name, value, line])).toEqual([
        ["A", "010", 2],
        ["B", "1e3", 3],
        ["C", "yes", 4],
        ["D", "2024-01-01", 5],
        ["E", "one\ntwo\n", 6],
        ["F", "one two", 9],
        ["G", "~", 12],
        ["H", "é\n", 13],
        ["I", "a b", 14],
        ["J", "0x1F", 15],
      ]);
    }
  });

  test("tells which values are no text", () => {
    const message = 'It has no value. Write "" for an empty one.';
    expect(faultsOf("A:\nB: ~\nC: null\nD: [a]\nE:\n  F: g\n")).toEqual([
      { line: 1, name: "A", message },
      { line: 2, name: "B", message },
      { line: 3, name: "C", message },
      { line: 4, name: "D", message: "Its value is a list; a secret's is one text." },
      { line: 5, name: "E", message: "Its value has names of its own; a secret's is one text." },
    ]);
    expect(faultsOf("---\n- a\n")).toEqual([{ line: 2, message: "Names with values are expected here." }]);
    expect(faultsOf("---\n? [a]\n: b\n")).toEqual([{ line: 2, name: "", message: "Its name is no text." }]);
  });

  test.each([
    "A: &a b",
    "B: x\nA: *b",
    "A: !!str b",
    "A: !secret b",
    "&a A: b",
    "A: &a [*a]",
    "<<: *b\nA: c",
  ])("%j is refused: anchors, aliases and tags are not read", (text) => {
    expect(parseSecrets(text, "yaml").faults.map(({ message }) => message)).toContain(
      "Anchors, aliases and tags (&, *, !) are not read here.",
    );
  });

  test.each([
    ["A: b: q3Nf8s6L", 1, "A value with a colon and a space in it needs quotes."],
    ["A: b\n\tB: q3Nf8s6L", 2, "A tab cannot indent."],
    ["A: b\nB: @q3Nf8s6L", 2, "A value that begins with a character of YAML's own needs quotes."],
    ['A: b\nB: "q3Nf8s6L', 2, "A colon, a closing quote or a closing bracket is missing."],
    ['A: "\\q3Nf8s6L"', 1, 'A backslash inside "…" begins an escape that there is not.'],
  ])("tells where %j goes wrong", (text, line, message) => {
    const { entries, faults } = parseSecrets(text, "yaml");
    expect(entries).toEqual([]);
    expect(faults).toContainEqual({ line, message: `This is not YAML. ${message}` });
  });

  test("is one document, nested as deeply as secrets need", () => {
    expect(faultsOf("A: b\n---\nC: d\n")).toEqual([
      { line: 2, message: "A second document begins here; only one is read." },
    ]);
    expect(faultsOf(`A: b\nC: ${"[".repeat(100)}`)).toEqual([
      { line: 2, message: "This is nested too deeply." },
    ]);
    expect(parseSecrets("---\nA: b\n...\n").entries).toEqual([{ name: "A", value: "b", line: 2 }]);
    expect(parseSecrets("# nothing\n", "yaml")).toEqual({ format: "yaml", entries: [], faults: [] });
  });
});

describe("a Kubernetes Secret", () => {
  test("is read from data and from stringData", () => {
    const text = [
      "apiVersion: v1",
      "kind: Secret",
      "metadata:",
      "  name: shop",
      "type: Opaque",
      "data:",
      "  A: w6k=",
      "  B: ''",
      "  C: not base64",
      "  D: gA==",
      "stringData:",
      "  E: plain",
    ].join("\n");
    const message = "It is not base64 of text in UTF-8.";
    expect(parseSecrets(text)).toEqual({
      format: "k8s",
      entries: [
        { name: "A", value: "é", line: 7 },
        { name: "B", value: "", line: 8 },
        { name: "E", value: "plain", line: 12 },
      ],
      faults: [
        { line: 9, name: "C", message },
        { line: 10, name: "D", message },
      ],
    });
    expect(faultsOf("apiVersion: v1\nkind: Secret\ndata: [a]\n")).toEqual([
      { line: 3, name: "data", message: "Names with values are expected here." },
    ]);
  });
});
