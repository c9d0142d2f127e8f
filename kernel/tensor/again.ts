/**
 * Inputs of nodes that were not kept, but are computed again when a sweep comes to who reads them: outputs of calls that are cheap and large.
 *
 * What was computed again is kept until the sweep has come to the node that made it, before which all who read it have had their turn.
 */

import { adopt } from '../device/scope.ts';
import { isGivenBack, type Node } from './graph.ts';
import type { Tensor } from './tensor.ts';

export class Again {
  private readonly outputs = new Map<Node, readonly Tensor[]>();

  /** Inputs of a node; those that its rule reads have their words. */
  inputsOf(node: Node): readonly Tensor[] {
    return this.given(node, k => node.reads?.includes(k) ?? true);
  }

  private given(node: Node, isRead: (k: number) => boolean): readonly Tensor[] {
    const { inputs } = node;
    if (!inputs.some((input, k) => isGivenBack(input) && isRead(k))) return inputs;
    return inputs.map((input, k) => (isGivenBack(input) && isRead(k) ? this.computed(input) : input));
  }

  private computed({ node, slot, shape }: Tensor): Tensor {
    if (!node?.rule.again) throw new Error('again: a tensor that was given back has no rule to compute it again.');
    let outputs = this.outputs.get(node);
    if (!outputs) {
      node.check();
      outputs = node.rule.again(this.given(node, () => true)).map(output => output.alias(false));
      this.outputs.set(node, outputs);
    }
    const made = outputs[slot].alias(false, shape);
    made.attach(node, slot);
    adopt(made);
    return made;
  }

  /** Nobody reads what a node has made any more. */
  forget(node: Node): void {
    for (const output of this.outputs.get(node) ?? []) output.dispose();
    this.outputs.delete(node);
  }

  forgetAll(): void {
    for (const node of this.outputs.keys()) this.forget(node);
  }
}
