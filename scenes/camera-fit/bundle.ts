/**
 * Gauss and Newton's method for pictures that share some parameters and have others of their own, as those of one lens from many places.
 *
 *   (H + μ diag H) δ = −Jᵀ r,   H = JᵀJ                                                                          (1)
 *
 * A number of a picture's own moves that picture alone, so the same number of all pictures is moved at once: J takes as many tangents as
 * one picture has parameters, and H follows from products of tangents picture by picture. μ falls where a step helps and
 * grows where it does not (Levenberg 1944, Marquardt 1963).
 */

import { Matrix, solve } from 'ml-matrix';
import { jvp } from '../../adjoint/index.ts';
import { stack, type Tensor, tensor } from '../../kernel/index.ts';

export type Unknowns = Readonly<Record<string, Tensor>>;

interface Column {
  readonly name: string;
  readonly at: number;
  readonly own: boolean;
}

export interface BundleOptions {
  /** Names of parameters that each picture has of its own, [pictures, k]. */
  readonly own: readonly string[];
  readonly iterations: number;
  readonly onStep: (cost: number) => void;
  readonly signal?: AbortSignal;
}

/** Least squares of residuals, [pictures, …], from `start`, until a step gains less than 1 %. @returns Where it came to. */
export async function bundle<P extends Unknowns>(
  start: P,
  residuals: (params: P) => Tensor,
  { own, iterations, onStep, signal }: BundleOptions,
): Promise<P> {
  const columns: Column[] = Object.entries(start).flatMap(([name, { shape }]) =>
    Array.from({ length: shape[shape.length - 1] }, (_, at) => ({ name, at, own: own.includes(name) })),
  );
  columns.sort((a, b) => Number(a.own) - Number(b.own));
  const shared = columns.filter(c => !c.own).length;
  const each = columns.length - shared;
  const directions = columns.map(({ name, at }) =>
    Object.fromEntries(
      Object.entries(start).map(([key, { shape, size, device }]) => {
        const k = shape[shape.length - 1];
        const data = Float64Array.from({ length: size }, (_, i) => (key === name && i % k === at ? 1 : 0));
        return [key, tensor(data, shape, { device })];
      }),
    ),
  ) as unknown as readonly P[];
  let x = start;
  let cost = await residuals(x).square().sum().item();
  let damping = 1e-3;
  for (let step = 0; step < iterations && !signal?.aborted; step++) {
    onStep(cost);
    const { H, g } = await normal(x);
    const before = cost;
    let better = false;
    for (let trial = 0; trial < 6 && !better; trial++) {
      const damped = H.clone();
      for (let k = 0; k < g.length; k++) damped.set(k, k, H.get(k, k) * (1 + damping) + 1e-12);
      const delta = solve(damped, Matrix.columnVector(g)).to1DArray(); // (1)
      const next = moved(x, delta);
      const now = await residuals(next).square().sum().item();
      better = now < cost;
      damping = better ? Math.max(damping / 5, 1e-9) : damping * 8;
      if (better) [x, cost] = [next, now];
    }
    if (!better || cost > 0.99 * before) break;
  }
  return x;

  async function normal(at: P): Promise<{ H: Matrix; g: number[] }> {
    const r = residuals(at);
    const pictures = r.shape[0];
    const flat = [pictures, r.size / pictures];
    const tangents = directions.map(way => jvp(residuals)(at, way).tangent.reshape(flat));
    const all = stack([...tangents, r.reshape(flat)]).transpose([1, 0, 2]);
    const products = await all.matmul(all.transpose([0, 2, 1])).read();
    const n = columns.length + 1;
    const size = shared + each * pictures;
    const H = Matrix.zeros(size, size);
    const g: number[] = new Array(size).fill(0);
    for (let v = 0; v < pictures; v++) {
      const place = (k: number): number => (k < shared ? k : k + v * each);
      for (let i = 0; i < n - 1; i++) {
        for (let j = 0; j < n - 1; j++)
          H.set(place(i), place(j), H.get(place(i), place(j)) + products[(v * n + i) * n + j]);
        g[place(i)] -= products[(v * n + i) * n + n - 1];
      }
    }
    return { H, g };
  }

  function moved(from: P, delta: readonly number[]): P {
    return Object.fromEntries(
      Object.entries(from).map(([name, x]) => {
        const k = x.shape[x.shape.length - 1];
        const first = columns.findIndex(c => c.name === name);
        const step = Float64Array.from({ length: x.size }, (_, i) =>
          own.includes(name) ? delta[first + Math.floor(i / k) * each + (i % k)] : delta[first + i],
        );
        return [name, x.add(tensor(step, x.shape, { device: x.device }))];
      }),
    ) as unknown as P;
  }
}
