/**
 * Sums over pairs of particles, of which the derivatives need no sums between invocations.
 *
 *   T(x, p) = Σ_i t_i,   t_i = ½ Σ_j φ(x_i, x_j; p),   φ symmetric                                        (1)
 *   ∂(b·T)/∂x_i = 2 ∂(b·t_i)/∂x_i                            of the place of the particle itself alone    (2)
 *   G = ∂(b·T)/∂x:   Gᵀ w = d/ds ∂(b·T)/∂(x, p, b) at x + s w, s = 0                                      (3)
 *
 * Each particle has all of its neighbours in its row, so by symmetry half of a derivative is all of it: where a particle is, and where
 * it is seen by others, are two arguments, and (2) differentiates by the first. By (3), the adjoint of a gradient is its tangent, whose
 * rows belong to particles again; so gradients of whole trajectories never scatter. x stands for all that belongs to particles, charges
 * too. (3) is the symmetry of second derivatives: Griewank & Walther, Evaluating Derivatives, 2nd ed., 2008, §5.4.
 */

import { custom, jvp, mapTree, vjp } from '../../adjoint/index.ts';
import { isTracked, type Tensor } from '../../kernel/index.ts';

type Tensors = Readonly<Record<string, Tensor>>;

export interface PairArguments {
  /** What belongs to particles, [n, …]: x, charge. */
  readonly own: Tensors;
  /** What is differentiable besides. */
  readonly rest: Tensors;
  /** Integers, and what needs no derivative. */
  readonly fixed: Tensors;
}

/** t_i of each particle as rows, [n, m]. @param here Of the particle itself; `all.own` is of those it sees. */
export type Directed = (here: Tensors, all: PairArguments) => Tensor;

export interface Weighted extends PairArguments {
  /** b, [m]. */
  readonly bar: Tensor;
}

/** T, [m]. */
export type PairSum = (all: PairArguments) => Tensor;

/** Jᵀ b; the value is let go of, so that it need not be computed. */
function pulled(f: (x: Tensors) => Tensor, x: Tensors, bar: Tensor): Tensors {
  const { value, pullback } = vjp(f)(x);
  const bars = pullback(bar);
  value.dispose();
  return bars;
}

/**
 * T as a function that is differentiable to any order by gathers.
 *
 * @param known ∂(b·T)/∂own, where it is at hand in a form that costs less than the derivative of `directed`.
 */
export function pairSum(name: string, directed: Directed, known?: (all: Weighted) => Tensors): PairSum {
  const total = (all: PairArguments): Tensor => directed(all.own, all).sum(0); // (1)
  const derived = ({ bar, ...all }: Weighted): Tensors =>
    mapTree(
      pulled((here: Tensors) => directed(here, all).sum(0), all.own, bar),
      g => g.mul(2),
    ); // (2)
  const towards = known ?? derived;
  const ofRest = ({ bar, ...all }: Weighted): Tensors =>
    isEmpty(all.rest) ? {} : pulled((rest: Tensors) => total({ ...all, rest }), all.rest, bar);
  const gradient = (given: Weighted): Tensors => {
    const isWeighed = isTracked(given.bar);
    return custom((all: Weighted) => towards(all), {
      name: `gradient of ${name}`,
      vjp: (all, w) => {
        const along = <T>(f: (moved: Weighted) => T): T =>
          jvp((own: Tensors) => f({ ...all, own }))(all.own, w).tangent;
        const rest = isEmpty(all.rest) ? {} : along(ofRest);
        return { own: along(towards), rest, bar: isWeighed ? along(total) : all.bar, fixed: all.fixed }; // (3)
      },
      jvp: ({ fixed, ...free }, { fixed: _, ...dot }) =>
        jvp((p: Omit<Weighted, 'fixed'>) => towards({ ...p, fixed }))(free, dot).tangent,
    })(asked(given));
  };
  const sum = custom(total, {
    name,
    vjp: (all, bar) => ({ own: gradient({ ...all, bar }), rest: ofRest({ ...all, bar }), fixed: all.fixed }),
    jvp: ({ fixed, ...free }, { fixed: _, ...dot }) =>
      jvp((p: Omit<PairArguments, 'fixed'>) => total({ ...p, fixed }))(free, dot).tangent,
  });
  return all => sum(asked(all));
}

const isEmpty = (tensors: Tensors): boolean => Object.keys(tensors).length === 0;

/** What no derivative is asked for counts as fixed, so that none is computed. */
function asked<All extends PairArguments>(all: All): All {
  const [free, fixed] = [true, false].map(wanted =>
    Object.fromEntries(Object.entries(all.rest).filter(([, value]) => isTracked(value) === wanted)),
  );
  return { ...all, rest: free, fixed: { ...all.fixed, ...fixed } };
}
