import { join } from "node:path";
import type { ServerProcess } from "../test/server-process.ts";
import { buildExecutable } from "./executable.ts";
import { type Fixture, type FixturePlan, makeFixture } from "./fixture.ts";
import type { Generator } from "./generator.ts";
import type { Series, TargetResult } from "./results.ts";
import { startCandidate } from "./servers.ts";

/** What a scenario has found. */
interface Finding {
  targets?: readonly TargetResult[];
  series?: Series;
}

/** One question to the program, such as how fast it answers. */
export interface Scenario {
  /** As `--only` finds it. */
  name: string;
  /** Throws where a request failed or a process did not start: then there is no figure. */
  run(bench: Bench): Promise<Finding>;
}

/** What all scenarios of a run share. */
export class Bench {
  #executable: Promise<string> | undefined;

  constructor(
    /** Fewer and shorter samples. */
    readonly isQuick: boolean,
    readonly generator: Generator,
    /** A folder of its owner alone that is removed at the end. */
    readonly folder: string,
    /** The single executable to measure in place of the source; undefined: the source. */
    readonly executableUnderTest: string | undefined,
    readonly say: (line: string) => void,
  ) {}

  /** One of two, by how much time there is. */
  pick<T>(full: T, quick: T): T {
    return this.isQuick ? quick : full;
  }

  /** A database by its plan: made when the first scenario wants it. */
  async fixture(plan: FixturePlan): Promise<Fixture> {
    this.say(`  a database: ${plan.name}`);
    return makeFixture(plan, join(this.folder, plan.name));
  }

  /** The server that is measured, on a fixture, with the settings that it has by default. `await using` ends it. */
  serve(fixture: Fixture, env: Record<string, string> = {}): Promise<ServerProcess> {
    return startCandidate(fixture, this.executableUnderTest, env);
  }

  /** The path of the single executable: the one that was named, or one that is built now. */
  executable(): Promise<string> {
    if (this.executableUnderTest !== undefined) return Promise.resolve(this.executableUnderTest);
    this.#executable ??= buildExecutable(this.folder, this.say);
    return this.#executable;
  }
}
