import { Hono } from "hono";
import { isDatabaseUp } from "../../database/health.ts";
import type { AppEnv } from "../app-env.ts";
import { publicFault } from "../faults.ts";
import { problem } from "../problem.ts";
import { requireToken } from "./authenticate.ts";
import { createSecretsApi } from "./secrets.ts";

/** Everything under `/api`: for apps, by service token. */
export function createApi(maxBodyBytes: number) {
  return new Hono<AppEnv>({ strict: false })
    .onError((error, c) => problem(c, publicFault(c, error)))
    .get("/status", async (c) => {
      const up = await isDatabaseUp(c.var.vault.db);
      return c.json({ db: up ? "up" : "down" }, up ? 200 : 503, { "Cache-Control": "no-store" });
    })
    .get("/token", requireToken, async (c) => {
      const { token, unlock } = c.var.access;
      // Proves what is told: a row that was edited claims rights that its key does not open.
      await unlock();
      const { name, projectId, projectName, environment, rights, expiresAt } = token;
      const answer = {
        name,
        project: { id: projectId, name: projectName },
        environment,
        rights,
        expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      };
      return c.json(answer, 200, { "Cache-Control": "no-store" });
    })
    .route("/secrets", createSecretsApi(maxBodyBytes));
}
