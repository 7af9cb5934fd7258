import { afterAll, beforeAll, expect, test } from "bun:test";
import { systemRandom } from "../../src/cryptography/bytes.ts";
import { generateMasterKey } from "../../src/cryptography/master-key.ts";
import { openRoot } from "../../src/vault/root-keys.ts";
import { verifyTree } from "../../src/vault/verify-tree.ts";
import { createTestApp, fetchMap, type TestApp } from "../harness.ts";
import { startServer, temporaryFolder } from "../server-process.ts";
import { actor } from "./rotation-world.ts";

/** A server that is killed in the middle of a rotation: either the former key opens everything, or the new one does. */

const secretsAPlace = 250;
let original: TestApp;
let root: number;
let masterKey: string;
let token: string;

beforeAll(async () => {
  original = await createTestApp();
  const admin = original.browser();
  ({ id: root, masterKey } = await admin.createRoot("shop"));
  const child = await admin.createChild("api", root);
  const many = Object.fromEntries(Array.from({ length: secretsAPlace }, (_, i) => [`A_${i}`, `value ${i}`]));
  for (const environment of ["dev", "prod"])
    for (const id of [root, child]) await admin.save(id, environment, many);
  token = await admin.createToken(child, "prod", "write");
});
afterAll(() => original.close());

/** A place, a version, a view and a token each. */
const things = 4 + 4 * secretsAPlace + 4 + 1;

interface Seen {
  staged: number;
  generation: number;
}

const moments: [string, (seen: Seen) => boolean][] = [
  ["as soon as something is staged", ({ staged }) => staged > 0],
  ["when a third is staged", ({ staged }) => staged > things / 3],
  ["when two thirds are staged", ({ staged }) => staged > (2 * things) / 3],
  ["when all is staged and being verified", ({ staged }) => staged === things],
  ["as soon as it is committed", ({ generation }) => generation === 2],
];

test.each(moments)(
  "killed %s, the database opens as a whole with one of the two keys",
  async (_when, isTime) => {
    using folder = temporaryFolder();
    const copy = await original.copy();
    const newMasterKey = generateMasterKey(systemRandom);
    await using server = await startServer(folder.path, {
      DATABASE_URL: copy.config.DATABASE_URL,
      AVAILABLE_ENVIRONMENTS: "dev,prod",
    });
    const look = async () => {
      const [seen] = await copy.stored.read(
        "select (select count(*) from staged_seals) staged, (select generation from root_keys) generation",
      );
      return seen as unknown as Seen;
    };
    let isOver = false;
    const rotation = server
      .browser()
      .post(`/admin/projects/${root}/rotate`, { currentMasterKey: masterKey, newMasterKey })
      .then(
        ({ status }) => status,
        () => "killed",
      )
      .finally(() => {
        isOver = true;
      });
    while (!isTime(await look()) && !isOver) await new Promise((resolve) => setImmediate(resolve));
    await server.stop("SIGKILL");
    await rotation;

    const app = await copy.sibling();
    const opening = (typed: string) => openRoot(app.vault, root, typed, "masterKey", actor);
    const [opened, ...others] = (
      await Promise.allSettled([opening(masterKey), opening(newMasterKey)])
    ).flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    expect(others).toEqual([]);
    if (!opened) throw new Error("neither key opens the root");
    const { opened: counts, faults } = await verifyTree(app.vault, opened);
    expect(faults).toEqual([]);
    expect(counts).toEqual({ environmentKeys: 4, versions: 4 * secretsAPlace, views: 4, serviceTokens: 1 });
    expect(Object.keys(await fetchMap(app, token))).toHaveLength(secretsAPlace);
    app.close();
    copy.close();
  },
);
