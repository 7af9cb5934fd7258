/** The files that a spreadsheet opens: whatever somebody has called something, no cell may begin a formula. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { record } from "../../src/vault/write.ts";
import { bearer, createTestApp, type TestApp, type TestBrowser } from "../harness.ts";

let app: TestApp;
let admin: TestBrowser;

const formula = "=HYPERLINK(A1)";

/** What begins one, alone or for a spreadsheet that divides cells by something else than commas. */
const names = [
  formula,
  "+1+1",
  "-1+1",
  "@SUM(A1)",
  "＝1+1",
  "＋1",
  "－1",
  "＠SUM(A1)",
  `  ${formula}`,
  `"${formula}`,
  `""${formula}`,
  `","${formula}`,
  `x,${formula}`,
  `x;${formula};y`,
  `x; ${formula}`,
  `x;"${formula}"`,
  `x";${formula}`,
  `x;;${formula}`,
  "=cmd|' /C calc'!A0",
];
/** Those that no form takes, as somebody writes them who can write to the database. */
const written = [
  ...names,
  `\t${formula}`,
  `\r${formula}`,
  `\n${formula}`,
  `x\t${formula}`,
  `x\r\n${formula}`,
];

beforeAll(async () => {
  app = await createTestApp();
  admin = app.browser();
  for (const [at, name] of names.entries()) {
    // Blanks at the ends are cut off, and no two may be the same then.
    const { id } = await admin.createRoot(`${name} ${at}`);
    const token = await admin.createToken(id, "dev", "read", { name });
    await app.request("/api/secrets", { headers: bearer(token) });
  }
  await app.usage.flush();
  for (const name of written) {
    const project = { id: 1, name };
    await record(
      app.vault,
      { id: `session:${name}`, address: name, requestId: name },
      { action: "project.edit", project, environment: name, name },
    );
  }
});
afterAll(() => app.close());

/** The cells of a text as a spreadsheet reads it that divides them by this. */
function cellsOf(text: string, divider: string): string[] {
  const cells: string[] = [];
  let [cell, isQuoted] = ["", false];
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    const isQuote = char === '"';
    if (isQuoted && isQuote && text[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (isQuote && (isQuoted || cell === "")) isQuoted = !isQuoted;
    else if (!isQuoted && [divider, "\r", "\n"].includes(char)) {
      cells.push(cell);
      cell = "";
    } else cell += char;
  }
  return [...cells, cell];
}

describe("no cell begins a formula, whatever divides cells,", () => {
  for (const [what, path] of [
    ["in the audit", "/admin/audit?format=csv"],
    ["in a project's audit", "/admin/projects/1/audit?format=csv"],
    ["in the reads by service tokens", "/admin/audit?format=csv&what=reads"],
  ] as const) {
    test(what, async () => {
      const text = await (await admin.get(path)).text();
      expect(text).toContain("HYPERLINK");
      for (const divider of [",", ";", "\t"]) {
        const begun = cellsOf(text, divider).filter((cell) => /^["\s]*[=+\-@＝＋－＠]/.test(cell));
        expect(begun).toEqual([]);
      }
      // And for one that knows no quotes at all.
      for (const divider of [/[;\t\r\n]/, /^/m]) {
        const begun = text.split(divider).filter((cell) => /^["\s]*[=+\-@＝＋－＠]/.test(cell));
        expect(begun).toEqual([]);
      }
    });
  }

  test("and what begins none is as it was", async () => {
    const text = await (await admin.get("/admin/audit?format=csv")).text();
    expect(text).toContain(",project.create,");
    expect(text).toContain(",2026-01-01T00:00:00.000Z,session:");
  });
});
