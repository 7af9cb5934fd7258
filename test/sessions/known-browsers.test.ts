/** The cookie that tells whoever has succeeded before from whoever guesses. */

import { describe, expect, test } from "bun:test";
import { systemRandom } from "../../src/cryptography/bytes.ts";
import { KnownBrowsers, knownFor } from "../../src/sessions/known-browsers.ts";

let now = Date.UTC(2026, 0, 1);
const material = systemRandom(40);
const knowing = (what = material) => new KnownBrowsers(() => now, systemRandom, what);
const browsers = knowing();

describe("a browser", () => {
  test("is known for what it has succeeded with, by one name, and for nothing else", () => {
    const first = browsers.remember(undefined, "sign-in");
    const name = browsers.find(first, "sign-in");
    expect(name).toMatch(/^[\w-]{16}$/);
    expect(browsers.find(first, "7")).toBeUndefined();
    const second = browsers.remember(first, "7");
    expect([browsers.find(second, "sign-in"), browsers.find(second, "7")]).toEqual([name, name]);
    expect(browsers.find(second, "toString")).toBeUndefined();
  });

  test("has a name of its own", () => {
    const names = Array.from({ length: 50 }, () => browsers.find(browsers.remember(undefined, "1"), "1"));
    expect(new Set(names).size).toBe(50);
  });

  test("is known to the next process, too, and to none with another password or database", () => {
    const cookie = browsers.remember(undefined, "sign-in");
    expect(knowing().find(cookie, "sign-in")).toBe(browsers.find(cookie, "sign-in"));
    expect(knowing(systemRandom(40)).find(cookie, "sign-in")).toBeUndefined();
  });

  test("is a stranger again after 30 days without a success, for each thing by itself", () => {
    const signedIn = browsers.remember(undefined, "sign-in");
    now += knownFor / 2;
    const unsealed = browsers.remember(signedIn, "7");
    now += knownFor / 2 - 1;
    expect([unsealed, signedIn].map((cookie) => browsers.find(cookie, "sign-in"))).not.toContain(undefined);
    now += 1;
    expect(browsers.find(unsealed, "sign-in")).toBeUndefined();
    expect(browsers.find(unsealed, "7")).toBeString();
  });

  test("has a cookie that fits whatever it has succeeded with", () => {
    let cookie: string | undefined;
    for (let i = 0; i < 300; i++) cookie = browsers.remember(cookie, String(999_999_000 + i));
    expect(cookie?.length).toBeLessThan(3000);
    expect(browsers.find(cookie, "999999299")).toBeString();
  });
});

test("its cookie is what SECURITY.md says, byte by byte", () => {
  const blinding = Uint8Array.from({ length: 32 }, (_, i) => i);
  const fixed = new KnownBrowsers(
    () => Date.UTC(2026, 0, 1),
    (length) => new Uint8Array(length).fill(7),
    Uint8Array.from([...blinding, ...new TextEncoder().encode("passwört")]),
  );
  const said = '{"id":"BwcHBwcHBwcHBwcH","until":{"sign-in":1769817600000}}';
  // From Python: hmac, hashlib and base64 alone.
  const code = "t5I1CkTvkxGHlOoK8J8hTaCphsI43evSJycpAyUWkF0";
  expect(fixed.remember(undefined, "sign-in")).toBe(`${Buffer.from(said).toString("base64url")}.${code}`);
});

describe("a cookie that we have not given", () => {
  const given = browsers.remember(undefined, "sign-in");
  const [text = "", code = ""] = given.split(".");
  const richer = Buffer.from(Buffer.from(text, "base64url").toString().replace("sign-in", "1")).toString(
    "base64url",
  );
  const forged = [
    "",
    ".",
    "x",
    text,
    `.${code}`,
    `${text}.`,
    `${text}.${code.slice(0, -1)}`,
    `${text}.${"A".repeat(43)}`,
    `${richer}.${code}`,
    `${code}.${text}`,
    `${text}..${code}`,
    "é.ü",
    "A".repeat(100_000),
  ];
  for (const cookie of forged) {
    test(`is nobody's, and is replaced: ${JSON.stringify(cookie.slice(0, 30))}`, () => {
      expect([browsers.find(cookie, "sign-in"), browsers.find(cookie, "1")]).toEqual([undefined, undefined]);
      const replaced = browsers.remember(cookie, "2");
      expect(browsers.find(replaced, "2")).toBeString();
      expect(browsers.find(replaced, "sign-in")).toBeUndefined();
    });
  }
});
