/**
 * One step of a diagonally implicit method (implicit-tableau.ts), on a state packed as one vector.
 *
 *   Y_i = y + dt Σ_{j<i} a_ij k_j + s k_i,   k_i = f(Y_i, t + c_i dt),   s = dt γ                                  (1)
 *   dk = (I − s J)⁻¹ (∂f/∂y dY + ∂f/∂t dt + ∂f/∂p dp)                                                             (2)
 *
 * Stages are found by Newton's method, which is not differentiated: the derivative is that of (1), by the implicit function theorem (2).
 * It is had by a last correction k + M⁻¹ (f(known + s k) − k), whose M = I − s J counts as a constant: where the residual is zero that has
 * the derivative (2), and corrected once more the second one. The correction itself is not computed, so a step recorded has the bits
 * of one that is not. J in (2) is that of the stage itself, not of the beginning of the step.
 *
 * k of a stage is first guessed by interpolation of those before in c.
 * Griewank & Walther: Evaluating Derivatives, 2nd ed., 2008, ch. 15 (two-phase methods).
 */

import { unrecorded } from '../../../adjoint/index.ts';
import { derivativesInTheMaking, differentiable, type Rule, type Tensor, zeros } from '../../../kernel/index.ts';
import { combine } from '../runge-kutta.ts';
import type { ImexTableau } from './imex-tableau.ts';
import type { ImplicitTableau } from './implicit-tableau.ts';
import type { Layout } from './stage-layout.ts';
import type { Closeness, Linear, StageSolver } from './stage-solver.ts';

export type Dirk = ImplicitTableau | ImexTableau;
type PackedRate = (y: Tensor, t: Tensor) => Tensor;

export interface ImplicitSystem {
  readonly layout: Layout;
  readonly solver: StageSolver;
  readonly closeness: Closeness;
  /** ẏ of a packed state; its implicit part, if there is an explicit one too. */
  readonly rate: PackedRate;
  readonly explicit?: PackedRate;
}

/** A stage to be solved. */
interface Stage {
  readonly known: Tensor;
  readonly t: Tensor;
  readonly s: Tensor;
  readonly guess: () => Tensor;
}

const sumOf = (ks: readonly Tensor[], weights: readonly number[]): Tensor | undefined =>
  combine(
    ks.map(k => [k]),
    weights,
  )?.[0];

/** Weights of k_1 … k_{i−1} that guess k_i: by the parabola through the nearest three in c, of which the later count. */
function guessWeights(c: readonly number[], i: number): readonly number[] {
  const nodes: number[] = [];
  const near = Array.from({ length: i }, (_, j) => j).sort(
    (p, q) => Math.abs(c[p] - c[i]) - Math.abs(c[q] - c[i]) || q - p,
  );
  for (const j of near) if (nodes.length < 3 && nodes.every(n => Math.abs(c[n] - c[j]) > 1e-3)) nodes.push(j);
  return Array.from({ length: i }, (_, j) =>
    nodes.includes(j)
      ? nodes.reduce((product, n) => (n === j ? product : (product * (c[i] - c[n])) / (c[j] - c[n])), 1)
      : 0,
  );
}

/** All k, of which `solve` finds the implicit ones; then those of the explicit part. */
function rates(
  method: Dirk,
  { rate, explicit, layout }: ImplicitSystem,
  y: Tensor,
  t: Tensor,
  dt: Tensor,
  solve: (stage: Stage) => Tensor,
): readonly Tensor[] {
  const { a } = method;
  const aside = method.kind === 'imex' ? method.explicit.a : [];
  const c = a.map(row => row.reduce((sum, v) => sum + v, 0));
  const s = dt.mul(diagonal(method));
  const ks: Tensor[] = [];
  const gs: Tensor[] = [];
  const by = layout.spread(dt);
  a.forEach((row, i) => {
    const sum = sumOf([...ks, ...gs], [...row.slice(0, i), ...(aside[i] ?? [])]);
    const known = sum ? y.add(sum.mul(by)) : y;
    const now = c[i] === 0 ? t : t.add(dt.mul(c[i]));
    const guess = (): Tensor => (i === 0 ? rate(y, t) : (sumOf(ks, guessWeights(c, i)) as Tensor));
    const k = row[i] === 0 ? rate(known, now) : solve({ known, t: now, s, guess });
    ks.push(k);
    if (explicit) gs.push(explicit(row[i] === 0 ? known : known.add(k.mul(layout.spread(s))), now));
  });
  return [...ks, ...gs];
}

/** Weights of all k, those of the explicit part last. */
const weightsOf = (method: Dirk): readonly number[] =>
  method.kind === 'imex' ? [...method.b, ...method.explicit.b] : method.b;

const diagonal = ({ a }: Dirk): number => a[a.length - 1][a.length - 1];

interface Found {
  readonly ks: readonly Tensor[];
  /** Those of implicit stages. */
  readonly solved: readonly Tensor[];
  /** How many blocks of each row could not be solved, [rows]. */
  readonly failed: Tensor;
  /** Of the beginning, if the closeness wants it. */
  readonly linear: Linear | undefined;
}

/** Finds the stages of a step; not to be differentiated. */
function findStages(method: Dirk, system: ImplicitSystem, y: Tensor, t: Tensor, dt: Tensor): Found {
  const { solver, closeness, rate } = system;
  const rows = dt.size;
  const linear = closeness.fresh ? undefined : solver.linearise(x => rate(x, t), y, dt.mul(diagonal(method)));
  const solved: Tensor[] = [];
  let failed = zeros([solver.blocks], { device: y.device });
  const ks = rates(method, system, y, t, dt, ({ known, t, s, guess }) => {
    const f = (x: Tensor): Tensor => rate(x, t);
    const stage = solver.solve({ ...closeness, f, known, y, s, guess: guess(), linear, failed });
    failed = stage.failed;
    solved.push(stage.k);
    return stage.k;
  });
  return { ks, solved, linear, failed: failed.reshape([rows, solver.blocks / rows]).sum(1) };
}

export interface ImplicitStep {
  readonly y: Tensor;
  readonly solved: readonly Tensor[];
  readonly failed: Tensor;
  /** Undefined if the method does not estimate it. */
  readonly error: Tensor | undefined;
}

/** A step as it is first taken; not to be differentiated. */
export function takeStep(method: Dirk, system: ImplicitSystem, y: Tensor, t: Tensor, dt: Tensor): ImplicitStep {
  const { ks, solved, failed, linear } = findStages(method, system, y, t, dt);
  const { embedded, filtered } = method;
  const by = system.layout.spread(dt);
  const weights = weightsOf(method);
  const others = embedded && [...embedded, ...(method.kind === 'imex' ? embedded : [])];
  const difference =
    others &&
    sumOf(
      ks,
      weights.map((weight, i) => weight - others[i]),
    )?.mul(by);
  const error = difference && filtered && linear ? linear.solve(difference) : difference;
  return { y: y.add((sumOf(ks, weights) as Tensor).mul(by)), solved, failed, error };
}

/** k, with the derivative of k + (I − s J)⁻¹ r. */
function corrected(k: Tensor, r: Tensor, linear: Linear): Tensor {
  const rule: Rule = {
    name: 'stage',
    vjp: (_, [bar]) => [bar, bar && linear.solve(bar, true)],
    jvp: (_, [dk, dr]) => {
      const move = dr && linear.solve(dr);
      return [dk && move ? dk.add(move) : (dk ?? move)];
    },
  };
  return differentiable(rule, [k, r], () => [k.detach()])[0];
}

/** The same step, differentiable. @param noted What its stages were found to be; else they are found again. */
export function followStep(
  method: Dirk,
  system: ImplicitSystem,
  y: Tensor,
  t: Tensor,
  dt: Tensor,
  noted?: readonly Tensor[],
): Tensor {
  const { solver, rate, layout } = system;
  const end = (ks: readonly Tensor[]): Tensor => y.add((sumOf(ks, weightsOf(method)) as Tensor).mul(layout.spread(dt)));
  const solved = noted ?? unrecorded(() => findStages(method, system, y, t, dt).solved);
  const orders = derivativesInTheMaking();
  let next = 0;
  const ks = rates(method, system, y, t, dt, ({ known, t, s }) => {
    const value = solved[next++];
    const by = layout.spread(s);
    const at = (k: Tensor): Tensor => known.add(k.mul(by));
    if (orders === 0) {
      rate(at(value), t); // what f captures must be seen
      return value;
    }
    const linear = unrecorded(() => solver.linearise(x => rate(x, t), at(value), s));
    let k = value;
    for (let order = 0; order < orders; order++) k = corrected(k, rate(at(k), t).sub(k), linear);
    return k;
  });
  return end(ks);
}
