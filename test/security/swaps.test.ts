/**
 * Everything that is sealed is put in the place of everything else that is: of another name, version, project,
 * environment, token, root, purpose and generation, and of an older copy. A generated table; what is sealed in a column
 * that is not here yet fails the first test.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Context, contextBytes, open as unseal } from "../../src/cryptography/aead.ts";
import { type Bytes, toText } from "../../src/cryptography/bytes.ts";
import { openWithServiceToken } from "../../src/cryptography/service-token.ts";
import { verifyDatabase } from "../../src/maintenance/verify.ts";
import { bearer, type TestApp, type TestBrowser } from "../harness.ts";
import type { Place } from "../place.ts";
import { storedIn } from "../stored.ts";
import { type Blob, blobColumns, blobsOf, isSealed } from "./blobs.ts";
import { createHaul, type Haul } from "./haul.ts";
import { contextOf, openAsOwners } from "./owners.ts";
import { adminPassword, type Prey } from "./prey.ts";
import { moveRow, type Rooted, type Swap, swap, swapsInto } from "./swaps.ts";

setDefaultTimeout(240_000);

let haul: Haul;
let prey: Prey;
/** Of the newest copy. */
let live: Rooted[];
/** Of all copies, the newest first. */
let all: Rooted[];

beforeAll(async () => {
  haul = await createHaul();
  ({ prey } = haul);
  const ofCopies = (await Promise.all(haul.copies.map(({ file }) => sealedIn(file)))).reverse();
  live = ofCopies[0] ?? [];
  all = ofCopies.flat();
});
afterAll(() => haul[Symbol.dispose]());

async function sealedIn(file: string): Promise<Rooted[]> {
  const stored = storedIn(file);
  const rows = await stored.read("select id, root_id from projects");
  const roots = new Map<unknown, unknown>(rows.map(({ id, root_id }) => [id, root_id]));
  return (await blobsOf(stored))
    .filter((blob) => isSealed(blob) && blob.bytes.length > 0)
    .map((blob) => ({ ...blob, root: roots.get(blob.row.project_id) }));
}

/** What the owners of the shop hold by now. */
const masterKey = () => prey.owners.masterKeys.at(-1) ?? "";
const secretsPath = (project: number) => `/admin/projects/${project}/environments/dev/secrets`;

/** A place of each sealed column, who meets what is there, and what they are told. */
interface Target {
  place: () => string;
  meet: (copy: TestApp, admin: TestBrowser) => Promise<Response>;
  status: number;
  /** What the answer says, where no log names the place. */
  says?: string;
  /** What `secretsfly verify` calls it. */
  fault: { name?: string | null; version?: number | null; what: RegExp };
}

const api = () => prey.ids.api;
const history = (admin: TestBrowser) => admin.get(`${secretsPath(api())}/OWN/history?decrypt=true`);
const fetchAs = (name: string) => (copy: TestApp) =>
  copy.request("/api/secrets", { headers: bearer(prey.token(name)) });
const readId = () => prey.parsed("api dev read").id;

const targets: Record<string, Target> = {
  "root_keys.sealed_root_key": {
    place: () => "shop sealed_root_key",
    meet: async (copy) => {
      // What does not open looks like a guess, and guesses are limited.
      copy.clock.advance(60 * 60 * 1000);
      const admin = copy.browser();
      await admin.post("/admin/sign-in", { password: adminPassword });
      return admin.unseal(prey.ids.shop, masterKey());
    },
    status: 422,
    says: "master key",
    fault: { what: /opens no root project/ },
  },
  "environment_keys.sealed_environment_key": {
    place: () => "api dev sealed_environment_key",
    meet: (_copy, admin) => admin.get(secretsPath(api())),
    status: 500,
    fault: { what: /environment key/ },
  },
  "secret_versions.sealed_value": {
    place: () => "api dev sealed_value OWN 2",
    meet: (_copy, admin) => history(admin),
    status: 500,
    fault: { name: "OWN", version: 2, what: /the value does not open/ },
  },
  "secret_versions.sealed_note": {
    place: () => "api dev sealed_note OWN 1",
    meet: (_copy, admin) => history(admin),
    status: 500,
    fault: { name: "OWN", version: 1, what: /the note does not open/ },
  },
  "views.sealed_source": {
    place: () => "api dev sealed_source",
    meet: (_copy, admin) => admin.get(secretsPath(api())),
    status: 500,
    fault: { what: /the source of its view does not open/ },
  },
  "views.sealed_body": {
    place: () => "api dev sealed_body",
    meet: fetchAs("api dev read"),
    status: 500,
    fault: { what: /the body of its view, which apps get, does not open/ },
  },
  "service_tokens.sealed_key": {
    place: () => `api dev sealed_key test ${readId()}`,
    meet: fetchAs("api dev read"),
    status: 500,
    fault: { name: "test", what: /whose sealed key was changed/ },
  },
  "service_tokens.sealed_public_key": {
    place: () => `api dev sealed_public_key test ${readId()}`,
    meet: (_copy, admin) =>
      admin.post(`/admin/projects/${prey.ids.shop}/rotate`, { currentMasterKey: masterKey() }),
    status: 422,
    says: "The row of the service token test was changed outside of secretsfly",
    fault: { name: "test", what: /the record of a service token does not open/ },
  },
};

/** What a rotation has staged is read by nobody but that rotation, which compares all of it before it is put in place. */
const staged = ["staged_seals.sealed_first", "staged_seals.sealed_second"];

function find(place: string): Rooted {
  const found = live.find((blob) => blob.place === place);
  if (!found) throw new Error(`there is no ${place}`);
  return found;
}

test("every sealed column of the schema is swapped", () => {
  const sealed = blobColumns().filter((column) => column.includes(".sealed_"));
  expect(sealed.sort()).toEqual([...Object.keys(targets), ...staged].sort());
});

describe("what is sealed for one place", () => {
  test("opens in no other, for any of all pairs of places and copies, with the keys of the owners", async () => {
    const newest = haul.copies.at(-1)?.file ?? "";
    const { sealedWith } = await openAsOwners(storedIn(newest), prey.owners);
    const distinct = [...new Map(all.map((blob) => [blob.bytes.toHex(), blob])).values()];
    let tried = 0;
    const opened: string[] = [];
    const attempt = async (target: Blob, source: Blob, opening: Promise<Bytes>) => {
      tried += 1;
      const isOpen = await opening.then(
        () => true,
        () => false,
      );
      if (isOpen) opened.push(`${source.place} as ${toText(contextBytes(contextOf(target)))}`);
    };
    for (const target of live) {
      const key = sealedWith.get(target.place);
      const others = distinct.filter(({ bytes }) => bytes.toHex() !== target.bytes.toHex());
      if (key)
        for (const source of others)
          await attempt(target, source, unseal(key, source.bytes, contextOf(target)));
    }
    for (const token of [
      ...Object.values(haul.held).flat(),
      prey.parsed("shop dev read"),
      prey.parsed("api dev write"),
    ]) {
      const isTheirs = ({ target, row }: Blob) => target === "sealed_key" && row.public_id === token.id;
      const target = all.find(isTheirs);
      if (!target) throw new Error("a token without a row");
      const context = contextOf(target);
      const ofTokens = distinct.filter((blob) => blob.target === "sealed_key" && !isTheirs(blob));
      for (const source of ofTokens)
        await attempt(target, source, openWithServiceToken(token, source.bytes, context));
    }
    expect(opened).toEqual([]);
    expect(tried).toBeGreaterThan(15_000);
  });
});

/** What no answer to a tampered row may hold. */
const hidden = ["sfly_", "value of", "note on"];

/** The places that the log names, of data that did not open. */
function placesInLog(logs: readonly string[]): Context[] {
  return logs.flatMap((line) => (JSON.parse(line) as { place?: Context }).place ?? []);
}

interface Met {
  response: Response;
  body: string;
  places: Context[];
  /** As `secretsfly verify` tells them. */
  faults: string[];
  /** Root projects that none of the master keys opens. */
  sealed: string[];
}

/** An app on a copy, and an admin who has unsealed the shop before it is tampered with. */
async function open(tamper?: (copy: Place) => unknown): Promise<{ copy: TestApp; admin: TestBrowser }> {
  const copy = await prey.app.copy(tamper);
  const admin = copy.browser();
  await admin.post("/admin/sign-in", { password: adminPassword });
  await admin.unseal(prey.ids.shop, masterKey());
  return { copy, admin };
}

/** What everybody sees of a database that was tampered with. */
async function meet(target: Target, copy: TestApp, admin: TestBrowser): Promise<Met> {
  const options = { masterKeys: [masterKey()], keepsVersions: true, clock: () => copy.clock.now };
  const { faults, opened } = await verifyDatabase({ file: copy.file, env: {} }, options);
  const logged = copy.logs.length;
  const response = await target.meet(copy, admin);
  return {
    response,
    body: await response.text(),
    places: placesInLog(copy.logs.slice(logged)),
    faults: faults.map(({ projectName, environment, name, version, what }) =>
      [projectName, environment, name, version, what].join(" "),
    ),
    sealed: (opened?.roots ?? []).filter(({ isOpened }) => !isOpened).map(({ name }) => name),
  };
}

function expectTold(column: string, { what, target }: Swap, met: Met): void {
  const { status, says, fault } = targets[column] as Target;
  const { purpose: _purpose, generation: _generation, ...place } = contextOf(target);
  expect([what, met.response.status]).toEqual([what, status]);
  for (const text of hidden) expect(met.body).not.toContain(text);
  if (says === undefined) {
    expect(met.body).toContain("Stored data does not open");
    expect(met.places).toContainEqual(expect.objectContaining(place));
  } else expect(met.body).toContain(says);
  if (column === "root_keys.sealed_root_key") expect([what, met.sealed]).toEqual([what, ["shop", "bank"]]);
  else {
    const called = ["api", "dev", fault.name, fault.version].join(" ").trim();
    const isTold = met.faults.some((text) => text.startsWith(called) && fault.what.test(text));
    expect([what, isTold || met.faults]).toEqual([what, true]);
  }
}

describe("sealed bytes in the place of others", () => {
  test.each(Object.keys(targets))(
    "do not open as %s; the answer, the log and verify tell the place",
    async (column) => {
      const target = targets[column] as Target;
      const swaps = swapsInto(find(target.place()), all);
      expect(swaps.length).toBeGreaterThan(15);
      const { copy, admin } = await open();
      for (const one of swaps) {
        await swap(copy.stored, one);
        expectTold(column, one, await meet(target, copy, admin));
        await swap(copy.stored, one, true);
      }
      copy.close();
    },
  );
});

describe("rows in the place of others, with all that they say of what is sealed in them", () => {
  const rows = Object.keys(targets).filter(
    (column) => !column.endsWith("sealed_note") && !column.endsWith("sealed_source"),
  );
  test.each(rows)("are found, or are the rollback that SECURITY.md tells of: %s", async (column) => {
    const target = targets[column] as Target;
    const place = find(target.place());
    const ofTable = all.filter(({ table, column: other }) => `${table}.${other}` === column);
    const rollbacks: string[] = [];
    for (const one of swapsInto(place, ofTable)) {
      const { copy, admin } = await open(({ stored }) => moveRow(stored, one));
      const met = await meet(target, copy, admin);
      copy.close();
      expect([one.what, met.faults.length > 0 || met.sealed.includes("shop")]).toEqual([one.what, true]);
      for (const text of ["sfly_", "note on"]) expect(met.body).not.toContain(text);
      if (met.response.status >= 400) expect(met.body).not.toContain("value of");
      else rollbacks.push(one.what);
    }
    expect([column, rollbacks]).toEqual([column, documentedRollbacks[column] ?? []]);
  });
});

/** What opens after all: an older row of the same place and generation. Apps get its values; `verify` finds it. */
const documentedRollbacks: Record<string, string[]> = {
  "views.sealed_body": ["sealed_body of another version"],
};
