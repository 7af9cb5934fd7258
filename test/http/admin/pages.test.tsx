/** @jsxImportSource hono/jsx */
import { describe, expect, test } from "bun:test";
import type { AuditEventRow } from "../../../src/http/admin/pages/audit-events.tsx";
import { AuditPage } from "../../../src/http/admin/pages/audit-page.tsx";
import { wholeComparison } from "../../../src/http/admin/pages/compare-address.ts";
import { ComparePage } from "../../../src/http/admin/pages/compare-page.tsx";
import type { CompareCell } from "../../../src/http/admin/pages/compare-table.tsx";
import { MasterKeyPage } from "../../../src/http/admin/pages/master-key-page.tsx";
import { MessagePage } from "../../../src/http/admin/pages/message-page.tsx";
import { type ProjectDetails, ProjectPage } from "../../../src/http/admin/pages/project-page.tsx";
import { ProjectsPage } from "../../../src/http/admin/pages/projects-page.tsx";
import { RotatePage } from "../../../src/http/admin/pages/rotate-page.tsx";
import { SecretPage } from "../../../src/http/admin/pages/secret-page.tsx";
import { SecretsPage } from "../../../src/http/admin/pages/secrets-page.tsx";
import { ServiceTokenCreatedPage } from "../../../src/http/admin/pages/service-token-created-page.tsx";
import { ServiceTokensPage } from "../../../src/http/admin/pages/service-tokens-page.tsx";
import { SignInPage } from "../../../src/http/admin/pages/sign-in-page.tsx";
import { newGenerator } from "../../../src/http/admin/secret-generator.ts";
import type {
  Frame,
  ProjectForm,
  SecretRow,
  ServiceTokenForm,
  ServiceTokenRow,
} from "../../../src/http/admin/view-models.ts";
import { historyPages } from "./history-pages.tsx";
import { importPages } from "./import-pages.tsx";

const NOW = Date.UTC(2026, 0, 2, 13, 45);

/** Breaks out of text, of an attribute, of a textarea and of a script, wherever it is not escaped. */
const HOSTILE = `</textarea></pre></title><script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;`;
const HOSTILE_ESCAPED =
  "&lt;/textarea&gt;&lt;/pre&gt;&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;amp;";

const assets = { style: "/assets/style.1.css", script: "/assets/app.1.js", favicon: "/assets/favicon.1.svg" };

const frame: Frame = {
  flashes: [],
  canSignOut: true,
  mayEnter: true,
  unsealed: [{ id: 1, name: "Acme", unsealedUntil: NOW + 272_000 }],
  now: NOW,
};

const emptyProjectForm: ProjectForm = { name: "", description: "", parentId: "", errors: {} };

const onePage = { page: 1, pages: 1, first: 1, last: 1, total: 1 };
const leaf = { description: "", environments: [], endingTokens: 0, children: [], more: 0 };

const child: ProjectDetails = {
  id: 3,
  name: "api",
  description: "The public API",
  children: [{ ...leaf, id: 4, name: "billing" }],
  childrenPosition: onePage,
  endingTokens: 0,
  ancestors: [{ id: 1, name: "Acme" }],
  root: { id: 1, name: "Acme" },
  unsealedUntil: NOW + 272_000,
  environments: [
    { name: "prod", own: 24, inherited: 12, missing: 2, hasKeys: true },
    { name: "new one", own: 0, inherited: 0, missing: 0, hasKeys: false },
  ],
  doomed: {
    projects: { count: 12, names: ["billing", "search"] },
    environments: [{ name: "prod", secrets: 24, versions: 31 }],
    tokens: { count: 1, latest: [{ name: "worker", project: "api", environment: "prod", lastUsedAt: null }] },
  },
};

function secret(row: Partial<SecretRow>): SecretRow {
  return {
    name: "A",
    origin: "own",
    from: null,
    note: "",
    version: 1,
    changedAt: NOW,
    changedBy: { text: "admin (session 3f2a)", id: "session:3f2a99" },
    ...row,
  };
}

const token: ServiceTokenRow = {
  id: 9,
  name: "worker",
  hint: "sfly_9_…",
  environment: "prod",
  rights: "read",
  status: "active",
  createdAt: NOW,
  createdBy: { text: "admin (session 3f2a)", id: "session:3f2a99" },
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  reads: 0,
  readsLately: 0,
  endsInDays: null,
  allowedIps: "",
};

const emptyTokenForm: ServiceTokenForm = {
  name: "",
  environment: "prod",
  rights: "read",
  expiresInDays: "",
  allowedIps: "",
  errors: {},
};

function projectPage(props: Partial<Parameters<typeof ProjectPage>[0]> = {}): string {
  return (
    <ProjectPage
      frame={frame}
      assets={assets}
      project={child}
      childForm={{ ...emptyProjectForm, parentId: "3" }}
      editForm={{ ...emptyProjectForm, name: "api", parentId: "1" }}
      parents={{
        choices: [
          { id: 1, name: "Acme", root: "Acme" },
          { id: 6, name: "Acme / web", root: "Acme" },
        ],
        found: 2,
        isSearched: false,
        query: "",
        sealed: { names: [], count: 0 },
      }}
      {...props}
    />
  ).toString();
}

function secretsPage(props: Partial<Parameters<typeof SecretsPage>[0]> = {}): string {
  return (
    <SecretsPage
      frame={frame}
      assets={assets}
      project={{
        id: 3,
        name: "api",
        ancestors: [{ id: 1, name: "Acme" }],
        environments: ["prod", "staging"],
      }}
      environment="prod"
      decrypted={false}
      redirectAfterSeconds={300}
      unsealedUntil={NOW + 272_000}
      query=""
      total={props.secrets?.length ?? 0}
      secrets={[]}
      position={onePage}
      deleted={[]}
      keepsVersions
      generator={newGenerator()}
      form={{ rows: [] }}
      {...props}
    />
  ).toString();
}

/** The page with all values, with the form of this secret open. */
function editPage(row: SecretRow, props: Partial<Parameters<typeof SecretsPage>[0]> = {}): string {
  return secretsPage({ decrypted: true, secrets: [row], editing: { name: row.name }, ...props });
}

function secretPage(props: Partial<Parameters<typeof SecretPage>[0]> = {}): string {
  return (
    <SecretPage
      frame={frame}
      assets={assets}
      project={{ id: 3, name: "api", ancestors: [{ id: 1, name: "Acme" }], environments: ["prod"] }}
      environment="prod"
      secret={secret({ value: "v" })}
      redirectAfterSeconds={300}
      unsealedUntil={NOW + 272_000}
      keepsVersions
      generator={newGenerator()}
      {...props}
    />
  ).toString();
}

function tokensPage(props: Partial<Parameters<typeof ServiceTokensPage>[0]> = {}): string {
  return (
    <ServiceTokensPage
      frame={frame}
      assets={assets}
      project={{ id: 3, name: "api", ancestors: [], environments: ["prod", "staging"] }}
      tokens={[token]}
      form={emptyTokenForm}
      canCreate
      {...props}
    />
  ).toString();
}

function projectsPage(props: Partial<Parameters<typeof ProjectsPage>[0]> = {}): string {
  return (
    <ProjectsPage
      frame={frame}
      assets={assets}
      total={props.roots?.length ?? 0}
      roots={[]}
      position={onePage}
      search={undefined}
      form={emptyProjectForm}
      {...props}
    />
  ).toString();
}

function comparePage(props: Partial<Parameters<typeof ComparePage>[0]>): string {
  return (
    <ComparePage
      frame={frame}
      assets={assets}
      project={{
        id: 3,
        name: HOSTILE,
        ancestors: [{ id: 1, name: HOSTILE }],
        environments: [HOSTILE, "prod"],
      }}
      filter={{ ...wholeComparison, q: HOSTILE, environments: [HOSTILE, "prod"] }}
      available={[HOSTILE, "prod"]}
      compared={{
        environments: [HOSTILE, "prod"],
        rows: [
          {
            name: HOSTILE,
            kinds: new Set(["missing"]),
            summary: HOSTILE,
            hint: HOSTILE,
            cells: [hostileCell, undefined],
          },
        ],
        position: { page: 2, pages: 3, first: 2, last: 2, total: 3 },
        counts: new Map([["all", 1]]),
      }}
      lacking={[{ environment: HOSTILE, from: HOSTILE, count: 1 }]}
      {...props}
    />
  ).toString();
}

const hostileCell: CompareCell = {
  origin: "overriding",
  from: { id: 1, name: HOSTILE },
  isNeedless: true,
  group: "A",
};

function hostileComparisons(): Record<string, string> {
  const choice = {
    environments: [HOSTILE, "prod"],
    missing: 1,
    found: 1,
    secrets: [{ name: HOSTILE, cell: hostileCell, needs: [HOSTILE], isTicked: true }],
  };
  const copying = { ...wholeComparison, from: HOSTILE, to: "prod", q: HOSTILE, environments: [HOSTILE] };
  return {
    "ComparePage, environments": comparePage({}),
    "ComparePage, parent": comparePage({ filter: { ...wholeComparison, with: "parent" } }),
    "ComparePage, copy": comparePage({
      filter: copying,
      copy: { choice, errors: { names: HOSTILE } },
    }),
    "ComparePage, nothing to copy": comparePage({
      filter: copying,
      copy: { choice: { ...choice, found: 0 }, errors: {} },
    }),
    "ComparePage, one environment": comparePage({ available: [HOSTILE] }),
  };
}

/** Every page, with hostile text wherever a page shows text. */
function hostilePages(): Record<string, string> {
  const link = { id: 1, name: HOSTILE };
  const errors = {
    name: HOSTILE,
    description: HOSTILE,
    parentId: HOSTILE,
    masterKey: HOSTILE,
    form: HOSTILE,
  };
  const form = { name: HOSTILE, description: HOSTILE, parentId: "1", errors };
  const line = {
    ...link,
    description: HOSTILE,
    environments: [{ name: HOSTILE, own: 0, inherited: 0, missing: 1, hasKeys: true }],
    endingTokens: 1,
  };
  const node = { ...line, children: [{ ...line, children: [], more: 1 }], more: 1 };
  const project = {
    ...node,
    childrenPosition: { ...onePage, pages: 2 },
    ancestors: [link],
    root: link,
    doomed: {
      projects: { count: 2, names: [HOSTILE] },
      environments: [{ name: HOSTILE, secrets: 1, versions: 1 }],
      tokens: {
        count: 2,
        latest: [{ name: HOSTILE, project: HOSTILE, environment: HOSTILE, lastUsedAt: NOW }],
      },
    },
  };
  const page = {
    frame: {
      flashes: [
        { kind: "error" as const, text: HOSTILE },
        { kind: "success" as const, text: HOSTILE },
      ],
      canSignOut: true,
      mayEnter: true,
      unsealed: [{ ...link, unsealedUntil: NOW + 1000 }],
      now: NOW,
    },
    assets,
  };
  const row = secret({
    name: HOSTILE,
    note: HOSTILE,
    changedBy: { text: HOSTILE, id: HOSTILE },
    origin: "overriding",
    from: link,
  });
  const values = { value: HOSTILE, resolvedValue: `${HOSTILE}\n`.repeat(20), problem: HOSTILE };
  const typed = { name: HOSTILE, value: HOSTILE, note: HOSTILE, error: HOSTILE };
  const secrets = {
    ...page,
    project: { ...link, ancestors: [link], environments: [HOSTILE] },
    environment: HOSTILE,
    query: HOSTILE,
    deleted: [{ name: HOSTILE, deletedAt: NOW, deletedBy: { text: HOSTILE, id: HOSTILE } }],
    editing: { name: HOSTILE, typed },
    form: { rows: [typed], error: HOSTILE },
    generator: { ...newGenerator(), length: HOSTILE, errors: { length: HOSTILE, alphabet: HOSTILE } },
  };
  const rotatingToken = {
    ...token,
    name: HOSTILE,
    projectName: HOSTILE,
    environment: HOSTILE,
    isChosen: true,
  };
  const tokens = [
    {
      ...token,
      name: HOSTILE,
      hint: HOSTILE,
      environment: HOSTILE,
      createdBy: { text: HOSTILE, id: HOSTILE },
      allowedIps: HOSTILE,
    },
  ];
  const tokenForm = {
    ...emptyTokenForm,
    name: HOSTILE,
    allowedIps: HOSTILE,
    errors: { ...errors, allowedIps: HOSTILE },
  };
  return {
    SignInPage: (<SignInPage {...page} error={HOSTILE} />).toString(),
    ProjectsPage: projectsPage({ ...page, roots: [{ ...node, below: 1, unsealedUntil: null }], form }),
    "ProjectsPage, searched": projectsPage({
      ...page,
      total: 1,
      search: { query: HOSTILE, hits: [{ ...line, ancestors: [link], unsealed: true }], found: 2 },
    }),
    ProjectPage: projectPage({
      ...page,
      project: { ...project, unsealedUntil: NOW + 1000 },
      childForm: form,
      editForm: form,
      parents: {
        choices: [
          { ...link, root: HOSTILE },
          { ...link, root: "Acme" },
        ],
        found: 200,
        isSearched: true,
        query: HOSTILE,
        sealed: { names: [HOSTILE], count: 2 },
      },
      deleteError: HOSTILE,
    }),
    "ProjectPage, sealed": projectPage({
      ...page,
      project: { ...project, unsealedUntil: null },
      unsealError: HOSTILE,
    }),
    ...historyPages(page, HOSTILE),
    ...importPages(page, HOSTILE),
    MasterKeyPage: (<MasterKeyPage {...page} project={link} masterKey={HOSTILE} />).toString(),
    RotatePage: (
      <RotatePage
        {...page}
        project={{ ...link, ancestors: [], environments: [HOSTILE] }}
        sealed={{ environmentKeys: 1, versions: 1, views: 1, serviceTokens: 1 }}
        projects={1}
        environmentCount={1}
        carried={[rotatingToken]}
        lost={[{ ...rotatingToken, id: 2 }]}
        suggestedMasterKey={HOSTILE}
        errors={{ currentMasterKey: HOSTILE, newMasterKey: HOSTILE, revoke: HOSTILE }}
      />
    ).toString(),
    "SecretsPage, names": secretsPage({ ...secrets, secrets: [{ ...row, problem: HOSTILE }] }),
    "SecretsPage, values": secretsPage({ ...secrets, decrypted: true, secrets: [{ ...row, ...values }] }),
    "SecretsPage, nothing found": secretsPage({ ...secrets, total: 1 }),
    SecretPage: secretPage({ ...secrets, secret: { ...row, ...values }, editing: undefined, error: HOSTILE }),
    "SecretPage, edited": secretPage({ ...secrets, secret: { ...row, ...values } }),
    ServiceTokensPage: tokensPage({
      ...page,
      project: { ...link, ancestors: [link], environments: [HOSTILE] },
      tokens,
      form: tokenForm,
    }),
    ServiceTokenCreatedPage: (
      <ServiceTokenCreatedPage
        {...page}
        project={link}
        ancestors={[link]}
        environment={HOSTILE}
        rights={HOSTILE}
        token={HOSTILE}
        apiBaseUrl={HOSTILE}
      />
    ).toString(),
    ...hostileComparisons(),
    ...hostileAudits(),
    MessagePage: (
      <MessagePage {...page} status={500} title={HOSTILE} detail={HOSTILE} requestId={HOSTILE} />
    ).toString(),
  };
}

/** The audit of a project and of everything, the latter while names are hidden. */
function hostileAudits(): Record<string, string> {
  const actor = { text: HOSTILE, id: HOSTILE };
  const event: AuditEventRow = {
    id: 7,
    at: NOW,
    actor,
    actorHref: "/admin/audit?actor=x",
    verb: HOSTILE,
    name: HOSTILE,
    hidden: false,
    isSecret: true,
    place: HOSTILE,
    project: { id: 1, name: HOSTILE },
    environment: HOSTILE,
    address: HOSTILE,
    requestId: HOSTILE,
  };
  const choice = { value: HOSTILE, label: HOSTILE };
  const fields = ["project", "scope", "environment", "actor", "action", "from", "to", "q", "before"];
  const errors = Object.fromEntries(fields.map((field) => [field, HOSTILE]));
  const form = { ...errors, project: "", from: "", to: "" } as Parameters<typeof AuditPage>[0]["form"];
  const project = { id: 1, name: HOSTILE, ancestors: [{ id: 2, name: HOSTILE }], environments: [HOSTILE] };
  const reads = { name: HOSTILE, hint: HOSTILE, project: { id: 1, name: HOSTILE }, environment: HOSTILE };
  const days = { reads: 3, firstDay: NOW, lastDay: NOW + 1, lastReadAt: NOW, lastAddress: HOSTILE };
  const exports = { csv: "/a", jsonl: "/b", readsCsv: "/c", readsJsonl: "/d" };
  const page = (props: Partial<Parameters<typeof AuditPage>[0]>) =>
    (
      <AuditPage
        frame={frame}
        assets={assets}
        project={project}
        path="/admin/projects/1/audit"
        form={form}
        errors={errors}
        choices={{
          projects: [choice],
          hasBelow: true,
          environments: [HOSTILE],
          actors: [choice],
          actions: [choice],
        }}
        events={[event, { ...event, isSecret: false, project: { id: null, name: HOSTILE } }]}
        isFirst={false}
        isFiltered
        older="/admin/audit?before=7"
        isCutShort
        newest="/admin/audit"
        reads={{ tokens: [{ ...reads, ...days }], more: 2 }}
        head={null}
        exports={exports}
        {...props}
      />
    ).toString();
  return {
    "AuditPage, of a project": page({}),
    "AuditPage, of everything": page({
      project: null,
      head: HOSTILE,
      events: [{ ...event, name: null, hidden: true }],
    }),
  };
}

/** The form that posts to this action, as markup. */
function formTo(html: string, action: string): string {
  const forms = html.match(/<form\b.*?<\/form>/gs) ?? [];
  const found = forms.find((form) => form.includes(`action="${action}"`));
  if (found === undefined) throw new Error(`no form posts to ${action}`);
  return found;
}

/** The form of one secret, as markup. */
function formEditing(html: string): string {
  return contentOf(html, /<form [^>]*edit-secret[^>]*>/, "</form>");
}

/** The names of a form's fields, in order. */
function fieldNames(form: string): (string | undefined)[] {
  return [...form.matchAll(/<(?:input|select|textarea)\b[^>]*?\sname="([^"]*)"/g)].map(([, name]) => name);
}

/** The raw content of the first element of this kind, as it stands in the markup. */
function contentOf(html: string, openingTag: RegExp, closingTag: string): string {
  const match = openingTag.exec(html);
  if (match === null) throw new Error(`nothing matches ${openingTag}`);
  const start = match.index + match[0].length;
  return html.slice(start, html.indexOf(closingTag, start));
}

describe("every page", () => {
  const pages = Object.entries(hostilePages());

  test.each(pages)(
    "%s is a whole document with a language, and tells no other site where it was",
    (_name, html) => {
      expect(html).toStartWith("<!doctype html>");
      expect(html).toContain('<html lang="en">');
      expect(html).toContain('<meta name="referrer" content="same-origin"/>');
      expect(html).toContain('<a class="skip" href="#main">');
      expect(html.match(/<h1/g)).toHaveLength(1);
    },
  );

  test.each(pages)("%s escapes whatever it is given", (_name, html) => {
    expect(html).toContain(HOSTILE_ESCAPED);
    expect(html).not.toContain("<script>");
    expect(html).not.toContain("<img src=x");
  });

  test.each(pages)(
    "%s holds no inline script, style or handler, and loads nothing from elsewhere",
    (_name, html) => {
      const tags = html.match(/<[a-z][^>]*>/g) ?? [];
      for (const tag of tags) {
        const names = [...tag.replaceAll(/"[^"]*"/g, "").matchAll(/\s([a-z-]+)/g)].map(
          ([, name]) => name ?? "",
        );
        expect(names.filter((name) => name === "style" || name.startsWith("on"))).toEqual([]);
      }
      expect(tags.filter((tag) => tag.startsWith("<style"))).toEqual([]);
      expect(tags.filter((tag) => tag.startsWith("<script"))).toEqual([
        '<script type="module" src="/assets/app.1.js">',
      ]);
      const addresses = [...html.matchAll(/\s(?:href|src|action)="([^"]*)"/g)].map(
        ([, address]) => address ?? "",
      );
      expect(addresses.filter((address) => !/^(\/(?!\/)|#)/.test(address))).toEqual([]);
    },
  );

  test.each(pages)("%s uses each id once", (_name, html) => {
    const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  test.each(pages)("%s changes state by POST only, and never echoes a password or key", (_name, html) => {
    // A form that searches, or chooses what is looked at, is a link with words in it. Among values it does not
    // search while it is typed in: each answer shows them.
    const looks = /data-live=|action="[^"]*\/(?:history|rollback)"/;
    for (const form of html.match(/<form\b.*?<\/form>/gs) ?? []) {
      if (form.includes(' name="decrypt" value="true"'))
        expect(form).toMatch(/^<form method="get"(?!.*data-live)/);
      else if (!/^<form[^>]* method="post"/.test(form))
        expect(/^<form[^>]*>/.exec(form)?.[0]).toMatch(new RegExp(`method="get" .*(?:${looks.source})`));
    }
    for (const input of html.match(/<input type="password"[^>]*>/g) ?? [])
      expect(input).not.toContain("value=");
  });

  test("announces errors at once and the rest politely", () => {
    const flashes = [
      { kind: "error" as const, text: "It broke." },
      { kind: "success" as const, text: "It worked." },
    ];
    const html = projectsPage({ frame: { ...frame, flashes } });
    expect(html).toContain('<p class="flash error" role="alert">It broke.</p>');
    expect(html).toContain('<p class="flash success" role="status">It worked.</p>');
  });

  test("shows the unsealed projects with the time left", () => {
    const html = projectsPage();
    expect(html).toContain('<a href="/admin/projects/1">Acme</a>');
    expect(html).toContain('<span class="countdown" data-countdown="272000">4 min 32 s</span>');
  });

  test("offers to sign out only where that means something", () => {
    expect(projectsPage()).toContain('action="/admin/sign-out"');
    expect(projectsPage({ frame: { ...frame, canSignOut: false } })).not.toContain("/admin/sign-out");
  });
});

test("the sign-in page asks for the password and says what was wrong next to it", () => {
  const form = formTo(
    (<SignInPage frame={frame} assets={assets} error="Wrong." />).toString(),
    "/admin/sign-in",
  );
  expect(fieldNames(form)).toEqual(["password"]);
  expect(form).toContain('autocomplete="current-password"');
  expect(form).toContain('aria-describedby="password-error" aria-invalid="true"');
  expect(form).toContain('<p class="field-error" id="password-error">Wrong.</p>');
});

describe("the list of projects", () => {
  test("teaches when it is empty", () => {
    expect(projectsPage()).toContain("No projects yet");
  });

  test("shows the tree with each root's seal state", () => {
    const grandchild = { ...leaf, id: 5, name: "worker" };
    const children = [{ ...leaf, id: 3, name: "api", children: [grandchild] }];
    const html = projectsPage({
      roots: [
        { ...leaf, id: 1, name: "Acme", children, below: 2, unsealedUntil: NOW + 1000 },
        { ...leaf, id: 2, name: "Old", below: 0, unsealedUntil: NOW },
      ],
    });
    for (const id of [1, 2, 3, 5]) expect(html).toContain(`href="/admin/projects/${id}"`);
    expect(html).toContain("2 projects below");
    expect(html).toContain('Unsealed, <span class="countdown" data-countdown="1000">1 s</span> left');
    expect(html).toContain('<span class="badge">Sealed</span>');
  });

  test("folds the branches of a forest of a thousand projects", () => {
    const html = projectsPage({
      total: 1001,
      roots: [{ ...leaf, id: 1, name: "Acme", below: 1000, more: 1000, unsealedUntil: null }],
    });
    expect(html).toContain('1,000 more below: <a href="/admin/projects/1">open Acme</a>');
    expect(html).toContain('<details><summary aria-label="1,000 projects below Acme">');
  });

  test("creates a root, keeping what was typed except the master key", () => {
    const errors = { masterKey: "A passphrase needs at least 12 characters." };
    const html = projectsPage({ form: { ...emptyProjectForm, name: "Acme", description: "All", errors } });
    const form = formTo(html, "/admin/projects");
    expect(fieldNames(form)).toEqual(["parentId", "name", "description", "masterKey"]);
    expect(form).toContain('<input type="hidden" name="parentId" value=""/>');
    expect(form).toContain('value="Acme"');
    expect(form).toContain('value="All"');
    expect(form).toContain('id="new-root-masterKey-error">A passphrase needs at least 12 characters.</p>');
  });

  test("shows an error even when its field is not in the form", () => {
    const html = projectsPage({ form: { ...emptyProjectForm, errors: { form: "Try again." } } });
    expect(formTo(html, "/admin/projects")).toContain("<p>Try again.</p>");
  });
});

describe("a project", () => {
  test("sealed, it unseals by its own address and creates no child", () => {
    const html = projectPage({ project: { ...child, unsealedUntil: null }, unsealError: "Wrong key." });
    const form = formTo(html, "/admin/projects/3/unseal");
    expect(fieldNames(form)).toEqual(["masterKey"]);
    expect(form).toContain('type="password" autocomplete="off"');
    expect(form).toContain("Wrong key.");
    expect(html).not.toContain("/admin/projects/3/seal");
    expect(html).not.toContain('action="/admin/projects"');
  });

  test("unsealed, it can be sealed and have a child", () => {
    const html = projectPage();
    expect(html).not.toContain("/admin/projects/3/unseal");
    expect(fieldNames(formTo(html, "/admin/projects/3/seal"))).toEqual([]);
    const form = formTo(html, "/admin/projects");
    expect(fieldNames(form)).toEqual(["parentId", "name", "description"]);
    expect(form).toContain('<input type="hidden" name="parentId" value="3"/>');
  });

  test("counts as sealed from its deadline on", () => {
    expect(projectPage({ project: { ...child, unsealedUntil: NOW } })).toContain("/admin/projects/3/unseal");
  });

  test("lists its environments, with no way into one that has no keys yet", () => {
    const html = projectPage();
    expect(html).toContain('<a href="/admin/projects/3/environments/prod/secrets">prod</a>');
    expect(html).not.toContain("new%20one");
    expect(html).toContain('href="/admin/projects/3/service-tokens"');
    expect(html).toContain('href="/admin/projects/4"');
  });

  test("is edited in place, a root without a parent to choose", () => {
    const form = formTo(projectPage(), "/admin/projects/3/edit");
    expect(fieldNames(form)).toEqual(["name", "description", "parentId"]);
    expect(form).toContain('<option value="1" selected="">Acme</option>');
    const root = projectPage({ project: { ...child, ancestors: [] } });
    expect(fieldNames(formTo(root, "/admin/projects/3/edit"))).toEqual(["name", "description"]);
  });

  test("is deleted by name, after saying what goes with it", () => {
    const form = formTo(projectPage({ deleteError: "Not its name." }), "/admin/projects/3/delete");
    expect(fieldNames(form)).toEqual(["confirmName"]);
    expect(form).toContain("<strong>12 projects</strong> below it: billing, search and 10 more");
    expect(form).toContain("<strong>24 secrets</strong> with 31 versions");
    expect(form).toContain("prod: 24 secrets, 31 versions");
    expect(form).toContain("<strong>1 live service token</strong>");
    expect(form).toContain("worker, for api prod, never used");
    expect(form).toContain("It cannot be undone.");
    expect(form).toContain("Not its name.");
  });

  test("opens the form that came back with an error", () => {
    expect(projectPage()).not.toContain('open=""');
    const html = projectPage({ editForm: { ...emptyProjectForm, errors: { parentId: "A circle." } } });
    expect(html).toContain('<details class="panel" id="edit" open="">');
  });
});

describe("what is shown once", () => {
  test("#master-key holds the key and nothing else", () => {
    const html = (
      <MasterKeyPage frame={frame} assets={assets} project={{ id: 1, name: "Acme" }} masterKey="sfmk_abc" />
    ).toString();
    expect(html).toContain('id="master-key">sfmk_abc</code>');
    expect(html.split("sfmk_abc")).toHaveLength(2);
  });

  test("#service-token holds the token and nothing else, and no command repeats it", () => {
    const html = (
      <ServiceTokenCreatedPage
        frame={frame}
        assets={assets}
        project={{ id: 1, name: "Acme" }}
        ancestors={[]}
        environment="prod"
        rights="read"
        token="sfly_1_abc"
        apiBaseUrl="http://localhost:3000/api"
      />
    ).toString();
    expect(html).toContain('id="service-token">sfly_1_abc</code>');
    expect(html.split("sfly_1_abc")).toHaveLength(2);
    expect(html).toContain("read -rs SECRETSFLY_TOKEN");
    expect(html).toContain("SECRETSFLY_API_BASE_URL=http://localhost:3000/api");
    expect(html).toContain("secretsfly run -- your-command");
  });

  test("the commands quote an address that a shell would read as more than a word", () => {
    const html = (
      <ServiceTokenCreatedPage
        frame={frame}
        assets={assets}
        project={{ id: 1, name: "Acme" }}
        ancestors={[]}
        environment="prod"
        rights="read"
        token="sfly_1_abc"
        apiBaseUrl="http://x';id;'/api"
      />
    ).toString();
    expect(html).toContain(
      "SECRETSFLY_API_BASE_URL=&#39;http://x&#39;\\&#39;&#39;;id;&#39;\\&#39;&#39;/api&#39;",
    );
  });
});

describe("the secrets of an environment", () => {
  const names = "/admin/projects/3/environments/prod/secrets";

  test("teaches when there are none, with three rows to begin", () => {
    const html = secretsPage();
    expect(html).toContain("No secrets in prod yet");
    const row = ["name", "value", "note"];
    expect(fieldNames(formTo(html, names))).toEqual([
      "newlines",
      ...row,
      ...row,
      ...row,
      "alphabet",
      "length",
    ]);
  });

  test("by name: no value, and a link that decrypts", () => {
    const html = secretsPage({ secrets: [secret({ name: "DB_URL", note: "ask ops", version: 7 })] });
    expect(html).toContain("DB_URL");
    expect(html).toContain("ask ops");
    expect(html).toContain(`href="${names}?decrypt=true"`);
    expect(html).toContain('<time datetime="2026-01-02T13:45:00.000Z" title="2026-01-02T13:45:00.000Z">');
    expect(html).toContain("2 Jan 2026, 13:45 UTC</time>");
    expect(html).not.toContain("<pre");
    expect(html).not.toContain("http-equiv");
  });

  test("decrypted: goes back to the names by itself", () => {
    const html = secretsPage({ decrypted: true, secrets: [secret({ value: "x" })] });
    expect(html).toContain(`data-countdown="300000" data-leave-to="${names}"`);
    expect(html).toContain(`href="${names}">Hide values</a>`);
  });

  test("says where each comes from, and deletes only what is the project's own", () => {
    const from = { id: 1, name: "Acme" };
    const html = secretsPage({
      secrets: [
        secret({ name: "OWN" }),
        secret({ name: "INHERITED", origin: "inherited", from }),
        secret({ name: "OVERRIDING", origin: "overriding", from }),
      ],
    });
    const source = '<a href="/admin/projects/1/environments/prod/secrets">Acme</a>';
    expect(html).toContain(`Inherited from ${source}`);
    expect(html).toContain(`Own, overriding ${source}`);
    expect(formTo(html, `${names}/OWN/delete`)).toContain('data-confirm="Delete OWN from prod?');
    expect(formTo(html, `${names}/OVERRIDING/delete`)).toContain("inherited from Acme takes its place");
    expect(html).not.toContain("INHERITED/delete");
  });

  test("an own value is edited and an inherited one overridden by the same fields", () => {
    const from = { id: 1, name: "Acme" };
    for (const row of [secret({ value: "v" }), secret({ value: "v", origin: "inherited", from })]) {
      const fields = ["name", "notes", "newlines", "value", "note", "alphabet", "length"];
      const byItself = secretPage({ secret: row, editing: { name: "A" } });
      expect(fieldNames(formTo(byItself, names))).toEqual(fields);
      const amongAll = fieldNames(formEditing(editPage(row)));
      expect(amongAll).toEqual(["name", "notes", "decrypted", ...fields.slice(2)]);
      const way = row.origin === "own" ? "Edit" : "Override";
      expect(secretPage({ secret: row })).toContain(`href="${names}/A?edit=true"`);
      expect(secretPage({ secret: row })).toContain(`aria-label="${way} A"`);
      expect(byItself).not.toContain(`aria-label="${way} A"`);
    }
  });

  // HTML drops one newline after <pre> and <textarea>, and turns a bare CR into LF; neither may reach the value.
  test.each([
    ["plain", "\nplain"],
    ["\nfirst line empty", "\n\nfirst line empty"],
    ["  kept \t", "\n  kept \t"],
    ["a\r\nb\r", "\na&#13;\nb&#13;"],
    ["", "\n"],
  ])("the value %j is written so that a parser gives it back", (value, written) => {
    const html = editPage(secret({ value }));
    expect(contentOf(html, /<pre[^>]*>/, "</pre>")).toBe(written);
    expect(contentOf(html, /<textarea[^>]*>/, "</textarea>")).toBe(written);
  });

  test("a form tells which newlines its value had", () => {
    const newlines = (value: string) =>
      /name="newlines" value="(\w+)"/.exec(editPage(secret({ value })))?.[1];
    expect(newlines("a\nb")).toBe("lf");
    expect(newlines("a\r\nb")).toBe("crlf");
    expect(newlines("a\r\nb\n")).toBe("mixed");
  });

  test("warns where a form cannot give the line ends back", () => {
    const warns = (value: string) => editPage(secret({ value })).includes("mixes kinds of line ends");
    expect(["a\nb\n", "a\r\nb\r\n", "a"].map(warns)).toEqual([false, false, false]);
    expect(["a\r\nb\n", "a\rb"].map(warns)).toEqual([true, true]);
  });

  test("shows what apps get where a reference was expanded, and what is wrong where it was not", () => {
    const row = secret({
      value: "${HOST}/app",
      resolvedValue: "db.internal/app",
      problem: "B is not there.",
    });
    const html = secretsPage({ decrypted: true, secrets: [row] });
    expect(html).toContain("\n${HOST}/app</pre>");
    expect(html).toContain("\ndb.internal/app</pre>");
    expect(html).toContain('<p class="problem">B is not there.</p>');
  });

  test("a refused form comes back with what was typed and the error at its row", () => {
    const rows = [
      { name: "9A", value: "x\ny", note: "n", error: "Not a variable's name." },
      { name: "B", value: "z", note: "" },
    ];
    const form = formTo(secretsPage({ form: { rows, error: "Nothing was saved." } }), names);
    expect(form).toContain('role="alert">Nothing was saved.</p>');
    expect(form).toContain('value="9A"');
    expect(form).toContain(">\nx\ny</textarea>");
    expect(form).toContain('aria-invalid="true" aria-describedby="row-0-error"');
    expect(form).toContain('id="row-0-error">Not a variable&#39;s name.</p>');
    expect(form.match(/aria-invalid/g)).toHaveLength(1);
    expect(form.match(/<fieldset/g)).toHaveLength(3);
  });
});

describe("one secret by itself", () => {
  const list = "/admin/projects/3/environments/prod/secrets";

  test("shows its value, hides it again by itself, and leads back to the list", () => {
    const html = secretPage({ secret: secret({ value: "v", problem: "B is not there." }) });
    expect(contentOf(html, /<pre[^>]*>/, "</pre>")).toBe("\nv");
    expect(html).toContain(`data-countdown="300000" data-leave-to="${list}"`);
    expect(html).toContain(`<a href="${list}">prod</a>`);
    expect(html).toContain('<tr id="secret-A" class="open">');
    expect(html).toContain("B is not there.");
    expect(html).not.toContain("<textarea");
  });

  test("a generated value is begun with, and a wrong length is told beside its field", () => {
    const typed = { name: "A", value: "made", note: "", generated: true };
    const made = secretPage({ editing: { name: "A", typed } });
    expect(contentOf(made, /<textarea[^>]*>/, "</textarea>")).toBe("\nmade");
    const errors = { length: "Too long." };
    const wrong = secretPage({
      editing: { name: "A", typed },
      generator: { ...newGenerator(), length: "9999", errors },
    });
    expect(wrong).toContain('<details class="generator" open=""');
    expect(wrong).toMatch(
      /name="length"[^>]* value="9999"[^>]* aria-describedby="A-generator-error" autofocus/,
    );
    expect(wrong).toContain('<p class="field-error" id="A-generator-error">Too long.</p>');
  });

  test("is deleted for good where no versions are kept, and says so before", () => {
    const sentence = (keepsVersions: boolean) => formTo(secretPage({ keepsVersions }), `${list}/A/delete`);
    expect(sentence(true)).toContain("It can be restored from its history.");
    expect(sentence(false)).toContain("It cannot be restored");
  });
});

describe("what was deleted", () => {
  const deleted = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      name: `OLD_${i}`,
      deletedAt: NOW,
      deletedBy: { text: "you", id: "session:1" },
    }));

  test("is listed with the way to its history, the last hundred of it", () => {
    const html = secretsPage({ deleted: deleted(101) });
    expect(html).toContain("<summary>101 deleted secrets</summary>");
    expect(html).toContain('href="/admin/projects/3/environments/prod/secrets/OLD_99/history"');
    expect(html).not.toContain("OLD_100");
    expect(html).toContain("Only the last 100 are listed here");
    expect(secretsPage({ deleted: deleted(100) })).not.toContain("Only the last");
  });

  test("is not told of where nothing of it is kept", () => {
    expect(secretsPage({ deleted: deleted(1), keepsVersions: false })).not.toContain("OLD_0");
    expect(secretsPage()).not.toContain('id="deleted"');
  });
});

test("a comparison says of environments without keys how they get some", () => {
  const project = { id: 3, name: "api", ancestors: [], environments: ["dev", "prod", "qa"] };
  const some = comparePage({ project, available: ["dev", "prod"], filter: wholeComparison });
  const one = comparePage({ project, available: ["dev"], filter: wholeComparison });
  expect(some).toContain("qa was added to the settings since api");
  expect(one).toContain("prod, qa were added to the settings since api");
  for (const html of [some, one]) expect(html).toContain('<a href="/admin/projects/3">Seal it');
});

describe("service tokens", () => {
  test("are listed, and revoked while they are active", () => {
    const revoked = { ...token, id: 10, status: "revoked" as const, revokedAt: NOW };
    const html = tokensPage({ tokens: [{ ...token, reads: 1234, lastUsedAt: NOW }, revoked] });
    expect(html).toContain("1,234 reads");
    expect(html).toContain("Never expires");
    expect(formTo(html, "/admin/projects/3/service-tokens/9/revoke")).toContain("data-confirm=");
    expect(html).not.toContain("service-tokens/10/revoke");
  });

  test("are created with the fixed fields, and what was typed comes back", () => {
    const errors = { allowedIps: "“1.2.3” is no address range." };
    const html = tokensPage({
      form: { ...emptyTokenForm, rights: "write", allowedIps: "1.2.3\n::1", errors },
    });
    const form = formTo(html, "/admin/projects/3/service-tokens");
    expect(fieldNames(form)).toEqual([
      "newlines",
      "name",
      "environment",
      "rights",
      "expiresInDays",
      "allowedIps",
    ]);
    expect(form).toContain('<option value="write" selected="">');
    expect(form).toContain(">\n1.2.3\n::1</textarea>");
    expect(form).toContain("“1.2.3” is no address range.");
  });

  test("cannot be created while the project is sealed", () => {
    const html = tokensPage({ canCreate: false, tokens: [] });
    expect(html).not.toContain('action="/admin/projects/3/service-tokens"');
    expect(html).toContain('<a href="/admin/projects/3">unseal api</a>');
    expect(html).toContain("No service tokens yet");
  });
});

describe("service tokens that end", () => {
  test("soon are told of above the list and in it", () => {
    const ending = { ...token, expiresAt: NOW + 1, endsInDays: 1 };
    const html = tokensPage({
      tokens: [ending, ...[2, 3, 4].map((endsInDays) => ({ ...ending, endsInDays }))],
    });
    expect(html).toContain("4 service tokens end soon: “worker”, “worker”, “worker” and 1 more.");
    expect(html).toContain("Expires in 1 day</span>");
    expect(html).toContain("Expires in 4 days</span>");
    expect(tokensPage()).not.toContain("soon");
  });

  test("are folded away where they are many, and the newest hundred are shown", () => {
    const ended = { ...token, status: "expired" as const, expiresAt: NOW };
    const list = (count: number) =>
      tokensPage({ tokens: [token, ...Array.from({ length: count }, () => ended)] });
    expect(list(3)).toContain('<details class="panel ended" open="">');
    expect(list(4)).toContain('<details class="panel ended"><summary>4 tokens revoked or expired');
    expect(list(101).match(/class="badge">Expired/g)).toHaveLength(100);
    expect(list(101)).toContain("The newest 100 are shown.");
  });
});

test("the header offers the audit to who may enter, and to seal what is unsealed", () => {
  const header = (changes: Partial<Frame>) => projectsPage({ frame: { ...frame, ...changes } });
  expect(header({})).toContain('href="/admin/audit"');
  expect(formTo(header({}), "/admin/seal")).toContain("Seal everything");
  expect(header({ unsealed: [] })).not.toContain("/admin/seal");
  expect(header({ mayEnter: false, canSignOut: false })).not.toContain("/admin/audit");
});

test("a message page names the status and the request", () => {
  const html = (
    <MessagePage frame={frame} assets={assets} status={404} title="Not here" detail="Gone." requestId="r-1" />
  ).toString();
  expect(html).toContain("404");
  expect(html).toContain("<h1>Not here</h1>");
  expect(html).toContain("<code>r-1</code>");
});
