import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Hono } from "hono";
import { type Bytes, toBytes, toText } from "../../../src/cryptography/bytes.ts";
import { overwriteForm, readForm } from "../../../src/http/admin/form.ts";
import { takeSecrets } from "../../../src/http/admin/form-bytes.ts";
import type { AppEnv } from "../../../src/http/app-env.ts";

const secretNames = ["masterKey", "currentMasterKey", "newMasterKey", "password"];

/** The secret fields and all others as the platform reads the same form. */
function asThePlatform(form: string) {
  const others = new URLSearchParams(form);
  const secrets = secretNames.flatMap((name) => {
    const value = others.get(name);
    others.delete(name);
    return value === null ? [] : [[name, value]];
  });
  return { secrets: Object.fromEntries(secrets), others: [...others] };
}

function taken(form: string) {
  const { text, secrets } = takeSecrets(toBytes(form));
  return {
    secrets: Object.fromEntries([...secrets].map(([name, value]) => [name, toText(value)])),
    others: [...new URLSearchParams(text)],
  };
}

describe("a form's bytes are taken apart as the platform does it", () => {
  test.each([
    "",
    "&&",
    "masterKey",
    "masterKey=",
    "name=a&masterKey=b",
    "masterKey=a+b%20c%2Bd&masterKey=second",
    "master%4bey=sfmk_x&name=%26",
    "masterKey=a=b=c&x=y=z",
    "masterKey=100%&masterKeys=%zz&currentMasterKey=%4",
    "password=p%C3%A4ss%E2%82%AC&name=%C3%A4&newMasterKey=\u00e4",
    "%E2%82%ACmasterKey=x&=masterKey&masterKey==",
  ])("%p", (form) => {
    expect(taken(form)).toEqual(asThePlatform(form));
  });

  test("whatever the fields are", () => {
    const name = fc.oneof(fc.constantFrom(...secretNames, "name", "value"), fc.string({ unit: "grapheme" }));
    const value = fc.string({ unit: "grapheme" });
    const forms = fc.array(fc.tuple(name, value)).map((fields) => new URLSearchParams(fields).toString());
    fc.assert(fc.property(forms, (form) => expect(taken(form)).toEqual(asThePlatform(form))));
  });
});

test("when the request is over, the form and the secret in it are overwritten", async () => {
  const seen: { secret?: Bytes; body?: Bytes; text?: string } = {};
  const app = new Hono<AppEnv>().use(overwriteForm).post("/", async (c) => {
    const form = await readForm(c);
    seen.secret = form.secret("masterKey");
    seen.text = toText(seen.secret);
    seen.body = new Uint8Array(await c.req.arrayBuffer());
    return c.text(form.text("name"));
  });
  const body = new URLSearchParams({ name: "shop", masterKey: "a long passphrase" });
  const response = await app.request("/", { method: "POST", body });
  expect(await response.text()).toBe("shop");
  expect(seen.text).toBe("a long passphrase");
  expect(seen.secret).toEqual(new Uint8Array(17));
  expect(seen.body).toEqual(new Uint8Array(body.toString().length));
});
