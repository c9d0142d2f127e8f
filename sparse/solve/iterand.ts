/**
 * What a solve betters, correction by correction: x and its residual.
 *
 * In f32, for operators that take differences before they weigh them (stencils), x is a pair of numbers, high + low: on 1023² points
 * the residual of an x rounded to f32 is 5·10⁻³ of b, that of a pair less than 10⁻⁷. The caller gets the higher part, right to its last digit.
 * A compiler that reassociates would undo the pair; on such a device x is one number.
 *
 *   s = high + d      e = (high − (s − (s − high))) + (d − (s − high))      low ← low + e       Knuth: TAOCP vol. 2, §4.2.2, theorem B
 */

import { lazyKernel, type Tensor } from '../../kernel/index.ts';
import type { LinearOperator } from '../operators/operator.ts';

export interface Iterand {
  readonly x: Tensor;
  /** b − A x, computed anew. */
  readonly r: Tensor;
  add(correction: Tensor): Iterand;
  /** Starts that pay where nobody can look whether one is enough: on a GPU. */
  readonly starts: number;
}

/** @param start Default 0. */
export function iterandOf(
  A: LinearOperator<unknown>,
  b: Tensor,
  start: Tensor | undefined,
  project: (v: Tensor) => Tensor,
): Iterand {
  const { device } = A;
  const paired = device.precision === 'f32' && A.residual !== undefined && device.backend.floats?.reassociates !== true;
  const zero = b.mul(0);
  if (paired) return pair(A, b, project, start ?? zero, zero, start ? undefined : b);
  return single(A, b, project, start ?? zero, start ? undefined : b);
}

const addTo = lazyKernel(/* wgsl */ `
  var<storage, read> high: array<f32>;
  var<storage, read> low: array<f32>;
  var<storage, read> d: array<f32>;
  var<storage, read_write> sum: array<f32>;
  var<storage, read_write> rest: array<f32>;
  @compute @workgroup_size(64)
  fn addTo(@builtin(global_invocation_id) id: vec3u) {
    let a = high[id.x];
    let b = d[id.x];
    let s = a + b;
    let t = s - a;
    let e = low[id.x] + ((a - (s - t)) + (b - t));
    sum[id.x] = s + e;
    rest[id.x] = e - ((s + e) - s);
  }
`);

type Map = (v: Tensor) => Tensor;

function single(A: LinearOperator<unknown>, b: Tensor, project: Map, x: Tensor, known?: Tensor): Iterand {
  const r = known ?? project(b.sub(A.apply(x)));
  return { x, r, starts: 2, add: d => single(A, b, project, x.add(d)) };
}

function pair(A: LinearOperator<unknown>, b: Tensor, project: Map, x: Tensor, low: Tensor, known?: Tensor): Iterand {
  const r = known ?? project(A.residual?.(b, x, low) ?? b);
  return {
    x,
    r,
    starts: 3,
    add(d) {
      const { sum, rest } = addTo({ high: x, low, d }, { count: x.size, out: { sum: x.shape, rest: x.shape } });
      return pair(A, b, project, sum, rest);
    },
  };
}
