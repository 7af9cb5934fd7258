import type { Defence } from "./defence.ts";

const dump = { test: "test/security/memory.test.ts", name: "after the button" };

/** Memory: what was sealed, and what it opened, is gone from it. */
export const memoryDefences: readonly Defence[] = [
  {
    promise: "after sealing, what is free in memory is overwritten",
    file: "src/memory/freed-memory.ts",
    remove: "for (const size of sizes()) await overwrite(size, Math.ceil(count(size) * scale), step);",
    ...dump,
  },
  {
    promise: "after sealing, the buffers of sockets are overwritten",
    file: "src/memory/forgetting.ts",
    remove: "await overwriteSocketBuffers().catch((error: unknown) => ({ error }))",
    instead: "overwriteSocketBuffers && undefined as { error: unknown } | undefined",
    ...dump,
  },
  {
    promise: "random bytes that became keys stay in no store of random bytes",
    file: "src/cryptography/bytes.ts",
    remove: "randomFillSync(new Uint8Array(length))",
    instead: "randomFillSync && crypto.getRandomValues(new Uint8Array(length))",
    ...dump,
  },
  {
    promise: "a session's sign-out, and whatever else drops a key, leads to overwriting",
    file: "src/sessions/keyring.ts",
    remove: "if (this.#roots.delete(rootId)) this.dropped();",
    instead: "this.#roots.delete(rootId);",
    test: "test/sessions/keyring.test.ts",
    name: "told",
  },
  {
    promise: "raw keys are overwritten once they are imported",
    file: "src/cryptography/aead.ts",
    remove: "    return new AeadKey(raw);\n  } finally {\n    wipe(raw);",
    instead: "    return new AeadKey(raw);\n  } finally {\n",
    test: "test/cryptography/aead.test.ts",
    name: "a key that is held",
  },
  {
    promise: "a held key shows and gives nothing of itself",
    file: "src/cryptography/aead.ts",
    remove: "this.#key = createSecretKey(raw);",
    instead: "this.#key = createSecretKey(raw); Object.assign(this, { raw: raw.slice() });",
    test: "test/cryptography/aead.test.ts",
    name: "a key that is held",
  },
  {
    promise: "a form is overwritten when it was read",
    file: "src/http/admin/form.ts",
    remove: "    wipe(body);",
    test: "test/http/admin/form-bytes.test.ts",
  },
  {
    promise: "master key and password of a form are overwritten when its request is over",
    file: "src/http/admin/form.ts",
    remove: "  wipe(...(c.var.formSecrets ?? []));",
    test: "test/http/admin/form-bytes.test.ts",
  },
  {
    promise: "a passphrase that has done its work is overwritten",
    file: "src/cryptography/master-key.ts",
    remove: `wipe(masterKey.kind === "generated" ? masterKey.secret : masterKey.text);`,
    test: "test/cryptography/master-key.test.ts",
    name: "is overwritten",
  },
];
