import type { Page } from "playwright-core";
import {
  apiDocsPath,
  auditPath,
  comparePath,
  environmentHistoryPath,
  environmentRollbackPath,
  exportPath,
  importPath,
  projectAuditPath,
  projectPath,
  projectsPath,
  rotatePath,
  secretHistoryPath,
  secretPath,
  serviceTokensPath,
} from "../../src/http/admin/pages/paths.ts";
import { secretsPath } from "./steps.ts";

/** Every page, on the demo's data: what tests, sizes and pictures are made of. */

/** Who sees a page. */
export type Visitor =
  /** Has signed in and holds the key of the shop, and not those of the other two roots. */
  | "admin"
  /** Has not signed in. */
  | "stranger"
  /** Sees a server with nothing in it. */
  | "newcomer";

/** Ids of the demo's projects, by their names there, and what opens its roots. */
export interface Places {
  shop: number;
  api: number;
  billing: number;
  search: number;
  web: number;
  newsletter: number;
  /** Two other roots, sealed for the admin. */
  office: number;
  reports: number;
  shopKey: string;
  reportsKey: string;
}

type PathTo = (places: Places) => string;

/** A page as it is shown to a visitor, an admin unless told, after something was done on it. */
interface State {
  path: PathTo;
  act?: (page: Page, places: Places) => Promise<void>;
  visitor?: Visitor;
}

/** One page, or one state of it. */
export interface Stop extends State {
  /** What it shows; also the name of its pictures. */
  name: string;
  /** The route whose answer it is. */
  route: string;
}

/** GET routes of the admin that answer with no page of their own. */
export const withoutPage = ["GET /admin", "GET /admin/projects/:id/rotate/progress"];

const day = 24 * 60 * 60 * 1000;
const inEnvironment = "/admin/projects/:id/environments/:environment";

const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).first().click();

/** A form whose field with this label gets this text and is sent with this button. */
const send =
  (label: string | RegExp, text: string, button: string | RegExp, shows = "main") =>
  async (page: Page) => {
    await page.getByLabel(label).and(page.locator("input, textarea")).first().fill(text);
    await press(page, button);
    await page.locator(shows).waitFor();
  };

/** Route → name → what is shown. In the order in which they are walked: nothing that one does is in another's way. */
const pages: Record<string, Record<string, PathTo | State>> = {
  "GET /admin/sign-in": {
    "sign-in": { path: () => "/admin/sign-in", visitor: "stranger" },
    "sign-in after a session": { path: () => "/admin/sign-in", act: loseSession, visitor: "stranger" },
  },
  "POST /admin/sign-in": {
    "sign-in refused": {
      path: () => "/admin/sign-in",
      act: send("Password", "not this one", "Sign in"),
      visitor: "stranger",
    },
  },
  "GET /admin/projects": {
    "projects empty": { path: () => projectsPath, visitor: "newcomer" },
    projects: () => projectsPath,
    "projects found": () => `${projectsPath}?q=letters`,
    "projects nothing found": () => `${projectsPath}?q=nowhere`,
  },
  "POST /admin/projects": {
    "master key": {
      path: () => projectsPath,
      act: send("Name", "Fernhill Books", "Create root project", "#master-key"),
      visitor: "newcomer",
    },
  },
  "GET /admin/projects/:id": {
    "project root": ({ shop }) => projectPath(shop),
    project: ({ api }) => projectPath(api),
    "project leaf": ({ search }) => projectPath(search),
    "project sealed": ({ office }) => projectPath(office),
    "not found": () => projectPath(4711),
  },
  "POST /admin/projects/:id/unseal": {
    "unseal refused": {
      path: ({ office }) => projectPath(office),
      act: send(/^Master key/, "not this one either", "Unseal"),
    },
    "unseal too often": {
      path: ({ office }) => projectPath(office),
      act: unsealTooOften,
    },
  },
  "POST /admin/projects/:id/delete": {
    "deletion refused": {
      path: ({ search }) => projectPath(search),
      act: async (page) => {
        await page.locator("#delete > summary").click();
        await page.locator("#delete-confirmName").fill("not its name");
        await page.locator("#delete button").click();
        await page.locator("[aria-invalid]").waitFor();
      },
    },
  },
  [`GET ${inEnvironment}/secrets`]: {
    secrets: ({ api }) => secretsPath(api),
    "secrets decrypted": ({ api }) => `${secretsPath(api)}?decrypt=true`,
    "secrets nothing found": ({ api }) => `${secretsPath(api)}?q=nowhere`,
    "secrets with a problem": ({ newsletter }) => `${secretsPath(newsletter, "dev")}?decrypt=true`,
  },
  [`POST ${inEnvironment}/secrets`]: {
    "secrets refused": { path: ({ api }) => secretsPath(api), act: saveNonsense },
    "generated value refused": { path: ({ api }) => secretsPath(api), act: generateNonsense },
  },
  [`GET ${inEnvironment}/secrets/:name`]: {
    secret: ({ api }) => secretPath(api, "prod", "SESSION_SECRET"),
    "secret edited": ({ api }) => `${secretPath(api, "prod", "SESSION_SECRET")}?edit=true`,
  },
  [`GET ${inEnvironment}/secrets/:name/history`]: {
    history: ({ api }) => secretHistoryPath(api, "prod", "SESSION_SECRET"),
    "history decrypted": ({ api }) => `${secretHistoryPath(api, "prod", "SESSION_SECRET")}?decrypt=true`,
    "history of what was deleted": ({ web }) => secretHistoryPath(web, "prod", "ANALYTICS_ID"),
    "history of what is inherited": ({ web }) => secretHistoryPath(web, "prod", "DB_PASSWORD"),
    "versions compared": ({ api }) =>
      `${secretHistoryPath(api, "prod", "FEATURE_FLAGS")}?from=1&to=2&decrypt=true`,
  },
  [`GET ${inEnvironment}/history`]: {
    "environment history": ({ api }) => environmentHistoryPath(api, "prod"),
    "environment history short": ({ billing }) => environmentHistoryPath(billing, "dev"),
  },
  [`GET ${inEnvironment}/rollback`]: {
    "going back": ({ api }) => `${environmentRollbackPath(api, "prod")}?at=${Date.now() - 50 * day}`,
    "going back to what is": ({ api }) => `${environmentRollbackPath(api, "prod")}?at=${Date.now()}`,
    "going back refused": ({ api }) => `${environmentRollbackPath(api, "prod")}?at=yesterday`,
  },
  "GET /admin/projects/:id/compare": {
    compare: ({ api }) => comparePath(api),
    "compare missing": ({ api }) => `${comparePath(api)}?show=missing`,
    "compare nothing found": ({ api }) => `${comparePath(api)}?q=NOWHERE`,
    "compare with parent": ({ search }) => `${comparePath(search)}?with=parent`,
    "compare nothing with parent": ({ shop }) => `${comparePath(shop)}?with=parent`,
    copy: ({ api }) => `${comparePath(api)}?from=prod&to=staging&tick=all`,
    "copy nothing": ({ api }) => `${comparePath(api)}?from=dev&to=prod`,
  },
  [`GET ${inEnvironment}/import`]: {
    import: ({ api }) => importPath(api, "staging"),
  },
  [`POST ${inEnvironment}/import`]: {
    "import preview": {
      path: ({ api }) => importPath(api, "staging"),
      act: send(
        "Names and values",
        'GEOCODER_KEY=geo_test_77ab\nRELEASE="4.20"\nRATE_LIMIT_PER_MINUTE=600',
        "Preview",
      ),
    },
    "import with faults": {
      path: ({ api }) => importPath(api, "staging"),
      act: send(
        "Names and values",
        'GOOD=yes\nnot a line\nGOOD=twice\n2FAST=no\nQUOTED="never ends',
        "Preview",
      ),
    },
  },
  [`GET ${inEnvironment}/export`]: {
    export: ({ api }) => exportPath(api, "prod"),
    "export refused": ({ api }) => `${exportPath(api, "prod")}?format=docker`,
  },
  "GET /admin/projects/:id/service-tokens": {
    "service tokens": ({ api }) => serviceTokensPath(api),
    "service tokens empty": ({ search }) => serviceTokensPath(search),
    "service tokens sealed": ({ office }) => serviceTokensPath(office),
  },
  "POST /admin/projects/:id/service-tokens": {
    "service token refused": {
      path: ({ web }) => serviceTokensPath(web),
      act: send("Allowed addresses", "everywhere", "Create service token"),
    },
    "service token created": {
      path: ({ web }) => serviceTokensPath(web),
      act: send("Name", "web, Oslo", "Create service token", "#service-token"),
    },
  },
  "GET /admin/projects/:id/audit": {
    "project audit": ({ api }) => projectAuditPath(api),
    "project audit found": ({ api }) => `${projectAuditPath(api)}?environment=staging`,
    "project audit empty": ({ api }) => `${projectAuditPath(api)}?q=nowhere`,
  },
  "GET /admin/audit": {
    audit: () => auditPath,
  },
  "GET /api/docs": {
    api: { path: () => apiDocsPath, visitor: "stranger" },
  },
  "GET /admin/projects/:id/rotate": {
    rotate: ({ shop }) => rotatePath(shop),
  },
  "POST /admin/projects/:id/rotate": {
    "rotate refused": {
      path: ({ reports }) => rotatePath(reports),
      act: send("Current master key", "not this one either", /^Rotate/),
    },
    rotated: {
      path: ({ reports }) => rotatePath(reports),
      act: (page, { reportsKey }) => send("Current master key", reportsKey, /^Rotate/, "#master-key")(page),
    },
  },
};

export const stops: readonly Stop[] = Object.entries(pages).flatMap(([route, states]) =>
  Object.entries(states).map(([name, state]) => ({
    name,
    route,
    ...(typeof state === "function" ? { path: state } : state),
  })),
);

/** Comes with the cookie of a session that the server does not know any more. */
async function loseSession(page: Page): Promise<void> {
  const url = page.url();
  await page.context().addCookies([{ name: "secretsfly_session", value: "A".repeat(43), url }]);
  await page.goto(projectsPath);
  await page.locator(".flash").waitFor();
}

/** Each failure doubles the wait, so that it also outlasts a slow machine. */
async function unsealTooOften(page: Page): Promise<void> {
  const isRefused = page.locator(".field-error", { hasText: "Too many attempts" });
  for (let i = 0; i < 40 && (await isRefused.count()) === 0; i++) {
    await page.getByLabel(/^Master key/).fill("not this");
    await Promise.all([page.waitForEvent("load"), press(page, "Unseal")]);
  }
  await isRefused.waitFor();
}

async function saveNonsense(page: Page): Promise<void> {
  const form = page.locator("#add-secrets");
  await form.locator("[name=name]").first().fill("not a name");
  await form.locator("[name=value]").first().fill("${NOT_THERE}");
  await form.locator("button[type=submit]").last().click();
  await page.locator("[aria-invalid]").first().waitFor();
}

async function generateNonsense(page: Page): Promise<void> {
  const form = page.locator("#add-secrets");
  await form.locator("summary").click();
  await form.locator("[name=length]").fill("many");
  await form.locator("[name=generate]").first().click();
  await page.locator("[aria-invalid]").first().waitFor();
}
