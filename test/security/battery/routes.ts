/**
 * The routes of the app, each with a row: how it is asked, and what of it is refused to whom. A route without one fails
 * `battery.test.ts`; one that anybody may ask is a line of `openRoutes`.
 */

import type { Hono } from "hono";
import type { AppEnv } from "../../../src/http/app-env.ts";
import type { Fields } from "../../harness.ts";
import type { World } from "./world.ts";

/** A route that anybody may ask, with the status that they get. */
export const openRoutes: Readonly<Record<string, number>> = {
  "GET /": 302,
  "GET /livez": 200,
  "GET /assets/style-*.css": 200,
  "GET /assets/app-*.js": 200,
  "GET /assets/favicon-*.svg": 200,
  "GET /api/status": 200,
  "GET /api/openapi.json": 200,
  "GET /api/docs": 200,
};

/** A route for service tokens. */
export interface ApiRoute {
  needs: "read" | "write";
  path: string;
  body?: string;
  /** Answered to a token that may. */
  status: number;
}

export const apiRoutes: Readonly<Record<string, ApiRoute>> = {
  "GET /api/token": { needs: "read", path: "/api/token", status: 200 },
  "GET /api/secrets": { needs: "read", path: "/api/secrets", status: 200 },
  "GET /api/secrets/events": { needs: "read", path: "/api/secrets/events", status: 200 },
  "GET /api/secrets/:name": { needs: "read", path: "/api/secrets/SHOP_SECRET", status: 200 },
  "PATCH /api/secrets": { needs: "write", path: "/api/secrets", body: '{"set":{"NEW":"n"}}', status: 200 },
  "PUT /api/secrets/:name": {
    needs: "write",
    path: "/api/secrets/PUT_NEW",
    body: '{"value":"n"}',
    status: 201,
  },
  "DELETE /api/secrets/:name": { needs: "write", path: "/api/secrets/NEW", status: 204 },
};

/** A route for people, by session. */
export interface AdminRoute {
  path: (world: World) => string;
  /** A form for it. */
  fields?: (world: World) => Fields;
  /** Answered to a session that has not unsealed the project: a status, or the way to where it can be unsealed. */
  sealed: number | "unseal first";
  /** Answered without a session where a password is set; the way to the sign-in page unless told. */
  signedOut?: number;
  /** A word of `secret` that it may say because nothing secret follows. */
  suggests?: string;
  /** What it shows to a session that has unsealed the project, where that is all it does. */
  shows?: string;
}

const inShop =
  (rest: string) =>
  ({ shop }: World) =>
    `/admin/projects/${shop}${rest}`;

const signInRoutes: Record<string, AdminRoute> = {
  "GET /admin": { path: () => "/admin", sealed: 302 },
  "GET /admin/sign-in": { path: () => "/admin/sign-in", sealed: 303, signedOut: 200 },
  "POST /admin/sign-in": {
    path: () => "/admin/sign-in",
    fields: () => ({ password: "wrong" }),
    sealed: 401,
    signedOut: 401,
  },
  "POST /admin/sign-out": { path: () => "/admin/sign-out", sealed: 303 },
  "POST /admin/seal": { path: () => "/admin/seal", sealed: 303 },
  "GET /admin/audit": { path: () => "/admin/audit", sealed: 200 },
};

const projectRoutes: Record<string, AdminRoute> = {
  "GET /admin/projects": { path: () => "/admin/projects", sealed: 200 },
  "POST /admin/projects": {
    path: () => "/admin/projects",
    fields: ({ shop }) => ({ name: "child", parentId: String(shop) }),
    sealed: "unseal first",
  },
  "GET /admin/projects/:id": { path: inShop(""), sealed: 200 },
  "GET /admin/projects/:id/audit": { path: inShop("/audit"), sealed: 200 },
  "POST /admin/projects/:id/unseal": {
    path: inShop("/unseal"),
    fields: () => ({ masterKey: "not the master key" }),
    sealed: 422,
  },
  "POST /admin/projects/:id/seal": { path: inShop("/seal"), sealed: 303 },
  "POST /admin/projects/:id/edit": {
    path: inShop("/edit"),
    fields: () => ({ name: "x" }),
    sealed: "unseal first",
  },
  "POST /admin/projects/:id/delete": {
    path: inShop("/delete"),
    fields: () => ({ confirmName: "shop-project" }),
    sealed: "unseal first",
  },
  "GET /admin/projects/:id/compare": {
    path: inShop("/compare"),
    sealed: "unseal first",
    shows: "SHOP_SECRET",
  },
  "GET /admin/projects/:id/rotate": {
    path: inShop("/rotate"),
    // With a key made for whoever asks, which opens nothing yet.
    sealed: 200,
    suggests: "sfmk_",
  },
  "POST /admin/projects/:id/rotate": {
    path: inShop("/rotate"),
    fields: () => ({ currentMasterKey: "not the master key", newMasterKey: "" }),
    sealed: 422,
  },
  "GET /admin/projects/:id/rotate/progress": { path: inShop("/rotate/progress"), sealed: 204 },
  "GET /admin/projects/:id/service-tokens": {
    path: inShop("/service-tokens"),
    // It lists tokens by what is public of them.
    sealed: 200,
    suggests: "sfly_",
  },
  "POST /admin/projects/:id/service-tokens": {
    path: inShop("/service-tokens"),
    fields: () => ({ name: "new", environment: "dev", rights: "read" }),
    sealed: "unseal first",
  },
  "POST /admin/projects/:id/service-tokens/:tokenId/revoke": {
    path: ({ shop, tokenIds }) => `/admin/projects/${shop}/service-tokens/${tokenIds.shop}/revoke`,
    // Taking access away needs no key.
    sealed: 303,
  },
};

const environmentRoutes: Record<string, AdminRoute> = {
  "GET /admin/projects/:id/environments/:environment/secrets": {
    path: inShop("/environments/dev/secrets?decrypt=true"),
    sealed: "unseal first",
    shows: "v-shop-dev",
  },
  "POST /admin/projects/:id/environments/:environment/secrets": {
    path: inShop("/environments/dev/secrets"),
    fields: () => ({ name: "NEW_SECRET", value: "x" }),
    sealed: "unseal first",
  },
  "GET /admin/projects/:id/environments/:environment/secrets/:name": {
    path: inShop("/environments/dev/secrets/SHOP_SECRET"),
    sealed: "unseal first",
    shows: "v-shop-dev",
  },
  "POST /admin/projects/:id/environments/:environment/secrets/:name/delete": {
    path: inShop("/environments/dev/secrets/SHOP_SECRET/delete"),
    sealed: "unseal first",
  },
  "GET /admin/projects/:id/environments/:environment/secrets/:name/history": {
    path: inShop("/environments/prod/secrets/SHOP_SECRET_OF_PROD/history?from=1&to=2"),
    sealed: "unseal first",
    shows: "v-shop-<mark>before</mark>",
  },
  "POST /admin/projects/:id/environments/:environment/secrets/:name/rollback": {
    path: inShop("/environments/prod/secrets/SHOP_SECRET_OF_PROD/rollback"),
    fields: () => ({ version: "1" }),
    sealed: "unseal first",
  },
  "GET /admin/projects/:id/environments/:environment/history": {
    path: inShop("/environments/dev/history"),
    sealed: "unseal first",
    shows: "SHOP_SECRET",
  },
  "GET /admin/projects/:id/environments/:environment/rollback": {
    path: inShop("/environments/dev/rollback?at=1"),
    sealed: "unseal first",
    shows: "SHOP_SECRET",
  },
  "POST /admin/projects/:id/environments/:environment/rollback": {
    path: inShop("/environments/dev/rollback"),
    fields: () => ({ at: "1", confirm: "true" }),
    sealed: "unseal first",
  },
  "GET /admin/projects/:id/environments/:environment/import": {
    path: inShop("/environments/dev/import"),
    sealed: "unseal first",
    shows: "Names and values",
  },
  "POST /admin/projects/:id/environments/:environment/import": {
    path: inShop("/environments/dev/import"),
    fields: () => ({ text: "IMPORTED=x", confirm: "true" }),
    sealed: "unseal first",
  },
  "GET /admin/projects/:id/environments/:environment/export": {
    path: inShop("/environments/dev/export?format=env"),
    sealed: "unseal first",
    shows: "v-shop-dev",
  },
  "POST /admin/projects/:id/environments/:environment/copy": {
    path: inShop("/environments/dev/copy"),
    fields: () => ({ from: "prod", names: "SHOP_SECRET_OF_PROD" }),
    sealed: "unseal first",
  },
};

export const adminRoutes: Readonly<Record<string, AdminRoute>> = {
  ...signInRoutes,
  ...projectRoutes,
  ...environmentRoutes,
};

/** All rows' routes, such as `GET /api/token`. */
export const allRoutes: readonly string[] = [openRoutes, apiRoutes, adminRoutes].flatMap((table) =>
  Object.keys(table),
);

export const methodOf = (route: string) => route.slice(0, route.indexOf(" "));

const patternOf = (route: string) => route.slice(route.indexOf(" ") + 1);

/** The hash in an asset's address is its content's. */
const withoutHash = (path: string) => path.replace(/-[0-9a-f]{12}\./, "-*.");

/** The methods and paths that the app itself says it answers to, middleware left out. */
export function ownRoutes(app: Hono<AppEnv>): string[] {
  const routes = app.routes.filter(({ method }) => method !== "ALL");
  return [...new Set(routes.map(({ method, path }) => `${method} ${withoutHash(path)}`))];
}

/** An address of a route. */
export function pathOf(world: World, route: string): string {
  const asset = world.app.app.routes.find(({ path }) => `GET ${withoutHash(path)}` === route);
  return adminRoutes[route]?.path(world) ?? apiRoutes[route]?.path ?? asset?.path ?? "/";
}

/** The methods that an address answers to, by the tables. */
export function methodsAt(path: string): string[] {
  const segments = withoutHash(path.replace(/\?.*/, "")).split("/");
  const fits = (pattern: string) => {
    const parts = pattern.split("/");
    return (
      parts.length === segments.length &&
      parts.every((part, at) => part.startsWith(":") || part === segments[at])
    );
  };
  const methods = new Set(allRoutes.filter((route) => fits(patternOf(route))).map(methodOf));
  return [...methods, ...(methods.has("GET") ? ["HEAD"] : [])].sort();
}

/** The names of what stands in a route's address for something of ours, such as `id`. */
export function parametersOf(route: string): string[] {
  return [...patternOf(route).matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
}

/** The address of a route with something else in one place of it. */
export function pathWith(world: World, route: string, parameter: string, text: string): string {
  const at = patternOf(route).split("/").indexOf(`:${parameter}`);
  const [path = "", query] = pathOf(world, route).split("?");
  const segments = path.split("/").with(at, text);
  return segments.join("/") + (query === undefined ? "" : `?${query}`);
}
