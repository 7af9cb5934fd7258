/** Something in a database that is not as it has to be. It names a place, and never a value. */
export interface Fault {
  projectId: number | null;
  projectName: string | null;
  environment: string | null;
  /** Of a secret, or of a service token. */
  name: string | null;
  version: number | null;
  what: string;
}

/** Where a fault is, as far as that can be told. */
export interface FaultPlace {
  projectId?: number | null | undefined;
  environment?: string | null | undefined;
  name?: string | null | undefined;
  version?: number | null | undefined;
}

/** More than anybody reads; a damaged database could otherwise fill the memory with its faults. */
const mostKept = 1000;

/** Collects faults: the first of them, and how many there are. */
export class Faults {
  readonly list: Fault[] = [];
  count = 0;

  /** @param projectNames - by the project's id */
  constructor(private readonly projectNames: ReadonlyMap<number, string>) {}

  add(what: string, place: FaultPlace = {}): void {
    this.count += 1;
    if (this.list.length >= mostKept) return;
    const { projectId = null, environment = null, name = null, version = null } = place;
    const projectName = projectId === null ? null : (this.projectNames.get(projectId) ?? null);
    this.list.push({ projectId, projectName, environment, name, version, what });
  }
}
