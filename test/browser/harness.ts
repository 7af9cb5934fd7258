import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, setSystemTime } from "bun:test";
import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { parseConfig } from "../../src/config.ts";
import { createLogger } from "../../src/logger.ts";
import { type RunningServer, start } from "../../src/main.ts";
import { newPlace } from "../place.ts";

/**
 * The Chromium of this machine: the one that `CHROMIUM` names, or where distributions put it. First the one without a
 * window of its own, which nobody sees here: the pages are the same, in two thirds of the time.
 */
const executablePath = [
  process.env.CHROMIUM,
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));

/** Whether there is a Chromium. Tests that need one are skipped without it, and fail where `CI` is set. */
export const hasChromium = executablePath !== undefined;
const noChromium = "there is no Chromium: install one, or set CHROMIUM to where it is";

/**
 * What Chromium leaves out. The list takes the place of playwright's, of which it keeps what matters here: what asks
 * the network by itself, what gets in a page's way.
 */
const leftOut = [
  ...["AimEnabled", "NetworkTimeServiceQuerying", "OptimizationHints", "PreconnectToSearch"],
  ...[
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
  ],
  ...["HttpsUpgrades", "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"],
  // Pages of the browser's own window, that nobody sees here, and a new frame for each navigation: a quarter of the
  // time of a navigation.
  ...["RenderDocument", "WebUIOmniboxAimPopup", "WebUIOmniboxPopup"],
];

/** Nothing that Chromium does on its own behalf, so that every request is a page's, and little that nobody looks at. */
const quiet = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-quic",
  "--disable-gpu-compositing",
  `--disable-features=${leftOut.join()}`,
];

/** Milliseconds that Chromium may take to start, one step of a page, and all steps of a test, on a machine that is busy. */
const launchTimeout = 180_000;
export const stepTimeout = 60_000;
const testTimeout = 240_000;

/** One browser serves all the `describe`s of a file, since starting it takes longer than most tests. */
let shared: Promise<Browser> | undefined;
let describesToCome = 0;

/** Starts Chromium. Throws where there is none. */
export function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error(noChromium);
  return chromium.launch({ executablePath, args: quiet, timeout: launchTimeout });
}

/** Puts something into a database before its server starts. */
export type Fill = (databaseUrl: string) => Promise<void>;

/**
 * Starts the real server in this process on a port of its own, with a database that `stop` deletes, a file or where this
 * run has its databases: empty, or with what `fill` puts into it.
 */
export async function startServer(
  settings: Record<string, string> = {},
  fill: Fill = async () => {},
): Promise<RunningServer> {
  const place = await newPlace();
  await fill(place.url);
  const config = parseConfig({
    PORT: "0",
    DATABASE_URL: place.url,
    AVAILABLE_ENVIRONMENTS: "dev,staging,prod",
    LOG_LEVEL: "silent",
    ...settings,
  });
  const server = await start(config, createLogger(config.LOG_LEVEL));
  return {
    url: server.url,
    async stop() {
      await server.stop();
      place.remove();
    },
  };
}

/** How somebody looks at the pages. */
interface Look {
  javaScript?: boolean;
  width?: number;
  dark?: boolean;
}

/** A server and a browser for the tests of one `describe`. */
export interface Desk {
  /** Where the server is, such as `http://127.0.0.1:40123`. */
  readonly origin: string;
  /** A page in a browser of its own: no cookie, no history. */
  open(look?: Look): Promise<Page>;
  /**
   * Lets time pass until the end of the test: for the server, and for the script of a page whose clock was installed
   * before it went anywhere. Nothing that ends by its time ends before a busy machine has looked.
   */
  pass(milliseconds: number, page?: Page): Promise<void>;
}

/**
 * A `describe` whose tests have a real server and a real browser. Without Chromium they are skipped, and
 * fail where `CI` is set. After each test it looks at what the pages complained of: a violation of the
 * policy, an error, or anything loaded from or sent to somewhere else.
 */
export function describeInBrowser(
  name: string,
  settings: Record<string, string>,
  define: (desk: Desk) => void,
  fill?: Fill,
): void {
  const isSkipped = !hasChromium && !process.env.CI;
  if (isSkipped) process.stderr.write(`${name}: skipped, ${noChromium}\n`);

  describe.skipIf(isSkipped)(name, () => {
    setDefaultTimeout(testTimeout);
    describesToCome += 1;
    let server: RunningServer;
    let browser: Browser;
    const complaints: string[] = [];
    const contexts: BrowserContext[] = [];

    beforeAll(async () => {
      shared ??= launchChromium();
      [server, browser] = await Promise.all([startServer(settings, fill), shared]);
    }, testTimeout);
    afterEach(async () => {
      setSystemTime();
      for (const context of contexts.splice(0)) await context.close();
      expect(complaints.splice(0)).toEqual([]);
    }, testTimeout);
    afterAll(async () => {
      await server?.stop();
      describesToCome -= 1;
      if (describesToCome > 0) return;
      shared = undefined;
      await browser?.close();
    }, testTimeout);

    define({
      get origin() {
        return server.url;
      },
      async open({ javaScript = true, width = 1280, dark = false } = {}) {
        const context = await browser.newContext({
          baseURL: server.url,
          javaScriptEnabled: javaScript,
          viewport: { width, height: 900 },
          colorScheme: dark ? "dark" : "light",
        });
        contexts.push(context);
        context.setDefaultTimeout(stepTimeout);
        await watch(context, server.url, complaints);
        if (javaScript) await context.grantPermissions(["clipboard-read", "clipboard-write"]);
        const page = await context.newPage();
        // What the script asks before it deletes is answered as a determined person does.
        page.on("dialog", (dialog) => void dialog.accept());
        return page;
      },
      async pass(milliseconds, page) {
        setSystemTime(Date.now() + milliseconds);
        await page?.clock.fastForward(milliseconds);
      },
    });
  });
}

async function watch(context: BrowserContext, origin: string, complaints: string[]): Promise<void> {
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`a request to ${request.url()}`);
  });
  context.on("weberror", (error) => complaints.push(`an error: ${error.error().message}`));
  context.on("console", (message) => {
    // The status of a refused form is no fault of the page's.
    if (message.type() === "error" && !/the server responded with a status of 4\d\d/.test(message.text()))
      complaints.push(`on the console: ${message.text()}`);
  });
  await context.exposeBinding("complain", (_source, text: string) => complaints.push(text));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      const { complain } = window as unknown as { complain(text: string): void };
      complain(`a violation of ${violatedDirective} by ${blockedURI}`);
    });
  });
}
