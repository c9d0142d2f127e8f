/**
 * Newton's direction: J δ = −F, by elimination or by GMRES.
 *
 *   |J δ + F| ≤ η |F|,   η_k = γ (|F_k| / |F_{k−1}|)²,   γ = 0.9,   η_k ≥ γ η_{k−1}² where that exceeds 0.1     (1)
 *
 * By elimination the Jacobian is asked for its columns (block-lu.ts), for few unknowns or many small systems side by side. By
 * GMRES it is only applied, to the accuracy (1) that the progress so far deserves. A GPU cannot be looked at without waiting, so there
 * all cycles of GMRES run.
 * Eisenstat & Walker, SIAM J. Sci. Comput. 17 (1996) 16, choice 2. Kelley: Iterative Methods for Linear and Nonlinear Equations, 1995, ch. 6.
 */

import { iterate, type LinearMap } from '../../adjoint/index.ts';
import { checkOptions, peek, type Tensor } from '../../kernel/index.ts';
import { gmres, type Iterate, type Preconditioner, type SolveOptions, type System } from '../../sparse/index.ts';
import { blockInverse } from './block-lu.ts';

export interface Correction {
  readonly delta: Tensor;
  /** |J δ + F|² as the method reckons it. */
  readonly left: Tensor;
}

export interface RootMethod {
  readonly name: string;
  /** How the systems of derivatives are solved. */
  readonly linear: SolveOptions;
  /** Which unknowns depend on each other, where the Jacobian is eliminated. */
  readonly elimination?: NewtonOptions;
  /** @throws RangeError if the method does not suit n unknowns. */
  check(unknowns: number): void;
  /** @param f F(y), [n]. @param forcing η. */
  correct(J: LinearMap<unknown>, f: Tensor, forcing: number): Correction;
}

export interface NewtonOptions {
  /** The equations come in groups of so many, one after another, that do not depend on each other. Default: all one group. */
  readonly block?: number;
  /** Or as so many fields, one after another, that are coupled only at the same place: reactions without diffusion. */
  readonly fields?: number;
}

const largestBlock = 512;

/** Newton's method with the Jacobian in full. */
export function newton(options: NewtonOptions = {}): RootMethod {
  checkOptions('newton', options, ['block', 'fields']);
  const { block, fields } = options;
  for (const [what, v] of Object.entries({ block, fields }))
    if (v !== undefined && !(Number.isInteger(v) && v >= 1))
      throw new RangeError(`newton: ${what} is ${v}; it must be a whole number from 1.`);
  if (block !== undefined && fields !== undefined)
    throw new TypeError('newton: the equations come in blocks or as fields; give one of the two.');
  const preconditioner = blockInverse(options);
  return {
    name: "Newton's method",
    linear: { preconditioner },
    elimination: options,
    check(unknowns) {
      const rows = fields ?? block ?? unknowns;
      if (unknowns % rows !== 0)
        throw new RangeError(
          `newton: ${unknowns} unknowns do not divide into ${fields ? `${fields} fields` : `blocks of ${rows}`}.`,
        );
      if (rows > largestBlock)
        throw new RangeError(
          `newton: ${rows} unknowns depend on each other, and at most ${largestBlock} may; use newtonKrylov(), or newtonSparse(pattern).`,
        );
    },
    correct(J, f) {
      return { delta: preconditioner.prepare(J).apply(f.neg()), left: f.dot(f).mul(0) };
    },
  };
}

export interface NewtonKrylovOptions {
  /** Steps of GMRES in a cycle. Default 20. */
  readonly restart?: number;
  /** Cycles at most for one direction. Default 40; on a GPU, where all of them run, 3. */
  readonly cycles?: number;
  /** For the Jacobian, which it is given as a map that is a function; it may ignore that if what it does is symmetric. */
  readonly preconditioner?: Preconditioner;
}

/** Newton's method without the Jacobian: directions by GMRES, no more accurate than they deserve (1). */
export function newtonKrylov(options: NewtonKrylovOptions = {}): RootMethod {
  checkOptions('newtonKrylov', options, ['restart', 'cycles', 'preconditioner']);
  const { restart = 20, cycles, preconditioner } = options;
  if (cycles !== undefined && !(Number.isInteger(cycles) && cycles >= 1))
    throw new RangeError(`newtonKrylov: cycles is ${cycles}; it must be a whole number from 1.`);
  const method = gmres({ restart });
  return {
    name: 'the Newton–Krylov method',
    linear: { method, ...(preconditioner && { preconditioner }) },
    check() {},
    correct(J, f, forcing) {
      const prepared = preconditioner?.prepare(J);
      const system: System = {
        apply: x => J.apply(x),
        applyTranspose: x => J.transpose.apply(x),
        precondition: r => prepared?.apply(r) ?? r,
      };
      const r = f.neg();
      const first: Iterate = method.start(system, r.mul(0), r);
      const size = peek(first.residual)?.[0] ?? 0;
      const { state } = iterate((s: Iterate) => method.step(system, s as never), first, {
        maxSteps: cycles ?? (f.device.kind === 'cpu' ? 40 : 3),
        every: 1,
        watch: ['residual', 'breakdown'],
        stop: ([left, broken]) => !(left[0] > forcing ** 2 * size) || broken[0] !== 0,
      });
      return { delta: state.x, left: state.residual };
    },
  };
}

const [firstForcing, largestForcing, gamma] = [0.1, 0.9, 0.9];

/** η of the next direction, by (1), but no smaller than what the tolerance asks for. */
export function nextForcing(forcing: number | undefined, now: number, before: number, goal: number): number {
  if (forcing === undefined) return firstForcing;
  const kept = gamma * forcing ** 2;
  const chosen = Math.max(gamma * (now / before) ** 2, kept > 0.1 ? kept : 0);
  return Math.min(largestForcing, Math.max(chosen, (0.5 * goal) / now));
}
