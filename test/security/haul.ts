import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { type Bytes, systemRandom } from "../../src/cryptography/bytes.ts";
import { parseServiceToken, type ServiceToken } from "../../src/cryptography/service-token.ts";
import { serviceTokens } from "../../src/database/schema.ts";
import { backUp } from "../../src/maintenance/backup.ts";
import { bearer, createFileApp, type TestApp } from "../harness.ts";
import { rotate } from "../vault/rotation-world.ts";
import type { Copy } from "./loot.ts";
import { configuration, createPrey, type Prey } from "./prey.ts";

/** What somebody took who was there for days: everything but the master keys. */
export interface Haul extends Disposable {
  prey: Prey;
  /** Backups and files with their WAL, oldest first. */
  copies: readonly Copy[];
  /** The bytes of all files as they were on the disk. */
  files: readonly Buffer[];
  /** Settings, and every line of the log. */
  texts: readonly string[];
  /** Read tokens of api × dev, by what became of them. */
  held: Readonly<Record<Fate, ServiceToken[]>>;
  /** Every body that apps of api × dev ever got. */
  served: ReadonlySet<string>;
}

type Fate = "live" | "expired" | "revoked" | "revokedByRotation" | "made later";

const day = 24 * 60 * 60 * 1000;

/** The prey over some days: with changes, a revocation, an expiry and a rotation, and copies before and after each. */
export async function createHaul(): Promise<Haul> {
  const prey = await createPrey(createFileApp);
  const { app, admin, ids } = prey;
  const bag = new Bag(app);
  const more = async (name: string, fields = {}) =>
    parsedToken(await admin.createToken(ids.api, "dev", "read", { name, ...fields }));
  const expired = await more("expires", { expiresInDays: "1" });
  const [revoked, revokedByRotation] = [await more("revoked"), await more("revoked by the rotation")];
  const live = ["api dev read", "api dev read 2", "api dev read 3"].map(prey.parsed);

  await bag.backUp("the first backup");
  await bag.ask(prey.token("api dev read"));
  await admin.save(ids.api, "dev", { OWN: "newest value of api dev", LATE: "late value of api dev" });
  await bag.backUp("after a change");
  await admin.post(`/admin/projects/${ids.api}/service-tokens/${await idOf(app, revoked)}/revoke`);
  bag.takeFiles("the files after the revocation");
  await bag.backUp("after the revocation");
  await bag.ask(prey.token("api dev read"));
  app.clock.advance(day);
  await bag.backUp("after the expiry");

  const drawn: Bytes[] = [];
  const random = (length: number) => {
    const bytes = systemRandom(length);
    drawn.push(bytes.slice());
    return bytes;
  };
  const revoke = [await idOf(app, revokedByRotation)];
  const input = { currentMasterKey: prey.shopMasterKey, revoke };
  const rotation = await rotate({ vault: { ...app.vault, random } }, ids.shop, input, ({ done, total }) => {
    if (done === (2 * total) / 3) bag.takeFiles("the files during the rotation");
  });
  const newMasterKey = rotation.generatedMasterKey ?? "";
  await bag.backUp("after the rotation");
  await admin.unseal(ids.shop, newMasterKey);
  const later = await more("made later");
  await admin.save(ids.api, "dev", { OWN: "rotated value of api dev" });
  await bag.ask(prey.token("api dev read"));
  await bag.backUp("the last backup");
  bag.takeFiles("the files of today");

  const owners = { masterKeys: [...prey.owners.masterKeys, newMasterKey], drawn: drawn.filter(isKey) };
  return {
    prey: { ...prey, owners },
    copies: bag.copies,
    files: bag.files,
    texts: [...Object.values(configuration), ...app.logs],
    held: {
      live,
      expired: [expired],
      revoked: [revoked],
      revokedByRotation: [revokedByRotation],
      "made later": [later],
    },
    served: bag.served,
    [Symbol.dispose]: () => {
      app.close();
      bag[Symbol.dispose]();
    },
  };
}

const isKey = ({ length }: Bytes) => length === 32;

function parsedToken(text: string): ServiceToken {
  const token = parseServiceToken(text);
  if (!token) throw new Error("the token is none");
  return token;
}

async function idOf({ db }: TestApp, { id }: ServiceToken): Promise<number> {
  const [row] = await db.select().from(serviceTokens).where(eq(serviceTokens.publicId, id));
  if (!row) throw new Error("no such token");
  return row.id;
}

/** Where the thief puts what they take. */
class Bag implements Disposable {
  readonly copies: Copy[] = [];
  readonly files: Buffer[] = [];
  readonly served = new Set<string>();
  readonly #folder = mkdtempSync(join(tmpdir(), "secretsfly-haul-"));

  constructor(private readonly app: TestApp) {}

  #next(what: string): string {
    const file = join(this.#folder, `${this.copies.length}.db`);
    this.copies.push({ what, file });
    return file;
  }

  /** As `secretsfly backup` makes one, while the server runs. */
  async backUp(what: string): Promise<void> {
    const file = this.#next(what);
    const env = { DATABASE_URL: `file:${this.app.file}` };
    const { report } = await backUp(file, { env, force: false, clock: () => this.app.clock.now });
    if (report.faultCount > 0) throw new Error(`the backup has faults: ${JSON.stringify(report.faults)}`);
    this.files.push(readFileSync(file));
  }

  /** The database's file and its WAL, as they are on the disk at this moment. */
  takeFiles(what: string): void {
    const file = this.#next(what);
    for (const ending of ["", "-wal"]) {
      if (!existsSync(this.app.file + ending)) continue;
      copyFileSync(this.app.file + ending, file + ending);
      this.files.push(readFileSync(file + ending));
    }
  }

  async ask(token: string): Promise<void> {
    const response = await this.app.request("/api/secrets", { headers: bearer(token) });
    this.served.add(await response.text());
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
