/**
 * A square plate, cooled at its edges, heated in one place: what thermometers on it show.
 *
 *   c ∂u/∂t = ∇·(k ∇u) + q        (c/Δt − ∇·k∇) uⁿ⁺¹ = (c/Δt) uⁿ + q             implicit Euler, a linear solve each step
 *   log k is bilinear between control points; q = A exp(−|r − r₀|² / 2 s²)
 */

import { rollout } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { linearSolve, multigrid, stencil } from '../../sparse/index.ts';

export interface Plate {
  /** Cells along a side of 1 m. */
  readonly cells: number;
  /** Control points of log k along a side. */
  readonly controls: number;
  /** Thermometers along a side. */
  readonly sensors: number;
  readonly steps: number;
  /** Δt, s. */
  readonly dt: number;
  /** Heat capacity c, J/(m² K). */
  readonly capacity: number;
  /** s, m. */
  readonly spread: number;
}

/** What is to be found. */
export interface Heating {
  /** log k, [controls, controls], k in W/K. */
  readonly logK: Tensor;
  /** r₀ in m, [2]. */
  readonly place: Tensor;
  /** A in W/m², [1]. */
  readonly power: Tensor;
}

export interface Shown {
  /** Of each thermometer at each step, [steps, sensors²], K. */
  readonly readings: Tensor;
  /** At the end, [cells, cells], K. */
  readonly end: Tensor;
}

/** Weights of the control points at given points of the unit square, [points, controls²]. */
function bilinear(points: readonly (readonly [number, number])[], controls: number): Float64Array {
  const weights = new Float64Array(points.length * controls ** 2);
  points.forEach(([x, y], p) => {
    const [a, b] = [x, y].map(v => Math.min(Math.max(v, 0), 1) * (controls - 1));
    const [i, j] = [a, b].map(v => Math.min(Math.floor(v), controls - 2));
    for (const [di, dj] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ])
      weights[p * controls ** 2 + (j + dj) * controls + i + di] = (di ? a - i : 1 - a + i) * (dj ? b - j : 1 - b + j);
  });
  return weights;
}

function grid(nx: number, ny: number, at: (i: number, j: number) => readonly [number, number]) {
  return Array.from({ length: nx * ny }, (_, k) => at(k % nx, Math.floor(k / nx)));
}

/** The model: differentiable in everything to be found. */
export function plateModel(plate: Plate, device: Device): (heating: Heating) => Shown {
  const { cells: n, controls, sensors, steps, dt, capacity, spread } = plate;
  const on = (data: ArrayLike<number>, shape: readonly number[]): Tensor => tensor(data, shape, { device });
  const across = {
    x: on(
      bilinear(
        grid(n + 1, n, (i, j) => [i / n, (j + 0.5) / n]),
        controls,
      ),
      [n * (n + 1), controls ** 2],
    ),
    y: on(
      bilinear(
        grid(n, n + 1, (i, j) => [(i + 0.5) / n, j / n]),
        controls,
      ),
      [n * (n + 1), controls ** 2],
    ),
  };
  const middles = grid(n, n, (i, j) => [(i + 0.5) / n, (j + 0.5) / n]);
  const [x, y] = [0, 1].map(axis =>
    on(
      middles.map(point => point[axis]),
      [n * n],
    ),
  );
  const cellAt = (s: number): number => Math.floor(((s + 0.5) / sensors) * n);
  const read = on(
    Uint32Array.from({ length: sensors ** 2 }, (_, s) => cellAt(Math.floor(s / sensors)) * n + cellAt(s % sensors)),
    [sensors ** 2],
  );
  const unit = new Float64Array(steps * steps);
  for (let s = 0; s < steps; s++) unit[s * steps + s] = 1;
  const which = on(unit, [steps, steps]);
  const preconditioner = multigrid();
  return ({ logK, place, power }) => {
    const faces = (weights: Tensor, shape: readonly number[]): Tensor =>
      weights
        .matmul(logK.reshape([controls ** 2, 1]))
        .exp()
        .reshape(shape);
    const A = stencil([n, n], {
      spacing: 1 / n,
      conductivity: { x: faces(across.x, [n, n + 1]), y: faces(across.y, [n + 1, n]) },
      reaction: capacity / dt,
      device,
    });
    const [x0, y0] = [0, 1].map(axis => place.slice(axis, axis + 1));
    const squares = x.sub(x0).square().add(y.sub(y0).square());
    const q = squares
      .mul(-1 / (2 * spread ** 2))
      .exp()
      .mul(power);
    const start = { u: zeros([n * n], { device }), readings: zeros([steps, sensors ** 2], { device }) };
    const end = rollout(
      ({ u, readings }, { row }) => {
        const next = linearSolve(A, u.mul(capacity / dt).add(q), { preconditioner, rtol: 1e-11 });
        return { u: next, readings: readings.add(row.reshape([steps, 1]).mul(next.gather(read))) };
      },
      start,
      steps,
      { inputs: { row: which }, checkpoints: 'all' },
    );
    return { readings: end.readings, end: end.u.reshape([n, n]) };
  };
}

/** k in the middle of each cell. */
export function conductivityOf({ cells: n, controls }: Plate, logK: ArrayLike<number>): Float64Array {
  const weights = bilinear(
    grid(n, n, (i, j) => [(i + 0.5) / n, (j + 0.5) / n]),
    controls,
  );
  return Float64Array.from({ length: n * n }, (_, p) => {
    let sum = 0;
    for (let c = 0; c < controls ** 2; c++) sum += weights[p * controls ** 2 + c] * logK[c];
    return Math.exp(sum);
  });
}
