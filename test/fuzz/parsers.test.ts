/**
 * What is read from people and programs, short texts with one meaning: changed in every way that a hand or a line changes
 * them, each is refused, or means exactly what its one canonical spelling means. Where there are two spellings of one
 * thing, that is meant, and told here.
 */

import { describe, expect, test } from "bun:test";
import { parseDuration } from "../../src/cli/duration.ts";
import { isSecretName } from "../../src/cli/option-values.ts";
import { normaliseApiBaseUrl } from "../../src/client/api-base-url.ts";
import { ConfigError, parseConfig } from "../../src/config.ts";
import { decodeSecret, encodeSecret } from "../../src/cryptography/base62.ts";
import { systemRandom } from "../../src/cryptography/bytes.ts";
import {
  generateMasterKey,
  isSameMasterKey,
  MasterKeyError,
  parseMasterKey,
} from "../../src/cryptography/master-key.ts";
import {
  formatServiceToken,
  generateServiceToken,
  parseServiceToken,
} from "../../src/cryptography/service-token.ts";
import { SecretsflyError } from "../../src/errors.ts";
import { Form } from "../../src/http/admin/form.ts";
import { parseMoment } from "../../src/http/admin/moment.ts";
import { parseEntityTags } from "../../src/http/api/etag.ts";
import { isAllowedIp, parseAllowedIps } from "../../src/vault/addresses.ts";
import { parseHead } from "../../src/vault/audit-head.ts";
import { referencedNames, resolveReferences } from "../../src/vault/references.ts";
import { nameFault } from "../../src/vault/secret-input.ts";
import { textMutationsOf } from "./mutations.ts";

/** A parser, seen from outside: a text → the one spelling of what it means; undefined where it is refused. */
type Canonical = (text: string) => string | undefined;

interface Parser {
  what: string;
  /** Good texts, of which the others are made. */
  texts: readonly string[];
  canonical: Canonical;
  /** Other spellings that mean the same, which is meant: what they look like. Nothing: there is one spelling. */
  spellings?: RegExp;
  /** What else must be true of a spelling and what it is read as. */
  fits?: (text: string, meant: string) => boolean;
}

function unless(error: new (...args: never[]) => Error, read: () => string | undefined): string | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof error) return undefined;
    throw thrown;
  }
}

/** A setting as it is read, in the spelling that one would write down. */
const setting = (name: string, print: (value: never) => string): Canonical => {
  return (text) =>
    unless(ConfigError, () => {
      // One that is empty is the same as none: that is the default's business.
      if (text.trim() === "") return undefined;
      const config = parseConfig({ ADMIN_PASSWORD: "x", [name]: text }) as unknown as Record<string, never>;
      return print(config[name] as never);
    });
};

/** White space around a setting, and around what is typed into a field, is not part of it. */
const surrounded = /^\s|\s$/;

const parsers: readonly Parser[] = [
  {
    what: "a service token",
    texts: [
      formatServiceToken(generateServiceToken(systemRandom)),
      formatServiceToken({ id: "0000000000zz", secret: new Uint8Array(32) }),
    ],
    canonical: (text) => {
      const token = parseServiceToken(text);
      return token && formatServiceToken(token);
    },
  },
  {
    what: "32 bytes in base62",
    texts: [
      encodeSecret(systemRandom(32)),
      encodeSecret(new Uint8Array(32)),
      encodeSecret(new Uint8Array(32).fill(255)),
    ],
    canonical: (text) => {
      const bytes = decodeSecret(text);
      return bytes && encodeSecret(bytes);
    },
  },
  {
    what: "the head of the audit",
    texts: [`17:${"0a".repeat(32)}`, "e".repeat(64), `0:${"f1".repeat(32)}`],
    canonical: (text) => {
      const head = parseHead(text);
      return head && (head.id === undefined ? head.hex : `${head.id}:${head.hex}`);
    },
    // Copied from a log or a page, in capitals by some tools.
    spellings: /^\s*(?:\d+:)?[0-9a-fA-F]{64}\s*$/,
  },
  {
    what: "a duration",
    texts: ["45s", "90m", "24h", "7d", "100d"],
    canonical: (text) => parseDuration(text)?.toString(),
    // Each in its unit: 60s and 1m are as long.
    spellings: /^[1-9]\d*[smhd]$/,
  },
  {
    what: "a moment",
    texts: ["2026-01-31", "2026-02-28T13:45:59Z", "2024-02-29T00:00:00.125Z"],
    canonical: (text) => {
      // As the pages ask it first: what has another shape never gets here.
      if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z)?$/.test(text)) return undefined;
      const at = parseMoment(text);
      return Number.isNaN(at) ? undefined : new Date(at).toISOString();
    },
    // A day is its first moment, 24:00 the next one's; seconds and their fractions may be left out.
    spellings: /^\d{4}-\d\d-\d\d(?:T(?:\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)Z)?$/,
    fits: (text, meant) => meant.startsWith(text.slice(0, 10)) || text.includes("T24:00"),
  },
  {
    what: "a number in a form",
    texts: ["1", "42", "999999999999999"],
    canonical: (text) =>
      unless(SecretsflyError, () => new Form(new URLSearchParams({ n: text })).number("n", "")?.toString()),
    spellings: surrounded,
  },
  {
    what: "the name of a secret",
    texts: ["DATABASE_URL", "_x9", "Kelvin"],
    canonical: (text) => (nameFault(text) === undefined ? text : undefined),
  },
  {
    what: "the name of a secret on the command line",
    texts: ["DATABASE_URL", "_x9"],
    canonical: (text) => (isSecretName(text) ? text : undefined),
  },
  {
    what: "the API's address",
    texts: ["https://secrets.example.com/api", "http://localhost:3000/api", "http://[::1]:3000/vault/api"],
    canonical: (text) => unless(RangeError, () => normaliseApiBaseUrl(text)),
    // An address has many spellings (WHATWG URL), and `/api` may be left out; what is used is the canonical one.
    spellings: /./s,
    fits: (_text, meant) => normaliseApiBaseUrl(meant) === meant,
  },
  ...["ADMIN_MASTER_KEY_EXPIRATION", "ADMIN_SESSION_EXPIRATION", "PORT", "MAX_SECRET_BYTES"].map(
    (name): Parser => ({
      what: `the setting ${name}`,
      texts: ["300", "1", "65535"],
      canonical: setting(name, String),
      spellings: surrounded,
    }),
  ),
  {
    what: "the setting NB_MINUTES_DECRYPTED_BEFORE_REDIRECT",
    texts: ["5", "0.5", "1440", "10.25"],
    canonical: setting("NB_MINUTES_DECRYPTED_BEFORE_REDIRECT", String),
    // A decimal number may end in zeros.
    spellings: /^\s|\s$|\.\d*0$/,
  },
  {
    what: "the setting VERSIONED_SECRET_VALUES",
    texts: ["true", "false", "1", "0", "yes", "no"],
    canonical: setting("VERSIONED_SECRET_VALUES", String),
    spellings: /^\s*(?:1|0|yes|no|true|false)\s*$/,
  },
  {
    what: "the setting AVAILABLE_ENVIRONMENTS",
    texts: ["prod", "dev,prod", "a-1,b_2"],
    canonical: setting("AVAILABLE_ENVIRONMENTS", (names: readonly string[]) => names.join(",")),
    // A list written by hand: blanks around its names, and commas too many.
    spellings: /^(?:\s*[\w-]*\s*,)*\s*[\w-]*\s*$/,
  },
  {
    what: "the setting PUBLIC_ORIGIN",
    texts: ["https://secrets.example.com", "http://localhost:3000"],
    canonical: setting("PUBLIC_ORIGIN", String),
    spellings: surrounded,
  },
  {
    what: "the setting CLIENT_IP_HEADER",
    texts: ["fly-client-ip", "X-Real-IP"],
    canonical: setting("CLIENT_IP_HEADER", String),
    // Headers know no capitals.
    spellings: /[A-Z]|^\s|\s$/,
  },
  {
    what: "the setting LOG_LEVEL",
    texts: ["info", "trace"],
    canonical: setting("LOG_LEVEL", String),
    spellings: surrounded,
  },
];

describe.each(parsers.map((parser) => [parser.what, parser] as const))(
  "%s",
  (_what, { texts, canonical, spellings, fits }) => {
    test("has a canonical spelling, which is read as itself", () => {
      for (const text of texts) {
        const spelled = canonical(text);
        expect([text, spelled]).toEqual([text, expect.any(String)]);
        if (!spellings) expect(spelled).toBe(text);
      }
    });

    test("that was changed is refused, or means what it says", () => {
      let refused = 0;
      for (const { how, changed } of texts.flatMap((text) => [...textMutationsOf(text)])) {
        const meant = canonical(changed);
        refused += meant === undefined ? 1 : 0;
        if (meant === undefined || meant === changed) continue;
        expect([how, changed, spellings?.test(changed) ?? false]).toEqual([how, changed, true]);
        expect([how, changed, fits?.(changed, meant) ?? true]).toEqual([how, changed, true]);
      }
      expect(refused).toBeGreaterThan(texts.length);
    });
  },
);

describe("a master key", () => {
  const generated = generateMasterKey(systemRandom);
  const read = (text: string) => {
    try {
      return parseMasterKey(text);
    } catch (error) {
      if (error instanceof MasterKeyError) return undefined;
      throw error;
    }
  };

  test("that was generated and changed is refused, or is a passphrase: never another generated key, never the same", () => {
    const key = parseMasterKey(generated);
    for (const { how, changed } of textMutationsOf(generated)) {
      const other = read(changed);
      if (!other || changed.trim() === generated) continue;
      expect([how, other.kind, isSameMasterKey(key, other)]).toEqual([how, "passphrase", false]);
    }
  });

  test("that is a passphrase means itself in NFC, and no change of it means the same but that of its keyboard", () => {
    const passphrase = "Crème brûlée, twice a day";
    const key = parseMasterKey(passphrase);
    for (const { how, changed } of textMutationsOf(passphrase)) {
      const other = read(changed);
      const isSpelling = changed.normalize("NFC") === passphrase;
      if (other) expect([how, isSameMasterKey(key, other)]).toEqual([how, isSpelling]);
    }
    expect(isSameMasterKey(key, parseMasterKey(passphrase.normalize("NFD")))).toBe(true);
  });
});

describe("a list of addresses", () => {
  const lists = ["203.0.113.7", "203.0.113.0/24", "2001:db8::1", "2001:db8::/48", "10.0.0.0/8\n192.0.2.1"];
  const probes = [
    "203.0.113.7",
    "203.0.113.9",
    "2001:db8::1",
    "2001:db8:0:1::1",
    "10.9.9.9",
    "192.0.2.1",
    "8.8.8.8",
    "::1",
  ];

  test("that was changed is refused, or is read again as the same, and lets in the same", () => {
    const read = (text: string) => unless(SecretsflyError, () => parseAllowedIps(text));
    for (const { how, changed } of lists.flatMap((list) => [...textMutationsOf(list)])) {
      const stored = read(changed);
      if (stored === undefined) continue;
      expect([how, read(stored)]).toEqual([how, stored]);
      // Only the white space and the commas between them are spelled in more than one way.
      expect([how, stored]).toEqual([
        how,
        changed
          .split(/[\s,]+/)
          .filter(Boolean)
          .join("\n"),
      ]);
      expect(/\/0\d/.test(stored)).toBe(false);
    }
  });

  test("is not met by an address that was changed, unless that is another spelling of the same", () => {
    const same = (a: string, b: string) => new URL(`http://[${a}]`).host === new URL(`http://[${b}]`).host;
    for (const probe of probes.slice(0, 3)) {
      for (const { how, changed } of textMutationsOf(probe)) {
        if (!isAllowedIp(probe, changed)) continue;
        const isSpelling = changed === probe || (probe.includes(":") && same(changed, probe));
        expect([how, changed, isSpelling]).toEqual([how, changed, true]);
      }
    }
  });
});

describe("entity tags", () => {
  const print = (tags: ReturnType<typeof parseEntityTags>) =>
    tags === "*" ? "*" : tags?.map(({ isWeak, text }) => `${isWeak ? "W/" : ""}"${text}"`).join(", ");

  test("that were changed are refused, or are read again as the same", () => {
    const texts = ["*", '"3.dev.json.Ab_9"', 'W/"x", "y"', '"a"'];
    for (const { how, changed } of texts.flatMap((text) => [...textMutationsOf(text)])) {
      const read = parseEntityTags(changed);
      if (read === undefined) continue;
      const printed = print(read) ?? "";
      expect([how, parseEntityTags(printed)]).toEqual([how, read]);
      // Blanks and empty elements between them are allowed (RFC 9110, 5.6.1.2); nothing inside of one is lost.
      const quoted = changed.match(/"[^"]*"/g) ?? ["*"];
      expect([how, printed.match(/"[^"]*"/g) ?? ["*"]]).toEqual([how, quoted]);
    }
  });
});

describe("references", () => {
  const secrets = new Map([
    ["HOST", "db.example"],
    ["OTHER", "x"],
  ]);
  const expand = (value: string) =>
    resolveReferences(new Map([...secrets, ["IT", value]]), 10_000).values.get("IT") ?? "";

  test("that were changed are a reference to what they say, or text that stays as it is", () => {
    for (const { how, changed } of ["${HOST}", "a${HOST}b${OTHER}", "$${HOST}"].flatMap((text) => [
      ...textMutationsOf(text),
    ])) {
      const names = referencedNames(changed);
      for (const name of names) expect([how, changed.includes(`\${${name}}`)]).toEqual([how, true]);
      const isText = names.every((name) => !secrets.has(name)) && !changed.includes("$${");
      if (isText) expect([how, expand(changed)]).toEqual([how, changed]);
      else
        expect([how, names.some((name) => secrets.has(name)) || changed.includes("$${")]).toEqual([
          how,
          true,
        ]);
    }
  });

  test("that are escaped print what was escaped, and nothing that was expanded is expanded again", () => {
    expect(expand("$${HOST}")).toBe("${HOST}");
    expect(expand("$$${HOST}")).toBe("$${HOST}");
    const nested = new Map([
      ["A", "$${B}"],
      ["B", "secret"],
      ["IT", "${A}"],
    ]);
    expect(resolveReferences(nested, 1000).values.get("IT")).toBe("${B}");
  });
});
