/** A method of minimisation that is told gradients, where nobody can ask for the loss at a point twice. */

import type { Evaluation, Method } from '../optimise/minimize.ts';

export interface Learner {
  x(): Float64Array;
  /** Takes one step against a gradient at x. */
  step(grad: Float64Array): Promise<void>;
}

/**
 * A method of minimisation that is told gradients, where nobody can ask for the loss at a point twice.
 *
 * @param method One that asks for nothing but the gradient where it is, such as `adam()`.
 */
export function learner<M>(start: Float64Array, method: Method<M>): Learner {
  let x = start;
  let memory: M | undefined;
  return {
    x: () => x,
    async step(grad) {
      const at: Evaluation = { x, value: 0, grad };
      const next = await method.step(memory ?? method.start(at), at, async x => ({ x, value: 0, grad }));
      if (next) [x, memory] = [next.at.x, next.memory];
    },
  };
}
