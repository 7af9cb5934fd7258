import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  bearer,
  createFileApp,
  createTestApp,
  fetchMap,
  type TestApp,
  type TestBrowser,
} from "../harness.ts";

let app: TestApp;
let admin: TestBrowser;
let root: number;
beforeEach(async () => {
  app = await createTestApp({ MAX_SECRET_BYTES: "1000" });
  admin = app.browser();
  ({ id: root } = await admin.createRoot("shop"));
});
afterEach(() => app.close());

const patch = (token: string, set: Record<string, string>) =>
  app.request("/api/secrets", {
    method: "PATCH",
    headers: { ...bearer(token), "Content-Type": "application/json" },
    body: JSON.stringify({ set }),
  });

describe("references", () => {
  /** Forty copies of a large value are more than a view may expand to. */
  const large = { BIG: "x".repeat(500_000) };
  const copies = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`C${i}`, "${BIG}"]));
  // A server takes no row as large as these views (`test/database/server.test.ts`).
  beforeEach(async () => {
    app.close();
    app = await createFileApp();
    admin = app.browser();
    ({ id: root } = await admin.createRoot("shop"));
  });

  test("cannot make a response many times larger than what was written", async () => {
    const token = await admin.createToken(root, "prod", "write");
    const refused = await patch(token, { ...large, ...copies });
    expect(refused.status).toBe(422);
    const answer = await refused.text();
    expect(answer).toContain("too large");
    expect(answer.length).toBeLessThan(3000);
    expect(await fetchMap(app, token)).toEqual({});
  });

  test("of a child never refuse a write of its parent: they stay as they are there", async () => {
    const child = await admin.createChild("api", root);
    const below = await admin.createToken(child, "prod", "write");
    const above = await admin.createToken(root, "prod", "write");
    expect((await patch(above, { BIG: "x" })).status).toBe(200);
    expect((await patch(below, copies)).status).toBe(200);
    expect((await patch(above, large)).status).toBe(200);
    const seen = Object.values(await fetchMap(app, below));
    expect(seen.filter((value) => value === "${BIG}").length).toBeGreaterThan(0);
    expect(seen.join("").length).toBeLessThan(18_000_000);
  });

  test("in what is only written with ${ cost nothing", async () => {
    const token = await admin.createToken(root, "prod", "write");
    const others = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`O${i}`, `\${x:-y}$\${z}${"x".repeat(1_000_000)}`]),
    );
    expect((await patch(token, others)).status).toBe(200);
    expect((await patch(token, { HOST: "h", URL: "${HOST}!" })).status).toBe(200);
    expect(await fetchMap(app, token)).toMatchObject({ URL: "h!" });
  });

  test("that do not resolve are told ten at most", async () => {
    const token = await admin.createToken(root, "prod", "write");
    const unknown = Array.from({ length: 50_000 }, (_, i) => `\${N${i}}`).join("");
    const refused = await patch(token, { A: unknown });
    expect(refused.status).toBe(422);
    expect((await refused.text()).length).toBeLessThan(5000);
  });
});

describe("an environment of a project", () => {
  test("holds at most sixteen times the largest value, and can shrink from above it", async () => {
    const token = await admin.createToken(root, "prod", "write");
    const full = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`S${i}`, "x".repeat(1000)]));
    expect((await patch(token, full)).status).toBe(200);
    expect((await patch(token, { MORE: "x" })).status).toBe(413);
    expect((await patch(token, { S0: "" })).status).toBe(200);
    expect((await patch(token, { MORE: "x" })).status).toBe(200);
  });

  test("holds at most five thousand secrets", async () => {
    const token = await admin.createToken(root, "prod", "write");
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`S${i}`, ""]));
    expect((await patch(token, { ...many, ONE_MORE: "" })).status).toBe(413);
    expect((await patch(token, many)).status).toBe(200);
    expect((await patch(token, { ONE_MORE: "" })).status).toBe(413);
  });
});

test("a name that is a token or a key is refused, and not repeated", async () => {
  const token = await admin.createToken(root, "prod", "write");
  for (const method of ["PUT", "DELETE"]) {
    const response = await app.request(`/api/secrets/${token}`, {
      method,
      headers: { ...bearer(token), "Content-Type": "application/json" },
      ...(method === "PUT" && { body: '{"value":"x"}' }),
    });
    expect(response.status).toBe(422);
    expect(await response.text()).not.toContain(token);
  }
});

test("the name of an address of the API is no secret's", async () => {
  expect((await admin.save(root, "prod", { events: "x" })).status).toBe(422);
});
