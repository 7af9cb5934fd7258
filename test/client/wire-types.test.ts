/**
 * The client's types are written out instead of inferred, so that they have names and words of their own in an editor,
 * and so that the published declarations need no hono, no zod and no file of the server's. This is what keeps them
 * from drifting: each is compared with what hono infers from the server's routes. A difference, in either direction,
 * is an error of `tsc`; what runs here shows only that the comparison can tell types apart.
 */

import { expect, test } from "bun:test";
import type { hc, InferRequestType, InferResponseType } from "hono/client";
import type { z } from "zod";
import type {
  ChangedSecret,
  ChangeOptions,
  Changes,
  Problem,
  Secret,
  SecretVersion,
  SetOptions,
  TokenInfo,
  WrittenSecret,
} from "../../src/client/index.ts";
import type { ApiType } from "../../src/http/api/api.ts";
import type { problemSchema } from "../../src/http/problem.ts";

type Api = ReturnType<typeof hc<ApiType>>;
type Secrets = Api["secrets"];
type Named = Api["secrets"][":name"];

/** True where each can stand for the other: no field more, none less, none optional on one side only. `any` is nothing's same. */
type Same<One, Other> = 0 extends 1 & One
  ? false
  : [One] extends [Other]
    ? [Other] extends [One]
      ? true
      : false
    : false;

/** Bodies are sent as JSON, where undefined is the same as absent. */
type Sent<Body> = { [Field in keyof Body]-?: Exclude<Body[Field], undefined> };

/** `json` is a list, `map` an object of names. */
type List = Extract<InferResponseType<Secrets["$get"], 200>, { secrets: readonly object[] }>;

interface PutBody extends Pick<SetOptions, "note"> {
  value: string;
}

const comparisons = {
  list: true satisfies Same<List, { secrets: Secret[] }>,
  get: true satisfies Same<InferResponseType<Named["$get"], 200>, SecretVersion>,
  changed: true satisfies Same<
    InferResponseType<Named["$put"], 200>,
    Omit<WrittenSecret, "created" | "etag">
  >,
  created: true satisfies Same<
    InferResponseType<Named["$put"], 201>,
    Omit<WrittenSecret, "created" | "etag">
  >,
  change: true satisfies Same<InferResponseType<Secrets["$patch"], 200>, { secrets: ChangedSecret[] }>,
  token: true satisfies Same<InferResponseType<Api["token"]["$get"], 200>, TokenInfo>,
  changes: true satisfies Same<Sent<InferRequestType<Secrets["$patch"]>["json"]>, Sent<Changes>>,
  put: true satisfies Same<Sent<InferRequestType<Named["$put"]>["json"]>, Sent<PutBody>>,
  problem: true satisfies Same<Omit<z.output<typeof problemSchema>, "status">, Problem>,
  dryRun: true satisfies Same<
    `${NonNullable<ChangeOptions["dryRun"]>}`,
    NonNullable<InferRequestType<Secrets["$patch"]>["query"]["dryRun"]>
  >,
};

test("the comparison of types sees a field that is missing, of another type, or optional", () => {
  const same = true satisfies Same<{ a: string }, { a: string }>;
  const different = [
    false satisfies Same<{ a: string }, { a: string; b: string }>,
    false satisfies Same<{ a: string; b: string }, { a: string }>,
    false satisfies Same<{ a: string }, { a: number }>,
    false satisfies Same<{ a: string }, { a?: string }>,
    false satisfies Same<unknown, { a: string }>,
    false satisfies Same<never, { a: string }>,
    // biome-ignore lint/suspicious/noExplicitAny: what a failed inference looks like.
    false satisfies Same<any, { a: string }>,
  ];
  expect([same, ...different]).toEqual([true, ...different.map(() => false)]);
  expect(Object.values(comparisons).every(Boolean)).toBe(true);
});
