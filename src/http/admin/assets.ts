import { Hono } from "hono";
import { sha256 } from "../../cryptography/hash.ts";
import type { AppEnv } from "../app-env.ts";
import script from "./assets/app.js" with { type: "text" };
import favicon from "./assets/favicon.svg" with { type: "text" };
import style from "./assets/style.css" with { type: "text" };

/** Served from here and nowhere else, and cached for ever: another content has another address. */
const files = [
  { content: String(style), name: "style", extension: "css", type: "text/css; charset=utf-8" },
  { content: String(script), name: "app", extension: "js", type: "text/javascript; charset=utf-8" },
  { content: String(favicon), name: "favicon", extension: "svg", type: "image/svg+xml" },
].map(({ content, name, extension, type }) => ({
  content,
  type,
  name,
  path: `/assets/${name}-${sha256(content).toHex().slice(0, 12)}.${extension}`,
}));

function pathOf(name: string): string {
  return files.find((file) => file.name === name)?.path ?? "";
}

/** Where the pages find their stylesheet, their script and their icon. */
export const assetPaths = { style: pathOf("style"), script: pathOf("app"), favicon: pathOf("favicon") };

export const assetRoutes = files.reduce(
  (routes, { path, content, type }) =>
    routes.get(path, (c) =>
      c.body(content, 200, { "Content-Type": type, "Cache-Control": "public, max-age=31536000, immutable" }),
    ),
  new Hono<AppEnv>(),
);
