/**
 * Mass-spring network of 10 000 nodes and about 60 000 springs, 200 steps; and the gradient by every stiffness.
 *
 *   npm run bench bench/mass-spring.ts [-- --save]
 */

import { rollout, valueAndGrad } from 'retrograde/adjoint';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import { type MassSpringState, massSpring } from 'retrograde/physics';
import { bench } from './harness.ts';

const side = 22; // 22³ = 10 648 nodes
const steps = 200;
const dt = 1e-3; // s

const at = (i: number, j: number, k: number) => (i * side + j) * side + k;
const nodes = side ** 3;
const x: number[] = [];
const edges: [number, number][] = [];
for (let i = 0; i < side; i++)
  for (let j = 0; j < side; j++)
    for (let k = 0; k < side; k++) {
      x.push(i + 0.05 * Math.sin(7 * k), j + 0.05 * Math.cos(5 * i), k + 0.05 * Math.sin(3 * j));
      for (const [a, b, c] of [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]]) // biome-ignore format: a table
        if (i + a < side && j + b < side && k + c < side) edges.push([at(i, j, k), at(i + a, j + b, k + c)]);
    }

await device('cpu');
const step = massSpring(nodes, edges, { dimension: 3 });
const state: MassSpringState = { x: tensor(x, [nodes, 3]), v: tensor(new Float32Array(3 * nodes), [nodes, 3]) };
const fixed = { mass: tensor(new Float32Array(nodes).fill(1)), drag: tensor([0.1]), gravity: tensor([0, -9.81, 0]) };
const material = edges.flatMap(([i, j]) => [
  100,
  Math.hypot(...[0, 1, 2].map(d => Math.round(x[3 * i + d]) - Math.round(x[3 * j + d]))),
  0.1,
]);
const spring = tensor(material, [edges.length, 3]);
const run = (s: Tensor) =>
  rollout((now: MassSpringState) => step(now, { ...fixed, spring: s }, dt), state, steps, { checkpoints: 'all' });
const name = `mass-spring ${nodes} nodes, ${edges.length} springs, ${steps} steps`;

await bench(name, { runs: 5 }, async () => {
  const end = run(spring);
  await end.x.read();
  end.x.dispose();
  end.v.dispose();
});
const gradient = valueAndGrad((s: Tensor) => run(s).x.square().sum());
await bench(`${name}, gradient`, { runs: 5 }, async () => {
  const { value, grad } = gradient(spring);
  await grad.read();
  value.dispose();
  grad.dispose();
});
