/**
 * Sweeps over the recorded graph: adjoints from outputs back to targets, tangents from targets forth to outputs.
 *
 * Only nodes on a path from a target to an output are visited, newest first (adjoints) or oldest first (tangents).
 * Each call of a rule runs in a scope of its own, and an adjoint or tangent is released as soon as it has been used.
 */

import { adopt } from '../device/scope.ts';
import { Again } from './again.ts';
import { binary } from './arithmetic.ts';
import { bounded, isTracked, type Node } from './graph.ts';
import type { Tensor } from './tensor.ts';

/** A place where a sweep ends: one output of a node. Leaves have one; a captured variable is any tensor. */
export interface Target {
  readonly node: Node;
  readonly slot: number;
}

type Slots = (Tensor | undefined)[];

/** The nodes between targets and outputs, oldest first. */
function between(
  outputs: readonly Tensor[],
  targets: readonly Target[],
): { nodes: readonly Node[]; reaches: (x: Tensor) => boolean } {
  const ends = new Map<Node, Set<number>>();
  for (const { node, slot } of targets) ends.set(node, (ends.get(node) ?? new Set()).add(slot));
  const traces = new Set(targets.flatMap(({ node }) => node.traces));
  const oldest = targets.reduce((id, { node }) => Math.min(id, node.id), Number.POSITIVE_INFINITY);
  const seen = new Set<Node>();
  const found: Node[] = [];
  const pending: Node[] = [];
  const visit = ({ node }: Tensor): void => {
    if (!node || seen.has(node) || ends.has(node) || node.id < oldest) return;
    seen.add(node);
    pending.push(node);
  };
  outputs.forEach(visit);
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.released) {
      if (node.traces.some(trace => traces.has(trace))) node.check();
      continue; // of an inner record that is gone, and knew none of the targets: a constant
    }
    found.push(node);
    node.inputs.forEach(visit);
  }
  found.sort((a, b) => a.id - b.id);
  const onPath = new Set<Node>();
  const reaches = ({ node, slot }: Tensor): boolean =>
    node !== undefined && (onPath.has(node) || (ends.get(node)?.has(slot) ?? false));
  const nodes = found.filter(node => {
    if (!node.inputs.some(reaches)) return false;
    onPath.add(node);
    return true;
  });
  return { nodes, reaches };
}

const slotsOf = (all: Map<Node, Slots>, node: Node): Slots => {
  let slots = all.get(node);
  if (!slots) {
    slots = [];
    all.set(node, slots);
  }
  return slots;
};

/** Hands a sweep's result to its caller: a tensor of its own, in the caller's scope. */
function handOut(x: Tensor | undefined): Tensor | undefined {
  if (!x) return undefined;
  const result = x.alias(isTracked(x));
  adopt(result);
  return result;
}

/** Adjoints of the targets, for adjoints of the outputs; undefined where there is no dependence. */
export function backward(
  outputs: readonly Tensor[],
  bars: readonly (Tensor | undefined)[],
  targets: readonly Target[],
): (Tensor | undefined)[] {
  const { nodes, reaches } = between(outputs, targets);
  const all = new Map<Node, Slots>();
  const again = new Again();
  const accumulate = (x: Tensor, bar: Tensor | undefined): void => {
    if (!bar || !x.node || !reaches(x)) return;
    const slots = slotsOf(all, x.node);
    const old = slots[x.slot];
    const sum = old ? binary('add', old, bar) : bar;
    slots[x.slot] = sum.alias(true);
    old?.dispose();
  };
  bounded(
    () => {
      for (let k = 0; k < outputs.length; k++) accumulate(outputs[k], bars[k]);
    },
    () => [],
  );
  for (const node of nodes.toReversed()) {
    const own = all.get(node);
    if (!own) continue;
    all.delete(node);
    node.check();
    bounded(
      () => {
        const wanted = node.inputs.map(reaches);
        const given = node.rule.vjp(again.inputsOf(node), own, wanted);
        for (let k = 0; k < node.inputs.length; k++) accumulate(node.inputs[k], given[k]);
      },
      () => [],
    );
    for (const bar of own) bar?.dispose();
    again.forget(node);
  }
  again.forgetAll();
  const results = targets.map(({ node, slot }) => handOut(all.get(node)?.[slot]));
  for (const slots of all.values()) for (const bar of slots) bar?.dispose();
  return results;
}

/** Tangents of the outputs, for tangents of the targets; undefined where there is no dependence. */
export function forward(
  outputs: readonly Tensor[],
  targets: readonly Target[],
  dots: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const { nodes, reaches } = between(outputs, targets);
  const all = new Map<Node, Slots>();
  targets.forEach(({ node, slot }, k) => {
    slotsOf(all, node)[slot] = dots[k]?.alias(true);
  });
  const again = new Again();
  const uses = new Map<Node, number>();
  const use = (x: Tensor, by: number): void => {
    if (!x.node || !reaches(x)) return;
    const left = (uses.get(x.node) ?? 0) + by;
    uses.set(x.node, left);
    if (left > 0) return;
    for (const dot of all.get(x.node) ?? []) dot?.dispose();
    all.delete(x.node);
  };
  for (const x of outputs) use(x, 1);
  for (const node of nodes) for (const x of node.inputs) use(x, 1);
  const dotOf = (x: Tensor): Tensor | undefined => (x.node && reaches(x) ? all.get(x.node)?.[x.slot] : undefined);
  for (const node of nodes) {
    node.check();
    bounded(
      () => {
        const inputDots = node.inputs.map(dotOf);
        if (inputDots.every(dot => dot === undefined)) return;
        const given = node.rule.jvp(again.inputsOf(node), inputDots);
        all.set(
          node,
          given.map(dot => dot?.alias(true)),
        );
      },
      () => [],
    );
    for (const x of node.inputs) use(x, -1);
  }
  again.forgetAll();
  const results = outputs.map(x => handOut(dotOf(x)));
  for (const slots of all.values()) for (const dot of slots) dot?.dispose();
  return results;
}
