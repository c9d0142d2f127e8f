/**
 * A stage outside the toolkit, with rules of its own.
 *
 *   y = f(x),   x̄ = vjp(x, ȳ),   ẏ = jvp(x, ẋ)
 *
 * f runs unrecorded, in any way it likes. The rules are recorded where an outer gradient is being taken, so they can be
 * differentiated in their turn if they are made of tensor operations and kernels. checkGradient tests them.
 */

import { adopt, type Rule, record, type Tensor, zeros } from '../kernel/index.ts';
import { unrecorded } from './recording.ts';
import { flatten, inOrderOf, matching } from './tree.ts';

export interface CustomRules<X, Y> {
  /** For messages. Default 'custom'. */
  readonly name?: string;
  /**
   * Adjoint of the argument, from the argument, the value and the value's adjoint.
   * @param isWanted Whether the adjoint of a tensor of x is asked for; for another anything of its shape will do, such as zeros.
   */
  vjp?(x: X, bar: Y, y: Y, isWanted: (leaf: Tensor) => boolean): X;
  /** Tangent of the value, from the argument and its tangent. */
  jvp?(x: X, dot: X, y: Y): Y;
}

const zerosFor = (x: Tensor): Tensor => zeros(x.shape, { type: x.type, device: x.device });

/** The function, differentiated by the rules given; a direction without a rule is an error when it is needed. */
export function custom<X, Y>(f: (x: X) => Y, rules: CustomRules<X, Y>): (x: X) => Y {
  const name = rules.name ?? 'custom';
  return x => {
    const input = flatten(x, name);
    const constants = input.rebuild(input.leaves.map(leaf => constant(leaf)));
    const y = flatten(
      unrecorded(() => f(constants)),
      name,
    );
    const outputs = y.leaves.map(leaf => constant(leaf));
    const width = input.leaves.length;
    const trees = (saved: readonly Tensor[]) => ({
      x: input.rebuild(saved.slice(0, width)),
      y: y.rebuild(saved.slice(width)),
    });
    const rule: Rule = {
      name,
      vjp(saved, bars, wanted) {
        if (!rules.vjp)
          throw new Error(`${name}: a gradient needs its vjp, and it has none; give one: custom(f, { vjp }).`);
        const { x, y: value } = trees(saved);
        const full = y.rebuild(y.leaves.map((_, k) => bars[k] ?? zerosFor(saved[width + k])));
        const asked = new Set(saved.filter((_, k) => k < width && wanted[k]));
        const given = flatten(
          rules.vjp(x, full, value, leaf => asked.has(leaf)),
          `${name}: vjp`,
        );
        matching(`${name}: vjp`, flatten(x), given, 'the adjoint');
        return inOrderOf(input, given);
      },
      jvp(saved, dots) {
        if (!rules.jvp)
          throw new Error(`${name}: a tangent needs its jvp, and it has none; give one: custom(f, { jvp }).`);
        const { x, y: value } = trees(saved);
        const full = input.rebuild(input.leaves.map((_, k) => dots[k] ?? zerosFor(saved[k])));
        const given = flatten(rules.jvp(x, full, value), `${name}: jvp`);
        matching(`${name}: jvp`, flatten(value), given, 'the tangent');
        return inOrderOf(y, given);
      },
    };
    const node = record(rule, [...input.leaves, ...outputs]);
    outputs.forEach((output, slot) => {
      output.attach(node, slot);
      node?.inputs[width + slot].attach(node, slot); // rules may use the value, which depends on the argument
    });
    return y.rebuild(outputs);
  };
}

function constant(x: Tensor): Tensor {
  const made = x.alias(false);
  adopt(made);
  return made;
}
