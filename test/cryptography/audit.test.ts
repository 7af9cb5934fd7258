import { describe, expect, test } from "bun:test";
import { chainEvents, eventHash } from "../../src/vault/audit.ts";
import vectors from "../vectors/audit.json";
import { hex } from "./known.ts";

describe("the audit's chain", () => {
  test.each(vectors.chain)("event $event.id: $event.action", ({ event, previous, hash }) => {
    expect(eventHash(hex(previous), event).toHex()).toBe(hash);
  });

  test("each event's hash stands on the one before, from 32 zero bytes", () => {
    const previous = vectors.chain.map((link) => link.previous);
    expect(previous).toEqual(["00".repeat(32), ...vectors.chain.slice(0, -1).map(({ hash }) => hash)]);
  });

  test("a change of any field is another hash", () => {
    for (const { event, previous, hash } of vectors.chain) {
      for (const [field, value] of Object.entries(event)) {
        const changed = { ...event, [field]: typeof value === "number" ? value + 1 : `${value}x` };
        expect(eventHash(hex(previous), changed).toHex()).not.toBe(hash);
      }
      expect(eventHash(hex("01".repeat(32)), event).toHex()).not.toBe(hash);
    }
  });

  test("a text cannot move from one field into the next", () => {
    const [, , link] = vectors.chain;
    if (!link) throw new Error("no vector");
    const moved = { ...link.event, projectName: 'shop","prod', environment: null };
    expect(eventHash(hex(link.previous), moved).toHex()).not.toBe(link.hash);
  });

  test("events are appended as the vectors have them", () => {
    const [first, second] = vectors.chain;
    if (!first || !second) throw new Error("no vector");
    const { actor, address, requestId, at, projectName } = second.event;
    const head = { id: first.event.id, hash: hex(first.hash) };
    const project = { id: 1, name: projectName ?? "" };
    const rows = chainEvents(head, at, { id: actor, address, requestId }, [
      { action: "project.create", project },
    ]);
    expect(rows).toEqual([{ ...second.event, hash: hex(second.hash) }]);
  });
});
