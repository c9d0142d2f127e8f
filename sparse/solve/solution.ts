/**
 * The solution of A(p) x = b as something to be differentiated, by whatever means it was found.
 *
 *   Aᵀ λ = x̄     b̄ = λ     p̄ = −λᵀ (∂A/∂p) x         A ẋ = ḃ − Ȧ x
 *
 * One more solve for a gradient or a tangent; p̄ is pulled back through `apply`, so for a matrix it lives on the pattern only.
 * The rules are made of solves and products, and can be differentiated again.
 *
 * Christianson: Reverse accumulation and implicit functions, Optim. Methods Softw. 9 (1998) 307.
 */

import { flatten, jvp, Plan, unrecorded, vjp } from '../../adjoint/index.ts';
import {
  type Cotangents,
  collecting,
  isTracked,
  type Rule,
  record,
  releaseAll,
  type Tensor,
} from '../../kernel/index.ts';
import type { LinearOperator } from '../operators/operator.ts';
import type { Prepared } from '../preconditioner.ts';

/** An approximate or exact inverse in use by some solves; the last one lets go of its tensors. */
export class Shared {
  readonly prepared: Prepared;
  private readonly made: Tensor[] = [];
  private plans: readonly { readonly A: object; readonly key: readonly unknown[]; readonly plan: Plan }[] = [];
  private users = 0;

  constructor(prepare: () => Prepared) {
    this.prepared = unrecorded(() => collecting(this.made, prepare));
  }
  retain(): this {
    this.users++;
    return this;
  }
  release(): void {
    if (--this.users > 0) return;
    for (const { plan } of this.plans) plan.release();
    releaseAll(this.made);
  }

  /** The recorded step of solves with an operator that are alike in all of `key`. */
  planOf(A: object, key: readonly unknown[]): Plan {
    const known = this.plans.find(
      one => one.A === A && one.key.length === key.length && one.key.every((part, k) => part === key[k]),
    );
    if (known) return known.plan;
    const plan = new Plan();
    this.plans = [...this.plans, { A, key, plan }];
    if (this.plans.length > mostPlans) {
      const [first, ...rest] = this.plans;
      first.plan.release();
      this.plans = rest;
    }
    return plan;
  }
}

/** Plans that are kept: a gradient with respect to A itself makes an operator anew for each solve. */
const mostPlans = 4;

export interface Solution<P> {
  /** For messages. */
  readonly who: string;
  readonly A: LinearOperator<P>;
  readonly b: Tensor;
  readonly x: Tensor;
  /** Solves with the same matrix or its transpose, for another right-hand side. */
  again(of: LinearOperator<P>, rhs: Tensor, transposed: boolean): Tensor;
  /** What `again` needs. */
  readonly shared: Shared;
}

/** Records x, which has been computed unrecorded, as the solution; and returns it. */
export function asSolution<P>({ who, A, b, x, again, shared }: Solution<P>): Tensor {
  const form = flatten(A.params, who);
  const width = form.leaves.length;
  /** A itself where its numbers are the same and nobody differentiates by them: it has a plan. */
  const withParams = (saved: readonly Tensor[]): LinearOperator<P> => {
    const leaves = saved.slice(0, width);
    const same = leaves.every((leaf, k) => leaf.memory === form.leaves[k].memory && !isTracked(leaf));
    return same && !form.leaves.some(isTracked) ? A : A.with(form.rebuild(leaves));
  };
  const rule: Rule = {
    name: `${who}(${A.name})`,
    vjp(saved, [bar], wanted) {
      if (!bar) return [];
      const now = withParams(saved);
      const lambda = again(now.transpose, bar, true);
      const grads: (Tensor | undefined)[] = saved.map(() => undefined);
      grads[width] = lambda;
      if (wanted.slice(0, width).includes(true)) {
        const { pullback } = vjp((p: P) => A.with(p).apply(saved[width + 1]))(now.params);
        flatten(pullback(lambda.neg())).leaves.forEach((grad, k) => {
          grads[k] = grad;
        });
      }
      return grads;
    },
    jvp(saved, dots: Cotangents) {
      const now = withParams(saved);
      const moved = dots.slice(0, width).some(Boolean)
        ? jvp((p: P) => A.with(p).apply(saved[width + 1]))(
            now.params,
            form.rebuild(dots.slice(0, width).map((dot, k) => dot ?? saved[k].mul(0))),
          ).tangent.neg()
        : undefined;
      const rhs = dots[width];
      const right = moved && rhs ? rhs.add(moved) : (rhs ?? moved);
      return [right && again(now, right, false)];
    },
    release: () => shared.release(),
  };
  const node = record(rule, [...form.leaves, b, x]);
  if (!node) return x;
  shared.retain();
  x.attach(node, 0);
  node.inputs[width + 1].attach(node, 0); // rules use x, which depends on p and b
  return x;
}
