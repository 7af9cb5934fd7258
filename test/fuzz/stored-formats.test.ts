/**
 * What is stored: with any one bit turned, cut anywhere, longer, or put together anew, it is refused. Nothing of it has
 * two spellings.
 */

import { describe, expect, test } from "bun:test";
import { openFallback, sealFallback } from "../../src/cli/fallback-file.ts";
import {
  type Context,
  importAeadKey,
  OpenError,
  open,
  type Purpose,
  seal,
} from "../../src/cryptography/aead.ts";
import { systemRandom, toBytes } from "../../src/cryptography/bytes.ts";
import {
  deriveWrappingKey,
  generateMasterKey,
  newKeyDerivation,
  parseMasterKey,
} from "../../src/cryptography/master-key.ts";
import {
  generateServiceToken,
  openWithServiceToken,
  sealFormatOf,
  sealTargetOf,
  sealToServiceToken,
  verifierHash,
} from "../../src/cryptography/service-token.ts";
import { mutationsOf } from "./mutations.ts";

/** All purposes: a new one fails the compiler here. */
const purposes: Record<Purpose, number> = {
  "root-key": 32,
  "environment-key": 32,
  "secret-value": 5,
  "secret-note": 1,
  "view-source": 27,
  "view-body": 14,
  "service-token-view-key": 32,
  "service-token-environment-key": 32,
  "service-token-read-public-key": 96,
  "service-token-write-public-key": 96,
};

const contextOf = (purpose: Purpose): Context => ({
  purpose,
  project: 7,
  environment: "dev",
  name: "A",
  version: 3,
  generation: 2,
});

/** Every context that is another than this by one field, or by the border between two. */
function contextsBeside(context: Context): Context[] {
  const { project, environment = "", name = "", version = 0, generation } = context;
  const others = (Object.keys(purposes) as Purpose[]).filter((purpose) => purpose !== context.purpose);
  return [
    ...others.map((purpose) => ({ ...context, purpose })),
    ...[project + 1, project * 10, 0, -project].map((other) => ({ ...context, project: other })),
    ...["dev2", "Dev", "de", "dev ", "", `${environment}|${name}`].map((other) => ({
      ...context,
      environment: other,
    })),
    ...["a", "AA", "", "А", `${name}|${version}`].map((other) => ({ ...context, name: other })),
    ...[version + 1, version - 1, version * 10].map((other) => ({ ...context, version: other })),
    ...[generation + 1, generation - 1, generation * 10].map((other) => ({ ...context, generation: other })),
    { purpose: context.purpose, project, environment, generation },
    { purpose: context.purpose, project, name, generation },
  ];
}

describe.each(Object.entries(purposes) as [Purpose, number][])("sealed as %s", (purpose, length) => {
  const context = contextOf(purpose);

  test("it is refused with any bit turned, cut, or longer, and in any place beside its own", async () => {
    const key = await importAeadKey(systemRandom(32));
    const sealed = await seal(key, systemRandom(length), context, systemRandom);
    expect((await open(key, sealed, context)).length).toBe(length);
    for (const { how, changed } of mutationsOf(sealed)) {
      expect([how, await refusal(open(key, changed, context))]).toEqual([how, "refused"]);
    }
    for (const other of contextsBeside(context))
      expect([other, await refusal(open(key, sealed, other))]).toEqual([other, "refused"]);
    for (const { changed } of mutationsOf(systemRandom(32)))
      if (changed.length === 32)
        expect(await refusal(open(await importAeadKey(changed), sealed, context))).toBe("refused");
  });
});

/** `refused` for an OpenError, which names its place; `opens` for anything else that does not throw. */
async function refusal(opening: Promise<unknown>): Promise<"refused" | "opens"> {
  try {
    await opening;
    return "opens";
  } catch (error) {
    expect(error).toBeInstanceOf(OpenError);
    return "refused";
  }
}

describe("what is sealed to a service token", () => {
  const token = generateServiceToken(systemRandom);
  const context = contextOf("service-token-view-key");

  test("is refused with any bit turned, cut, or longer, and in any place beside its own", async () => {
    const sealed = await sealToServiceToken(await sealTargetOf(token), systemRandom(32), context);
    expect((await openWithServiceToken(token, sealed, context)).length).toBe(32);
    for (const { how, changed } of mutationsOf(sealed)) {
      for (const format of ["authenticated", "former"] as const) {
        const opening = openWithServiceToken(token, changed, context, format);
        expect([how, await refusal(opening)]).toEqual([how, "refused"]);
      }
    }
    for (const other of contextsBeside(context)) {
      const opening = openWithServiceToken(token, sealed, other);
      expect([other, await refusal(opening)]).toEqual([other, "refused"]);
    }
  });

  test("is refused by every other token, by one bit or one character", async () => {
    const sealed = await sealToServiceToken(await sealTargetOf(token), systemRandom(32), context);
    const others = [
      ...[...mutationsOf(token.secret)].map(({ changed }) => ({ ...token, secret: changed })),
      { ...token, id: `${token.id}0` },
      { ...token, id: token.id.slice(1) },
      { ...token, id: token.id.toLowerCase() === token.id ? token.id.toUpperCase() : token.id.toLowerCase() },
    ].filter(({ id, secret }) => secret.toHex() !== token.secret.toHex() || id !== token.id);
    for (const other of others)
      expect(await refusal(openWithServiceToken(other, sealed, context))).toBe("refused");
  });

  test("its verifier's hash fits with no bit turned, and not by its beginning", () => {
    const hash = verifierHash(token);
    expect(sealFormatOf(token, hash, hash)).toBe("authenticated");
    for (const { how, changed } of mutationsOf(hash)) {
      expect([how, sealFormatOf(token, hash, changed)]).toEqual([how, undefined]);
    }
  });
});

test("a root key is refused with any bit of its derivation turned", async () => {
  const masterKey = parseMasterKey(generateMasterKey(systemRandom));
  const derivation = newKeyDerivation(masterKey, systemRandom);
  const context: Context = { purpose: "root-key", project: 7, generation: 1 };
  const sealed = await seal(
    await deriveWrappingKey(masterKey, derivation, 7),
    systemRandom(32),
    context,
    systemRandom,
  );
  for (const { how, changed } of mutationsOf(derivation.salt)) {
    const wrapping = deriveWrappingKey(masterKey, { ...derivation, salt: changed }, 7);
    if (changed.length === 16)
      expect([how, await refusal(open(await wrapping, sealed, context))]).toEqual([how, "refused"]);
    else
      expect([how, await wrapping.catch((error: Error) => error.name)]).toEqual([how, "KeyDerivationError"]);
  }
  for (const project of [6, 8, 70, 0]) {
    const key = await deriveWrappingKey(masterKey, derivation, project);
    expect(await refusal(open(key, sealed, context))).toBe("refused");
  }
});

test("a fallback file is refused with any bit turned, cut, or longer", async () => {
  const owner = { apiBaseUrl: "https://secrets.example.com/api", token: "sfly_a_b_c" };
  const content = { fetchedAt: 1, secrets: [{ id: 1, name: "A", value: "é" }] };
  const sealed = new Uint8Array(await sealFallback(content, owner, systemRandom(12)));
  expect(await openFallback(sealed, owner)).toEqual(content);
  for (const { how, changed } of mutationsOf(sealed)) {
    expect([how, await openFallback(changed, owner)]).toEqual([how, undefined]);
  }
  for (const { changed } of mutationsOf(toBytes(owner.apiBaseUrl))) {
    const apiBaseUrl = Buffer.from(changed).toString("latin1");
    if (apiBaseUrl !== owner.apiBaseUrl)
      expect(await openFallback(sealed, { ...owner, apiBaseUrl })).toBeUndefined();
  }
});
