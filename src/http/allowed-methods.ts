import type { Hono } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import type { AppEnv } from "./app-env.ts";

/**
 * Which methods a path answers to, from the app's own routes: what tells "not found" from "not with this
 * method". Middleware, which is there for every method, does not count.
 */
export function createAllowedMethods(app: Hono<AppEnv>): (path: string) => string[] {
  const routes = app.routes.filter(({ method }) => method !== "ALL");
  const methods = [...new Set(routes.map(({ method }) => method))];
  const router = new TrieRouter<string>();
  for (const { method, path } of routes) router.add(method, path, path);
  const answers = (method: string, path: string) => router.match(method, path)[0].length > 0;
  return (path) => {
    const plain = path.length > 1 ? path.replace(/\/$/, "") : path;
    // Whatever answers to GET answers to HEAD, too (RFC 9110, 9.3.2), without a route of its own.
    return methods
      .filter((method) => answers(method, plain))
      .flatMap((method) => (method === "GET" ? [method, "HEAD"] : [method]));
  };
}
