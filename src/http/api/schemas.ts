import { z } from "zod";
import { secretFormats } from "../../formats/index.ts";
import { nameFault } from "../../vault/secret-input.ts";
import { parseEntityTags } from "./etag.ts";

/**
 * What the API is sent and what it answers, each told once: the routes validate by these, their answers are typed by
 * them, and the OpenAPI document is made of them. What `meta` adds is only for that document.
 */

const name = z.string().meta({ description: "The secret's name.", examples: ["DB_HOST"] });

/** JSON Schema cannot say all of it; what it can say is beside the check, and a test compares the two. */
const newName = z
  .string()
  .superRefine((text, { addIssue }) => {
    const fault = nameFault(text);
    if (fault !== undefined) addIssue(fault);
  })
  .meta({
    description: "An environment variable's name. `events` and what looks like a key or a token are refused.",
    pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
    maxLength: 255,
    examples: ["DB_HOST"],
  });

const id = z.int().positive().meta({ description: "Of the secret, for ever: no other one gets it." });
const version = z.int().positive().meta({ description: "Of the value: every change of it is one more." });

/** The secret that a path names, to read it: what is no name is found nowhere. */
export const namedSecret = z.object({ name });
/** The secret that a path names, to write it. */
export const namedNewSecret = z.object({ name: newName });

/** `?format=` */
export const listQuery = z.object({
  format: z
    .enum(secretFormats, `must be one of ${secretFormats.join(", ")}`)
    .default("json")
    .meta({ description: "How the secrets are written." }),
});

/** Strict, as of every write: a mistyped `dryRun` must not write. */
export const patchQuery = z.strictObject({
  dryRun: z.enum(["true", "false"], "must be true or false").default("false").meta({
    description: "`true`: everything is checked and answered as for the change, and nothing is written.",
  }),
});
/** Of writes that take no query. */
export const noQuery = z.strictObject({});

const entityTags = z
  .string()
  .refine(
    (header) => parseEntityTags(header) !== undefined,
    'must be * or entity tags in quotes, such as the ETag of an answer: "…"',
  );
const ifMatch = entityTags.optional().meta({
  description:
    'Write only if this is what is there: the `ETag` of any answer about this project × environment, its revision alone (`"REVISION"`), several of them, or `*` for whatever there is. A new note alone makes no other revision. Weak tags (`W/`) never match.',
  examples: ['"3.prod.json.Zx0vXpS1cFQ2nqkYl9yq7A"'],
});
const ifNoneMatch = entityTags.optional().meta({
  description:
    "`*`: write only if there is no secret of this name, inherited ones included; the list always is there. Entity tags: only if none of them is what is there.",
  examples: ["*"],
});

/** Of every write. If-None-Match is of little use but to create; a condition that is stated is never passed over. */
export const writeHeaders = z.object({ "If-Match": ifMatch, "If-None-Match": ifNoneMatch });
/** Of a fetch. Any text: what is no entity tag matches nothing. */
export const fetchHeaders = z.object({
  "If-None-Match": z
    .string()
    .optional()
    .meta({
      description: "The `ETag` of an earlier answer: 304 while it still is the answer.",
      examples: ['"3.prod.json.Zx0vXpS1cFQ2nqkYl9yq7A"'],
    }),
});
/** Of a stream of changes. */
export const streamHeaders = z.object({
  "Last-Event-ID": z
    .string()
    .optional()
    .meta({
      description:
        "The last revision that was seen. While it is the present one, the stream begins with a `ping`.",
      examples: ["Zx0vXpS1cFQ2nqkYl9yq7A"],
    }),
});

const value = z.string().meta({
  description: "Any Unicode text without NUL, up to `MAX_SECRET_BYTES`. `${NAME}` refers to another secret.",
  examples: ["db.internal"],
});

/** `PUT /api/secrets/NAME` */
export const putBody = z.strictObject({
  value,
  note: z
    .string()
    .optional()
    .meta({
      maxLength: 1000,
      description: "One line that says what the secret is for. It stays as it is where it is left out.",
      examples: ["the primary in Oslo"],
    }),
});

/** By hand: what a record schema makes of it would lose a name such as `__proto__`. */
function isTextRecord(candidate: unknown): boolean {
  return (
    typeof candidate === "object" &&
    candidate !== null &&
    !Array.isArray(candidate) &&
    Object.values(candidate).every((item) => typeof item === "string")
  );
}

/** `PATCH /api/secrets` */
export const patchBody = z.strictObject({
  set: z
    .custom<Record<string, string>>(isTextRecord, "must be an object of names and text values")
    .meta({
      type: "object",
      additionalProperties: { type: "string" },
      description: "Names and values: created, or changed where the value differs.",
    })
    .default({}),
  delete: z
    .array(z.string())
    .meta({ description: "Names of secrets to delete. One that is not there fails the whole change." })
    .default([]),
});

const valueThatAppsGet = z
  .string()
  .meta({ description: "The value as apps get it, with its references expanded." });

const secret = z.object({ id, name, value: valueThatAppsGet }).meta({ id: "Secret" });
export const secretList = z.object({ secrets: z.array(secret) }).meta({
  id: "SecretList",
  description: "What a project × environment gives its apps, sorted by name.",
});
export const secretMap = z
  .record(z.string(), z.string())
  .meta({ id: "SecretMap", description: "Names and values." });
export const secretVersion = z
  .object({ id, name, value: valueThatAppsGet, version })
  .meta({ id: "SecretVersion", description: "One secret." });
export const writtenSecret = z
  .object({ id, name, version })
  .meta({ id: "WrittenSecret", description: "What was written, without its value." });

const changedSecret = z
  .object({
    id,
    name,
    version: z.int().positive().meta({ description: "Of the value; a deletion counts as one." }),
    outcome: z.enum(["created", "changed", "deleted", "unchanged"]),
  })
  .meta({ id: "ChangedSecret" });
export const changedSecrets = z
  .object({ secrets: z.array(changedSecret) })
  .meta({ id: "ChangedSecrets", description: "What became of each change, in the order of the request." });

export const tokenInfo = z
  .object({
    name: z.string(),
    project: z.object({ id: z.int().positive(), name: z.string() }),
    environment: z.string().meta({ examples: ["prod"] }),
    rights: z.enum(["read", "write"]),
    expiresAt: z.iso.datetime().nullable().meta({ description: "When it ends; null: never." }),
  })
  .meta({ id: "TokenInfo", description: "What a service token may do." });

export const statusUp = z
  .object({
    db: z.literal("up"),
    writes: z.literal("down").optional().meta({
      description: "What is there can be read, and nothing be written. Left out while all is well.",
    }),
  })
  .meta({ id: "StatusUp" });
export const statusDown = z.object({ db: z.literal("down") }).meta({ id: "StatusDown" });

export type SecretList = z.output<typeof secretList>;
export type SecretMap = z.output<typeof secretMap>;
export type SecretVersion = z.output<typeof secretVersion>;
export type WrittenSecret = z.output<typeof writtenSecret>;
export type ChangedSecrets = z.output<typeof changedSecrets>;
export type TokenInfo = z.output<typeof tokenInfo>;
