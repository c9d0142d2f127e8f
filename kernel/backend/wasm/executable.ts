/** Kernels and memory as launches take them. */

import type { Executable, Storage } from '../backend.ts';
import type { Cutting } from './cutting.ts';
import type { PacedCode } from './perform.ts';

export interface WasmStorage extends Storage {
  readonly bytes: number;
  /** −1 once freed. */
  address: number;
  /** To be zeros, but not yet cleared: a launch that stores to every word saves that. */
  stale?: boolean;
}

export interface WasmExecutable extends Executable, PacedCode {
  /** The range is one of workgroups, not of invocations. */
  readonly grouped: boolean;
  /** Per thread. */
  readonly scratchBytes: number;
  /** Per buffer: sums are taken in doubles. */
  readonly wide: readonly boolean[];
  readonly cutting: Cutting;
  /** Scalar code that vectors may replace. */
  readonly tier: Tier | undefined;
}

/** What stands in for vectors until they are wanted. */
export interface Tier {
  /** Work that may still run as scalar code. */
  left: number;
  vectors: WasmExecutable | undefined;
  readonly compile: () => WasmExecutable;
}
