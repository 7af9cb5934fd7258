import { expect, test } from "bun:test";
import { describeInBrowser } from "./harness.ts";
import { clipboard, createChild, createRoot, faultOf, post, saveSecret, sees, ways } from "./steps.ts";

for (const { way, javaScript } of ways) {
  describeInBrowser(`service tokens, ${way}`, {}, (desk) => {
    test("one is shown once, works, is listed and revoked", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "shop");
      await saveSecret(page, root, "GREETING", "hello");
      const child = await createChild(page, "api", root);
      await page.goto(`/admin/projects/${child}`);
      await page.getByRole("link", { name: "Service tokens" }).click();
      await sees(page, "No service tokens yet");
      await page.getByLabel("Name").fill("worker, Frankfurt");
      await page.getByLabel("Environment").selectOption("prod");
      await page.getByLabel("Expires in days").fill("30");
      await page.getByRole("button", { name: "Create service token" }).click();
      const token = (await page.locator("#service-token").textContent()) ?? "";
      await page.waitForLoadState();
      expect(token).toMatch(/^sfly_[A-Za-z0-9]{12}_[A-Za-z0-9]{43}_[A-Za-z0-9]{6}$/);
      expect(await page.locator(".breadcrumbs li").allTextContents()).toEqual(["Projects", "shop", "api"]);
      const copy = page.getByRole("button", { name: "Copy the service token" });
      expect(await copy.isVisible()).toBe(javaScript);
      if (javaScript) {
        await copy.click();
        await sees(page, "Copied");
        expect(await clipboard(page)).toBe(token);
      }

      const read = () =>
        fetch(`${desk.origin}/api/secrets?format=map`, { headers: { Authorization: token } });
      expect(await (await read()).json()).toEqual({ GREETING: "hello" });

      await page.getByRole("link", { name: /^I have kept it/ }).click();
      const row = page.getByRole("row", { name: /worker, Frankfurt/ });
      for (const text of [`${token.slice(0, 17)}_…`, "read prod", "Active", "by you"])
        expect(await row.textContent()).toContain(text);
      expect(await page.content()).not.toContain(token);

      await page.getByRole("button", { name: "Revoke worker, Frankfurt" }).click();
      await sees(page, "The service token is revoked.");
      await row.getByText("Revoked").waitFor();
      expect((await read()).status).toBe(401);
      expect(page.url()).toBe(`${desk.origin}/admin/projects/${child}/service-tokens`);
    });

    test("a refused one comes back with the fault beside the field and what was typed", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "strict");
      await page.goto(`/admin/projects/${root}/service-tokens`);
      await page.getByLabel("Name").fill("typed with care");
      await page.getByLabel("Environment").selectOption("staging");
      await page.getByLabel("Rights").selectOption("write");
      await page.getByLabel("Allowed addresses").fill("203.0.113.7\nnowhere");
      await page.getByRole("button", { name: "Create service token" }).click();
      await page.locator("[aria-invalid]").waitFor();
      expect(await faultOf(page.getByLabel("Allowed addresses"))).not.toBe("");
      expect(await page.getByLabel("Allowed addresses").inputValue()).toBe("203.0.113.7\nnowhere");
      expect(await page.getByLabel("Name").inputValue()).toBe("typed with care");
      expect(await page.getByLabel("Environment").inputValue()).toBe("staging");
      expect(await page.getByLabel("Rights").inputValue()).toBe("write");
    });

    test("one that ends soon is warned of, and what has ended is folded away", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "soon over");
      const tokens = `/admin/projects/${root}/service-tokens`;
      for (let i = 1; i <= 4; i++) {
        const form = { name: `old ${i}`, environment: "prod", rights: "read" };
        const html = await (await post(page, tokens, form)).text();
        expect(html).toContain('id="service-token"');
      }
      await page.goto(tokens);
      for (let i = 1; i <= 4; i++) await page.getByRole("button", { name: `Revoke old ${i}` }).click();
      await sees(page, "No service token works any more");
      expect(await page.getByRole("row", { name: /old 1/ }).count()).toBe(0);
      await page.getByText("4 tokens revoked or expired").click();
      await page.getByRole("row", { name: /old 1/ }).waitFor();

      const addresses = "203.0.113.0/24\n2001:db8::/32";
      await post(page, tokens, {
        name: "brief",
        environment: "prod",
        rights: "read",
        expiresInDays: "14",
        allowedIps: addresses,
      });
      await page.goto(tokens);
      await sees(page, /^1 service token ends soon: “brief”/);
      const row = await page.getByRole("row", { name: /brief/ }).textContent();
      expect(row).toContain("Expires in 14 days");
      expect(row).toContain("only from 203.0.113.0/24, 2001:db8::/32");
    });

    test("sealed, none is made but each can be revoked", async () => {
      const page = await desk.open({ javaScript });
      const { id: root } = await createRoot(page, "sealed soon");
      const tokens = `/admin/projects/${root}/service-tokens`;
      await post(page, tokens, { name: "old", environment: "prod", rights: "read" });
      await post(page, `/admin/projects/${root}/seal`, {});
      await page.goto(tokens);
      expect(await page.getByRole("button", { name: "Create service token" }).count()).toBe(0);
      await page.getByRole("button", { name: "Revoke old" }).click();
      await sees(page, "The service token is revoked.");
    });
  });
}
