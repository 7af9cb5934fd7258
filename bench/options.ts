import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { GeneratorKind } from "./generator.ts";

/** What `--help` prints. */
export const usage = `bun run bench [--quick] [--only TEXT] [--executable PATH] [--generator wrk|autocannon]
              [--out FOLDER] [--commit HASH]
bun run bench --url https://secrets.example.com [--quick]

Measures this checkout beside a raw Bun.serve with the same bytes, prints a table of targets, and writes
bench/results/<date>-<commit>.json. About six minutes; everything that it starts listens on 127.0.0.1 and is
stopped again. It exits with 0 also where a target is missed, and with 1 where something broke.

  --quick             fewer and shorter samples, and smaller databases: under two minutes
  --only TEXT         only the scenarios whose name has TEXT in it
  --list              print the names of the scenarios, and measure nothing
  --executable PATH   measure a single executable, such as dist/secretsfly, in place of the source
  --generator NAME    what sends the requests: wrk where it is installed, else autocannon
  --out FOLDER        where the results go, in place of bench/results
  --commit HASH       what is measured, where there is no git; or COMMIT in the environment
  --url URL           measure a deployment from outside; SECRETSFLY_TOKEN in the environment has its service
                      token, or it is read from standard input with --token -
  --token TOKEN       the token, as an argument that other users of this machine can read: for throw-away ones
`;

/** What was asked for. */
export interface Options {
  isQuick: boolean;
  only: string;
  isList: boolean;
  isHelp: boolean;
  executable: string | undefined;
  generator: GeneratorKind | undefined;
  /** Where the results go. */
  out: string;
  commit: string | undefined;
  /** Of a deployment, without a path. */
  url: string | undefined;
  /** `-`: it is read from standard input. */
  token: string | undefined;
}

/** Reads the arguments. Throws Error with a sentence for those that cannot be. */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      executable: { type: "string" },
      generator: { type: "string" },
      out: { type: "string", default: resolve(import.meta.dir, "results") },
      commit: { type: "string" },
      url: { type: "string" },
      token: { type: "string" },
    },
  });
  const { generator } = values;
  if (generator !== undefined && generator !== "wrk" && generator !== "autocannon") {
    throw new Error("--generator is wrk or autocannon");
  }
  return {
    ...{ isQuick: values.quick, only: values.only, isList: values.list, isHelp: values.help },
    executable: values.executable === undefined ? undefined : resolve(values.executable),
    generator,
    out: resolve(values.out),
    commit: values.commit ?? env.COMMIT,
    url: values.url === undefined ? undefined : originOf(values.url),
    token: values.token ?? env.SECRETSFLY_TOKEN,
  };
}

function originOf(url: string): string {
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new Error("--url is an http:// or https:// address");
  return new URL(url).origin;
}
