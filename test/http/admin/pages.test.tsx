/** @jsxImportSource hono/jsx */
import { describe, expect, test } from "bun:test";
import { MasterKeyPage } from "../../../src/http/admin/pages/master-key-page.tsx";
import { MessagePage } from "../../../src/http/admin/pages/message-page.tsx";
import { ProjectPage } from "../../../src/http/admin/pages/project-page.tsx";
import { ProjectsPage } from "../../../src/http/admin/pages/projects-page.tsx";
import { SecretsPage } from "../../../src/http/admin/pages/secrets-page.tsx";
import { ServiceTokenCreatedPage } from "../../../src/http/admin/pages/service-token-created-page.tsx";
import { ServiceTokensPage } from "../../../src/http/admin/pages/service-tokens-page.tsx";
import { SignInPage } from "../../../src/http/admin/pages/sign-in-page.tsx";
import type {
  Frame,
  ProjectDetails,
  ProjectForm,
  SecretRow,
  ServiceTokenForm,
  ServiceTokenRow,
} from "../../../src/http/admin/view-models.ts";

const NOW = Date.UTC(2026, 0, 2, 13, 45);

/** Breaks out of text, of an attribute, of a textarea and of a script, wherever it is not escaped. */
const HOSTILE = `</textarea></pre></title><script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;`;
const HOSTILE_ESCAPED =
  "&lt;/textarea&gt;&lt;/pre&gt;&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;amp;";

const assets = { style: "/assets/style.1.css", script: "/assets/app.1.js", favicon: "/assets/favicon.1.svg" };

const frame: Frame = {
  flashes: [],
  canSignOut: true,
  unsealed: [{ id: 1, name: "Acme", unsealedUntil: NOW + 272_000 }],
  now: NOW,
};

const emptyProjectForm: ProjectForm = { name: "", description: "", parentId: "", errors: {} };

const child: ProjectDetails = {
  id: 3,
  name: "api",
  description: "The public API",
  children: [{ id: 4, name: "billing", description: "", children: [] }],
  ancestors: [{ id: 1, name: "Acme" }],
  root: { id: 1, name: "Acme" },
  unsealedUntil: NOW + 272_000,
  environments: [
    { name: "prod", own: 24, inherited: 12, hasKeys: true },
    { name: "new one", own: 0, inherited: 0, hasKeys: false },
  ],
};

function secret(row: Partial<SecretRow>): SecretRow {
  return {
    name: "A",
    origin: "own",
    from: null,
    note: "",
    version: 1,
    changedAt: NOW,
    changedBy: { text: "admin session 3f2a…", id: "session:3f2a99" },
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
  createdBy: { text: "admin session 3f2a…", id: "session:3f2a99" },
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  reads: 0,
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
      parentChoices={[
        { id: 1, name: "Acme" },
        { id: 6, name: "web" },
      ]}
      {...props}
    />
  ).toString();
}

function secretsPage(props: Partial<Parameters<typeof SecretsPage>[0]> = {}): string {
  return (
    <SecretsPage
      frame={frame}
      assets={assets}
      project={{ id: 3, name: "api", ancestors: [{ id: 1, name: "Acme" }] }}
      environment="prod"
      environments={["prod", "staging"]}
      decrypted={false}
      redirectAfterSeconds={300}
      unsealedUntil={NOW + 272_000}
      secrets={[]}
      form={{ rows: [] }}
      {...props}
    />
  ).toString();
}

function tokensPage(props: Partial<Parameters<typeof ServiceTokensPage>[0]> = {}): string {
  return (
    <ServiceTokensPage
      frame={frame}
      assets={assets}
      project={{ id: 3, name: "api", ancestors: [] }}
      environments={["prod", "staging"]}
      tokens={[token]}
      form={emptyTokenForm}
      canCreate
      {...props}
    />
  ).toString();
}

function projectsPage(props: Partial<Parameters<typeof ProjectsPage>[0]> = {}): string {
  return (
    <ProjectsPage frame={frame} assets={assets} roots={[]} form={emptyProjectForm} {...props} />
  ).toString();
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
  const node = { ...link, description: HOSTILE, children: [{ ...link, description: HOSTILE, children: [] }] };
  const project = {
    ...node,
    ancestors: [link],
    root: link,
    environments: [{ name: HOSTILE, own: 0, inherited: 0, hasKeys: true }],
  };
  const page = {
    frame: {
      flashes: [
        { kind: "error" as const, text: HOSTILE },
        { kind: "success" as const, text: HOSTILE },
      ],
      canSignOut: true,
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
  const secrets = {
    ...page,
    project: { ...link, ancestors: [link] },
    environment: HOSTILE,
    environments: [HOSTILE, "prod"],
    form: { rows: [{ name: HOSTILE, value: HOSTILE, note: HOSTILE, error: HOSTILE }], error: HOSTILE },
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
    ProjectsPage: projectsPage({ ...page, roots: [{ ...node, unsealedUntil: null }], form }),
    ProjectPage: projectPage({
      ...page,
      project: { ...project, unsealedUntil: NOW + 1000 },
      childForm: form,
      editForm: form,
      parentChoices: [link],
      deleteError: HOSTILE,
    }),
    "ProjectPage, sealed": projectPage({
      ...page,
      project: { ...project, unsealedUntil: null },
      unsealError: HOSTILE,
    }),
    MasterKeyPage: (<MasterKeyPage {...page} project={link} masterKey={HOSTILE} />).toString(),
    "SecretsPage, names": secretsPage({ ...secrets, secrets: [{ ...row, problem: HOSTILE }] }),
    "SecretsPage, values": secretsPage({ ...secrets, decrypted: true, secrets: [{ ...row, ...values }] }),
    ServiceTokensPage: tokensPage({
      ...page,
      project: { ...link, ancestors: [link] },
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
    MessagePage: (
      <MessagePage {...page} status={500} title={HOSTILE} detail={HOSTILE} requestId={HOSTILE} />
    ).toString(),
  };
}

/** The form that posts to this action, as markup. */
function formTo(html: string, action: string): string {
  const forms = html.match(/<form\b.*?<\/form>/gs) ?? [];
  const found = forms.find((form) => form.includes(`action="${action}"`));
  if (found === undefined) throw new Error(`no form posts to ${action}`);
  return found;
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
    for (const form of html.match(/<form\b[^>]*>/g) ?? []) expect(form).toContain('method="post"');
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
    const grandchild = { id: 5, name: "worker", description: "", children: [] };
    const children = [{ id: 3, name: "api", description: "", children: [grandchild] }];
    const html = projectsPage({
      roots: [
        { id: 1, name: "Acme", description: "", children, unsealedUntil: NOW + 1000 },
        { id: 2, name: "Old", description: "", children: [], unsealedUntil: NOW },
      ],
    });
    for (const id of [1, 2, 3, 5]) expect(html).toContain(`href="/admin/projects/${id}"`);
    expect(html).toContain("2 projects below");
    expect(html).toContain('Unsealed, <span class="countdown" data-countdown="1000">1 s</span> left');
    expect(html).toContain('<span class="badge">Sealed</span>');
  });

  test("folds the branches of a forest of a thousand projects", () => {
    const children = Array.from({ length: 1000 }, (_, i) => ({
      id: i + 2,
      name: "x",
      description: "",
      children: [],
    }));
    const html = projectsPage({
      roots: [{ id: 1, name: "Acme", description: "", children, unsealedUntil: null }],
    });
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
    expect(form).toContain("<strong>1 project</strong> below it");
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
    expect(fieldNames(formTo(html, names))).toEqual(["newlines", ...row, ...row, ...row]);
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
      const html = secretsPage({ decrypted: true, secrets: [row] });
      expect(fieldNames(formTo(html, names))).toEqual([
        "name",
        "notes",
        "newlines",
        "decrypted",
        "value",
        "note",
      ]);
      expect(html).toContain(`aria-label="${row.origin === "own" ? "Edit" : "Override"} A"`);
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
    const html = secretsPage({ decrypted: true, secrets: [secret({ value })] });
    expect(contentOf(html, /<pre[^>]*>/, "</pre>")).toBe(written);
    expect(contentOf(html, /<textarea[^>]*>/, "</textarea>")).toBe(written);
  });

  test("a form tells which newlines its value had", () => {
    const newlines = (value: string) =>
      /name="newlines" value="(\w+)"/.exec(
        secretsPage({ decrypted: true, secrets: [secret({ value })] }),
      )?.[1];
    expect(newlines("a\nb")).toBe("lf");
    expect(newlines("a\r\nb")).toBe("crlf");
    expect(newlines("a\r\nb\n")).toBe("mixed");
  });

  test("warns where a form cannot give the line ends back", () => {
    const warns = (value: string) =>
      secretsPage({ decrypted: true, secrets: [secret({ value })] }).includes("mixes kinds of line ends");
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

test("a message page names the status and the request", () => {
  const html = (
    <MessagePage frame={frame} assets={assets} status={404} title="Not here" detail="Gone." requestId="r-1" />
  ).toString();
  expect(html).toContain("404");
  expect(html).toContain("<h1>Not here</h1>");
  expect(html).toContain("<code>r-1</code>");
});
