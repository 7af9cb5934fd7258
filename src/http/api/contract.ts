import { z } from "zod";
import type { Operation } from "./operation.ts";
import {
  changedSecrets,
  fetchHeaders,
  listQuery,
  namedNewSecret,
  namedSecret,
  noQuery,
  patchBody,
  patchQuery,
  putBody,
  secretList,
  secretMap,
  secretVersion,
  statusDown,
  statusUp,
  streamHeaders,
  tokenInfo,
  writeHeaders,
  writtenSecret,
} from "./schemas.ts";

const text = z.string();
const noContent = "There is no body.";

const tokenProblems = {
  unauthorized: "The service token is missing, malformed, unknown, expired or revoked: one answer for all.",
  forbidden: "The service token may not be used from this address.",
  "too-many-attempts":
    "As 401, where too many such requests came from this address, or in all. A valid service token is served at any time.",
  busy: "Too much is being sent and fetched at once, or the database is locked. Try again.",
  unavailable: "The database cannot be read: its disk, its file or its server is not there.",
  internal: "Something is wrong with the server or its data. Its log knows more, under the request's id.",
} as const;
const writeProblems = {
  ...tokenProblems,
  unavailable:
    "The database cannot be written: its disk is full, read-only or gone. The answer says whether anything was written.",
  forbidden: "The service token may read and not write, or may not be used from this address.",
  busy: "The database is busy, or too much is being sent at once. Nothing was written; try again.",
} as const;
const condition = "The condition of `If-Match` or `If-None-Match` does not hold. Nothing was written.";
const notJson = "The body is not JSON, or is not text that can be read.";
const mustBeJson = "The body is not sent as `application/json`.";

const listed = { secrets: [{ id: 1, name: "DB_HOST", value: "db.internal" }] };

/** Every route under `/api`, and `/livez`. A test compares them with the app's own. */
export const operations = {
  listSecrets: {
    tag: "Secrets",
    method: "get",
    path: "/api/secrets",
    summary: "Fetch all secrets",
    description:
      "What the service token's project × environment gives its apps: its own and the inherited secrets, references expanded, sorted by name. Ask again with `If-None-Match`, and the answer is an empty 304 until something changes.",
    needs: "read",
    query: listQuery,
    headers: fetchHeaders,
    answers: {
      200: {
        description:
          "The secrets, in the format that was asked for: `json` (a list) and `map` (an object) are `application/json`, `env` and `docker` text, `yaml` and `k8s` YAML.",
        headers: ["ETag"],
        content: {
          "application/json": { schema: z.union([secretList, secretMap]), example: listed },
          "text/plain": { schema: text, example: "DB_HOST=db.internal\n" },
          "application/yaml": { schema: text, example: 'DB_HOST: "db.internal"\n' },
        },
      },
      304: { description: "Nothing has changed since the answer of that ETag.", headers: ["ETag"] },
    },
    problems: {
      ...tokenProblems,
      invalid: "There is no such format.",
      unprintable: "The format cannot say one of the values; the answer names the secret.",
    },
  },
  changeSecrets: {
    tag: "Secrets",
    method: "patch",
    path: "/api/secrets",
    summary: "Change several secrets",
    description:
      "Sets and deletes secrets, all or none. What is set to the value that it has stays as it is. The ETag of an answer, a dry run's too, is what `If-Match` of the next change takes.",
    needs: "write",
    query: patchQuery,
    headers: writeHeaders,
    body: { schema: patchBody, example: { set: { DB_HOST: "db.internal", DB_PORT: "5432" }, delete: [] } },
    answers: {
      200: {
        description: "All of it was done; of a dry run, would be. The ETag is that of the list as `json`.",
        headers: ["ETag"],
        content: {
          "application/json": {
            schema: changedSecrets,
            example: { secrets: [{ id: 1, name: "DB_HOST", version: 2, outcome: "changed" }] },
          },
        },
      },
    },
    problems: {
      ...writeProblems,
      malformed: notJson,
      "not-found": "A secret that was to be deleted is not among the own ones here. Nothing was written.",
      "precondition-failed": condition,
      "too-large": "A value, all values together, or the body is larger than the server takes.",
      "unsupported-media-type": mustBeJson,
      invalid:
        "A name, a value, a reference or a field is not right; the answer names it. Nothing was written.",
    },
  },
  readSecret: {
    tag: "Secrets",
    method: "get",
    path: "/api/secrets/{name}",
    summary: "Fetch one secret",
    description: "One secret as apps get it, an inherited one too, with the number of its version.",
    needs: "read",
    params: namedSecret,
    headers: fetchHeaders,
    answers: {
      200: {
        description: "The secret.",
        headers: ["ETag"],
        content: {
          "application/json": {
            schema: secretVersion,
            example: { id: 1, name: "DB_HOST", value: "db.internal", version: 2 },
          },
        },
      },
      304: { description: "Nothing has changed since the answer of that ETag.", headers: ["ETag"] },
    },
    problems: {
      ...tokenProblems,
      "not-found": "Apps get no secret of this name here.",
      busy: "The secret is being changed all the time. Try again.",
    },
  },
  putSecret: {
    tag: "Secrets",
    method: "put",
    path: "/api/secrets/{name}",
    summary: "Write one secret",
    description:
      "Creates a secret, or gives it a new value; an inherited one of the same name is overridden. Nothing happens where value and note are what they were.",
    needs: "write",
    params: namedNewSecret,
    query: noQuery,
    headers: writeHeaders,
    body: { schema: putBody, example: { value: "db.internal", note: "the primary in Oslo" } },
    answers: {
      200: {
        description: "The secret has this value now.",
        headers: ["ETag"],
        content: {
          "application/json": { schema: writtenSecret, example: { id: 1, name: "DB_HOST", version: 2 } },
        },
      },
      201: {
        description: "The secret was created.",
        headers: ["ETag"],
        content: {
          "application/json": { schema: writtenSecret, example: { id: 1, name: "DB_HOST", version: 1 } },
        },
      },
    },
    problems: {
      ...writeProblems,
      malformed: notJson,
      "precondition-failed": condition,
      "too-large": "The value, all values together, or the body is larger than the server takes.",
      "unsupported-media-type": mustBeJson,
      invalid: "The name, the value, a reference or a field is not right; the answer names it.",
    },
  },
  deleteSecret: {
    tag: "Secrets",
    method: "delete",
    path: "/api/secrets/{name}",
    summary: "Delete one secret",
    description:
      "Deletes an own secret. Its versions stay in the history; where an inherited one has the same name, apps get that again.",
    needs: "write",
    params: namedNewSecret,
    query: noQuery,
    headers: writeHeaders,
    answers: { 204: { description: `The secret is deleted. ${noContent}` } },
    problems: {
      ...writeProblems,
      "not-found": "There is no own secret of this name here.",
      "precondition-failed": condition,
      invalid: "The name is no secret's, or a header is not right.",
    },
  },
  streamChanges: {
    tag: "Secrets",
    method: "get",
    path: "/api/secrets/events",
    summary: "Be told of changes",
    description:
      "A stream of server-sent events, to read with `fetch` or an `EventSource` that can send headers (a browser’s own cannot). `revision` comes at once and whenever what apps get has changed: fetch again then. `ping` comes every 15 seconds. The stream ends when the service token does, or the server; it tells no names and no values.",
    needs: "read",
    headers: streamHeaders,
    answers: {
      200: {
        description:
          "`event: revision` with an `id`, and `event: ping`. After a break, `Last-Event-ID` with the last id goes on from there.",
        content: {
          "text/event-stream": {
            schema: text,
            example:
              'retry: 3000\n\nevent: revision\nid: Zx0vXpS1cFQ2nqkYl9yq7A\ndata: {"revision":"Zx0vXpS1cFQ2nqkYl9yq7A"}\n\nevent: ping\ndata: {}\n\n',
          },
        },
      },
    },
    problems: { ...tokenProblems, busy: "Too many listen already, or the server stops. Try again later." },
  },
  readToken: {
    tag: "Service token",
    method: "get",
    path: "/api/token",
    summary: "What this service token may do",
    description: "Its project, environment, rights and end. No secret is told.",
    needs: "read",
    answers: {
      200: {
        description: "The service token.",
        content: {
          "application/json": {
            schema: tokenInfo,
            example: {
              name: "api, Oslo",
              project: { id: 3, name: "api" },
              environment: "prod",
              rights: "read",
              expiresAt: "2027-01-31T00:00:00.000Z",
            },
          },
        },
      },
    },
    problems: tokenProblems,
  },
  readStatus: {
    tag: "Server",
    method: "get",
    path: "/api/status",
    summary: "Whether the database answers",
    description: "For health checks. Being sealed is no fault: apps are served then, too.",
    needs: "nothing",
    answers: {
      200: {
        description: "It does.",
        content: { "application/json": { schema: statusUp, example: { db: "up" } } },
      },
      503: {
        description: "It does not.",
        content: { "application/json": { schema: statusDown, example: { db: "down" } } },
      },
    },
    problems: {},
  },
  readLiveness: {
    tag: "Server",
    method: "get",
    path: "/livez",
    summary: "Whether the server runs",
    description: "For whoever restarts it. It asks nothing of the database.",
    needs: "nothing",
    answers: {
      200: { description: "It does.", content: { "text/plain": { schema: z.literal("ok"), example: "ok" } } },
    },
    problems: {},
  },
  readContract: {
    tag: "Server",
    method: "get",
    path: "/api/openapi.json",
    summary: "This API as an OpenAPI 3.1 document",
    description: "Made of what the server validates by.",
    needs: "nothing",
    headers: fetchHeaders,
    answers: {
      200: {
        description: "The document.",
        headers: ["ETag"],
        content: {
          "application/json": { schema: z.looseObject({ openapi: text }), example: { openapi: "3.1.1" } },
        },
      },
      304: { description: "It still is the same.", headers: ["ETag"] },
    },
    problems: {},
  },
  readDocs: {
    tag: "Server",
    method: "get",
    path: "/api/docs",
    summary: "This API as a page",
    description: "Made of the OpenAPI document, with an example for each route.",
    needs: "nothing",
    answers: {
      200: {
        description: "The page.",
        content: { "text/html": { schema: text, example: "<!doctype html>…" } },
      },
    },
    problems: {},
  },
} as const satisfies Readonly<Record<string, Operation>>;
