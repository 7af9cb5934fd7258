import type { ZodObject, ZodType } from "zod";
import type { ErrorCode } from "../../errors.ts";

/** Headers of an answer besides `X-Request-Id`, which all have. */
export type AnswerHeader = "ETag" | "WWW-Authenticate" | "Retry-After";

/** A good answer, or one that is no problem of RFC 9457. */
export interface Answer {
  description: string;
  headers?: readonly AnswerHeader[];
  /** By media type. None: the answer has no body. */
  content?: Readonly<Record<string, { schema: ZodType; example?: unknown }>>;
}

/** One route of the API: what it is for, what it is sent and what it answers. */
export interface Operation {
  tag: "Secrets" | "Service token" | "Server";
  method: "get" | "put" | "patch" | "delete";
  /** As in OpenAPI: `/api/secrets/{name}`. */
  path: string;
  summary: string;
  description: string;
  /** The rights that a service token needs for it. */
  needs: "nothing" | "read" | "write";
  params?: ZodObject;
  query?: ZodObject;
  headers?: ZodObject;
  body?: { schema: ZodType; example: unknown };
  /** By status. */
  answers: Readonly<Record<number, Answer>>;
  /** The problems that it answers, by their code, and when. */
  problems: Readonly<Partial<Record<ErrorCode | "internal", string>>>;
}
