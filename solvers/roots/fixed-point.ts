/**
 * Fixed points y = g(y, p), by Anderson's mixing, on the device and differentiable in p.
 *
 *   f_k = g(y_k) − y_k,   γ = argmin |f_k − ΔF γ|                                          ΔF, ΔY: the last m changes of f and y
 *   y_{k+1} = y_k + β f_k − (ΔY + β ΔF) γ                                                  (1)
 *   done where |f| ≤ atol + rtol |y|                                                       (2)
 *
 * With m = 0 and β = 1 it is plain iteration. γ comes from the normal equations, newest change first, by Cholesky's method; a change
 * that those before it nearly span is left out. Steps are recorded and replayed. What has arrived stays as it is, so that on a GPU,
 * where all steps run, nothing is lost.
 * Walker & Ni, SIAM J. Numer. Anal. 49 (2011) 1715, alg. AA.
 */

import { flatten, implicit, inOrderOf, iterate, matching, pack, unpack } from '../../adjoint/index.ts';
import {
  checkOptions,
  concat,
  lazyKernel,
  outliving,
  scoped,
  type Tensor,
  type Words,
  zeros,
} from '../../kernel/index.ts';
import { gmres, linearSolve, type SolveOptions } from '../../sparse/index.ts';
import { unitOf } from './residual-unit.ts';
import { checkEquation, parameters, type RootReport, tolerance } from './root.ts';
import { RootError } from './root-error.ts';

export interface FixedPointOptions {
  /** Changes remembered, m. Default 5; 0 is plain iteration. */
  readonly anderson?: number;
  /** β. Default 1. */
  readonly mixing?: number;
  /** Default 1e-10 in f64, 1e-5 in f32. */
  readonly rtol?: number;
  /** Default 0. */
  readonly atol?: number;
  /** Default 1000; on a GPU, where all of them run, 100. */
  readonly maxSteps?: number;
  /** For the linear systems of derivatives. */
  readonly linearSolve?: SolveOptions;
  /** Told how it went; on a GPU, when the result has been checked. */
  readonly onSolved?: (report: RootReport) => void;
}

/** Most changes remembered. */
const largest = 20;

/**
 * Solves y = g(y, p).
 *
 * @param g Of y's form. It must launch the same kernels each time.
 * @param y0 Where to start; never differentiated.
 * @param params A tree of whatever y is to be differentiated by.
 * @returns y, differentiable in p, any number of times.
 * @throws RootError with the last iterate if it does not arrive: at once on a CPU, by the next read on a GPU.
 * @example
 *   const y = fixedPoint((y, theta) => y.mul(theta).cos(), tensor([0.5]), tensor([1])); // 0.739085
 */
export function fixedPoint<Y, P>(g: (y: Y, p: P) => Y, y0: Y, params: P, options: FixedPointOptions = {}): Y {
  const names = ['anderson', 'mixing', 'rtol', 'atol', 'maxSteps', 'linearSolve', 'onSolved'];
  checkOptions('fixedPoint', options, names);
  checkEquation('fixedPoint', g, y0, options);
  const { anderson = 5, mixing = 1 } = options;
  if (!Number.isInteger(anderson) || anderson < 0 || anderson > largest)
    throw new RangeError(`fixedPoint: anderson is ${anderson}; it must be a whole number from 0 to ${largest}.`);
  if (!(Number.isFinite(mixing) && mixing !== 0))
    throw new RangeError(`fixedPoint: mixing is ${mixing}; it must be a number that is not 0.`);
  const form = flatten(y0, 'fixedPoint', 'y0');
  const start = form.rebuild(form.leaves.map(leaf => leaf.detach()));
  flatten(params, 'fixedPoint', parameters);
  const find = (p: P): Y => {
    matching('fixedPoint', form, flatten(g(start, p), 'fixedPoint', 'what g returned'), 'what g returned');
    const map = (y: Tensor): Tensor => pack(form.rebuild(inOrderOf(form, flatten(g(unpack(form, y), p)))));
    return scoped(
      () => unpack(form, search(map, pack(start), options)),
      y => flatten(y).leaves,
    );
  };
  const linear = { method: gmres(), ...options.linearSolve };
  return implicit(find, { name: 'fixedPoint', fixedPoint: g, linearSolve: (A, b) => linearSolve(A, b, linear) })(
    params,
  );
}

interface State {
  readonly y: Tensor;
  readonly f: Tensor;
  /** The last changes, oldest first, [m, n]; undefined if m = 0. */
  readonly past: { readonly y: Tensor; readonly f: Tensor } | readonly [];
  /** |f|² and |y|², [1] each. */
  readonly residual: Tensor;
  readonly size: Tensor;
}

function search(map: (y: Tensor) => Tensor, y0: Tensor, options: FixedPointOptions): Tensor {
  const { anderson = 5, mixing = 1, rtol = tolerance(y0), atol = 0, onSolved } = options;
  const { device } = y0;
  const maxSteps = options.maxSteps ?? (device.kind === 'cpu' ? 1000 : 100);
  const square = (v: Tensor): Tensor => v.dot(v).reshape([1]);
  const at = (y: Tensor, past: State['past']): State => {
    const f = map(y).sub(y);
    return { y, f, past, residual: square(f), size: square(y) };
  };
  const empty = (): Tensor => zeros([anderson, y0.size], { device });
  const past: State['past'] = anderson > 0 ? { y: empty(), f: empty() } : [];
  const first = at(y0, past);
  const unit = device.kind === 'cpu' ? unitOf(concat([first.f, y0])) : 1;
  if (unit !== 1) return inUnits(map, y0, options, unit);
  const met = (residual: number, size: number): boolean => Math.sqrt(residual) <= atol + rtol * Math.sqrt(size); // (2)
  const epsilon = device.precision === 'f64' ? 1e-14 : 1e-6;
  const step = ({ y, f, past, residual, size }: State): State => {
    const goes = movingKernel({ residual, size, rtol, atol }, { count: 1 }).moves;
    let move = f.mul(mixing);
    if ('y' in past) {
      const right = past.f.matmul(f.reshape([f.size, 1])).reshape([anderson]);
      const gram = past.f.matmul(past.f.transpose());
      const { gamma } = mixKernel(
        { gram, right, m: anderson, epsilon },
        { count: 1, out: { gamma: [1, anderson], work: [anderson, anderson] } },
      );
      move = move.sub(gamma.matmul(past.y.add(past.f.mul(mixing))).reshape([f.size])); // (1)
    }
    const next = at(y.add(move.mul(goes)), past);
    if (!('y' in past)) return next;
    const push = (rows: Tensor, change: Tensor): Tensor => {
      const newest = change.mul(goes).reshape([1, f.size]);
      return anderson === 1 ? newest : concat([rows.slice(1, anderson), newest]);
    };
    return { ...next, past: { y: push(past.y, next.y.sub(y)), f: push(past.f, next.f.sub(f)) } };
  };
  const { state, steps } = iterate(step, first, {
    maxSteps,
    every: 1,
    watch: ['residual', 'size'],
    stop: ([[residual], [size]]) => met(residual, size) || !Number.isFinite(residual),
  });
  const last = outliving(state.y);
  const memories = [state.residual, state.size].map(t => t.memory.retain());
  device.check(memories, ([square]: Words, [size]: Words) => {
    const residual = Math.sqrt(square);
    if (met(square, size)) {
      onSolved?.({ iterations: steps, residual });
      return;
    }
    const why = Number.isFinite(residual)
      ? 'these were all the steps allowed; give more maxSteps, remember more with anderson, or mix less'
      : 'it ran away; start closer, mix less, or find it as a root of g(y) − y by rootFind()';
    throw new RootError(
      `fixedPoint: |g(y) − y| is ${residual.toPrecision(3)} after ${steps} steps, above ${(atol + rtol * Math.sqrt(size)).toPrecision(3)}: ${why}.`,
      { iterations: steps, residual, last },
    );
  });
  return state.y;
}

/** y / unit in y's place, so that squares are in range. */
function inUnits(map: (y: Tensor) => Tensor, y0: Tensor, options: FixedPointOptions, unit: number): Tensor {
  const { atol = 0, onSolved } = options;
  const told =
    onSolved && (({ iterations, residual }: RootReport) => onSolved({ iterations, residual: residual * unit }));
  const own = { ...options, atol: atol / unit, ...(told && { onSolved: told }) };
  try {
    return search(y => map(y.mul(unit)).mul(1 / unit), y0.mul(1 / unit), own).mul(unit);
  } catch (error) {
    if (!(error instanceof RootError)) throw error;
    const last = outliving(error.last.mul(unit));
    const where = `of y in units of ${unit.toPrecision(3)}`;
    throw new RootError(`${error.message.slice(0, -1)} (all ${where}).`, {
      ...error,
      residual: error.residual * unit,
      last,
    });
  }
}

const movingKernel = lazyKernel(/* wgsl */ `
  var<storage, read> residual: array<f32>;
  var<storage, read> size: array<f32>;
  var<uniform> rtol: f32;
  var<uniform> atol: f32;
  var<storage, read_write> moves: array<f32>; // 0 once (2) holds
  @compute @workgroup_size(1)
  fn moving(@builtin(global_invocation_id) id: vec3u) {
    moves[0] = select(1.0, 0.0, sqrt(residual[0]) <= atol + rtol * sqrt(size[0]));
  }
`);

/** γ, oldest change first: the normal equations, rows from the newest, pivots below ε of their diagonal left out. */
const mixKernel = lazyKernel(/* wgsl */ `
  var<storage, read> gram: array<f32>;
  var<storage, read> right: array<f32>;
  var<uniform> m: u32;
  var<uniform> epsilon: f32;
  @unique var<storage, read_write> work: array<f32>;  // Cholesky's factor by rows, newest first
  @unique var<storage, read_write> gamma: array<f32>;
  @compute @workgroup_size(1)
  fn mix(@builtin(global_invocation_id) id: vec3u) {
    var x: array<f32, ${largest}>;
    for (var i = 0u; i < m; i++) {
      let a = m - 1u - i;
      for (var j = 0u; j <= i; j++) {
        var sum = gram[a * m + m - 1u - j];
        for (var k = 0u; k < j; k++) { sum -= work[i * m + k] * work[j * m + k]; }
        if (j < i) {
          let pivot = work[j * m + j];
          work[i * m + j] = select(0.0, sum / select(1.0, pivot, pivot > 0.0), pivot > 0.0);
        } else {
          let kept = sum > epsilon * gram[a * m + a];
          work[i * m + i] = select(0.0, sqrt(max(sum, 0.0)), kept);
        }
      }
      var sum = right[a];
      for (var k = 0u; k < i; k++) { sum -= work[i * m + k] * x[k]; }
      let pivot = work[i * m + i];
      x[i] = select(0.0, sum / select(1.0, pivot, pivot > 0.0), pivot > 0.0);
    }
    for (var back = 0u; back < m; back++) {
      let i = m - 1u - back;
      var sum = x[i];
      for (var k = i + 1u; k < m; k++) { sum -= work[k * m + i] * x[k]; }
      let pivot = work[i * m + i];
      x[i] = select(0.0, sum / select(1.0, pivot, pivot > 0.0), pivot > 0.0);
      gamma[m - 1u - i] = x[i];
    }
  }
`);
