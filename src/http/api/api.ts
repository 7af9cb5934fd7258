import { Hono } from "hono";
import { areWritesUp, isDatabaseUp } from "../../database/health.ts";
import type { AppEnv } from "../app-env.ts";
import { publicFault } from "../faults.ts";
import { problem } from "../problem.ts";
import { requireToken } from "./authenticate.ts";
import { documentRoutes } from "./document.tsx";
import type { TokenInfo } from "./schemas.ts";
import { createSecretsApi } from "./secrets.ts";

const noStore = { "Cache-Control": "no-store" };

/** Everything under `/api`: for apps, by service token. */
export function createApi(maxBodyBytes: number) {
  return new Hono<AppEnv>({ strict: false })
    .onError((error, c) => problem(c, publicFault(c, error)))
    .get("/status", async (c) => {
      const { db, storage } = c.var.vault;
      if (!(await isDatabaseUp(db))) return c.json({ db: "down" as const }, 503, noStore);
      const areUp = await areWritesUp(db, storage);
      return c.json({ db: "up" as const, ...(!areUp && { writes: "down" as const }) }, 200, noStore);
    })
    .get("/token", requireToken, async (c) => {
      const { token, unlock } = c.var.access;
      // Proves what is told: a row that was edited claims rights that its key does not open.
      await unlock();
      const { name, projectId, projectName, environment, rights, expiresAt } = token;
      const answer: TokenInfo = {
        name,
        project: { id: projectId, name: projectName },
        environment,
        rights,
        expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      };
      return c.json(answer, 200, noStore);
    })
    .route("/secrets", createSecretsApi(maxBodyBytes))
    .route("/", documentRoutes);
}

/** The routes with what each takes and answers, for a typed client (hono/client). */
export type ApiType = ReturnType<typeof createApi>;
