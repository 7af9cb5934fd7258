import { expect, test } from "bun:test";
import fc from "fast-check";
import { EventStreamParser } from "../../src/client/event-stream.ts";

function parse(chunks: readonly Uint8Array[]) {
  const parser = new EventStreamParser();
  const events = chunks.flatMap((chunk) => parser.push(chunk));
  return { events, lastEventId: parser.lastEventId, retryMs: parser.retryMs };
}

const bytes = (text: string) => new TextEncoder().encode(text);

const event = (data: string, type = "message") => ({ type, data });

/** The stream, its events, the last event id. Most of them are the standard's own examples (WHATWG HTML, 9.2.6). */
const streams: [string, string, ReturnType<typeof event>[], string?][] = [
  ["one event", "data: a\n\n", [event("a")]],
  ["several lines of data", "data: YHOO\ndata: +2\ndata: 10\n\n", [event("YHOO\n+2\n10")]],
  [
    "a comment, ids and an event that has no end",
    ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event",
    [event("first event"), event("second event")],
    "",
  ],
  ["empty data", "data\n\ndata\ndata\n\ndata:", [event(""), event("\n")]],
  ["with and without a space", "data:test\n\ndata: test\n\n", [event("test"), event("test")]],
  [
    "a type, for one event only",
    "event: revision\ndata: a\n\ndata: b\n\n",
    [event("a", "revision"), event("b")],
  ],
  ["a type without data is no event, and forgotten", "event: x\n\ndata: a\n\n", [event("a")]],
  ["an id without data counts", "id: 7\n\n", [], "7"],
  ["an id of an event that has no end does not", "id: 7\ndata: a\n\nid: 8\n", [event("a")], "7"],
  ["an id with a NUL is ignored", "id: 7\n\nid: 8\0\ndata: a\n\n", [event("a")], "7"],
  ["carriage returns", "data: a\rdata: b\r\rdata: c\r\r", [event("a\nb"), event("c")]],
  ["both", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", [event("a\nb"), event("c")]],
  ["mixed", "data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\r", [event("a\nb\nc"), event("d")]],
  ["a byte order mark, once", "\ufeffdata: a\n\n\ufeffdata: b\n\n", [event("a")]],
  ["fields that are not known", "foo: a\ndata: b\n:c\nDATA: d\n data: e\n\n", [event("b")]],
  ["a colon in the data, and characters of more than a byte", "data: é:🐝\n\n", [event("é:🐝")]],
];

test.each(streams)("a stream of %s is understood", (_, text, events, lastEventId = "") => {
  expect(parse([bytes(text)])).toMatchObject({ events, lastEventId });
});

test("the last event id of the stream before is kept until there is another", () => {
  const parser = new EventStreamParser("7");
  parser.push(bytes("data: a\n\n"));
  expect(parser.lastEventId).toBe("7");
});

test.each([
  ["retry: 3000\n", 3000],
  ["retry:0\n", 0],
  ["retry: -1\n", undefined],
  ["retry: 1e3\n", undefined],
  ["retry\n", undefined],
  ["retry: 99999999999\n", undefined],
])("%j means to wait %p ms", (text, expected) => {
  expect(parse([bytes(text)]).retryMs).toBe(expected);
});

/** Streams made of what makes a difference. */
const anyStream = fc
  .array(
    fc.oneof(
      fc.constantFrom("\r", "\n", "\r\n", "data", "event", "id", "retry", ":", ": ", "\0", "\ufeff", "12"),
      fc.string({ unit: "grapheme", maxLength: 5 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => bytes(parts.join("")));

test("however the bytes are cut, the events are the same", () => {
  fc.assert(
    fc.property(anyStream, fc.array(fc.nat(400)), (stream, cuts) => {
      const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort(
        (a, b) => a - b,
      );
      const chunks = places.slice(1).map((place, i) => stream.subarray(places[i], place));
      expect(parse(chunks)).toEqual(parse([stream]));
      expect(parse([...stream].map((byte) => Uint8Array.of(byte)))).toEqual(parse([stream]));
    }),
    { numRuns: 500 },
  );
});

test("data of any lines comes back as it was", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme" })),
      fc.constantFrom("\r", "\n", "\r\n"),
      (texts, end) => {
        const data = texts.join("\n").replaceAll("\r", " ");
        const text = data
          .split("\n")
          .map((line) => `data: ${line}${end}`)
          .join("");
        expect(parse([bytes(text + end)]).events).toEqual([event(data)]);
      },
    ),
  );
});

test("an event that never ends is given up", () => {
  const parser = new EventStreamParser();
  const fill = () => {
    for (let i = 0; i < 20; i++) parser.push(bytes(`data: ${"x".repeat(10_000)}${i % 2 ? "\n" : ""}`));
  };
  expect(fill).toThrow(RangeError);
});

test("many long events are none that never ends", () => {
  const parser = new EventStreamParser();
  const long = "x".repeat(40_000);
  for (let i = 0; i < 5; i++) expect(parser.push(bytes(`data: ${long}\n\n`))).toEqual([event(long)]);
});
