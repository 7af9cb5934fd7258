/** Argon2id costs memory and a thread: however many passphrases are sent at once, apps get their secrets. */

import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { stretching } from "../../src/cryptography/master-key.ts";
import { bearer, origin } from "../harness.ts";
import { startServer, temporaryFolder } from "../server-process.ts";
import {
  browserAt,
  type Door,
  doors,
  from,
  type Guarded,
  knock,
  openGuarded,
  passphrase,
  password,
} from "./doors.ts";

// Sixteen are stretched one after the other, which takes a slow machine a minute.
setDefaultTimeout(600_000);

const [, unseal] = doors as [Door, Door];

describe("forty passphrases at once", () => {
  let guarded: Guarded;
  afterEach(() => guarded.app.close());

  test("are tried one at a time; those that find the line full are told when to come back", async () => {
    guarded = await openGuarded();
    const key = "not the passphrase";
    // One that runs until sixteen wait and all others were refused, however slowly they come.
    const { promise: isFull, resolve: end } = Promise.withResolvers<void>();
    const running = stretching.run(() => isFull);
    let refused = 0;
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const answer = await knock(guarded, unseal, { address: `198.51.100.${i}`, key });
        if (answer.status === 503) refused += 1;
        if (refused === 24) end();
        return answer;
      }),
    );
    await running;
    const statuses = Map.groupBy(answers, ({ status }) => status);
    expect(stretching.mostAtOnce).toBe(1);
    expect(stretching.waiting).toBe(0);
    expect(statuses.get(422)).toHaveLength(16);
    expect([...statuses.keys()].sort()).toEqual([422, 503]);
    for (const full of statuses.get(503) ?? []) {
      expect(full.headers.get("Retry-After")).toBe("5");
      expect(await full.text()).toContain("Too many passphrases are being tried just now.");
    }
    // What was not tried is no failure, and the right one is taken as ever.
    const again = await knock(guarded, unseal, { address: "198.51.100.39", key: passphrase });
    expect(again.status).toBe(303);
  });

  test("stop no fetch of a running server", async () => {
    using folder = temporaryFolder();
    await using server = await startServer(folder.path, {
      ADMIN_PASSWORD: password,
      CLIENT_IP_HEADER: "x-real-ip",
    });
    const admin = browserAt(server, "192.0.2.1");
    await admin.post("/admin/sign-in", { password });
    const { id } = await admin.createRoot("shop", passphrase);
    await admin.save(id, "prod", { A: "b" });
    const token = await admin.createToken(id, "prod");
    let isOver = false;
    const flood = Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const headers = { Origin: origin, Cookie: admin.cookie, ...from(`198.51.100.${i}`) };
        const body = new URLSearchParams({ masterKey: "not the passphrase" });
        const response = await server.request(unseal.path(id), { method: "POST", body, headers });
        return response.status;
      }),
    ).finally(() => {
      isOver = true;
    });
    const times: number[] = [];
    while (!isOver) {
      const began = performance.now();
      const response = await server.request("/api/secrets?format=map", { headers: bearer(token) });
      expect([response.status, await response.json()]).toEqual([200, { A: "b" }]);
      times.push(performance.now() - began);
    }
    // Whether the line gets full depends on how fast they come.
    const statuses = await flood;
    expect(statuses).toContain(422);
    expect(statuses.filter((status) => status !== 422 && status !== 503)).toEqual([]);
    expect(times.length).toBeGreaterThan(20);
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.floor((times.length - 1) * share)]?.toFixed(1);
    process.stdout.write(
      `${times.length} fetches during 40 unseals: median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms\n`,
    );
  });
});
