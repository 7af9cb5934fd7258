import type { UnlockedRoot } from "../vault/unlock.ts";
import { Deadline } from "./deadline.ts";

/**
 * The root keys that one admin session has unsealed, each until its deadline. The deadline is checked
 * at every use, so a key that the sweeper has not dropped yet is as good as gone.
 */
export class Keyring {
  readonly #roots = new Map<number, { root: UnlockedRoot; deadline: Deadline }>();

  /**
   * @param steady - milliseconds from whenever, for when somebody sets the clock back
   * @param dropped - called whenever a root key is forgotten, in whatever way
   */
  constructor(
    private readonly clock: () => number,
    private readonly steady = clock,
    private readonly dropped: () => void = () => {},
  ) {}

  /** Holds a root key until `until` (milliseconds since the epoch). */
  hold(root: UnlockedRoot, until: number): void {
    this.#drop(root.rootId);
    this.#roots.set(root.rootId, { root, deadline: new Deadline(until, this.clock, this.steady) });
  }

  /** The root key of a root project; undefined where it is sealed in this session. */
  get(rootId: number): UnlockedRoot | undefined {
    return this.unsealedUntil(rootId) === undefined ? undefined : this.#roots.get(rootId)?.root;
  }

  /** Until when a root project is unsealed in this session; undefined where it is sealed. */
  unsealedUntil(rootId: number): number | undefined {
    const held = this.#roots.get(rootId);
    return held && !held.deadline.isOver ? held.deadline.until : undefined;
  }

  /** The unsealed root projects and their deadlines. */
  unsealed(): { rootId: number; until: number }[] {
    return [...this.#roots]
      .filter(([, { deadline }]) => !deadline.isOver)
      .map(([rootId, { deadline }]) => ({ rootId, until: deadline.until }));
  }

  /** Forgets a root key. True if it was held and still valid. */
  seal(rootId: number): boolean {
    const wasUnsealed = this.unsealedUntil(rootId) !== undefined;
    this.#drop(rootId);
    return wasUnsealed;
  }

  /** Forgets every root key. */
  sealAll(): void {
    for (const rootId of [...this.#roots.keys()]) this.#drop(rootId);
  }

  /** Forgets the root keys whose time is over, and returns their projects. */
  sweep(): number[] {
    const over = [...this.#roots].filter(([, { deadline }]) => deadline.isOver).map(([rootId]) => rootId);
    for (const rootId of over) this.#drop(rootId);
    return over;
  }

  #drop(rootId: number): void {
    if (this.#roots.delete(rootId)) this.dropped();
  }
}
