import { expect, test } from "bun:test";
import type { Locator, Page } from "playwright-core";
import { describeInBrowser } from "./harness.ts";
import { createRoot, faultOf, sees, ways } from "./steps.ts";

const password = "the admin's password";
const settings = { ADMIN_PASSWORD: password };

/**
 * Sends something wrong until it is refused unlooked at: the browser has its tries and its address has, then each failure
 * doubles the wait. The first ones are sent as the form sends them, without a look at what they are answered.
 */
async function guess(field: Locator, button: Locator): Promise<string> {
  const { action, name } = await field.evaluate((element) => {
    const { form, name } = element as HTMLInputElement;
    return { action: form?.action ?? "", name };
  });
  const headers = { Origin: new URL(action).origin };
  for (let i = 0; i < 60; i++) {
    const form = { [name]: "not the right one" };
    if ((await field.page().request.post(action, { form, headers, maxRedirects: 0 })).status() === 429) break;
  }
  for (let i = 0; i < 10; i++) {
    await field.fill("not the right one");
    await Promise.all([field.page().waitForEvent("load"), button.click()]);
    await field.page().locator(".field-error").waitFor();
    const fault = await faultOf(field);
    if (fault.startsWith("Too many")) return fault;
  }
  throw new Error("nobody is locked out");
}

const signIn = async (page: Page) => {
  await page.goto("/admin/sign-in");
  await page.getByLabel("Admin password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
};

for (const { way, javaScript } of ways) {
  describeInBrowser(`guessing, ${way}`, settings, (desk) => {
    test("whoever guesses is told to wait, and the owner gets in from the same address and is told", async () => {
      const owner = await desk.open({ javaScript });
      await signIn(owner);
      await sees(owner, "No projects yet");
      const { id, masterKey } = await createRoot(owner, "shop");
      await owner.goto("/admin/projects");
      await owner.getByRole("button", { name: "Sign out" }).click();

      const guesser = await desk.open({ javaScript, width: 390 });
      await guesser.goto("/admin/sign-in");
      const field = guesser.getByLabel("Admin password");
      const fault = await guess(field, guesser.getByRole("button", { name: "Sign in" }));
      expect(fault).toMatch(/^Too many attempts have failed\. Try again in (a second|\d+ seconds)\.$/);
      expect(await field.inputValue()).toBe("");

      await signIn(owner);
      await sees(
        owner,
        /^Since the last sign-in, \d+ attempts to sign in failed, the last on .* from 127\.0\.0\.1\.$/,
      );

      await owner.goto(`/admin/projects/${id}`);
      const key = owner.getByLabel(/^Master key of/);
      const unseal = owner.getByRole("button", { name: "Unseal" });
      expect(await guess(key, unseal)).toStartWith("Too many attempts have failed.");
      // A generated key is never locked out, not even behind the one who guesses.
      await key.fill(masterKey);
      await unseal.click();
      await sees(owner, /^Since shop was last unsealed, \d+ attempts at its master key failed/);
      await sees(owner, /^Unsealed/);
    });
  });
}
