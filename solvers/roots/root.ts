/**
 * Equations F(y, p) = 0, solved for y on the device and differentiable in p.
 *
 *   y ← y + t δ,   J δ = −F(y, p),   t = 1, ½, ¼, … the first with |F(y + t δ)| ≤ (1 − 10⁻⁴ t) |F(y)|                 (1)
 *   done where |F| ≤ atol + rtol |F(y₀)|, or |δ| ≤ rtol |y|                                                          (2)
 *
 * The second of (2) is for good starts, whose residual is no measure. Derivatives are those of the equation, by the implicit function
 * theorem, and not of the iterations. On a CPU the host looks at |F| and stops; on a GPU all steps run, with t = 1, ¼, …, a step that does not
 * lower |F| changes nothing, and a failure is thrown by the next read.
 * Dennis & Schnabel: Numerical Methods for Unconstrained Optimization and Nonlinear Equations, 1996, ch. 6.
 */

import {
  flatten,
  implicit,
  inOrderOf,
  jvp,
  type LinearMap,
  linearMap,
  matching,
  pack,
  unpack,
} from '../../adjoint/index.ts';
import {
  checkOptions,
  inWords,
  lazyKernel,
  outliving,
  peek,
  scoped,
  stack,
  type Tensor,
  type Words,
} from '../../kernel/index.ts';
import { linearSolve, type SolveOptions } from '../../sparse/index.ts';
import { newton, newtonKrylov, nextForcing, type RootMethod } from './newton.ts';
import { unitOf } from './residual-unit.ts';
import { RootError } from './root-error.ts';

export interface RootReport {
  readonly iterations: number;
  /** |F|. */
  readonly residual: number;
}

export interface RootOptions {
  /** Default: `newton()` up to 32 unknowns, then `newtonKrylov()`. */
  readonly method?: RootMethod;
  /** Default 1e-10 in f64, 1e-5 in f32. */
  readonly rtol?: number;
  /** Default 0. */
  readonly atol?: number;
  /** Default 50; on a GPU, where all of them run, 12. */
  readonly maxSteps?: number;
  /** For the linear systems of derivatives, over what the method chooses. */
  readonly linearSolve?: SolveOptions;
  /** Told how it went; on a GPU, when the result has been checked. */
  readonly onSolved?: (report: RootReport) => void;
}

/**
 * Solves F(y, p) = 0.
 *
 * @param F Of y's form.
 * @param y0 Where to start; never differentiated.
 * @param params A tree of whatever y is to be differentiated by.
 * @returns y, differentiable in p, any number of times.
 * @throws RootError with the last iterate if it does not arrive: at once on a CPU, by the next read on a GPU.
 * @example
 *   const root2 = rootFind((y, a) => y.square().sub(a), tensor([1]), tensor([2])); // 1.41421356
 */
export function rootFind<Y, P>(F: (y: Y, p: P) => Y, y0: Y, params: P, options: RootOptions = {}): Y {
  checkOptions('rootFind', options, ['method', 'rtol', 'atol', 'maxSteps', 'linearSolve', 'onSolved']);
  checkEquation('rootFind', F, y0, options);
  const form = flatten(y0, 'rootFind', 'y0');
  const start = form.rebuild(form.leaves.map(leaf => leaf.detach()));
  flatten(params, 'rootFind', parameters);
  const unknowns = form.leaves.reduce((sum, { size }) => sum + size, 0);
  if (unknowns === 0) return y0;
  const method = options.method ?? (unknowns <= 32 ? newton() : newtonKrylov());
  if (typeof (method as Partial<RootMethod>).correct !== 'function')
    throw new TypeError(`rootFind: the method is ${inWords(method)}; give what newton() or newtonKrylov() returns.`);
  method.check(unknowns);
  const find = (p: P): Y =>
    scoped(
      () => unpack(form, new Search(F, p, start, method, options).run()),
      y => flatten(y).leaves,
    );
  const linear = { ...method.linear, ...options.linearSolve };
  return implicit(find, { name: 'rootFind', root: F, linearSolve: (A, b) => linearSolve(A, b, linear) })(params);
}

/** For messages. */
export const parameters = 'params, the third argument,';

/** The default of rtol. */
export const tolerance = ({ device }: Tensor): number =>
  device.kind === 'cpu' && device.precision === 'f64' ? 1e-10 : 1e-5;

/** @throws what is wrong with an equation and its tolerances. */
export function checkEquation(
  who: string,
  F: unknown,
  y0: unknown,
  { rtol = 0, atol = 0, maxSteps = 1 }: { readonly rtol?: number; readonly atol?: number; readonly maxSteps?: number },
): void {
  if (typeof F !== 'function')
    throw new TypeError(`${who}: the equation is ${inWords(F)}; give a function (y, p) => ….`);
  const { leaves, names } = flatten(y0, who, 'y0');
  if (leaves.length === 0) throw new RangeError(`${who}: y0 has no tensors; give one for each unknown.`);
  leaves.forEach((leaf, k) => {
    if (leaf.type !== 'f32')
      throw new TypeError(`${who}: ${names[k] ? `'${names[k]}' of ` : ''}y0 holds ${leaf.type}; unknowns are f32.`);
  });
  for (const [what, v] of Object.entries({ rtol, atol }))
    if (!(v >= 0)) throw new RangeError(`${who}: ${what} is ${v}; it must not be negative.`);
  if (rtol >= 1) throw new RangeError(`${who}: rtol is ${rtol}, which the start would meet; give a number below 1.`);
  if (!Number.isInteger(maxSteps) || maxSteps < 1)
    throw new RangeError(`${who}: maxSteps is ${maxSteps}; it must be a whole number from 1.`);
}

/** Lengths of a step that are tried; fewer where all of them are. */
/** Lengths t = 1, shrink, shrink², … that are tried; on a GPU all of them are. */
const search = { trials: 12, shrink: 0.5 };
const searchOnGpu = { trials: 6, shrink: 0.25 };

const chooseKernel = lazyKernel(/* wgsl */ `
  var<storage, read> before: array<f32>;  // |F|²
  var<storage, read> squares: array<f32>; // |F|² at t = 1, shrink, shrink², …
  var<uniform> shrink: f32;
  var<storage, read_write> t: array<f32>;
  @compute @workgroup_size(1)
  fn choose(@builtin(global_invocation_id) id: vec3u) {
    var length = 1.0;
    for (var k = 0u; k < arrayLength(&squares); k++) {
      let share = 1.0 - 1e-4 * length;
      if (t[0] == 0.0 && squares[k] <= share * share * before[0]) { t[0] = length; } // (1)
      length *= shrink;
    }
  }
`);

interface Point {
  readonly y: Tensor;
  readonly f: Tensor;
  readonly square: Tensor;
}

/** A point, and the direction that led there. */
interface Step {
  readonly to: Point;
  /** |δ|², |y|², |J δ + F|² and |F|² where it began. */
  readonly sizes: Tensor;
}

class Search<Y, P> {
  private readonly p: P;
  private readonly method: RootMethod;
  private readonly options: RootOptions;
  private readonly residual: (y: Tensor, p: P) => Tensor;
  private readonly first: Point;
  private readonly rtol: number;
  /** F is divided by this. */
  private readonly unit: number;

  constructor(F: (y: Y, p: P) => Y, p: P, y0: Y, method: RootMethod, options: RootOptions) {
    const form = flatten(y0);
    const value = flatten(F(y0, p), 'rootFind', 'what F returned');
    matching('rootFind', form, value, 'what F returned');
    this.p = p;
    this.method = method;
    this.options = options;
    this.rtol = options.rtol ?? tolerance(form.leaves[0]);
    const plain = (y: Tensor, p: P): Tensor => pack(form.rebuild(inOrderOf(form, flatten(F(unpack(form, y), p)))));
    const unit = unitOf(pack(form.rebuild(inOrderOf(form, value))).detach());
    this.unit = unit;
    this.residual = unit === 1 ? plain : (y, p) => plain(y, p).mul(1 / unit);
    this.first = this.at(pack(y0));
  }

  run(): Tensor {
    const { first, options, rtol } = this;
    const { device } = first.y;
    const size = peek(first.square)?.[0];
    const start = size === undefined ? undefined : Math.sqrt(size);
    const maxSteps = options.maxSteps ?? (device.kind === 'cpu' ? 50 : 12);
    const goal = (options.atol ?? 0) / this.unit + rtol * (start ?? 0);
    let now = first;
    let step: Step | undefined;
    let steps = 0;
    let residual = start ?? 0;
    let before = residual;
    let forcing: number | undefined;
    while (steps < maxSteps && !(start !== undefined && (residual <= goal || !Number.isFinite(residual)))) {
      forcing = nextForcing(forcing, residual, before, goal);
      const eta = forcing;
      const from = now;
      step = scoped(
        () => this.step(from, eta),
        ({ to, sizes }) => [to.y, to.f, to.square, sizes],
      );
      now = step.to;
      steps++;
      before = residual;
      residual = start === undefined ? 0 : Math.sqrt(peek(now.square)?.[0] as number);
      if (start !== undefined && (residual >= before || this.small(peek(step.sizes) as Words))) break;
    }
    const last = outliving(now.y);
    const memories = [first.square, now.square, step?.sizes ?? first.square].map(t => t.memory.retain());
    device.check(memories, ([a], [b], sizes) => this.judge(last, Math.sqrt(a), Math.sqrt(b), step && sizes, steps));
    return now.y;
  }

  private at(y: Tensor): Point {
    const f = this.residual(y, this.p);
    return { y, f, square: f.dot(f) };
  }

  private step({ y, f, square }: Point, forcing: number): Step {
    const { residual, p } = this;
    const J: LinearMap<{ y: Tensor; p: P }> = linearMap({
      name: 'Jacobian',
      rows: y.size,
      device: y.device,
      params: { y, p },
      apply: ({ y, p }, v) => jvp((y: Tensor) => residual(y, p))(y, v).tangent,
    });
    const { delta, left } = this.method.correct(J, f, forcing);
    const sizes = stack([delta.dot(delta), y.dot(y), left, square].map(x => x.reshape([1])));
    const squares: Tensor[] = [];
    const goal = peek(square)?.[0];
    const { trials, shrink } = goal === undefined ? searchOnGpu : search;
    for (let k = 0; k < trials; k++) {
      const trial = this.at(y.add(delta.mul(shrink ** k)));
      squares.push(trial.square.reshape([1]));
      if (goal === undefined) continue;
      if (Math.sqrt(peek(trial.square)?.[0] as number) <= (1 - 1e-4 * shrink ** k) * Math.sqrt(goal))
        return { to: trial, sizes };
    }
    if (goal !== undefined) return { to: { y, f, square }, sizes };
    const { t } = chooseKernel({ before: square.reshape([1]), squares: stack(squares), shrink }, { count: 1 });
    return { to: this.at(y.add(finite(delta).mul(t))), sizes };
  }

  /** Whether the direction itself was below the tolerance, and to be trusted. */
  private small([delta, y, left, from]: Words): boolean {
    return y > 0 && delta <= this.rtol ** 2 * y && left <= 0.25 * from; // (2)
  }

  private judge(last: Tensor, start: number, residual: number, sizes: Words | undefined, steps: number): void {
    const { unit } = this;
    const goal = (this.options.atol ?? 0) / unit + this.rtol * start;
    if (residual <= goal || (sizes && this.small(sizes))) {
      this.options.onSolved?.({ iterations: steps, residual: residual * unit });
      return;
    }
    const why = !Number.isFinite(start)
      ? 'F is not finite where it starts; start where it is'
      : sizes && !Number.isFinite(sizes[0])
        ? 'the Jacobian is singular there; start elsewhere, or use newtonKrylov()'
        : this.method.name === 'the Newton–Krylov method' && sizes && sizes[2] > 0.81 * sizes[3]
          ? 'GMRES found no direction; give newtonKrylov() a preconditioner or more cycles, or start elsewhere'
          : last.device.kind === 'cpu' && steps < (this.options.maxSteps ?? 50)
            ? 'no step along the direction lowers |F|; start elsewhere, or ask for a larger tolerance'
            : 'these were all the steps allowed; give more maxSteps, or start closer';
    throw new RootError(
      `rootFind: ${this.method.name} left |F| at ${(residual * unit).toPrecision(3)} after ${steps} steps, above ${(goal * unit).toPrecision(3)}: ${why}.`,
      { iterations: steps, residual: residual * unit, last },
    );
  }
}

/** 0 where a number is none, so that t = 0 keeps y. */
const finiteKernel = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn finite(@builtin(global_invocation_id) id: vec3u) {
    if (abs(x[id.x]) < 1e38) { y[id.x] = x[id.x]; }
  }
`);
const finite = (x: Tensor): Tensor => finiteKernel({ x }, { count: x.size }).y;
