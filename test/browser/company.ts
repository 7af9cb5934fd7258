import type { Page } from "playwright-core";
import { originOf } from "./steps.ts";

/** A company that does not exist, with enough of everything to see how the pages look when they are in use. */
export interface Company {
  /** The root project, unsealed in the browser that filled it. */
  bookshop: number;
  api: number;
  billing: number;
  /** Another root project, sealed in that browser. */
  backOffice: number;
}

type Fields = readonly (readonly [name: string, value: string])[];

const certificate = `-----BEGIN CERTIFICATE-----
MIIBkzCCATqgAwIBAgIUbm90LWEtcmVhbC1jZXJ0aWZpY2F0ZTAKBggqhkjOPQQD
AjAhMR8wHQYDVQQDDBZwYXltZW50cy5mZXJuaGlsbC5ib29rczAeFw0yNjAxMDEw
MDAwMDBaFw0yNzAxMDEwMDAwMDBaMCExHzAdBgNVBAMMFnBheW1lbnRzLmZlcm5o
-----END CERTIFICATE-----
`;

/** Fills an empty server through its forms, in this page's session. */
export async function fillCompany(page: Page): Promise<Company> {
  const post = (path: string, fields: Fields) => postForm(page, path, fields);
  const createProject = async (name: string, description: string, parentId?: number) => {
    const isRoot = parentId === undefined;
    const answer = await post("/admin/projects", [
      ["name", name],
      ["description", description],
      ["parentId", isRoot ? "" : String(parentId)],
      ["masterKey", isRoot ? "a passphrase of the company" : ""],
    ]);
    return Number(/\/projects\/(\d+)$/.exec(answer)?.[1]);
  };
  const save = (id: number, environment: string, secrets: readonly [string, string, string?][]) =>
    post(
      `/admin/projects/${id}/environments/${environment}/secrets`,
      secrets.flatMap(([name, value, note = ""]) => [
        ["name", name],
        ["value", value],
        ["note", note],
      ]),
    );
  const createToken = (id: number, fields: Fields) => post(`/admin/projects/${id}/service-tokens`, fields);

  const bookshop = await createProject("Fernhill Books", "The shop at fernhill.example");
  const api = await createProject("api", "Orders, customers, stock", bookshop);
  const billing = await createProject("billing", "Invoices and refunds", api);
  await createProject("search", "", api);
  const web = await createProject("web", "What customers see", bookshop);
  await createProject("newsletter", "", web);
  await createProject("warehouse", "Scanners and labels", bookshop);

  for (const environment of ["dev", "staging", "prod"]) {
    await save(bookshop, environment, [
      ["DB_HOST", `db.${environment}.fernhill.internal`],
      ["DB_PASSWORD", `correct-horse-${environment}`, "Rotated every spring"],
      ["DATABASE_URL", "postgres://shop:${DB_PASSWORD}@${DB_HOST}:5432/shop"],
      ["SMTP_URL", "smtps://mailer:pigeon-post@mail.fernhill.internal:465"],
      ["SENTRY_DSN", "https://3d1c@errors.fernhill.internal/4", "Ask Marta"],
    ]);
    await save(api, environment, [
      ["DB_HOST", `db-api.${environment}.fernhill.internal`, "The api has a replica of its own"],
      ["SESSION_SECRET", "k7Jx0b1Qm4VtZc9RwYh2"],
    ]);
  }
  await save(api, "prod", [
    ["PAYMENTS_CERTIFICATE", certificate, "Renew before January 2027"],
    ["PAYMENTS_KEY", "pay_5f2c8e7710a94c1d", "Dashboard → Developers → Keys"],
    ["FEATURE_FLAGS", '{"giftCards": true, "preorders": {"limit": 3}}'],
  ]);
  await save(api, "prod", [["SESSION_SECRET", "q3Nf8s6Lp0XyBd5TgUe7"]]);
  await save(billing, "prod", [
    ["TAX_API_KEY", "tax_90b1", "Sandbox until the contract is signed"],
    ["INVOICE_PREFIX", "FB-"],
  ]);

  await createToken(api, [
    ["name", "api, Frankfurt"],
    ["environment", "prod"],
    ["rights", "read"],
    ["expiresInDays", "90"],
    ["allowedIps", "203.0.113.0/24\n2001:db8:17::/48"],
  ]);
  await createToken(api, [
    ["name", "deploy pipeline"],
    ["environment", "staging"],
    ["rights", "write"],
  ]);
  await createToken(api, [
    ["name", "Jonas’s laptop"],
    ["environment", "dev"],
    ["rights", "read"],
  ]);
  await post(`/admin/projects/${api}/service-tokens/3/revoke`, []);

  const backOffice = await createProject("Back office", "Everything that customers never see");
  await createProject("payroll", "", backOffice);
  await createProject("wiki", "", backOffice);
  await post(`/admin/projects/${backOffice}/seal`, []);
  await page.goto("/admin/projects"); // takes the messages of all this away
  return { bookshop, api, billing, backOffice };
}

/** Posts a form as the page's browser would, and returns where the answer leads. */
async function postForm(page: Page, path: string, fields: Fields): Promise<string> {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  const headers = { Origin: await originOf(page) };
  const answer = await page.request.post(path, { form, headers, maxRedirects: 0 });
  if (answer.status() !== 200 && answer.status() !== 303)
    throw new Error(`POST ${path} answered ${answer.status()}`);
  return answer.headers().location ?? "";
}
