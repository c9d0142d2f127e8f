/**
 * Parameters that are held to their kind: each is a smooth function of a free number of about the size of one.
 *
 *   free:      x = s u                                                                    s: its scale
 *   positive:  x = s eᵘ                                                                   (1)
 *   bounded:   x = a + (b − a) (1 + tanh u) / 2                                           (2)
 *   simplex:   x_i = e^(u_i) / Σ_j e^(u_j)                                                (3) along the last axis
 *
 * So a method without constraints keeps to them, and gradients are those of u. A bound is approached but never reached: where the least
 * loss lies on it, `lbfgs({ low, high })` gets there. With (3) a shift of u changes nothing; the maximum is taken off for safety.
 */

import { flatten, inOrderOf } from '../../adjoint/index.ts';
import { amax, inWords, type Tensor, tensor } from '../../kernel/index.ts';

export interface Constraint {
  readonly name: string;
  /** x of u; differentiable. */
  apply(u: Tensor): Tensor;
  /** u of x. @throws RangeError if x is not of this kind. */
  free(x: Float64Array, shape: readonly number[], who: string): Float64Array;
}

function checkScale(who: string, scale: number): void {
  if (!(scale > 0 && scale < Number.POSITIVE_INFINITY))
    throw new RangeError(`${who}: the scale is ${scale}; it must be positive.`);
}

/** Any numbers, of about this size. */
export function scaled(scale: number): Constraint {
  checkScale('scaled', scale);
  return { name: 'scaled', apply: u => u.mul(scale), free: x => x.map(v => v / scale) };
}

/** Numbers above 0 (1). @param scale Their size. Default 1. */
export function positive(scale: number = 1): Constraint {
  checkScale('positive', scale);
  return {
    name: 'positive',
    apply: u => u.exp().mul(scale), // (1)
    free: (x, _, who) =>
      x.map((v, i) => {
        if (v > 0) return Math.log(v / scale);
        throw new RangeError(`${who} is ${v} at ${i}; it must start above 0.`);
      }),
  };
}

/** Numbers between two bounds (2). */
export function bounded(low: number, high: number): Constraint {
  if (!(low < high && Number.isFinite(high - low)))
    throw new RangeError(`bounded: the bounds are ${low} and ${high}; give two numbers, the lower one first.`);
  return {
    name: 'bounded',
    apply: u =>
      u
        .tanh()
        .add(1)
        .mul((high - low) / 2)
        .add(low), // (2)
    free: (x, _, who) =>
      x.map((v, i) => {
        if (v > low && v < high) return Math.atanh((2 * (v - low)) / (high - low) - 1);
        throw new RangeError(`${who} is ${v} at ${i}; it must start between ${low} and ${high}.`);
      }),
  };
}

/** Positive numbers whose sum along the last axis is 1 (3). */
export function simplex(): Constraint {
  return {
    name: 'simplex',
    apply(u) {
      const last = u.shape.length - 1;
      const kept = [...u.shape.slice(0, last), 1];
      const powers = u.sub(amax(u.detach(), last).reshape(kept)).exp();
      return powers.div(powers.sum(last).reshape(kept)); // (3)
    },
    free(x, shape, who) {
      const width = shape.at(-1) ?? 1;
      for (let row = 0; row < x.length; row += width) {
        const part = x.subarray(row, row + width);
        const sum = part.reduce((a, v) => a + v, 0);
        if (!(Math.abs(sum - 1) < 1e-4) || !part.every(v => v > 0))
          throw new RangeError(
            `${who} has the row [${part.join(', ')}]; it must start with numbers above 0 whose sum is 1.`,
          );
      }
      return x.map(Math.log);
    },
  };
}

/** By the names of leaves: { k: positive(), 'body.share': simplex() }; or one, for a tree that is one tensor or for all leaves. */
export type Constraints = Constraint | Readonly<Record<string, Constraint>>;

export interface Constrained<P> {
  /** u where the parameters are what was given; a tree of their form. */
  readonly free: P;
  /** The parameters of u; differentiable. */
  apply(free: P): P;
}

const isConstraint = (c: unknown): c is Constraint =>
  typeof c === 'object' && c !== null && typeof (c as Constraint).apply === 'function';

/**
 * Free parameters in the place of constrained ones.
 *
 * @throws RangeError if a parameter does not meet its constraint; TypeError for a name that is none.
 * @example
 *   const { free, apply } = await constrain({ k: tensor([24]) }, { k: positive() });
 *   const { best } = await minimize(u => loss(apply(u)), free, lbfgs());
 */
export async function constrain<P>(params: P, constraints: Constraints): Promise<Constrained<P>> {
  const form = flatten(params, 'constrain', 'the parameters');
  const { leaves, names } = form;
  const unknown = isConstraint(constraints) ? undefined : Object.keys(constraints).find(name => !names.includes(name));
  if (unknown !== undefined)
    throw new TypeError(
      `constrain: there is no parameter '${unknown}'; there are ${names.map(name => `'${name}'`).join(', ')}.`,
    );
  const kinds = names.map(name => (isConstraint(constraints) ? constraints : constraints[name]));
  kinds.forEach((kind, k) => {
    if (kind !== undefined && !isConstraint(kind))
      throw new TypeError(
        `constrain: the constraint of '${names[k]}' is ${inWords(kind)}; give positive(), bounded(…), simplex(), scaled(…), unitVector(), rotation() or orthonormal().`,
      );
  });
  const free = await Promise.all(
    leaves.map(async (leaf, k) => {
      const values = Float64Array.from(await leaf.read());
      const who = `constrain: ${names[k] ? `'${names[k]}'` : 'the parameter'}`;
      return tensor(kinds[k]?.free(values, leaf.shape, who) ?? values, leaf.shape, { device: leaf.device });
    }),
  );
  return {
    free: form.rebuild(free),
    apply: u => form.rebuild(inOrderOf(form, flatten(u, 'constrain')).map((leaf, k) => kinds[k]?.apply(leaf) ?? leaf)),
  };
}
