// Specification of adjoint/tree.ts: trees of tensors, taken apart, mapped, read and put together.

import { disposeTree, flatten, mapTree, readTree } from 'retrograde/adjoint';
import { tensor } from 'retrograde/kernel';
import { expect, it } from 'vitest';

const tree = () => ({ body: { x: tensor([1, 2]) }, layers: [tensor(3), tensor([4])] as const });

it('names leaves by their paths and rebuilds the tree around others', async () => {
  const { names, leaves, rebuild } = flatten(tree());
  expect(names).toEqual(['body.x', 'layers[0]', 'layers[1]']);
  const { body, layers } = rebuild(leaves.toReversed());
  expect([await body.x.item(), await layers[0].item(), layers[1].shape]).toEqual([4, 3, [2]]);
});

it('reads values into a tree of the same form', async () => {
  const { body, layers } = await readTree(tree());
  expect(body.x).toEqual(Float32Array.of(1, 2));
  expect(layers).toEqual([Float32Array.of(3), Float32Array.of(4)]);
  expect(await readTree(tensor([5]))).toEqual(Float32Array.of(5));
});

it('maps leaves by name, and gives all of them back', async () => {
  const doubled = mapTree(tree(), (leaf, name) => (name === 'body.x' ? leaf.mul(2) : leaf));
  expect(Array.from(await doubled.body.x.read())).toEqual([2, 4]);
  disposeTree(doubled);
  expect(() => doubled.layers[0].neg()).toThrow('released');
});

it.each([
  ['a number', { x: { dt: 0.1 } }, "tree: 'x.dt' is 0.1; leaves of a tree are tensors: tensor(…)."],
  ['numbers', [new Float32Array(2)], "tree: '[0]' is a typed array; leaves of a tree are tensors: tensor(…)."],
  ['what is still to come', Promise.resolve(1), 'tree: what was given is a promise; leaves of a tree are tensors'],
  ['nothing', null, 'tree: what was given is null; leaves of a tree are tensors: tensor(…).'],
])('refuses %s', (_, value, message) => {
  expect(() => flatten(value)).toThrow(message);
});
