/**
 * A linear part −A y of ẏ, implicit: its stages are systems with I + s A, s = dt γ.
 *
 *   k = −A (known + s k)            (I + s A) k = −A known
 *
 * A may be one operator for all leaves of y or one for each by name; a leaf that has none has no such part. They are symmetric or not,
 * and best positive semidefinite: diffusion. Stencils and CSR matrices stay what they are, so that multigrid and factorisations
 * can be told to help. Systems are solved to the tolerance of `linearSolve` and differentiated by their equation.
 */

import { type Flat, unrecorded } from '../../../adjoint/index.ts';
import { checkOptions, inWords, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import {
  csr,
  type LinearOperator,
  linearSolve,
  type SolveOptions,
  SparseMatrix,
  Stencil,
  type StencilParams,
  scaledOperator,
  shiftedOperator,
} from '../../../sparse/index.ts';
import type { Leaves } from '../runge-kutta.ts';
import { type Once, preparedOnce } from './prepared-once.ts';
import type { Layout } from './stage-layout.ts';
import type { Linear, StageSolver } from './stage-solver.ts';

// biome-ignore lint/suspicious/noExplicitAny: of any parameters
export type Operator = LinearOperator<any>;

/** −A y. */
export interface LinearPart {
  /** A: one for all leaves of y, or one for each by name. */
  readonly minus: Operator | Readonly<Record<string, Operator>>;
  /** How the systems are solved. */
  readonly linearSolve?: SolveOptions;
}

export const isLinearPart = (part: unknown): part is LinearPart =>
  typeof part === 'object' && part !== null && 'minus' in part;
const isOperator = (A: LinearPart['minus']): A is Operator => typeof (A as Operator).apply === 'function';

/** A for each leaf; undefined where there is none. @throws if one does not fit. */
export function operatorsOf(part: LinearPart, { leaves, names }: Flat<unknown>): readonly (Operator | undefined)[] {
  checkOptions('odeSolve: implicit', part, ['minus', 'linearSolve']);
  const { minus } = part;
  if (typeof minus !== 'object' || minus === null)
    throw new TypeError(
      `odeSolve: implicit.minus is ${inWords(minus)}; give an operator, or one for each leaf by name.`,
    );
  if (!isOperator(minus)) {
    const stranger = Object.keys(minus).find(name => !names.includes(name));
    if (stranger !== undefined)
      throw new RangeError(`odeSolve: implicit.minus has '${stranger}', which y0 has not; it has ${names.join(', ')}.`);
  }
  return leaves.map((leaf, l) => {
    const A = isOperator(minus) ? minus : minus[names[l]];
    if (A && (A.rows !== leaf.size || A.columns !== leaf.size))
      throw new RangeError(
        `odeSolve: the ${A.name} in implicit.minus is ${A.rows} × ${A.columns}, and ${names[l] ? `'${names[l]}' of y0` : 'y0'} has ${leaf.size} numbers.`,
      );
    return A;
  });
}

/** A y for each leaf; zero where there is no A. */
export const product = (operators: readonly (Operator | undefined)[], y: Leaves): Leaves =>
  y.map((leaf, l) => operators[l]?.apply(leaf.reshape([leaf.size])).reshape(leaf.shape) ?? leaf.mul(0));

/** I + s A */
function shifted(A: Operator, s: Tensor): Operator {
  const { device } = A;
  if (A instanceof Stencil) {
    const { conductivity, reaction } = A.params as StencilParams;
    const one = zeros([1], { device }).add(1);
    const k =
      'device' in conductivity
        ? (conductivity as Tensor).mul(s)
        : Object.fromEntries(Object.entries(conductivity).map(([axis, field]) => [axis, (field as Tensor).mul(s)]));
    return A.with({ conductivity: k, reaction: reaction ? reaction.mul(s).add(1) : one });
  }
  if (A instanceof SparseMatrix && A.block === 1 && A.pattern.diagonal.every(k => k >= 0)) {
    const places = Array.from({ length: A.pattern.size }, (_, k) =>
      A.pattern.diagonal[A.pattern.row[k]] === k ? 1 : 0,
    );
    const { symmetric, positiveDefinite } = A;
    return csr(A.pattern, A.values.mul(s).add(diagonalOf(A, places)), { symmetric, positiveDefinite });
  }
  const { symmetric, positiveDefinite } = A;
  const promised = { symmetric, positiveDefinite };
  return shiftedOperator(scaledOperator(s, A, promised), 1, promised);
}

const diagonals = new WeakMap<object, Tensor>();
/** 1 on the diagonal, 0 elsewhere. */
function diagonalOf({ pattern, device }: SparseMatrix, places: readonly number[]): Tensor {
  const known = diagonals.get(pattern);
  if (known?.device === device) return known;
  const made = tensor(places, undefined, { device });
  diagonals.set(pattern, made);
  return made;
}

/** On a GPU all steps run that are allowed. */
const stepsOnGpu = 24;

interface PartLinear extends Linear {
  /** @param guess Where to start. */
  from(r: Tensor, guess: Tensor): Tensor;
}

/** Solves stages, for s of a step: its systems are the same for all of them, and prepared for once. */
export function linearStages(
  operators: readonly (Operator | undefined)[],
  { pack, unpack }: Layout,
  options: SolveOptions = {},
): StageSolver {
  const { preconditioner } = options;
  const systemsFor = (s: Tensor): PartLinear => {
    const systems = new Map<Operator, { readonly system: Operator; readonly once: Once | undefined }>();
    for (const A of operators)
      if (A && !systems.has(A)) {
        const system = unrecorded(() => shifted(A, s.detach().reshape([1])));
        systems.set(A, { system, once: preconditioner && preparedOnce(preconditioner, system) });
      }
    const solve = (r: Tensor, turned: boolean, guess?: Tensor): Tensor => {
      const from = guess && unpack(guess);
      const parts = unpack(r).map((leaf, l) => {
        const own = systems.get(operators[l] as Operator);
        if (!own) return leaf;
        const { system, once } = own;
        return linearSolve(turned ? system.transpose : system, leaf.reshape([leaf.size]), {
          ...(from && { x0: from[l].reshape([leaf.size]) }),
          ...(system.device.kind !== 'cpu' && once && { maxSteps: stepsOnGpu }),
          ...options,
          ...(once && { preconditioner: turned ? once.turned : once.preconditioner }),
        }).reshape(leaf.shape);
      });
      return pack(parts);
    };
    return { solve: (r, turned = false) => solve(r, turned), from: (r, guess) => solve(r, false, guess) };
  };
  let last: { readonly s: Tensor; readonly linear: PartLinear } | undefined;
  const ofStep = (s: Tensor): PartLinear => {
    if (last?.s !== s) last = { s, linear: systemsFor(s) };
    return last.linear;
  };
  return {
    blocks: 1,
    linearise: (_, __, s) => ofStep(s),
    solve: ({ f, known, s, guess, failed }) => ({ k: ofStep(s).from(f(known), guess), failed }),
  };
}
