/** Who needs the memories that queued launches read and make, as it stands before they run. */

import type { Launch } from './launch-groups.ts';
import type { Memory } from './memory.ts';

export class Needs {
  /** The memory whose storage is asked for, or 'all' that is owned. */
  readonly demanded: Memory | 'all' | undefined;
  /** What launches read that are being parked. */
  readonly missed: ReadonlySet<Memory>;
  private readonly original: ReadonlyMap<Memory, number>;
  private readonly readers: ReadonlyMap<Memory, number>;
  private readonly makers = new Map<Memory, Launch>();

  /**
   * @param launches What is left of those queued.
   * @param missed What others of them, parked now, will read.
   */
  constructor(
    queued: readonly Launch[],
    demanded: Memory | 'all' | undefined,
    launches: readonly Launch[] = queued,
    missed: ReadonlySet<Memory> = new Set(),
  ) {
    this.missed = missed;
    this.demanded = demanded;
    this.original = readsOf(queued);
    this.readers = queued === launches ? this.original : readsOf(launches);
    for (const launch of launches) for (const output of launch.outputs) this.makers.set(output, launch);
  }

  makerOf(memory: Memory): Launch | undefined {
    return this.makers.get(memory);
  }

  /** How often launches read it. */
  readsOf(memory: Memory): number {
    return this.readers.get(memory) ?? 0;
  }

  /** Whether no launch reads it. */
  readonly isEnd = (memory: Memory): boolean => !this.readers.has(memory);

  /** Whether somebody besides launches owns it. */
  readonly isWanted = (memory: Memory): boolean => memory.owners > memory.queued;

  /** Whether launches that were parked before will need it. */
  isMissed(memory: Memory): boolean {
    return memory.queued > (this.original.get(memory) ?? 0);
  }

  readonly isDemanded = (memory: Memory): boolean => this.demanded === 'all' || this.demanded === memory;
}

function readsOf(launches: readonly Launch[]): ReadonlyMap<Memory, number> {
  const reads = new Map<Memory, number>();
  for (const { inputs } of launches) for (const memory of inputs) reads.set(memory, (reads.get(memory) ?? 0) + 1);
  return reads;
}
