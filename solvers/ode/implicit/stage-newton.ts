/**
 * Newton's method for a stage of an implicit method, for all rows of a batch side by side.
 *
 *   k = f(known + s k),   s = dt γ            (I − s J) δ = f(known + s k) − k,   k ← k + δ                       (1)
 *
 * The unknown is the rate k and not the state, so that nothing is divided by dt, which is zero for rows at rest. The same launches each
 * time, so a fixed number of iterations: a row that has arrived gains nothing more. What remains of the error is judged by the last two
 * corrections, θ / (1 − θ) |s δ| with θ their ratio, in units of what is allowed. J may be that of the beginning of the step.
 *
 * Hairer, Wanner: Solving Ordinary Differential Equations II, 2nd ed., 1996, IV.8.
 */

import { jvps } from '../../../adjoint/index.ts';
import { type Device, lazyKernel, stack, type Tensor } from '../../../kernel/index.ts';
import { type Factors, factorBlocks, solveBlocks, solveInPlace, unitsOf } from '../../roots/block-lu.ts';
import type { Layout } from './stage-layout.ts';
import type { Linear, StageSolver, VectorRate } from './stage-solver.ts';

const newtonKernel = lazyKernel(/* wgsl */ `
  struct Shape { k: u32, m: u32, blockStride: u32, rowStride: u32, last: u32 }
  struct Weights { rtol: f32, common: f32, limit: f32, floor: f32 }
  var<storage, read> lu: array<f32>;
  var<storage, read> pivots: array<u32>;
  var<storage, read> f: array<f32>;
  var<storage, read> rate: array<f32>;
  var<storage, read> known: array<f32>;
  var<storage, read> y: array<f32>;      // where the step begins
  var<storage, read> scale: array<f32>;  // s
  var<storage, read> before: array<f32>; // size of the last correction, [m]
  var<storage, read> failed: array<f32>;
  var<storage, read> atol: array<f32>;   // one for all, or one for each unknown
  var<uniform> shape: Shape;
  var<uniform> weights: Weights;
  @unique var<storage, read_write> x: array<f32>;
  @unique var<storage, read_write> there: array<f32>;
  @unique var<storage, read_write> size: array<f32>;
  @unique var<storage, read_write> failedNext: array<f32>;
  @compute @workgroup_size(64)
  fn newton(@builtin(global_invocation_id) id: vec3u) {
    let b = id.x;
    let k = shape.k;
    let m = shape.m;
    let at = b * shape.blockStride;
    let stride = shape.rowStride;
    let s = scale[b / (m / arrayLength(&scale))];
    for (var i = 0u; i < k; i++) { x[at + i * stride] = f[at + i * stride] - rate[at + i * stride]; }
    ${solveInPlace('at', 'stride')}
    var largest = 0.0;
    for (var i = 0u; i < k; i++) {
      let e = at + i * stride;
      let Y = known[e] + s * (rate[e] + x[e]);
      there[e] = Y;
      largest = max(largest, abs(Y));
    }
    var squares = 0.0;
    for (var i = 0u; i < k; i++) {
      let e = at + i * stride;
      let r = s * x[e] / (atol[min(e, arrayLength(&atol) - 1)] + weights.rtol * abs(y[e]) + weights.common * largest);
      squares += r * r;
      x[e] += rate[e];
    }
    let now = sqrt(squares / f32(k));
    size[b] = now;
    failedNext[b] = failed[b];
    if (shape.last == 1u && s != 0.0) {
      let close = now <= weights.floor || (now < before[b] && now * now <= weights.limit * (before[b] - now)); // θ / (1 − θ) now
      if (!close) { failedNext[b] = 1.0; }
    }
  }
`);

interface BlockLinear extends Linear {
  readonly factors: Factors;
}

/** Newton's method by elimination, where blocks of unknowns do not depend on each other. */
export function blockNewton(layout: Layout, device: Device): StageSolver {
  const { blocks, spread } = layout;
  const { count: m, rows: k, ...strides } = blocks;
  const units = unitsOf(blocks, device).map(unit => unit.reshape(layout.shape));
  const factor = (f: VectorRate, y: Tensor, s: Tensor): Factors =>
    factorBlocks(blocks, stack(jvps(f)(y, units).tangents.map(column => column.reshape([y.size]))), 1, s);
  return {
    blocks: m,
    linearise: (f, y, s) => {
      const factors = factor(f, y, s);
      return { factors, solve: (r, turned) => solveBlocks(blocks, factors, r, turned) };
    },
    solve({ f, known, y, s, guess, linear, failed: marked, iterations, weights: { atol, ...weights } }) {
      const step = spread(s);
      let rate = guess;
      let there = known.add(guess.mul(step));
      let before = marked.mul(0);
      let failed = marked;
      for (let i = 0; i < iterations; i++) {
        const made = newtonKernel(
          {
            ...((linear as BlockLinear | undefined)?.factors ?? factor(f, there, s)),
            ...{ f: f(there), rate, known, y, scale: s.reshape([s.size]), before, failed, atol, weights },
            shape: { k, m, ...strides, last: i === iterations - 1 ? 1 : 0 },
          },
          { count: m, out: { x: y.shape, there: y.shape, size: [m], failedNext: [m] } },
        );
        ({ x: rate, there, size: before, failedNext: failed } = made);
      }
      return { k: rate, failed };
    },
  };
}
