import { Hono } from "hono";
import { sha256 } from "../../cryptography/hash.ts";
import type { AppEnv } from "../app-env.ts";
import favicon from "./assets/favicon.svg" with { type: "text" };
import asking from "./assets/scripts/asking.js" with { type: "text" };
import copying from "./assets/scripts/copying.js" with { type: "text" };
import core from "./assets/scripts/core.js" with { type: "text" };
import countdowns from "./assets/scripts/countdowns.js" with { type: "text" };
import dropping from "./assets/scripts/dropping.js" with { type: "text" };
import generating from "./assets/scripts/generating.js" with { type: "text" };
import keeping from "./assets/scripts/keeping.js" with { type: "text" };
import lines from "./assets/scripts/lines.js" with { type: "text" };
import moments from "./assets/scripts/moments.js" with { type: "text" };
import progress from "./assets/scripts/progress.js" with { type: "text" };
import rows from "./assets/scripts/rows.js" with { type: "text" };
import swapping from "./assets/scripts/swapping.js" with { type: "text" };
import ticking from "./assets/scripts/ticking.js" with { type: "text" };
import times from "./assets/scripts/times.js" with { type: "text" };
import audit from "./assets/styles/audit.css" with { type: "text" };
import base from "./assets/styles/base.css" with { type: "text" };
import compare from "./assets/styles/compare.css" with { type: "text" };
import docs from "./assets/styles/docs.css" with { type: "text" };
import history from "./assets/styles/history.css" with { type: "text" };
import importing from "./assets/styles/import.css" with { type: "text" };
import projects from "./assets/styles/projects.css" with { type: "text" };
import rotate from "./assets/styles/rotate.css" with { type: "text" };
import secrets from "./assets/styles/secrets.css" with { type: "text" };

/** The parts of the one stylesheet and the one script, in their order. */
const styles = [base, projects, secrets, compare, history, importing, rotate, audit, docs];
const scripts = [
  core,
  times,
  countdowns,
  copying,
  rows,
  asking,
  swapping,
  ticking,
  moments,
  dropping,
  lines,
  progress,
  generating,
  keeping,
];

/**
 * One script of its parts. In the browser they share one scope, so their imports of each other fall away; a name
 * that two of them declare is a syntax error, which the tests would see.
 */
function joinScripts(parts: readonly unknown[]): string {
  return parts.map((part) => String(part).replace(/^import .*$|^export /gm, "")).join("\n");
}

/** Served from here and nowhere else, and cached for ever: another content has another address. */
const files = [
  {
    content: styles.map(String).join("\n"),
    name: "style",
    extension: "css",
    type: "text/css; charset=utf-8",
  },
  { content: joinScripts(scripts), name: "app", extension: "js", type: "text/javascript; charset=utf-8" },
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
