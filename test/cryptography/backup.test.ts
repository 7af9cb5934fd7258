import { describe, expect, test } from "bun:test";
import { importAeadKey, open } from "../../src/cryptography/aead.ts";
import { toText } from "../../src/cryptography/bytes.ts";
import { deriveEnvironmentKeys, type EnvironmentKeys } from "../../src/cryptography/environment-key.ts";
import { deriveWrappingKey, parseMasterKey } from "../../src/cryptography/master-key.ts";
import { openWithServiceToken, parseServiceToken } from "../../src/cryptography/service-token.ts";
import vectors from "../vectors/backup.json";
import { hex } from "./known.ts";

/** The recipe of SECURITY.md, step by step, on rows that another implementation wrote. */

const place = { project: 3, environment: "prod", generation: 1 } as const;
const { viewRow, secretVersionRow, serviceTokenRow, opened } = vectors;
const bodyContext = { purpose: "view-body", ...place, version: viewRow.revision } as const;

async function openTree(): Promise<EnvironmentKeys> {
  const { salt, sealedRootKey } = vectors.rootKeyRow;
  const derivation = { kdf: "hkdf-sha256", salt: hex(salt) } as const;
  const wrapping = await deriveWrappingKey(parseMasterKey(vectors.masterKey), derivation, 1);
  const rootContext = { purpose: "root-key", project: 1, generation: 1 } as const;
  let above = await importAeadKey(await open(wrapping, hex(sealedRootKey), rootContext));
  let keys: EnvironmentKeys | undefined;
  for (const { projectId, sealedEnvironmentKey } of vectors.environmentKeyRows) {
    const context = { purpose: "environment-key", ...place, project: projectId } as const;
    keys = await deriveEnvironmentKeys(await open(above, hex(sealedEnvironmentKey), context));
    above = keys.childKey;
  }
  if (!keys) throw new Error("no environment key");
  return keys;
}

describe("a backup that another implementation wrote", () => {
  test("opens with the master key: the value, the view's source and its body", async () => {
    const { valueKey, viewKey } = await openTree();
    const { name, version, sealedValue } = secretVersionRow;
    const valueContext = { purpose: "secret-value", ...place, name, version } as const;
    expect(toText(await open(valueKey, hex(sealedValue), valueContext))).toBe(opened.value);
    const sourceContext = { purpose: "view-source", ...place, version: viewRow.revision } as const;
    expect(toText(await open(valueKey, hex(viewRow.sealedSource), sourceContext))).toBe(opened.source);
    expect(toText(await open(viewKey, hex(viewRow.sealedBody), bodyContext))).toBe(opened.body);
  });

  test("opens with the service token: the view's body", async () => {
    const token = parseServiceToken(vectors.serviceToken);
    if (!token) throw new Error("the token is none");
    const context = { purpose: "service-token-view-key", ...place, name: serviceTokenRow.publicId } as const;
    const viewKey = await importAeadKey(
      await openWithServiceToken(token, hex(serviceTokenRow.sealedKey), context),
    );
    expect(toText(await open(viewKey, hex(viewRow.sealedBody), bodyContext))).toBe(opened.body);
  });
});
