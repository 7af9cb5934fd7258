import { bench, group } from "mitata";
import { authenticate } from "../../src/vault/token-access.ts";
import { bearer, origin, type TestApp } from "../../test/harness.ts";
import { exampleSecrets } from "./samples.ts";

const nobody = { address: "", requestId: "" };

/** Registers what a fetch of 50 secrets takes in this process: by a token that is known, and by one that is not. */
export async function registerAccess(app: TestApp): Promise<void> {
  const admin = app.browser();
  const { id } = await admin.createRoot("access");
  const secrets = exampleSecrets(50).map(({ name, value }) => [name, value]);
  await admin.save(id, "prod", Object.fromEntries(secrets));
  const token = await admin.createToken(id, "prod");
  const request = (query: string) => app.handle(new Request(`${origin}/api/secrets${query}`, init));
  const init = { headers: bearer(token) };
  // Known from the second on: with the first the file is asked whether others write, and the answer comes behind the counts.
  await request("");
  await app.usage.flush();
  await request("");
  group("a fetch of 50 secrets, from the request to the response", () => {
    bench("look a token up that is not known", () => authenticate(app.vault, token, nobody));
    bench("look it up, and open its key", async () =>
      (await authenticate(app.vault, token, nobody)).unlock(),
    );
    bench("answer by the app, its key known", () => request("?format=json"));
    bench("answer by the fast path", () => request(""));
  });
}
