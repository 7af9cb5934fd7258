import { sql } from "drizzle-orm";
import {
  check,
  customType,
  index,
  integer,
  // biome-ignore lint/suspicious/noDeprecatedImports: only its other overload is deprecated.
  primaryKey,
  type SQLiteColumn,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";

/**
 * The tables. Times are milliseconds since the epoch. What is sealed is named so, and its byte format
 * and context are in src/cryptography; SECURITY.md lists them. Ids come from AUTOINCREMENT: one that
 * was used is never used again, so a new row is never mistaken for a deleted one.
 */

/** A BLOB: each driver has its own type for one, the program has one. */
const bytes = customType<{
  data: Uint8Array<ArrayBuffer>;
  driverData: Uint8Array<ArrayBuffer> | ArrayBuffer;
}>({
  dataType: () => "blob",
  fromDriver: (value) => new Uint8Array(value),
});

export const environments = sqliteTable("environments", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  name: text("name").notNull().unique(),
  createdAt: integer("created_at").notNull(),
});

export const projects = sqliteTable(
  "projects",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    /** null: a root project. */
    parentId: integer("parent_id").references((): SQLiteColumn => projects.id),
    /** The root of its tree; a root's own id. */
    rootId: integer("root_id").notNull(),
    name: text("name").notNull(),
    description: text("description").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [
    uniqueIndex("projects_root_name").on(sql`lower(${table.name})`).where(sql`parent_id is null`),
    uniqueIndex("projects_sibling_name")
      .on(table.parentId, sql`lower(${table.name})`)
      .where(sql`parent_id is not null`),
    index("projects_root").on(table.rootId),
  ],
);

/** One a root project: its root key, wrapped by a key that is derived from the master key. */
export const rootKeys = sqliteTable("root_keys", {
  projectId: integer("project_id")
    .primaryKey()
    .references(() => projects.id),
  /** Counts the writes in the whole tree; every write checks and raises it (src/vault/write.ts). */
  revision: integer("revision").notNull(),
  generation: integer("generation").notNull(),
  kdf: text("kdf", { enum: ["hkdf-sha256", "argon2id"] }).notNull(),
  salt: bytes("salt").notNull(),
  /** Argon2id's cost; null for HKDF. */
  memoryKib: integer("memory_kib"),
  passes: integer("passes"),
  parallelism: integer("parallelism"),
  sealedRootKey: bytes("sealed_root_key").notNull(),
  createdAt: integer("created_at").notNull(),
});

/**
 * Empty but inside a write: a row that does not hold, or holds nothing because what it asks of is gone, fails
 * the whole batch (src/vault/write.ts).
 */
export const guards = sqliteTable("guards", { held: integer("held").notNull() }, (table) => [
  check("guards_held", sql`${table.held} = 1`),
]);

/** The environment key of a project × environment, wrapped by its parent's, or by the root key. */
export const environmentKeys = sqliteTable(
  "environment_keys",
  {
    projectId: integer("project_id")
      .notNull()
      .references(() => projects.id),
    environmentId: integer("environment_id")
      .notNull()
      .references(() => environments.id),
    generation: integer("generation").notNull(),
    sealedEnvironmentKey: bytes("sealed_environment_key").notNull(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.environmentId] })],
);

/** A name that a project × environment has, or had: a deleted secret keeps its row and its history. */
export const secrets = sqliteTable(
  "secrets",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    projectId: integer("project_id")
      .notNull()
      .references(() => projects.id),
    environmentId: integer("environment_id")
      .notNull()
      .references(() => environments.id),
    name: text("name").notNull(),
    /** The newest version. */
    version: integer("version").notNull(),
    /** The newest version is the deletion. */
    deleted: integer("deleted", { mode: "boolean" }).notNull(),
  },
  (table) => [uniqueIndex("secrets_name").on(table.projectId, table.environmentId, table.name)],
);

/** Every value that a secret had; a version without a value is a deletion. */
export const secretVersions = sqliteTable(
  "secret_versions",
  {
    secretId: integer("secret_id")
      .notNull()
      .references(() => secrets.id),
    version: integer("version").notNull(),
    sealedValue: bytes("sealed_value"),
    /** null: no note. */
    sealedNote: bytes("sealed_note"),
    createdAt: integer("created_at").notNull(),
    /** Who: `session:<id>` or `service-token:<id>`. */
    createdBy: text("created_by").notNull(),
  },
  (table) => [primaryKey({ columns: [table.secretId, table.version] })],
);

/** What a project × environment gives its apps, ready to send (src/vault/views.ts). */
export const views = sqliteTable(
  "views",
  {
    projectId: integer("project_id")
      .notNull()
      .references(() => projects.id),
    environmentId: integer("environment_id")
      .notNull()
      .references(() => environments.id),
    /** Counts the rebuilds of this view; part of what the two columns below are sealed for. */
    revision: integer("revision").notNull(),
    /** Random, and new whenever the body changes: what the ETag is made of. */
    bodyId: text("body_id").notNull(),
    /** Own and inherited secrets as they were written. */
    sealedSource: bytes("sealed_source").notNull(),
    /** The response of `GET /api/secrets`, byte for byte. */
    sealedBody: bytes("sealed_body").notNull(),
    /** How many secrets are its own, and how many it inherits and does not override. */
    ownCount: integer("own_count").notNull(),
    inheritedCount: integer("inherited_count").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.environmentId] })],
);

export const serviceTokens = sqliteTable(
  "service_tokens",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    /** The id in the token's text. */
    publicId: text("public_id").notNull().unique(),
    projectId: integer("project_id")
      .notNull()
      .references(() => projects.id),
    environmentId: integer("environment_id")
      .notNull()
      .references(() => environments.id),
    name: text("name").notNull(),
    rights: text("rights", { enum: ["read", "write"] }).notNull(),
    /** SHA-256 of the verifier that is derived from the token's secret. */
    verifierHash: bytes("verifier_hash").notNull(),
    /** X25519. */
    publicKey: bytes("public_key").notNull(),
    /**
     * The public key again, the pre-shared key, and the hash of the sealed key, under the environment's value key: what
     * a rotation seals the new keys to, since the column above is nobody's promise (src/vault/token-record.ts). null:
     * made before there was this column, or revoked.
     */
    sealedPublicKey: bytes("sealed_public_key"),
    /** The view key (read) or the environment key (write), sealed to the public key with the pre-shared key. */
    sealedKey: bytes("sealed_key").notNull(),
    /** The generation of the environment key that is sealed. */
    generation: integer("generation").notNull(),
    /** CIDR ranges, one a line; empty: any address. */
    allowedIps: text("allowed_ips").notNull(),
    createdAt: integer("created_at").notNull(),
    createdBy: text("created_by").notNull(),
    expiresAt: integer("expires_at"),
    revokedAt: integer("revoked_at"),
    lastUsedAt: integer("last_used_at"),
    reads: integer("reads").notNull(),
  },
  (table) => [index("service_tokens_project").on(table.projectId)],
);

/** What service tokens read, summed up by day: a fetch is counted and not told one by one. */
export const serviceTokenReads = sqliteTable(
  "service_token_reads",
  {
    serviceTokenId: integer("service_token_id")
      .notNull()
      .references(() => serviceTokens.id),
    /** Days since the epoch, in UTC. */
    day: integer("day").notNull(),
    reads: integer("reads").notNull(),
    lastReadAt: integer("last_read_at").notNull(),
    /** Where the last of them came from. */
    lastAddress: text("last_address").notNull(),
  },
  (table) => [primaryKey({ columns: [table.serviceTokenId, table.day] })],
);

/**
 * What a rotation has sealed anew and not yet put in its place (src/vault/rotation.ts). Of no use to anybody without
 * the new root key, and deleted in the write that puts all of it in place at once.
 */
export const stagedSeals = sqliteTable(
  "staged_seals",
  {
    /** Random, one a rotation: two that run at once do not mix. */
    rotation: text("rotation").notNull(),
    kind: text("kind", { enum: ["environment-key", "version", "view", "service-token"] }).notNull(),
    /** The row that it is for: project and environment, secret and version, or service token and 0. */
    firstId: integer("first_id").notNull(),
    secondId: integer("second_id").notNull(),
    /** For the row's two sealed columns, in their order in this file; the second is null where there is none. */
    sealedFirst: bytes("sealed_first"),
    sealedSecond: bytes("sealed_second"),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.rotation, table.kind, table.firstId, table.secondId] })],
);

/** Who did what, in a chain: each event's hash covers the one before. Refers by value, so that it outlives what it tells of. */
export const auditEvents = sqliteTable(
  "audit_events",
  {
    /** Without gaps, from 1. */
    id: integer("id").primaryKey(),
    at: integer("at").notNull(),
    actor: text("actor").notNull(),
    action: text("action").notNull(),
    projectId: integer("project_id"),
    projectName: text("project_name"),
    environment: text("environment"),
    /** Of the secret or the service token, never a value. */
    name: text("name"),
    address: text("address").notNull(),
    requestId: text("request_id").notNull(),
    /** SHA-256 of the hash before and this event (src/vault/audit.ts). */
    hash: bytes("hash").notNull(),
  },
  (table) => [
    index("audit_events_project").on(table.projectId, table.id),
    index("audit_events_at").on(table.at),
  ],
);

/** One row: 32 random bytes by which heads of the audit are told without telling its hashes (src/vault/audit-head.ts). */
export const auditBlinding = sqliteTable("audit_blinding", {
  /** 1. */
  id: integer("id").primaryKey(),
  blinding: bytes("blinding").notNull(),
});
