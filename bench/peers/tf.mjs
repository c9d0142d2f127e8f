/**
 * TensorFlow.js on its WebAssembly backend (SIMD; it turns its threads off under Node), eagerly, as its users write it: `tidy`
 * around each step. Gathers and scatters need gradients of our own there (`customGrad`), and the wave's gradient a convolution:
 * with padding and slices the tape runs out of memory.
 */

import tfjs from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';

const tf = tfjs.default ?? tfjs;
if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend does not start');

/** A run makes one tensor, at once. */
const contest = run => ({ run, release: made => made.dispose(), results: async made => [await made.data()] });
const half = x => tf.mul(tf.sum(tf.square(x)), 0.5);

/** Steps eagerly, freeing what each step leaves behind. */
function loop(step, state, steps) {
  let now = state.map(tensor => tensor.clone());
  for (let t = 0; t < steps; t++) {
    const next = tf.tidy(() => step(...now));
    for (const tensor of now) if (!next.includes(tensor)) tensor.dispose();
    now = next;
  }
  for (const tensor of now.slice(1)) tensor.dispose();
  return now[0];
}

const waveStep =
  ({ n, courant, cubic }) =>
  (u, old) => {
    const p = tf.pad(u, [[1, 1], [1, 1]]); // biome-ignore format: before and after, in both dimensions
    const [west, east, north, south] = [[1, 0], [1, 2], [0, 1], [2, 1]].map(at => tf.slice(p, at, [n, n])); // biome-ignore format: where each starts
    const sum = tf.add(tf.add(west, east), tf.add(north, south));
    const next = tf.add(tf.sub(tf.mul(u, 2 - 4 * courant), old), tf.mul(sum, courant));
    return [cubic === 0 ? next : tf.sub(next, tf.mul(tf.mul(tf.mul(u, u), u), cubic)), u];
  };

const wave = {
  forward({ arrays, constants }) {
    const u = tf.tensor2d(arrays.start, [constants.n, constants.n]);
    const step = waveStep(constants);
    return contest(() => loop(step, [u, u], constants.steps));
  },
  gradient({ arrays, constants: { n, steps, courant, cubic } }) {
    const [start, target] = [tf.tensor2d(arrays.start, [n, n]), tf.tensor2d(arrays.target, [n, n])];
    const five = tf.tensor4d([0, courant, 0, courant, 2 - 4 * courant, courant, 0, courant, 0], [3, 3, 1, 1]);
    const step = (u, old) => {
      const next = tf.sub(tf.reshape(tf.conv2d(tf.reshape(u, [1, n, n, 1]), five, 1, 'same'), [n, n]), old);
      return cubic === 0 ? next : tf.sub(next, tf.mul(tf.mul(tf.mul(u, u), u), cubic));
    };
    const by = tf.grad(u => {
      let [old, now] = [u, u];
      for (let t = 0; t < steps; t++) [old, now] = [now, step(now, old)];
      return half(tf.sub(now, target));
    });
    return contest(() => by(start));
  },
};

function cloth({ arrays, constants: { nodes, springs, dt, drag, gravity } }) {
  const { from, to } = arrays;
  const both = Int32Array.from([...from, ...to]);
  const index = list => ({ flat: tf.tensor1d(Int32Array.from(list), 'int32'), rows: tf.tensor2d(Int32Array.from(list), [list.length, 1], 'int32') }); // biome-ignore format: one idea
  const gather = ({ flat, rows }) =>
    tf.customGrad(x => ({ value: tf.gather(x, flat), gradFunc: dy => tf.scatterND(rows, dy, [nodes, 3]) }));
  const all = index(both);
  const [first, second] = [gather(index(from)), gather(index(to))];
  const scatter = tf.customGrad(f => ({
    value: tf.scatterND(all.rows, f, [nodes, 3]),
    gradFunc: dy => tf.gather(dy, all.flat),
  }));
  const [rest, free] = [tf.tensor1d(arrays.rest), tf.tensor2d(arrays.free, [nodes, 1])];
  const down = tf.tensor2d([0, gravity, 0], [1, 3]);
  return (x, v, stiffness) => {
    const d = tf.sub(second(x), first(x));
    const length = tf.sqrt(tf.add(tf.sum(tf.square(d), 1), 1e-12));
    const f = tf.mul(tf.reshape(tf.div(tf.mul(stiffness, tf.sub(length, rest)), length), [springs, 1]), d);
    const sum = scatter(tf.concat([f, tf.neg(f)], 0));
    const next = tf.mul(tf.add(v, tf.mul(tf.sub(tf.add(sum, down), tf.mul(v, drag)), dt)), free);
    return [tf.add(x, tf.mul(next, dt)), next];
  };
}

const springs = {
  forward(problem) {
    const { arrays, constants } = problem;
    const [step, stiffness] = [cloth(problem), tf.tensor1d(arrays.stiffness)];
    const start = [tf.tensor2d(arrays.x, [constants.nodes, 3]), tf.zeros([constants.nodes, 3])];
    return contest(() => loop((x, v) => step(x, v, stiffness), start, constants.steps));
  },
  gradient(problem) {
    const { arrays, constants } = problem;
    const shape = [constants.nodes, 3];
    const [step, stiffness] = [cloth(problem), tf.tensor1d(arrays.stiffness)];
    const [start, target] = [tf.tensor2d(arrays.x, shape), tf.tensor2d(arrays.target, shape)];
    const by = tf.grad(k => {
      let [x, v] = [start, tf.zeros(shape)];
      for (let t = 0; t < constants.steps; t++) [x, v] = step(x, v, k);
      return half(tf.sub(x, target));
    });
    return contest(() => by(stiffness));
  },
};

const chain = x => tf.add(tf.mul(tf.sin(x), x), tf.exp(tf.neg(tf.mul(x, x))));
const wavelet = {
  forward({ arrays }) {
    const x = tf.tensor1d(arrays.x);
    return contest(() => tf.tidy(() => chain(x)));
  },
  gradient({ arrays }) {
    const [x, by] = [tf.tensor1d(arrays.x), tf.grad(v => tf.sum(chain(v)))];
    return contest(() => by(x));
  },
};

const swing = dt => (x, v) => {
  const next = tf.sub(v, tf.mul(tf.sin(x), dt));
  return [tf.add(x, tf.mul(next, dt)), next];
};
const pendulums = {
  forward({ arrays, constants: { n, steps, dt } }) {
    const start = [tf.tensor1d(arrays.x), tf.zeros([n])];
    return contest(() => loop(swing(dt), start, steps));
  },
  gradient({ arrays, constants: { n, steps, dt } }) {
    const step = swing(dt);
    const x = tf.tensor1d(arrays.x);
    const by = tf.grad(start => {
      let [now, v] = [start, tf.zeros([n])];
      for (let t = 0; t < steps; t++) [now, v] = step(now, v);
      return half(now);
    });
    return contest(() => by(x));
  },
};

const product = {
  forward({ arrays, constants: { n } }) {
    const [a, b] = [tf.tensor2d(arrays.a, [n, n]), tf.tensor2d(arrays.b, [n, n])];
    return contest(() => tf.matMul(a, b));
  },
};

const small = {
  sum({ arrays }) {
    const x = tf.tensor1d(arrays.x);
    return contest(() => tf.sum(x));
  },
};

export const families = { wave, springs, wavelet, pendulums, product, small };
