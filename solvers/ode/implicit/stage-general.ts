/**
 * Newton's method for a stage of a large system, by whatever solves its linear systems: GMRES, or a sparse factorisation.
 *
 *   k = f(known + s k),     (I − s J) δ = f(known + s k) − k,     k ← k + δ
 *
 * All rows of a batch are one system here. On a CPU the host looks at each correction and ends when what remains of the error is
 * allowed, as stage-newton.ts has it; on a GPU all iterations run.
 */

import { jvp, type LinearMap, linearMap, vjp } from '../../../adjoint/index.ts';
import { amax, lazyKernel, peek, type Tensor, zeros } from '../../../kernel/index.ts';
import { linearSolve, type Prepared, type SolveOptions } from '../../../sparse/index.ts';
import type { RootMethod } from '../../roots/newton.ts';
import { preparedOnce } from './prepared-once.ts';
import type { Layout } from './stage-layout.ts';
import type { Linear, StageSolver, VectorRate, Weights } from './stage-solver.ts';

type Map = LinearMap<{ readonly there: Tensor; readonly s: Tensor }>;

interface GeneralLinear extends Linear {
  readonly map: Map;
  /** If the method has the exact inverse. */
  readonly prepared: Prepared | undefined;
}

const weighKernel = lazyKernel(/* wgsl */ `
  struct Weights { rtol: f32, common: f32 }
  var<storage, read> correction: array<f32>;
  var<storage, read> y: array<f32>;
  var<storage, read> largest: f32;
  var<storage, read> atol: array<f32>; // one for all, or one for each unknown
  var<uniform> weights: Weights;
  var<storage, read_write> square: array<f32>;
  @compute @workgroup_size(64)
  fn weigh(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let r = correction[i] / (atol[min(i, arrayLength(&atol) - 1)] + weights.rtol * abs(y[i]) + weights.common * largest);
    square[i] = r * r;
  }
`);

const judgeKernel = lazyKernel(/* wgsl */ `
  struct Bounds { limit: f32, floor: f32 }
  var<storage, read> now: f32;
  var<storage, read> before: f32;
  var<storage, read> failed: array<f32>;
  var<uniform> bounds: Bounds;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn judgeStage(@builtin(global_invocation_id) id: vec3u) {
    let close = now <= bounds.floor || (now < before && now * now <= bounds.limit * (before - now));
    if (close) { next[id.x] = failed[id.x]; } else { next[id.x] = 1.0; }
  }
`);

/** How accurately a direction is sought that is not exact. */
const forcing = { rough: 1e-3, fresh: 1e-6 } as const;
const iterationsOnCpu = 12;

export function generalNewton(method: RootMethod, layout: Layout, rows: number): StageSolver {
  const { spread, shape } = layout;
  const { preconditioner } = method.linear;
  const mapOf = (f: VectorRate, y: Tensor, step: Tensor): Map =>
    linearMap({
      name: 'I − s J of a stage',
      rows: y.size,
      device: y.device,
      params: { there: y.detach(), s: step.detach() },
      apply: ({ there, s }, v) => {
        const { tangent } = jvp(f)(there, v.reshape(shape));
        return v.sub(tangent.mul(spread(s)).reshape([v.size]));
      },
      applyTranspose: ({ there, s }, v) => {
        const { pullback, dispose } = vjp(f)(there);
        const back = pullback(v.reshape(shape).mul(spread(s)));
        dispose();
        return v.sub(back.reshape([v.size]));
      },
    });
  const linearise = (f: VectorRate, y: Tensor, s: Tensor): GeneralLinear => {
    const map = mapOf(f, y, s);
    const once = preconditioner && preparedOnce(preconditioner, map);
    return {
      map,
      prepared: preconditioner?.exact ? once?.prepared : undefined,
      solve(r, turned = false) {
        const own = once && { preconditioner: turned ? once.turned : once.preconditioner };
        const options: SolveOptions = { ...method.linear, ...own };
        return linearSolve(turned ? map.transpose : map, r.reshape([r.size]), options).reshape(shape);
      },
    };
  };
  return {
    blocks: rows,
    linearise,
    solve({ f, known, y, s, guess, linear, failed, iterations, weights }) {
      const by = spread(s);
      const looks = y.device.kind === 'cpu';
      let k = guess;
      let there = known.add(guess.mul(by));
      let before = zeros([], { device: y.device });
      let now = before;
      for (let i = 0; i < (looks ? iterationsOnCpu : iterations); i++) {
        const own = (linear as GeneralLinear | undefined) ?? linearise(f, there, s);
        const r = f(there).sub(k).reshape([k.size]);
        const delta = own.prepared
          ? own.prepared.apply(r)
          : method.correct(own.map, r.neg(), linear ? forcing.rough : forcing.fresh).delta;
        const move = delta.reshape(shape);
        k = k.add(move);
        there = known.add(k.mul(by));
        before = now;
        now = sizeOf(move.mul(by), y, there, weights);
        if (!looks) continue;
        const [size, last] = [peek(now)?.[0] ?? 0, peek(before)?.[0] ?? 0];
        if (!(size < Number.POSITIVE_INFINITY) || (i > 1 && size > 2 * last)) break;
        if (size <= weights.floor || (i > 0 && size < last && size ** 2 <= weights.limit * (last - size))) break;
      }
      const { limit, floor } = weights;
      const { next } = judgeKernel({ now, before, failed, bounds: { limit, floor } }, { count: rows });
      return { k, failed: next };
    },
  };
}

/** Root mean square of a correction in units of what is allowed. */
function sizeOf(correction: Tensor, y: Tensor, there: Tensor, { rtol, atol, common }: Weights): Tensor {
  const largest = common > 0 ? amax(there.abs().reshape([there.size])) : zeros([], { device: y.device });
  const given = { correction, y, largest: largest.reshape([]), atol, weights: { rtol, common } };
  return weighKernel(given, { count: y.size })
    .square.sum()
    .mul(1 / y.size)
    .sqrt();
}
