import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { planImport, toTheLetter } from "../../src/vault/import-plan.ts";
import { resolveReferences } from "../../src/vault/references.ts";
import { authenticate } from "../../src/vault/token-access.ts";
import { onTree } from "../../src/vault/tree.ts";
import { isWritable } from "../../src/vault/unlock.ts";
import { createTestApp, type TestApp } from "../harness.ts";

let app: TestApp;
let root: number;
let token: string;

beforeAll(async () => {
  app = await createTestApp({ MAX_SECRET_BYTES: "1000" });
  const admin = app.browser();
  const { id } = await admin.createRoot("shop");
  root = id;
  const child = await admin.createChild("api", id);
  await admin.save(id, "prod", { HOST: "h", ABOVE: "1" });
  // `HOST` is overridden below, so that the same reference gives another value there.
  await admin.save(child, "prod", { HOST: "mine", URL: "x ${HOST}", TEXT: "$${1}" });
  token = await admin.createToken(child, "prod", "write");
});
afterAll(() => app.close());

/** The plan of an import into the child: each entry's outcome, or what is wrong with it. */
async function plan(values: Record<string, string>): Promise<Record<string, unknown>> {
  const place = await (await authenticate(app.vault, token, { address: "", requestId: "" })).unlock();
  if (!isWritable(place)) throw new Error("a write token is needed");
  const entries = Object.entries(values).map(([name, value], i) => ({ name, value, line: i + 1 }));
  const { rows, faults } = await onTree(app.db, root, (tree) => planImport(app.vault, tree, place, entries));
  return Object.fromEntries([
    ...rows.map(({ entry, outcome, overrides, isSameForApps }) => [
      entry.name,
      [outcome, ...(overrides ? [overrides] : []), ...(isSameForApps ? ["same for apps"] : [])].join(", "),
    ]),
    ...faults.map(({ entry, message }) => [entry?.name ?? "", message]),
  ]);
}

describe("the plan of an import", () => {
  test("compares with what was written, own before inherited", async () => {
    expect(await plan({ HOST: "mine", ABOVE: "1", NEW: "", URL: "x" })).toEqual({
      HOST: "unchanged",
      ABOVE: "inherited",
      NEW: "new",
      URL: "changed",
    });
    // An ancestor's value does not make an own one the same.
    expect(await plan({ HOST: "h", ABOVE: "2" })).toEqual({ HOST: "changed", ABOVE: "new, shop" });
  });

  test("tells where apps would not notice", async () => {
    expect(await plan({ URL: "x mine", TEXT: "${1}" })).toEqual({
      URL: "changed, same for apps",
      TEXT: "changed, same for apps",
    });
    expect(await plan({ URL: "x mine", HOST: "other" })).toEqual({
      URL: "changed, same for apps",
      HOST: "changed",
    });
  });

  test("lets entries refer to each other and to what is there, in any order", async () => {
    expect(await plan({ A: "${B}${ABOVE}", B: "${URL}" })).toEqual({ A: "new", B: "new" });
  });

  test("tells a problem beside an entry that takes part in it", async () => {
    expect(await plan({ HOST: "${URL}" })).toEqual({
      HOST: "references go in a circle: HOST → URL → HOST.",
    });
    expect(await plan({ A: "${A}", B: "${NOPE} ${A-B}", "A-B": "x" })).toMatchObject({
      A: "references go in a circle: A → A.",
      B: "B refers to ${NOPE}, which is not a secret here.",
    });
  });

  test("does not tell that a name is missing whose own entry is at fault", async () => {
    const planned = await plan({ A: "${B}", B: "x\0", C: "${D}", D: "x".repeat(1001) });
    expect(planned).toEqual({
      A: "new",
      B: "A value must not contain a NUL character: no environment variable can.",
      C: "new",
      D: "Its value is larger than 1000 bytes.",
    });
  });
});

test("a value that is taken to the letter is what apps get, whatever is in it", () => {
  const piece = fc.constantFrom("$", "$$", "${", "$${", "}", "A", "${A}", "$${A}", "$&", "{");
  fc.assert(
    fc.property(
      fc.array(piece).map((pieces) => pieces.join("")),
      (value) => {
        const raw = new Map([
          ["A", "other"],
          ["B", toTheLetter(value)],
        ]);
        const { values, problems } = resolveReferences(raw, 1000);
        expect(problems).toEqual([]);
        expect(values.get("B")).toBe(value);
      },
    ),
  );
});
