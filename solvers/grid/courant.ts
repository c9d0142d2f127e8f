/**
 * How far explicit steps carry, and whether they are stable.
 *
 *   C_i = Δt Σ_axes (max(u⁺, 0) + max(−u⁻, 0)) / h          the part of a cell that flows out of it                       (1)
 *   D_i = Δt Σ_axes (k⁺ + k⁻) / h²                          the part of a cell's difference that spreads: λ Δt ≤ 2 D     (2)
 *
 * Where C ≤ 1 upwind fluxes leave something in each cell; explicit diffusion is stable where D ≤ 1, since no eigenvalue exceeds its row
 * (Gershgorin). Courant, Friedrichs & Lewy, Math. Ann. 100 (1928) 32.
 */

import { unrecorded } from '../../adjoint/index.ts';
import { amax, isBeingRecorded, type Memory, scoped, type Tensor } from '../../kernel/index.ts';
import type { Axis, FaceFields } from '../../sparse/index.ts';
import {
  checkTime,
  checkVector,
  type Grid,
  gridKernel,
  indexText,
  launch,
  placeText,
  sizesText,
  type VectorField,
} from './grid.ts';

/** dt times a sum over the faces of each cell. @param term Of the faces `before` and `after` across an axis. */
function faceSums(grid: Grid, name: string, field: FaceFields, dt: number, term: (axis: Axis) => string): Tensor {
  const run = gridKernel(grid, name, '', () => {
    const parts = grid.axes.map(axis => {
      const { name: c, low } = axis;
      const next = low === 'periodic' ? `select(${c} + 1u, 0u, ${c} == n${c} - 1u)` : `(${c} + 1u)`;
      const face = (at: string): string => `u${c}[${indexText(grid, { [c]: at }, c)}]`;
      return `{ let before = ${face(c)}; let after = ${face(next)}; sum += ${term(axis)}; }`;
    });
    return `
  ${sizesText(grid)}
  var<uniform> dt: f32;
  ${grid.axes.map(({ name: c }) => `var<storage, read> u${c}: array<f32>;`).join('\n  ')}
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn faceSums(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    var sum = 0.0;
    ${parts.join('\n    ')}
    result[${indexText(grid)}] = dt * sum;
  }`;
  });
  const given = Object.fromEntries(grid.axes.map(({ name: c }) => [`u${c}`, field[c] as Tensor]));
  return launch(grid, run, { ...given, dt });
}

/**
 * The Courant number of each cell (1).
 *
 * @param u Velocity on the faces, m/s.
 * @returns Of the grid's shape.
 */
export function courant(grid: Grid, u: VectorField, dt: number): Tensor {
  checkVector('courant', grid, 'u', u);
  checkTime('courant', dt);
  return faceSums(grid, 'courant', u, dt, ({ name }) => `(max(after, 0.0) + max(-before, 0.0)) * w${name}`); // (1)
}

/** (2), for k on the faces. */
export const spreading = (grid: Grid, k: FaceFields, dt: number): Tensor =>
  faceSums(grid, 'spreading', k, dt, ({ name }) => `(after + before) * w${name} * w${name}`);

interface Seen {
  readonly of: readonly Memory[];
  readonly versions: readonly number[];
  readonly more: readonly number[];
}

const seen = new WeakMap<Memory, Seen>();

/** Whether the same tensors, and numbers, were looked at last time. */
function known(of: readonly Tensor[], more: readonly number[]): boolean {
  const memories = of.map(x => x.memory);
  const now = { of: memories, versions: memories.map(m => m.version), more };
  const last = seen.get(memories[0]);
  seen.set(memories[0], now);
  const same = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((x, k) => x === b[k]);
  return last !== undefined && same(last.of, now.of) && same(last.versions, now.versions) && same(last.more, now.more);
}

/** What a step must not exceed, in words and numbers. */
export interface StepLimit {
  readonly who: string;
  /** The quantity, proportional to dt. */
  readonly what: string;
  readonly dt: number;
  /** Default 1. */
  readonly limit?: number;
  /** What else to do. */
  readonly or?: string;
}

/** @throws RangeError if it is exceeded, or no number. */
export function checkLimit({ who, what, dt, limit = 1, or = '' }: StepLimit, most: number): void {
  if (Number.isNaN(most))
    throw new RangeError(
      `${who}: ${what} is NaN: the state or the parameters hold NaN; look at them, or find by debug() where it comes from.`,
    );
  if (!(most > limit * (1 + 1e-5))) return;
  const short = (x: number): string => String(Number(x.toPrecision(3)));
  throw new RangeError(
    `${who}: ${what} is ${short(most)}, and must not be above ${limit}; take dt ≤ ${short((dt * limit) / most)}${or}.`,
  );
}

/**
 * Looks whether an explicit step is stable: at once on a CPU, by the next read on a GPU; not where a step of a rollout is recorded, whose
 * first calls have been looked at, and not again for the same tensors.
 *
 * @param of What the quantity is made of.
 * @param by What it also depends on.
 * @param size The quantity, for each of anything. Default: |of[0]| times `by`.
 * @throws RangeError if the largest exceeds the limit.
 */
export function checkStable(
  limit: StepLimit,
  of: readonly Tensor[],
  by: number,
  size: () => Tensor = () => of[0].abs().mul(by),
): void {
  const { device } = of[0];
  if (isBeingRecorded(device) || known(of, [by, limit.limit ?? 1])) return;
  const largest = unrecorded(() =>
    scoped(
      () => {
        const all = size().detach();
        return amax(all.reshape([all.size]));
      },
      x => [x],
    ),
  );
  device.check([largest.memory.retain()], ([most]) => checkLimit(limit, most));
  largest.dispose();
}
