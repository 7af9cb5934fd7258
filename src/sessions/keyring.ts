import type { UnlockedRoot } from "../vault/unlock.ts";

/**
 * The root keys that one admin session has unsealed, each until its deadline. The deadline is checked
 * at every use, so a key that the sweeper has not dropped yet is as good as gone.
 */
export class Keyring {
  readonly #roots = new Map<number, { root: UnlockedRoot; until: number }>();

  constructor(private readonly clock: () => number) {}

  /** Holds a root key until `until` (milliseconds since the epoch). */
  hold(root: UnlockedRoot, until: number): void {
    this.#roots.set(root.rootId, { root, until });
  }

  /** The root key of a root project; undefined where it is sealed in this session. */
  get(rootId: number): UnlockedRoot | undefined {
    return this.unsealedUntil(rootId) === undefined ? undefined : this.#roots.get(rootId)?.root;
  }

  /** Until when a root project is unsealed in this session; undefined where it is sealed. */
  unsealedUntil(rootId: number): number | undefined {
    const held = this.#roots.get(rootId);
    return held && held.until > this.clock() ? held.until : undefined;
  }

  /** The unsealed root projects and their deadlines. */
  unsealed(): { rootId: number; until: number }[] {
    return [...this.#roots]
      .filter(([, { until }]) => until > this.clock())
      .map(([rootId, { until }]) => ({ rootId, until }));
  }

  /** Forgets a root key. True if it was held and still valid. */
  seal(rootId: number): boolean {
    const wasUnsealed = this.unsealedUntil(rootId) !== undefined;
    this.#roots.delete(rootId);
    return wasUnsealed;
  }

  /** Forgets every root key. */
  sealAll(): void {
    this.#roots.clear();
  }

  /** Forgets the root keys whose time is over, and returns their projects. */
  sweep(): number[] {
    const over = [...this.#roots].filter(([, { until }]) => until <= this.clock()).map(([rootId]) => rootId);
    for (const rootId of over) this.#roots.delete(rootId);
    return over;
  }
}
