/** Two machines behind a proxy that does with requests what Fly's does: one database, sessions on one machine each. */

import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import type { Browser, Page } from "playwright-core";
import { type FlyProxy, startFlyProxy } from "../fly-proxy.ts";
import { bearer } from "../harness.ts";
import { type ServerProcess, startServer, temporaryFolder } from "../server-process.ts";
import { hasChromium, launchChromium, stepTimeout } from "./harness.ts";
import { createRootByForm, passphrase, secretsPath, sees } from "./steps.ts";

const password = "the admin's password";
const names = ["machine-a", "machine-b"] as const;
type Name = (typeof names)[number];

const gone = "The machine that held your session does not answer: it was stopped or replaced.";
const ended = "Your session is over, or the server that held it was restarted.";
const what = "What you had unsealed was in its memory only. Sign in again, and unseal again what you need.";

/** Milliseconds, on a machine that is busy. */
const testTimeout = 240_000;

const isSkipped = !hasChromium && !process.env.CI;
if (isSkipped) process.stderr.write("two machines: skipped, there is no Chromium\n");

describe.skipIf(isSkipped)("two machines behind Fly's proxy", () => {
  setDefaultTimeout(testTimeout);

  let folder: ReturnType<typeof temporaryFolder>;
  let proxy: FlyProxy;
  let browser: Browser;
  const running = new Map<Name, ServerProcess>();
  /** What each machine has logged, once it has stopped. */
  const logs: string[] = [];

  async function startMachine(name: Name): Promise<void> {
    const server = await startServer(folder.path, {
      FLY_MACHINE_ID: name,
      ADMIN_PASSWORD: password,
      PUBLIC_ORIGIN: proxy.url,
      CLIENT_IP_HEADER: "fly-client-ip",
      LOG_LEVEL: "trace",
    });
    running.set(name, server);
    proxy.machines.set(name, server.url);
  }

  async function stopMachine(name: Name): Promise<void> {
    const server = running.get(name);
    running.delete(name);
    if (server) logs.push((await server.stop()).stderr);
  }

  beforeAll(async () => {
    browser = await launchChromium();
  }, testTimeout);
  afterAll(() => browser?.close(), testTimeout);
  beforeEach(async () => {
    folder = temporaryFolder();
    proxy = startFlyProxy();
    // One after the other: the first one makes the database.
    for (const name of names) await startMachine(name);
  }, testTimeout);
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    for (const name of names) await stopMachine(name);
    await proxy?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
    logs.length = 0;
  }, testTimeout);

  async function openPage(): Promise<Page> {
    const context = await browser.newContext({ baseURL: proxy.url, ignoreHTTPSErrors: true });
    context.setDefaultTimeout(stepTimeout);
    return context.newPage();
  }

  const sessionCookie = async (page: Page) =>
    (await page.context().cookies()).find(({ name }) => name === "__Host-secretsfly_session")?.value;

  /** The machine that the page's session is on. */
  async function machineOf(page: Page): Promise<Name> {
    const [machine, secret] = ((await sessionCookie(page)) ?? "").split(".");
    expect(names.some((name) => name === machine)).toBe(true);
    expect(secret).toMatch(/^[\w-]{43}$/);
    return machine as Name;
  }

  const other = (name: Name): Name => (name === names[0] ? names[1] : names[0]);

  /** Signs in, on whichever machine the form arrives at, or on a certain one. */
  async function signIn(page: Page, on?: Name): Promise<Name> {
    if (!page.url().endsWith("/admin/sign-in")) await page.goto("/admin/sign-in");
    await page.getByLabel("Admin password").fill(password);
    if (on) proxy.leadNextForm("/admin/sign-in", on);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(`${proxy.url}/admin/projects`);
    const machine = await machineOf(page);
    if (on) expect(machine).toBe(on);
    return machine;
  }

  async function unseal(page: Page): Promise<void> {
    await page.getByLabel(/^Master key of/).fill(passphrase);
    await page.getByRole("button", { name: "Unseal" }).click();
    await page.locator("header .countdown").waitFor();
  }

  async function save(page: Page, id: number, name: string, value: string): Promise<void> {
    await page.goto(secretsPath(id));
    const form = page.locator("#add-secrets");
    await form.locator("[name=name]").first().fill(name);
    await form.locator("[name=value]").first().fill(value);
    await form.locator("button[type=submit]").last().click();
    await page.locator(".secret-name", { hasText: name }).waitFor();
  }

  const reveal = (page: Page, id: number) => page.goto(`${secretsPath(id)}?decrypt=true`);

  test("a session works wherever its requests arrive, and what it unseals is unsealed for nobody else", async () => {
    const page = await openPage();
    const home = await signIn(page);
    const id = await createRootByForm(page, "shop");
    await page.getByRole("button", { name: "Seal now" }).click();
    await sees(page, "shop is sealed.");
    await unseal(page);
    for (const [name, value] of [
      ["DB_PASSWORD", "hunter2"],
      ["API_KEY", "swordfish"],
      ["SALT", "pepper"],
    ] as const)
      await save(page, id, name, value);
    for (let i = 0; i < 4; i++) {
      await reveal(page, id);
      for (const value of ["hunter2", "swordfish", "pepper"]) await sees(page, value);
    }

    // Each page and form was answered by the session's machine, and about half of them had arrived at the other.
    const ofSession = proxy.passed.filter(({ path }) => /^\/admin\/projects/.test(path));
    expect(ofSession.map(({ answeredBy }) => answeredBy)).toEqual(ofSession.map(() => home));
    const detours = ofSession.filter(({ asked }) => asked[0] === other(home));
    expect(detours.map(({ asked }) => asked)).toEqual(detours.map(() => [other(home), home]));
    expect(new Set(detours.map(({ method }) => method))).toEqual(new Set(["GET", "POST"]));

    const neighbour = await openPage();
    await signIn(neighbour, other(home));
    await reveal(neighbour, id);
    await sees(neighbour, "This project is sealed. Unseal it with its master key to go on.");
    expect(await neighbour.content()).not.toContain("hunter2");
    await unseal(neighbour);
    await page.goto(`/admin/projects/${id}`);
    await page.getByRole("button", { name: "Seal now" }).click();
    await sees(page, "shop is sealed.");
    await reveal(neighbour, id);
    await sees(neighbour, "hunter2");

    const cookies = [await sessionCookie(page), await sessionCookie(neighbour)];
    for (const name of names) await stopMachine(name);
    expect(logs.length).toBe(2);
    for (const log of logs) {
      expect(log).toContain('"status":409');
      expect(log).toContain('"address":"198.51.100.7"');
      for (const cookie of cookies) expect(log).not.toContain(cookie?.split(".")[1] ?? "machine-");
      for (const word of ["hunter2", passphrase, password]) expect(log).not.toContain(word);
    }
  });

  test("when its machine stops one signs in again on another, is told why, and apps notice nothing", async () => {
    const page = await openPage();
    const home = await signIn(page);
    const id = await createRootByForm(page, "shop");
    await save(page, id, "DB_PASSWORD", "hunter2");
    await page.goto(`/admin/projects/${id}/service-tokens`);
    await page.getByLabel("Name").first().fill("app");
    await page.getByRole("button", { name: "Create service token" }).click();
    const token = (await page.locator("#service-token").textContent()) ?? "";
    await page.goto(secretsPath(id));

    await stopMachine(home);
    const fetched = await fetch(`${proxy.url}/api/secrets?format=map`, {
      headers: bearer(token),
      tls: { rejectUnauthorized: false },
    });
    expect(await fetched.json()).toEqual({ DB_PASSWORD: "hunter2" });

    // A form on a page that was open: nothing of it was saved, and it says so.
    const form = page.locator("#add-secrets");
    await form.locator("[name=name]").first().fill("LATE");
    await form.locator("[name=value]").first().fill("too late");
    await form.locator("button[type=submit]").last().click();
    await page.waitForURL(`${proxy.url}/admin/sign-in`);
    await sees(page, `Nothing was saved. ${gone} ${what}`);
    expect(await sessionCookie(page)).toBeUndefined();

    expect(await signIn(page)).toBe(other(home));
    await page.goto(`/admin/projects/${id}`);
    await unseal(page);
    await reveal(page, id);
    await sees(page, "hunter2");
    expect(await page.content()).not.toContain("LATE");
  });

  test("a page that is asked for after its machine has stopped says so once; one that was restarted, too", async () => {
    const page = await openPage();
    const home = await signIn(page);
    await stopMachine(home);
    await page.goto("/admin/projects");
    expect(page.url()).toBe(`${proxy.url}/admin/sign-in`);
    await sees(page, `${gone} ${what}`);
    await page.reload();
    await sees(page, "Admin password");
    expect(await page.getByText("your session").count()).toBe(0);

    await startMachine(home);
    await signIn(page, home);
    await stopMachine(home);
    await startMachine(home);
    await page.goto("/admin/projects");
    expect(page.url()).toBe(`${proxy.url}/admin/sign-in`);
    await sees(page, `${ended} ${what}`);
    await signIn(page);
    await sees(page, "No projects yet");
  });

  test("a form of more than a megabyte that arrives elsewhere is told to come again, and saves nothing", async () => {
    const page = await openPage();
    const home = await signIn(page);
    const id = await createRootByForm(page, "shop");
    const send = () =>
      page.request.post(secretsPath(id), {
        form: { name: "LARGE", value: "x".repeat(1_010_000) },
        headers: { Origin: proxy.url },
        maxRedirects: 0,
      });
    proxy.leadNextForm(secretsPath(id), home);
    expect((await send()).status()).toBe(303);
    proxy.leadNextForm(secretsPath(id), other(home));
    const refused = await send();
    expect(refused.status()).toBe(413);
    expect(await refused.text()).toContain("a form of more than 1 MB is not passed on");
    expect(proxy.passed.at(-1)).toMatchObject({ asked: [other(home)], answeredBy: other(home) });
  });
});
