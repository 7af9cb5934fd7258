import { isDeepStrictEqual } from "node:util";
import { open } from "../cryptography/aead.ts";
import { toText } from "../cryptography/bytes.ts";
import { equalBytes } from "../cryptography/hash.ts";
import {
  bodyOf,
  byName,
  type OpenPlace,
  type RawSecret,
  type ViewRow,
  type ViewSource,
  viewContext,
  visibleSecrets,
} from "../vault/views.ts";

/** What the versions say that a place has; `unknown` are names of which that cannot be told. */
export interface Known {
  secrets: readonly RawSecret[];
  unknown: ReadonlySet<string>;
}

/** A way in which a view is not what it must be; `name` is the secret's. */
interface ViewFault {
  what: string;
  name?: string;
}

/**
 * Builds a view anew from what the versions say, and compares source, body and counts with what is stored.
 *
 * @throws OpenError where one of its parts does not open
 */
export async function compareView(
  keys: OpenPlace,
  view: ViewRow,
  own: Known,
  inherited: Known,
): Promise<ViewFault[]> {
  const sealedIn = viewContext("view-source", keys, view.revision);
  const source = readSource(toText(await open(keys.keys.valueKey, view.sealedSource, sealedIn)));
  const body = await open(keys.keys.viewKey, view.sealedBody, viewContext("view-body", keys, view.revision));
  if (!source) return [{ what: "the source of its view is none that secretsfly writes" }];
  const expected: ViewSource = { inherited: inherited.secrets, own: own.secrets };
  const faults = [
    ...differences("its view has another value, note or version than its newest version", own, source.own),
    ...differences("its view inherits something else than is above", inherited, source.inherited),
  ];
  // What is not known would be missing in what is built.
  if (faults.length > 0 || own.unknown.size + inherited.unknown.size > 0) return faults;
  const visible = visibleSecrets(expected);
  if (!equalBytes(bodyOf(visible), body)) faults.push(...bodyDifferences(visible, toText(body)));
  const inheritedCount = visible.length - expected.own.length;
  if (view.ownCount !== expected.own.length || view.inheritedCount !== inheritedCount)
    faults.push({ what: "its view counts other secrets than it has" });
  return faults;
}

function differences(what: string, { secrets, unknown }: Known, actual: readonly RawSecret[]): ViewFault[] {
  const found = new Map(actual.map((secret) => [secret.name, secret]));
  const wanted = new Map(secrets.map((secret) => [secret.name, secret]));
  const names = [...new Set([...wanted.keys(), ...found.keys()])].filter((name) => !unknown.has(name));
  const wrong = names.filter((name) => !isDeepStrictEqual(wanted.get(name), found.get(name)));
  const isOrdered = found.size === actual.length && isDeepStrictEqual(actual, [...actual].sort(byName));
  return [
    ...wrong.sort().map((name) => ({ what, name })),
    ...(isOrdered ? [] : [{ what: "its view names secrets twice, or in another order" }]),
  ];
}

/** Which secrets apps get with another value than they are to get. */
function bodyDifferences(visible: readonly RawSecret[], body: string): ViewFault[] {
  const what = "what apps get is something else than its view's source makes";
  const expected = secretsIn(toText(bodyOf(visible)));
  const actual = secretsIn(body);
  if (!expected || !actual) return [{ what }];
  const names = [...new Set([...expected.keys(), ...actual.keys()])];
  const wrong = names.filter((name) => !isDeepStrictEqual(expected.get(name), actual.get(name)));
  return wrong.length === 0 ? [{ what }] : wrong.sort().map((name) => ({ what, name }));
}

/** Undefined for what is no body: a text that cannot be parsed would be quoted by the error. */
function secretsIn(body: string): Map<string, unknown> | undefined {
  const parsed = parse(body);
  if (!isRecord(parsed) || !isNamed(parsed.secrets)) return undefined;
  return new Map(parsed.secrets.map((secret) => [secret.name, secret]));
}

function readSource(text: string): ViewSource | undefined {
  const parsed = parse(text);
  if (!isRecord(parsed) || !isNamed(parsed.own) || !isNamed(parsed.inherited)) return undefined;
  // Whatever else is in them is compared with what must be.
  return { own: parsed.own as RawSecret[], inherited: parsed.inherited as RawSecret[] };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const isNamed = (value: unknown): value is { name: string }[] =>
  Array.isArray(value) && value.every((one) => isRecord(one) && typeof one.name === "string");
