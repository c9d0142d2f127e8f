/**
 * Linear maps that are functions: y = A(p) x, never formed as a matrix.
 *
 * `params` p is a tree of tensors; `apply` is differentiable in p and x. `with` makes the same map of other p: that is how a solve is
 * differentiated with respect to what the map is made of. A solve with an `apply` that uses other tracked tensors is an error.
 */

import { checkOptions, type Device, defaultDevice, isRecording, type Tensor, zeros } from '../kernel/index.ts';
import { vjp } from './gradient.ts';
import { Captured } from './rollout/step-record.ts';
import { flatten } from './tree.ts';

export interface LinearMap<P> {
  /** For messages: 'CSR matrix'. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly device: Device;
  readonly params: P;
  /** A promise: A = Aᵀ. */
  readonly symmetric: boolean;
  /** A promise: A = Aᵀ, and x·Ax > 0 unless x is zero or in the nullspace that the solve is told. */
  readonly positiveDefinite: boolean;
  /** x is [columns], or [columns, m] for m vectors side by side; the result [rows] or [rows, m]. */
  apply(x: Tensor): Tensor;
  /** Aᵀ, with the same params. */
  readonly transpose: LinearMap<P>;
  with(params: P): LinearMap<P>;
}

export interface LinearMapOptions<P> {
  readonly rows: number;
  /** Default: as many as rows. */
  readonly columns?: number;
  /** Default: that of params, or else the default device. */
  readonly device?: Device;
  /** A tree of whatever A is made of and a solution is to be differentiated by. Default: nothing. */
  readonly params?: P;
  /** A(p) x; linear in x. */
  readonly apply: (params: P, x: Tensor) => Tensor;
  /** A(p)ᵀ y. Default: the adjoint of `apply`. */
  readonly applyTranspose?: (params: P, y: Tensor) => Tensor;
  readonly symmetric?: boolean;
  readonly positiveDefinite?: boolean;
  /** Default 'linear map'. */
  readonly name?: string;
}

const names = [
  'rows',
  'columns',
  'device',
  'params',
  'apply',
  'applyTranspose',
  'symmetric',
  'positiveDefinite',
  'name',
] as const;

/**
 * A linear map from a function.
 *
 * @example
 *   const A = linearMap({ rows: 3, params: { k }, apply: ({ k }, x) => x.mul(k), positiveDefinite: true });
 */
export function linearMap<P>(options: LinearMapOptions<P>): LinearMap<P> {
  checkOptions('linearMap', options, names);
  const { rows, columns = rows, apply, name = 'linear map' } = options;
  const params = options.params ?? ({} as P);
  const device = options.device ?? flatten(params, name, 'params').leaves[0]?.device ?? defaultDevice();
  const { positiveDefinite = false, symmetric = positiveDefinite } = options;
  const applyTranspose =
    options.applyTranspose ??
    ((p: P, y: Tensor): Tensor => {
      const zero = zeros([columns, ...y.shape.slice(1)], { device });
      return vjp((x: Tensor) => apply(p, x))(zero).pullback(y);
    });
  const others = isRecording() ? new Captured() : undefined;
  let isLookedAt = others === undefined;
  /** A x where nothing is recorded, as within a solve: what is used and is not in params would lose its derivative. */
  const closed = (x: Tensor): Tensor => {
    if (!others || isLookedAt || isRecording()) return apply(params, x);
    isLookedAt = true;
    const y = others.watch(() => apply(params, x));
    const given = [x, ...flatten(params).leaves];
    const other = others.tensors.find(t => !given.some(({ node, slot }) => node === t.node && slot === t.slot));
    others.settle();
    if (other)
      throw new TypeError(
        `${name}: apply uses a tensor of shape [${other.shape.join(', ')}] that is being differentiated by and is not in params; put it there, or use its detach().`,
      );
    return y;
  };
  const self: LinearMap<P> = {
    name,
    rows,
    columns,
    device,
    params,
    symmetric,
    positiveDefinite,
    apply: closed,
    get transpose() {
      if (symmetric) return self;
      const turned = { apply: applyTranspose, applyTranspose: apply, rows: columns, columns: rows };
      return linearMap({ ...options, ...turned, name: `transposed ${name}` });
    },
    with: given => linearMap({ ...options, params: given }),
  };
  return self;
}
