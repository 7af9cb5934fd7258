import type { Line } from "./world.ts";

/** What the company's secrets are. Every value is invented, and its shape is of no real provider's keys. */

export const environments = ["dev", "staging", "prod"] as const;

/** The three root projects; only `shop` is under a master key that is generated. */
export const shop = "Fernhill Books";
export const office = "Back office";
export const reports = "Reports";

export const passphrases = {
  office: "owls file invoices at noon",
  reports: "monday charts on the wall",
};

/** The projects below the roots with what they are for, parents before their children. */
export const children: readonly (readonly [path: string, description: string])[] = [
  [`${shop}/api`, "Orders, customers and stock"],
  [`${shop}/api/billing`, "Invoices and refunds"],
  [`${shop}/api/search`, "Finds books by half-remembered titles"],
  [`${shop}/web`, "What customers see"],
  [`${shop}/web/newsletter`, "Letters on the first Monday of the month"],
  [`${shop}/mobile`, "The app, for two platforms"],
  [`${shop}/warehouse`, "Scanners, labels and pallets"],
  [`${office}/payroll`, "Runs on the 25th"],
  [`${office}/wiki`, "How we do things here"],
  [`${reports}/ingest`, "Nightly imports"],
  [`${reports}/dashboards`, "Charts on the wall"],
];

export const certificate = `-----BEGIN CERTIFICATE-----
MIIBkzCCATqgAwIBAgIUbm90LWEtcmVhbC1jZXJ0aWZpY2F0ZTAKBggqhkjOPQQD
AjAhMR8wHQYDVQQDDBZwYXltZW50cy5mZXJuaGlsbC5leGFtcGxlMB4XDTI2MDEw
MTAwMDAwMFoXDTI3MDEwMTAwMDAwMFowITEfMB0GA1UEAwwWcGF5bWVudHMuZmVy
bmhpbGwuZXhhbXBsZQ==
-----END CERTIFICATE-----
`;

export const flags = `{
  "giftCards": true,
  "preorders": { "enabled": true, "limit": 3 },
  "newCheckout": { "enabled": false, "share": 0.1 }
}`;

/** What everything of the shop inherits. */
export function shopSecrets(environment: string): Line[] {
  return [
    ["AWS_REGION", "eu-central-1"],
    ["DB_HOST", `db.${environment}.fernhill.internal`],
    ["DB_PASSWORD", `kept-by-owls-${environment}-71c4`, "Rotated every spring"],
    ["DB_USER", "shop"],
    ["DATABASE_URL", "postgres://${DB_USER}:${DB_PASSWORD}@${DB_HOST}:5432/shop"],
    ["ERRORS_DSN", "https://3d1c9ae0@errors.fernhill.internal/4", "Ask Marta for an account"],
    ["LOG_LEVEL", environment === "prod" ? "info" : "debug"],
    ["REDIS_URL", `redis://cache.${environment}.fernhill.internal:6379/0`],
    ["SMTP_FROM", "Fernhill Books <letters@fernhill.example>"],
    ["SMTP_URL", "smtps://mailer:pigeon-post@mail.fernhill.internal:465"],
    ["STORAGE_BUCKET", `fernhill-covers-${environment}`],
  ];
}

/** What the build pipeline writes for a release. */
export const assets = (release: string) => `https://assets.fernhill.example/${release}/`;

/** The api's own; staging does not have the last three, which somebody forgot. */
export function apiSecrets(environment: string): Line[] {
  const all: Line[] = [
    ["DB_HOST", `db-api.${environment}.fernhill.internal`, "The api has a replica of its own"],
    ["SESSION_SECRET", `not-real-k7Jx0b1Qm4VtZc9RwYh2-${environment}`],
    ["JWT_ISSUER", `https://api.${environment}.fernhill.example`],
    ["PAYMENTS_KEY", `pay_test_${environment}_5f2c8e7710a94c1d`, "Dashboard → Developers → Keys"],
    ["RATE_LIMIT_PER_MINUTE", "600"],
    ["RELEASE", "4.17"],
    ["ASSETS_URL", assets("4.17")],
    ["PAYMENTS_WEBHOOK_SECRET", `whk_test_${environment}_0b8d44f1`],
    ["GEOCODER_KEY", `geo_test_${environment}_77ab`, "Free plan: 2500 look-ups a day"],
    ["FEATURE_FLAGS", flags, "JSON; the shop reads it at its start"],
  ];
  return environment === "staging" ? all.slice(0, -3) : all;
}

/** The smaller projects of the shop. */
export function otherShopSecrets(environment: string): Record<string, Line[]> {
  return {
    [`${shop}/api/billing`]: [
      ["INVOICE_PREFIX", environment === "prod" ? "FB-" : "TEST-"],
      ["TAX_API_KEY", `tax_test_${environment}_90b1`, "Sandbox until the contract is signed"],
    ],
    [`${shop}/api/search`]: [
      ["INDEX_URL", `http://index.${environment}.fernhill.internal:7700`],
      ["INDEX_KEY", `idx_test_${environment}_c41f9d`],
    ],
    [`${shop}/web`]: [
      ["API_URL", `https://api.${environment}.fernhill.example`],
      ["ANALYTICS_ID", "fernhill-0042"],
      ["SHOP_NAME", "Fernhill Books"],
      ["COOKIE_SECRET", `crumbs-${environment}-8d21c77e`],
    ],
    [`${shop}/web/newsletter`]: [
      ["LETTER_HEAD", "${SHOP_NAME}, since 1987", "As it is written on the website"],
      ["UNSUBSCRIBE_KEY", `uns_test_${environment}_3e9b`],
    ],
    [`${shop}/mobile`]: [["PUSH_KEY", `push_test_${environment}_6620ab`]],
    [`${shop}/warehouse`]: [["LABEL_PRINTER", "ipp://labels.hall2.fernhill.internal"]],
  };
}

export const officeSecrets: Line[] = [
  ["DIRECTORY_URL", "ldaps://directory.fernhill.internal"],
  ["DIRECTORY_PASSWORD", "reader-of-names-55d0"],
];
export const payrollSecrets: Line[] = [
  ["BANK_CLIENT_ID", "fernhill-payroll"],
  ["BANK_CLIENT_SECRET", "bank_test_d1f0c6", "Two people have to agree"],
];
export const wikiSecrets: Line[] = [
  ["WIKI_ADMIN_PASSWORD", "everybody-may-read-this"],
  ["WIKI_URL", "https://wiki.fernhill.internal"],
];
export const reportsSecrets: Line[] = [
  ["WAREHOUSE_DSN", "postgres://reader:numbers-only@dwh.fernhill.internal:5432/facts"],
  ["TIMEZONE", "Europe/Vienna"],
];
export const ingestSecrets: Line[] = [
  ["SFTP_HOST", "drop.fernhill.internal"],
  ["SFTP_PASSWORD", "midnight-parcel-20b7"],
];
export const dashboardSecrets: Line[] = [["CHARTS_KEY", "cht_test_a9914e"]];
