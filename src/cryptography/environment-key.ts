import { type AeadKey, importAeadKey } from "./aead.ts";
import { type Bytes, wipe } from "./bytes.ts";
import { hkdf } from "./hash.ts";

/**
 * What one project × environment seals with. All three are derived from its environment key, so who
 * holds that holds these; who holds only the view key (a read token) can open the view that apps get,
 * and neither past versions, overridden values nor child projects.
 */
export interface EnvironmentKeys {
  /** Seals versions, notes and the view's source. */
  valueKey: AeadKey;
  /** Seals the view's body. */
  viewKey: AeadKey;
  /** Wraps the environment keys of the child projects. */
  childKey: AeadKey;
}

const noSalt: Bytes = new Uint8Array(0);

/** The raw view key (32 bytes) of an environment key, to be sealed to a read token; the caller wipes it. */
export function deriveViewKey(environmentKey: Bytes): Bytes {
  return hkdf(environmentKey, noSalt, "secretsfly/v1/environment-key/view");
}

/** All keys of an environment key (32 bytes, HKDF-SHA256, one `info` each). The raw bytes are overwritten. */
export async function deriveEnvironmentKeys(environmentKey: Bytes): Promise<EnvironmentKeys> {
  try {
    const [valueKey, viewKey, childKey] = await Promise.all([
      importAeadKey(hkdf(environmentKey, noSalt, "secretsfly/v1/environment-key/value")),
      importAeadKey(deriveViewKey(environmentKey)),
      importAeadKey(hkdf(environmentKey, noSalt, "secretsfly/v1/environment-key/child")),
    ]);
    return { valueKey, viewKey, childKey };
  } finally {
    wipe(environmentKey);
  }
}
