import * as values from "./values.ts";
import { environments, office, reports, shop } from "./values.ts";
import { minute, type Person, type Sitting, type World } from "./world.ts";

/** The three months of a company's secrets, from its first day with secretsfly to an hour ago. */

const marta: Person = { name: "Marta", address: "192.0.2.14" };
const jonas: Person = { name: "Jonas", address: "192.0.2.31" };
const ines: Person = { name: "Ines", address: "198.51.100.77" };
/** Where the build pipeline runs, and the apps. */
const pipeline = "203.0.113.9";
const apps = "203.0.113.40";

const api = `${shop}/api`;

/** The service tokens that the story speaks of again. */
export const tokens = {
  api: "api, Frankfurt",
  deploy: "deploy pipeline",
  laptop: "Jonas’s laptop",
  expiring: "api, Oslo",
  expired: "load test",
  unused: "api, Lisbon",
  web: "web, Frankfurt",
  ingest: "nightly import",
};

export async function tellStory(world: World): Promise<void> {
  await moveIn(world);
  await firstMonth(world);
  await secondMonth(world);
  await lastWeeks(world);
  await today(world);
}

/** Marta sets everything up, on two days. */
async function moveIn(world: World): Promise<void> {
  world.at(91, "09:12");
  const first = await world.signIn(marta);
  await first.createRoot(shop, "The shop at fernhill.example");
  await createChildren(first, shop);
  for (const environment of environments) {
    await first.save(shop, environment, values.shopSecrets(environment));
    await first.save(api, environment, values.apiSecrets(environment));
  }
  await first.seal(shop);
  await first.signOut();

  world.at(90, "10:02");
  const second = await world.signIn(marta);
  await second.unseal(shop);
  for (const environment of environments) {
    for (const [path, lines] of Object.entries(values.otherShopSecrets(environment)))
      await second.save(path, environment, lines);
  }
  await second.createToken({
    project: api,
    environment: "prod",
    name: tokens.api,
    allowedIps: "203.0.113.0/24\n2001:db8:17::/48",
  });
  await second.createToken({ project: `${shop}/web`, environment: "prod", name: tokens.web });
  await second.signOut();

  world.at(85, "14:30");
  const third = await world.signIn(marta);
  await third.unseal(shop);
  await third.createToken({
    project: api,
    environment: "prod",
    name: tokens.expiring,
    expiresInDays: 90,
    allowedIps: "198.51.100.128/25",
  });
  await third.createToken({ project: api, environment: "staging", name: tokens.deploy, rights: "write" });
  await third.createToken({ project: api, environment: "dev", name: tokens.laptop });
  await third.signOut();
}

async function createChildren(sitting: Sitting, root: string): Promise<void> {
  for (const [path, description] of values.children) {
    if (path.startsWith(`${root}/`)) await sitting.createChild(path, description);
  }
}

/** The other two trees; the pipeline begins to write. */
async function firstMonth(world: World): Promise<void> {
  world.at(78, "08:55");
  const inesFirst = await world.signIn(ines);
  await inesFirst.createRoot(office, "What customers never see", values.passphrases.office);
  await createChildren(inesFirst, office);
  for (const environment of environments) {
    await inesFirst.save(office, environment, values.officeSecrets);
    await inesFirst.save(`${office}/payroll`, environment, values.payrollSecrets);
    await inesFirst.save(`${office}/wiki`, environment, values.wikiSecrets);
  }
  await inesFirst.seal(office);

  world.at(74, "16:20");
  const jonasFirst = await world.signIn(jonas);
  await jonasFirst.createRoot(reports, "Numbers for Mondays", values.passphrases.reports);
  await createChildren(jonasFirst, reports);
  for (const environment of environments) {
    await jonasFirst.save(reports, environment, values.reportsSecrets);
    await jonasFirst.save(`${reports}/ingest`, environment, values.ingestSecrets);
    await jonasFirst.save(`${reports}/dashboards`, environment, values.dashboardSecrets);
  }
  await jonasFirst.createToken({ project: `${reports}/ingest`, environment: "prod", name: tokens.ingest });
  await jonasFirst.signOut();

  world.at(70, "11:41");
  await world.writeByToken(tokens.deploy, pipeline, [
    { kind: "set", name: "RELEASE", value: "4.18-rc1", note: "Written by the pipeline" },
    { kind: "set", name: "ASSETS_URL", value: values.assets("4.18-rc1"), note: "Written by the pipeline" },
  ]);
  world.at(64, "15:08");
  await world.writeByToken(tokens.deploy, pipeline, [
    { kind: "set", name: "RELEASE", value: "4.18-rc2" },
    { kind: "set", name: "BUILD_NUMBER", value: "1209" },
  ]);
}

/** Keys are changed in turn, somebody makes a mistake and takes it back, a laptop is lost. */
async function secondMonth(world: World): Promise<void> {
  world.at(60, "09:33");
  const jonasSecond = await world.signIn(jonas);
  await jonasSecond.unseal(shop);
  await jonasSecond.createToken({
    project: api,
    environment: "prod",
    name: tokens.expired,
    expiresInDays: 30,
  });
  await jonasSecond.save(api, "prod", [["SESSION_SECRET", "not-real-q3Nf8s6Lp0XyBd5TgUe7-prod"]]);

  world.at(52, "17:46");
  const mistaken = await world.signIn(jonas);
  await mistaken.unseal(shop);
  await mistaken.save(api, "prod", [
    ["SESSION_SECRET", "not-real-q3Nf8s6Lp0XyBd5TgUe7"],
    ["RATE_LIMIT_PER_MINUTE", "60"],
  ]);
  await mistaken.reveal(api, "prod", "SESSION_SECRET");
  await mistaken.save(api, "prod", [
    ["SESSION_SECRET", "not-real-q3Nf8s6Lp0XyBd5TgUe7-prod"],
    ["RATE_LIMIT_PER_MINUTE", "900", "Raised for the new catalogue"],
  ]);
  await mistaken.signOut();

  world.at(47, "08:05");
  await world.failToSignIn(ines);
  const lost = await world.signIn(ines);
  await lost.revokeToken(api, tokens.laptop);
  await lost.failToUnseal(shop);
  await lost.unseal(shop);
  await lost.save(shop, "dev", [["DB_PASSWORD", "kept-by-owls-dev-9e02", "Changed when a laptop was lost"]]);
  await lost.seal(shop);
  await lost.signOut();

  world.at(41, "13:17");
  await world.writeByToken(tokens.deploy, pipeline, [
    { kind: "set", name: "RELEASE", value: "4.18" },
    { kind: "delete", name: "BUILD_NUMBER" },
  ]);
}

/** A certificate, overrides that are needed and one that is not, and a reference that loses its target. */
async function lastWeeks(world: World): Promise<void> {
  world.at(27, "10:24");
  const certificates = await world.signIn(marta);
  await certificates.unseal(shop);
  for (const environment of environments) {
    await certificates.save(api, environment, [
      ["PAYMENTS_CERTIFICATE", values.certificate, "Renewed once a year, in spring"],
    ]);
  }
  await certificates.save(api, "prod", [
    ["PAYMENTS_KEY", "pay_test_prod_e81f2b07c6d94a35", "Dashboard → Developers → Keys"],
  ]);
  await certificates.save(`${api}/search`, "prod", [
    ["SMTP_URL", "smtps://mailer:pigeon-post@mail.fernhill.internal:465"],
    ["LOG_LEVEL", "warn", "It told too much"],
  ]);
  await certificates.createToken({ project: api, environment: "prod", name: tokens.unused });
  await certificates.signOut();

  world.at(19, "16:02");
  const tidying = await world.signIn(jonas);
  await tidying.unseal(shop);
  await tidying.save(`${shop}/web`, "dev", [["LOG_LEVEL", "trace"]]);
  await tidying.remove(`${shop}/web`, "dev", "SHOP_NAME");
  for (const environment of environments) await tidying.remove(`${shop}/web`, environment, "ANALYTICS_ID");
  await tidying.signOut();

  world.at(12, "09:40");
  await world.writeByToken(tokens.deploy, pipeline, [{ kind: "set", name: "RELEASE", value: "4.19-rc1" }]);
  world.at(8, "11:15");
  const rotating = await world.signIn(ines);
  await rotating.unseal(shop);
  for (const environment of environments) {
    await rotating.save(shop, environment, [["DB_PASSWORD", `kept-by-owls-${environment}-2b7f`]]);
  }
  await rotating.save(`${api}/billing`, "prod", [["TAX_API_KEY", "tax_test_prod_4c20"]]);
  await rotating.unseal(office);
  await rotating.reveal(`${office}/payroll`, "prod");
  await rotating.save(`${office}/payroll`, "prod", [["BANK_CLIENT_SECRET", "bank_test_77e2a9"]]);
  await rotating.signOut();
}

/** From yesterday to an hour ago. */
async function today(world: World): Promise<void> {
  world.at(1, "14:05");
  await world.writeByToken(tokens.deploy, pipeline, [
    { kind: "set", name: "RELEASE", value: "4.19" },
    { kind: "delete", name: "ASSETS_URL" },
  ]);
  world.at(1, "15:11");
  const yesterday = await world.signIn(jonas);
  await yesterday.unseal(shop);
  await yesterday.reveal(api, "staging");
  await yesterday.save(api, "staging", [
    ["ASSETS_URL", values.assets("4.18-rc1"), "The old catalogue still needs it"],
  ]);
  await yesterday.save(api, "prod", [["SESSION_SECRET", "not-real-Zt5Wc1Hn8Ra4Ej9KxPq0-prod"]]);
  await yesterday.signOut();

  world.moveTo(world.present - 95 * minute);
  const now = await world.signIn(marta);
  await now.unseal(shop);
  await now.save(api, "prod", [["FEATURE_FLAGS", values.flags.replace("0.1", "0.25")]]);
  await now.seal(shop);
}

/** What the apps fetched in all that time. It is counted apart from the story, day by day. */
export async function fetchDaily(world: World): Promise<void> {
  await world.readByToken(tokens.laptop, "192.0.2.31", 84, 48, 1);
  await world.readByToken(tokens.expired, "198.51.100.8", 59, 31, 40);
  await world.readByToken(tokens.deploy, pipeline, 71, 1, 1);
  await world.readByToken(tokens.expiring, "198.51.100.140", 84, 2, 2);
  await world.readByToken(tokens.ingest, "203.0.113.61", 73, 0, 1);
  await world.readByToken(tokens.web, apps, 89, 0, 6);
  await world.readByToken(tokens.api, apps, 89, 0, 12);
}
