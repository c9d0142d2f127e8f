/** What an iterative method is: a state that holds x, and a step that betters it. The driver (solve.ts) judges the result. */

import { lazyKernel, type Tensor } from '../../kernel/index.ts';

/** A x = b as a method sees it. Vectors are [n] or [n, m]; their dot products [] or [m]. */
export interface System {
  /** A x */
  apply(x: Tensor): Tensor;
  /** Aᵀ y */
  applyTranspose(y: Tensor): Tensor;
  /** M⁻¹ r, an approximation of A⁻¹ r. */
  precondition(r: Tensor): Tensor;
}

export interface Iterate {
  readonly x: Tensor;
  /** Squared norm of the residual as the method reckons it, for each vector. */
  readonly residual: Tensor;
  /** Not zero once the method cannot go on, for each vector. */
  readonly breakdown: Tensor;
}

export interface IterativeMethod<S extends Iterate = Iterate> {
  readonly name: string;
  /** What A must be. */
  readonly needs: 'any' | 'symmetric' | 'positive definite';
  /** Steps that the user counts in one of ours: those of a cycle. Default 1. */
  readonly cycle?: number;
  /** The same with cycles of that many steps, if they are longer. */
  readonly within?: (steps: number) => IterativeMethod<S>;
  /** Steps from one look at the residual to the next. Default 4, or 1 if a step is a cycle. */
  readonly every?: number;
  /** What a breakdown tells of the problem; undefined if a new start may help. */
  readonly breakdown?: string;
  /** @param r b − A x */
  start(system: System, x: Tensor, r: Tensor): S;
  /** Always the same launches: steps are recorded. */
  step(system: System, state: S): S;
}

/** x · y for each vector. */
export const dots = (x: Tensor, y: Tensor): Tensor => (x.shape.length === 1 ? x.dot(y) : x.mul(y).sum(0));

const ratioKernel = lazyKernel(/* wgsl */ `
  var<storage, read> a: array<f32>;
  var<storage, read> b: array<f32>;
  var<storage, read_write> q: array<f32>;
  @compute @workgroup_size(64)
  fn ratio(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (b[i] != 0.0) { q[i] = a[i] / b[i]; }
  }
`);

/** a / b, and 0 where b is 0: what has converged stays where it is. */
export const ratio = (a: Tensor, b: Tensor): Tensor => ratioKernel({ a, b }, { count: a.size, out: { q: a.shape } }).q;

/** The part of the largest pivot below which one is a rounding error of 0, so that the matrix is singular. */
export const negligible = ({ device }: Tensor): number => 4 * (device.precision === 'f64' ? 2 ** -52 : 2 ** -23);

/** 1 where x is 0, else 0. */
export const isZero = (x: Tensor): Tensor => ratio(x, x).neg().add(1);
