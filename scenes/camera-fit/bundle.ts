/**
 * Gauss and Newton's method for pictures that share some parameters and have others of their own, as those of one lens from many places.
 *
 *   H = JᵀJ,   g = Jᵀr                                                                                           (1)
 *
 * A number of a picture's own moves that picture alone, so the same number of all pictures is moved at once: J takes as many tangents as
 * one picture has parameters, and H follows from products of tangents picture by picture. Steps are Levenberg and Marquardt's.
 */

import { jvp } from '../../adjoint/index.ts';
import { stack, type Tensor, tensor } from '../../kernel/index.ts';
import {
  fromVector,
  type LeastSquares,
  levenbergMarquardt,
  type NormalEquations,
  toVector,
} from '../../solvers/index.ts';

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
  const directions = columns.map(({ name, at }) =>
    Object.fromEntries(
      Object.entries(start).map(([key, { shape, size, device }]) => {
        const k = shape[shape.length - 1];
        const data = Float64Array.from({ length: size }, (_, i) => (key === name && i % k === at ? 1 : 0));
        return [key, tensor(data, shape, { device })];
      }),
    ),
  ) as unknown as readonly P[];
  const from = new Map<string, number>(); // where a parameter begins among the unknowns
  Object.entries(start).reduce((at, [name, { size }]) => from.set(name, at) && at + size, 0);
  const problem: LeastSquares = {
    value: async x => residuals(fromVector(start, x)).square().sum().item(),
    normalEquations,
  };
  const found = await levenbergMarquardt(problem, await toVector(start), {
    ...{ iterations, rtol: 0.01, xtol: 0, ...(signal && { signal }) },
    onIteration: (_, cost) => onStep(cost),
  });
  return fromVector(start, found.x);

  /** The place among the unknowns of a column in a picture. */
  function place({ name, at, own }: Column, picture: number): number {
    const { shape } = start[name];
    return (from.get(name) as number) + at + (own ? picture * shape[shape.length - 1] : 0);
  }

  async function normalEquations(x: Float64Array): Promise<NormalEquations> {
    const params = fromVector(start, x);
    const r = residuals(params);
    const pictures = r.shape[0];
    const flat = [pictures, r.size / pictures];
    const tangents = directions.map(way => jvp(residuals)(params, way).tangent.reshape(flat));
    const all = stack([...tangents, r.reshape(flat)]).transpose([1, 0, 2]);
    const products = await all.matmul(all.transpose([0, 2, 1])).read();
    const n = columns.length + 1;
    const hessian = Array.from(x, () => new Float64Array(x.length));
    const gradient = new Float64Array(x.length);
    let value = 0;
    for (let v = 0; v < pictures; v++) {
      const product = (i: number, j: number): number => products[(v * n + i) * n + j];
      columns.forEach((a, i) => {
        columns.forEach((b, j) => {
          hessian[place(a, v)][place(b, v)] += product(i, j); // (1)
        });
        gradient[place(a, v)] += product(i, n - 1);
      });
      value += product(n - 1, n - 1);
    }
    return { value, gradient, hessian, residuals: r.size };
  }
}
