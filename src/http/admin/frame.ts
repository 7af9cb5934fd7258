import type { Context } from "hono";
import { isBusy } from "../../database/constraint.ts";
import { storageFault } from "../../database/storage-fault.ts";
import { listProjects } from "../../vault/projects.ts";
import type { AppEnv } from "../app-env.ts";
import { assetPaths } from "./assets.ts";
import type { PageProps } from "./pages/layout.tsx";
import { takeFlashes } from "./session.ts";

/** A page's frame for when the database cannot even be read: without the names of what is unsealed. */
export async function propsAnyway(c: Context<AppEnv>): Promise<PageProps> {
  try {
    return await pageProps(c);
  } catch (error) {
    if (!storageFault(error) && !isBusy(error)) throw error;
    const frame = { flashes: [], canSignOut: false, mayEnter: false, unsealed: [], now: c.var.vault.clock() };
    return { assets: assetPaths, frame };
  }
}

/** What every page's frame shows of this session. Messages are told once. */
export async function pageProps(c: Context<AppEnv>): Promise<PageProps> {
  const { session, vault, config } = c.var;
  const held = session?.keyring.unsealed() ?? [];
  const names = new Map(held.length > 0 ? (await listProjects(vault)).map(({ id, name }) => [id, name]) : []);
  return {
    assets: assetPaths,
    frame: {
      flashes: takeFlashes(c),
      canSignOut: config.ADMIN_PASSWORD !== undefined && session?.signedIn === true,
      mayEnter: config.ADMIN_PASSWORD === undefined || session?.signedIn === true,
      unsealed: held.map(({ rootId, until }) => ({
        id: rootId,
        name: names.get(rootId) ?? "",
        unsealedUntil: until,
      })),
      now: vault.clock(),
    },
  };
}
