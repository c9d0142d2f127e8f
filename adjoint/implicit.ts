/**
 * Functions that are given by an equation, differentiated by the implicit function theorem.
 *
 *   F(y, p) = 0        (∂F/∂y)ᵀ λ = ȳ      p̄ = −(∂F/∂p)ᵀ λ        (∂F/∂y) ẏ = −(∂F/∂p) ṗ
 *
 * How y was found does not matter, and nothing of it is recorded. The Jacobian is never formed: it is a linear map made of tangents
 * and adjoints of F. The rules are made of solves and of derivatives of F, so they can be differentiated again.
 *
 * Griewank & Walther: Evaluating Derivatives, 2nd ed., 2008, ch. 15. Blondel et al., NeurIPS 2022, arXiv:2105.15183.
 */

import { checkOptions, inWords, type Tensor } from '../kernel/index.ts';
import { type CustomRules, custom } from './custom.ts';
import { vjp } from './gradient.ts';
import { jvp } from './jvp.ts';
import { type LinearMap, linearMap } from './linear-map.ts';
import { pack, unpack } from './pack.ts';
import { Captured } from './rollout/step-record.ts';
import { flatten } from './tree.ts';

export interface ImplicitOptions<Y, P> {
  /** The equation, F(y, p) = 0; of y's form. */
  readonly root?: (y: Y, p: P) => Y;
  /** Or y = g(y, p). */
  readonly fixedPoint?: (y: Y, p: P) => Y;
  /** Solves A x = b, for A the Jacobian ∂F/∂y or its transpose; `linearSolve` of retrograde/sparse will do. */
  readonly linearSolve: <Q>(A: LinearMap<Q>, b: Tensor) => Tensor;
  /** For messages. Default 'implicit'. */
  readonly name?: string;
}

/**
 * p ↦ y, differentiable.
 *
 * @param solve Finds y for p, in any way; unrecorded.
 * @throws TypeError if it uses a tensor that is being differentiated by and is not in p: its derivative would be lost.
 * @example
 *   const kepler = implicit(newton, { root: (E, { M, e }) => E.sub(e.mul(E.sin())).sub(M), linearSolve });
 */
export function implicit<Y, P>(solve: (p: P) => Y, options: ImplicitOptions<Y, P>): (p: P) => Y {
  const { linearSolve, name = 'implicit' } = options;
  checkOptions(name, options, ['root', 'fixedPoint', 'linearSolve', 'name']);
  const residual = equation(name, options);
  if (typeof linearSolve !== 'function')
    throw new TypeError(
      `${name}: linearSolve is ${inWords(linearSolve)}; give a function that solves A x = b, as linearSolve of retrograde/sparse does.`,
    );
  const jacobian = (y: Y, p: P): LinearMap<{ y: Y; p: P }> => {
    const form = flatten(y, name);
    const n = form.leaves.reduce((sum, { size }) => sum + size, 0);
    return linearMap({
      name: `Jacobian of ${name}`,
      rows: n,
      device: form.leaves[0].device,
      params: { y, p },
      apply: ({ y, p }, v) => pack(jvp((y: Y) => residual(y, p))(y, unpack(form, v)).tangent),
      applyTranspose: ({ y, p }, v) => pack(vjp((y: Y) => residual(y, p))(y).pullback(unpack(form, v))),
    });
  };
  const rules: CustomRules<P, Y> = {
    name,
    vjp(p, bar, y) {
      const lambda = linearSolve(jacobian(y, p).transpose, pack(bar));
      return vjp((p: P) => residual(y, p))(p).pullback(unpack(flatten(y), lambda.neg()));
    },
    jvp(p, dot, y) {
      const { tangent } = jvp((p: P) => residual(y, p))(p, dot);
      return unpack(flatten(y), linearSolve(jacobian(y, p), pack(tangent).neg()));
    },
  };
  return p => {
    const others = new Captured();
    const y = custom((p: P) => others.watch(() => solve(p)), rules)(p);
    const [other] = others.tensors;
    others.settle();
    if (other)
      throw new TypeError(
        `${name}: the equation uses a tensor of shape [${other.shape.join(', ')}] that is being differentiated by and is not among its parameters; hand it over with them, or use its detach().`,
      );
    return y;
  };
}

function equation<Y, P>(name: string, { root, fixedPoint }: ImplicitOptions<Y, P>): (y: Y, p: P) => Y {
  if (root && !fixedPoint) return root;
  if (!fixedPoint || root)
    throw new TypeError(`${name}: give either { root: F } with F(y, p) = 0, or { fixedPoint: g } with y = g(y, p).`);
  return (y, p) => {
    const own = flatten(y);
    const next = flatten(fixedPoint(y, p));
    return own.rebuild(own.leaves.map((leaf, k) => leaf.sub(next.leaves[k])));
  };
}
