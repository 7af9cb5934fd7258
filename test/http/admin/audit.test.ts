import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { auditWords } from "../../../src/http/admin/audit-words.ts";
import { auditActions, eventHash } from "../../../src/vault/audit.ts";
import { toldHead } from "../../../src/vault/audit-head.ts";
import { bearer, createTestApp, fetchMap, type TestApp, type TestBrowser } from "../../harness.ts";
import { auditOf } from "../../vault/inspect.ts";

let app: TestApp;
let admin: TestBrowser;
let shop: { id: number; masterKey: string };
let api: number;

beforeEach(async () => {
  app = await createTestApp({ CLIENT_IP_HEADER: "x-test-address", ADMIN_PASSWORD: "open sesame" });
  admin = app.browser();
  await admin.post("/admin/sign-in", { password: "open sesame" });
  shop = await admin.createRoot("shop");
  api = await admin.createChild("api", shop.id);
  await admin.save(shop.id, "dev", { SHOP_KEY: "1" });
  await admin.save(api, "prod", { API_KEY: "1" });
});
afterEach(() => app.close());

const day = 24 * 60 * 60 * 1000;

/** What a page says, event by event, the newest first. */
async function sentences(path: string): Promise<string[]> {
  const page = await (await admin.get(path)).text();
  return [...page.matchAll(/<details class="event"><summary>(.*?)<\/summary>/g)].map(([, html = ""]) =>
    html.replace(/<[^>]*>/g, "").replace(/\s+/g, " "),
  );
}

async function textOf(path: string): Promise<string> {
  const response = await admin.get(path);
  expect(response.status).toBe(200);
  return response.text();
}

async function linesOf(path: string): Promise<Record<string, unknown>[]> {
  return (await textOf(path))
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

test("every action is told in words", () => {
  expect(Object.keys(auditWords)).toEqual([...auditActions]);
  const labels = Object.values(auditWords).map(({ label }) => label);
  expect(new Set(labels).size).toBe(labels.length);
});

describe("the page", () => {
  test("of a project tells of it and of what is below it, or of it alone, in sentences", async () => {
    await admin.createToken(api, "prod", "read", { name: "deploy" });
    const path = `/admin/projects/${shop.id}/audit`;
    expect(await sentences(path)).toEqual([
      "you created the service token deploy of api prod",
      "you set API_KEY in api prod",
      "you set SHOP_KEY in shop dev",
      "you created the project api",
      "you created the project shop",
    ]);
    expect(await sentences(`${path}?scope=alone`)).toEqual([
      "you set SHOP_KEY in shop dev",
      "you created the project shop",
    ]);
    expect(await sentences(`/admin/projects/${api}/audit?action=secret.set`)).toEqual([
      "you set API_KEY in api prod",
    ]);
  });

  test("of everything tells of all projects, also of those that are gone", async () => {
    await admin.post(`/admin/projects/${api}/delete`, { confirmName: "api" });
    const all = await sentences("/admin/audit");
    expect(all[0]).toBe("you deleted the project api");
    expect(all).toContain("you set a secret (name hidden while sealed) in api prod");
    expect(all).toContain("the server added the environment dev");
    expect(await textOf("/admin/audit")).toContain(`<option value="${api}">api (deleted)</option>`);
    expect(await sentences(`/admin/audit?project=${api}&action=project.delete`)).toEqual([
      "you deleted the project api",
    ]);
    expect(await sentences(`/admin/audit?project=${shop.id}&environment=dev`)).toEqual([
      "you set SHOP_KEY in shop dev",
    ]);
  });

  test("calls other sessions and service tokens by what is known of them", async () => {
    const token = await admin.createToken(api, "prod", "write", { name: "pipeline" });
    const put = { method: "PUT", body: '{"value":"1"}' };
    const headers = { ...bearer(token), "Content-Type": "application/json", "X-Test-Address": "203.0.113.9" };
    await app.request("/api/secrets/BY_TOKEN", { ...put, headers });
    const colleague = app.browser();
    await colleague.post("/admin/sign-in", { password: "open sesame" });
    await colleague.unseal(shop.id, "a wrong passphrase");
    const page = await textOf(`/admin/projects/${shop.id}/audit`);
    expect(page).toMatch(
      /<strong title="session:[0-9a-f]{12}">admin \(session [0-9a-f]{4}\)<\/strong> gave a wrong/,
    );
    expect(page).toContain("token “pipeline”</strong> set <code>BY_TOKEN</code>");
    expect(page).toContain("203.0.113.9");
  });

  test("by time takes moments in UTC, a whole day, and what the script sends", async () => {
    app.clock.advance(day + 30 * 60_000);
    await admin.post("/admin/sign-in", { password: "open sesame" });
    await admin.unseal(shop.id, shop.masterKey);
    await admin.save(shop.id, "dev", { LATER: "1" });
    const path = `/admin/projects/${shop.id}/audit`;
    for (const [from, to, count] of [
      ["2026-01-02", "2026-01-02", 1],
      ["2026-01-01", "2026-01-01", 2],
      ["2026-01-02T00:30", "", 1],
      ["2026-01-02T00:31", "", 0],
      ["2026-01-02T00:30:00.000Z", "2026-01-02T00:30:00.000Z", 1],
      ["", "2026-01-02T00:29", 2],
    ] as const) {
      const query = new URLSearchParams({ from, to, action: "secret.set" });
      expect([from, to, (await sentences(`${path}?${query}`)).length]).toEqual([from, to, count]);
    }
  });

  test("refuses what it cannot look for, beside the field, and does not look for less", async () => {
    for (const query of ["from=yesterday", "to=2026-13-45", "action=none", "project=x", "before=-1"]) {
      const response = await admin.get(`/admin/audit?${query}`);
      const page = await response.text();
      expect([query, response.status, page.includes(`class="event"`)]).toEqual([query, 422, false]);
      expect((await admin.get(`/admin/audit?format=csv&${query}`)).status).toBe(422);
    }
    expect(await (await admin.get("/admin/audit?from=yesterday")).text()).toContain(
      'aria-describedby="audit-from-error"',
    );
  });

  test("has a hundred events, and the older ones by a link that keeps the filter", async () => {
    for (let i = 0; i < 6; i++) {
      const names = Array.from({ length: 20 }, (_, n) => [`K${i}_${n}`, "1"] as const);
      await admin.save(shop.id, "dev", Object.fromEntries(names));
    }
    const path = `/admin/projects/${shop.id}/audit?action=secret.set`;
    const first = await textOf(path);
    const older = /href="([^"]+)" rel="next">Older</.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(older).toContain("action=secret.set");
    const both = [...(await sentences(path)), ...(await sentences(older))];
    expect([both.length, new Set(both).size]).toEqual([122, 122]);
    expect(await textOf(older)).not.toContain('rel="next"');
  });
});

describe("the head of the chain", () => {
  const command = /secretsfly audit verify --head (\d+:[0-9a-f]{64})/;

  test("is on the newest page of the audit of everything, whatever is sealed, and on no other", async () => {
    await admin.post("/admin/seal");
    const head = (await toldHead(app.db)) ?? "no head";
    expect(command.exec(await textOf("/admin/audit"))?.[1]).toBe(head);
    expect(command.exec(await textOf("/admin/audit?q=nothing"))?.[1]).toBe(head);
    for (const path of [`/admin/projects/${shop.id}/audit`, "/admin/audit?before=3"])
      expect(await textOf(path)).not.toMatch(command);
  });

  test("is no hash of the chain: it checks no guess of a name that is hidden", async () => {
    await admin.post("/admin/seal");
    const { hash } = (await auditOf(app)).at(-1) ?? {};
    expect(await textOf("/admin/audit")).not.toContain(hash?.toHex() ?? "no hash");
  });
});

describe("while a project is sealed", () => {
  test("names of its secrets are on no page, in no export, and not found; others are", async () => {
    await admin.createToken(shop.id, "dev", "read", { name: "SHOP_KEY reader" });
    await admin.post("/admin/seal");
    for (const path of ["/admin/audit", `/admin/projects/${shop.id}/audit`]) {
      for (const query of ["", "?q=SHOP_KEY", "?format=csv", "?format=jsonl", "?format=csv&q=SHOP_KEY"]) {
        const text = await textOf(path + query);
        expect(
          text
            .replaceAll("SHOP_KEY reader", "")
            .replaceAll('value="SHOP_KEY"', "")
            .replaceAll("q=SHOP_KEY", ""),
        ).not.toMatch(/SHOP_KEY|API_KEY/);
        expect(text).toContain("SHOP_KEY reader");
      }
    }
    expect(await textOf("/admin/audit?format=csv")).toContain(",(hidden while sealed),");
    expect(await linesOf("/admin/audit?format=jsonl&action=secret.set")).toMatchObject([
      { name: null, hidden: true, hash: null },
      { name: null, hidden: true, hash: null },
    ]);
    await admin.unseal(shop.id, shop.masterKey);
    expect(await textOf("/admin/audit?format=csv")).toContain(",SHOP_KEY,");
  });

  test("what another session has unsealed shows nothing here", async () => {
    const colleague = app.browser();
    await colleague.post("/admin/sign-in", { password: "open sesame" });
    expect(await (await colleague.get("/admin/audit")).text()).not.toContain("SHOP_KEY");
  });
});

describe("an export", () => {
  test("is a file that nobody keeps, with the filter of its page", async () => {
    for (const [format, type] of [
      ["csv", "text/csv; charset=utf-8; header=present"],
      ["jsonl", "application/x-ndjson"],
    ]) {
      const response = await admin.get(`/admin/projects/${api}/audit?format=${format}&environment=prod`);
      expect(response.headers.get("Content-Type")).toBe(type ?? "");
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      expect(response.headers.get("Content-Disposition")).toBe(
        `attachment; filename="secretsfly-audit-project-${api}.${format}"`,
      );
      const text = await response.text();
      expect(text).toContain("API_KEY");
      expect(text).not.toContain("project.create");
    }
  });

  test("as CSV quotes what must be, and lets no cell begin a formula", async () => {
    const names = ['=1+1", "x', "+cmd", "-2", "@SUM(A1)", "plain, with comma", "'quoted"];
    for (const name of names) await admin.createToken(api, "prod", "read", { name });
    const lines = (await textOf(`/admin/projects/${api}/audit?format=csv&action=service-token.create`)).split(
      "\r\n",
    );
    expect(lines[0]).toBe("id,at,actor,action,projectId,projectName,environment,name,address,requestId");
    expect(lines.at(-1)).toBe("");
    const cells = lines.slice(1, -1).map((line) => /,prod,(.*),unknown,[0-9a-f-]{36}$/.exec(line)?.[1]);
    expect(cells).toEqual([`"'=1+1"", ""x"`, "'+cmd", "'-2", "'@SUM(A1)", '"plain, with comma"', "'quoted"]);
    expect(lines[1]).toContain(",2026-01-01T00:00:00.000Z,session:");
  });

  test("is told itself, before its first byte: whose, and of which project", async () => {
    for (const path of ["/admin/audit?format=csv", `/admin/projects/${api}/audit?format=jsonl&what=reads`])
      await textOf(path);
    expect((await sentences("/admin/audit")).slice(0, 2)).toEqual([
      "you exported the audit of api",
      "you exported the audit",
    ]);
    const [last] = (await linesOf("/admin/audit?format=jsonl")).slice(-1);
    expect(last).toMatchObject({ action: "audit.export", projectId: null, name: null });
    const before = await sentences("/admin/audit");
    expect((await admin.get("/admin/audit?format=csv&from=nonsense")).status).toBe(422);
    expect(await sentences("/admin/audit")).toEqual(before);
  });

  test("as JSON lines holds what the chain is made of", async () => {
    let last: Uint8Array<ArrayBuffer> = new Uint8Array(32);
    const lines = await linesOf("/admin/audit?format=jsonl");
    expect(lines.length).toBeGreaterThan(6);
    for (const { hash, ...event } of lines) {
      last = eventHash(last, event as Parameters<typeof eventHash>[1]);
      expect(hash).toBe(last.toHex());
    }
  });
});

describe("reads by service tokens", () => {
  const fetchFrom = (token: string, address: string) =>
    app.request("/api/secrets", { headers: { ...bearer(token), "X-Test-Address": address } });

  test("are summed up over the days of the filter, with where the last came from", async () => {
    const token = await admin.createToken(api, "prod", "read", { name: "worker" });
    await fetchFrom(token, "203.0.113.1");
    await fetchFrom(token, "203.0.113.1");
    app.clock.advance(3 * day);
    await fetchFrom(token, "2001:db8::7");
    await app.usage.flush();
    await admin.post("/admin/sign-in", { password: "open sesame" });
    const row = async (path: string) => {
      const html = /worker<p.*?<\/tr>/.exec(await textOf(path))?.[0] ?? "";
      return html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
    };
    const all = await row(`/admin/projects/${shop.id}/audit`);
    expect(all).toContain(" 3 1 Jan 2026 to 4 Jan 2026 4 Jan 2026, 00:00 UTC from 2001:db8::7");
    expect(await row("/admin/audit?to=2026-01-03")).toContain(
      " 2 1 Jan 2026 1 Jan 2026, 00:00 UTC from 203.0.113.1",
    );
    expect(await row("/admin/audit?environment=prod&from=2026-01-04")).toContain(" 1 4 Jan 2026 ");
    for (const query of [
      "environment=dev",
      "from=2026-01-05",
      "action=secret.set",
      "actor=session:x",
      `project=${shop.id}&scope=alone`,
    ])
      expect([query, await row(`/admin/audit?${query}`)]).toEqual([query, ""]);
    const [line] = await linesOf("/admin/audit?format=jsonl&what=reads");
    expect(await row(`/admin/audit?actor=service-token:${line?.token}`)).toContain(" 3 ");
  });

  test("are exported by token and day", async () => {
    const tokens = [
      await admin.createToken(api, "prod", "read", { name: "=worker" }),
      await admin.createToken(shop.id, "dev"),
    ];
    for (const token of tokens) await fetchMap(app, token);
    app.clock.advance(day);
    for (const token of tokens) await fetchFrom(token, "203.0.113.4");
    await app.usage.flush();
    await admin.post("/admin/sign-in", { password: "open sesame" });
    const lines = await linesOf("/admin/audit?format=jsonl&what=reads");
    expect(
      lines.map(({ name, projectName, environment, day, reads }) => [
        name,
        projectName,
        environment,
        day,
        reads,
      ]),
    ).toEqual([
      ["=worker", "api", "prod", "2026-01-01", 1],
      ["=worker", "api", "prod", "2026-01-02", 1],
      ["test", "shop", "dev", "2026-01-01", 1],
      ["test", "shop", "dev", "2026-01-02", 1],
    ]);
    const csv = (await textOf(`/admin/projects/${api}/audit?format=csv&what=reads&from=2026-01-02`)).split(
      "\r\n",
    );
    expect(csv[0]).toBe("token,name,projectId,projectName,environment,day,reads,lastReadAt,lastAddress");
    expect(csv[1]).toMatch(
      /^[0-9A-Za-z]{12},'=worker,\d+,api,prod,2026-01-02,1,2026-01-02T00:00:00.000Z,203\.0\.113\.4$/,
    );
    expect(csv).toHaveLength(3);
  });
});
