import { createTestApp, type TestApp, type TestBrowser } from "./harness.ts";

/** An app with one root project, `shop`, that its admin has unsealed, and a write token of its `prod`. */
export interface Shop {
  app: TestApp;
  admin: TestBrowser;
  /** The project's id. */
  root: number;
  token: string;
}

/** Starts one, with settings as from the environment. Whoever did closes its app. */
export async function openShop(settings: Record<string, string> = {}): Promise<Shop> {
  const app = await createTestApp(settings);
  const admin = app.browser();
  const { id: root } = await admin.createRoot("shop");
  return { app, admin, root, token: await admin.createToken(root, "prod", "write") };
}
