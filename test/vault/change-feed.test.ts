import { afterEach, beforeEach, expect, test } from "bun:test";
import { foreignWrites } from "../../src/database/foreign-writes.ts";
import { ChangeFeed, type Listener } from "../../src/vault/change-feed.ts";
import { authenticate, type TokenAccess } from "../../src/vault/token-access.ts";
import { createTestApp, type TestApp } from "../harness.ts";
import { put } from "./inspect.ts";

let app: TestApp;
let token: string;
let access: TokenAccess;

beforeEach(async () => {
  app = await createTestApp();
  const admin = app.browser();
  const { id } = await admin.createRoot("shop");
  token = await admin.createToken(id, "prod", "write");
  access = await authenticate(app.vault, token, { address: "", requestId: "" });
});
afterEach(() => app.close());

const deaf: Listener = { onRevision: () => {}, onPing: () => {}, onEnd: () => {} };

/** A feed that nobody tells of writes, not even this process. */
const feedOfServer = () =>
  new ChangeFeed(
    app.db,
    () => app.clock.now,
    foreignWrites(undefined, app.db.$client),
    () => {},
  );

test("of a database on a server the feed looks every two seconds, while somebody listens", async () => {
  const feed = feedOfServer();
  const heard: string[] = [];
  const stop = feed.listen(access, { ...deaf, onRevision: (revision) => heard.push(revision) });
  // Whoever comes is looked for at once: that look has begun by then, and is over before anything is written.
  await Bun.sleep(20);
  await feed.tick();
  await put(app, token, "A", "1");
  app.clock.advance(1999);
  await feed.tick();
  expect(heard).toEqual([]);
  app.clock.advance(1);
  await feed.tick();
  expect(heard).toHaveLength(1);
  stop();
  await put(app, token, "A", "2");
  app.clock.advance(2000);
  await feed.tick();
  expect(heard).toHaveLength(1);
});

test("ten thousand may listen in all", () => {
  const listen = (i: number) => {
    const its = { ...access.token, publicId: `token ${i}` };
    return app.changes.listen({ token: its, view: access.view }, deaf);
  };
  const stops = Array.from({ length: 10_000 }, (_, i) => listen(i));
  expect(() => listen(10_000)).toThrow("Too many listen to changes already");
  stops[0]?.();
  stops[0]?.();
  listen(10_000);
  expect(app.changes.size).toBe(10_000);
});

test("what was written between a listener's read and its coming is told to it", async () => {
  await put(app, token, "A", "1");
  const { promise, resolve } = Promise.withResolvers<string>();
  const stop = feedOfServer().listen(access, { ...deaf, onRevision: resolve });
  const now = await authenticate(app.vault, token, { address: "", requestId: "" });
  expect(await promise).toBe(now.view.bodyId);
  stop();
});
