/**
 * jax-js, written as its users would: a jitted step in a JavaScript loop, since there is no loop to trace; scatter-add as the
 * vector-Jacobian product of a gather, since there is no public one. The linear wave's gradient is one jit of all steps,
 * the fastest way measured; for the other loops that takes too long to compile.
 *
 * With PEER_THREADS=n there is a global Worker, which Node lacks, and n threads take part.
 */

import { workers } from './workers.mjs';

if (process.env.PEER_THREADS) workers(Number(process.env.PEER_THREADS));
const jax = await import('@jax-js/jax');
const { grad, jit, numpy: np } = jax;

const f32 = (data, shape = [data.length]) => np.array(data, { dtype: np.float32 }).reshape(shape);
const i32 = data => np.array(Int32Array.from(data), { dtype: np.int32 });

/** A run makes one array. */
const contest = run => ({
  run,
  settle: made => jax.blockUntilReady(made),
  release: made => made.dispose(),
  results: async made => [await made.ref.data()],
});

const waveStep =
  ({ n, courant, cubic }) =>
  (old, u) => {
    const p = np.pad(u.ref, 1);
    const sum = p.ref
      .slice([1, n + 1], [0, n])
      .add(p.ref.slice([1, n + 1], [2, n + 2]))
      .add(p.ref.slice([0, n], [1, n + 1]))
      .add(p.slice([2, n + 2], [1, n + 1]));
    const next = u.ref
      .mul(2 - 4 * courant)
      .sub(old)
      .add(sum.mul(courant));
    if (cubic !== 0) return next.sub(u.ref.mul(u.ref).mul(u).mul(cubic));
    u.dispose();
    return next;
  };

function waves({ arrays, constants }, step) {
  const shape = [constants.n, constants.n];
  const run = start => {
    let [old, u] = [start.ref, start];
    for (let t = 0; t < constants.steps; t++) [old, u] = [u, step(old, u.ref)];
    old.dispose();
    return u;
  };
  const loss = (start, target) => {
    const e = run(start).sub(target);
    return e.ref.mul(e).sum().mul(0.5);
  };
  return { run, loss, start: f32(arrays.start, shape), target: f32(arrays.target, shape) };
}

const wave = {
  forward(problem) {
    const { run, start } = waves(problem, jit(waveStep(problem.constants)));
    return contest(() => run(start.ref));
  },
  gradient(problem) {
    const whole = problem.constants.cubic === 0;
    const step = waveStep(problem.constants);
    const { loss, start, target } = waves(problem, whole ? step : jit(step));
    const by = whole ? jit(grad(loss)) : grad(loss);
    return contest(() => by(start.ref, target.ref));
  },
};

function cloth({ arrays, constants }) {
  const { nodes, springs, steps, dt, drag, gravity } = constants;
  const { from, to } = arrays;
  const x0 = f32(arrays.x, [nodes, 3]);
  const target = f32(arrays.target, [nodes, 3]);
  const free = f32(arrays.free, [nodes, 1]);
  const rest = f32(arrays.rest);
  const down = f32([0, gravity, 0], [1, 3]);
  const [both, first, second] = [i32([...from, ...to]), i32(from), i32(to)];
  const scatterAdd = f => {
    const [y, back] = jax.vjp(z => z.slice(both.ref), [np.zeros([nodes, 3])]);
    y.dispose();
    const [sum] = back(f);
    back.dispose?.();
    return sum;
  };
  const step = jit((x, v, stiffness) => {
    const d = x.ref.slice(second.ref).sub(x.ref.slice(first.ref));
    const length = np.sqrt(np.square(d.ref).sum(1).add(1e-12));
    const q = stiffness.mul(length.ref.sub(rest.ref)).div(length).reshape([springs, 1]);
    const f = q.mul(d);
    const sum = scatterAdd(np.concatenate([f.ref, f.neg()], 0));
    const next = v.ref.add(sum.add(down.ref).sub(v.mul(drag)).mul(dt)).mul(free.ref);
    return [x.add(next.ref.mul(dt)), next];
  });
  const run = stiffness => {
    let [x, v] = [x0.ref, np.zeros([nodes, 3])];
    for (let t = 0; t < steps; t++) [x, v] = step(x, v, stiffness.ref);
    stiffness.dispose();
    v.dispose();
    return x;
  };
  const loss = stiffness => {
    const e = run(stiffness).sub(target.ref);
    return e.ref.mul(e).sum().mul(0.5);
  };
  return { run, loss, stiffness: f32(arrays.stiffness) };
}

const springs = {
  forward(problem) {
    const { run, stiffness } = cloth(problem);
    return contest(() => run(stiffness.ref));
  },
  gradient(problem) {
    const { loss, stiffness } = cloth(problem);
    const by = grad(loss);
    return contest(() => by(stiffness.ref));
  },
};

const chain = x =>
  np
    .sin(x.ref)
    .mul(x.ref)
    .add(np.exp(x.ref.mul(x).neg()));
const wavelet = {
  forward({ arrays }) {
    const [x, f] = [f32(arrays.x), jit(chain)];
    return contest(() => f(x.ref));
  },
  gradient({ arrays }) {
    const [x, f] = [f32(arrays.x), jit(grad(v => chain(v).sum()))];
    return contest(() => f(x.ref));
  },
};

function swings({ constants: { n, steps, dt } }) {
  const step = jit((x, v) => {
    const next = v.sub(np.sin(x.ref).mul(dt));
    return [x.add(next.ref.mul(dt)), next];
  });
  return x => {
    let v = np.zeros([n]);
    for (let t = 0; t < steps; t++) [x, v] = step(x, v);
    v.dispose();
    return x;
  };
}

const pendulums = {
  forward(problem) {
    const [x, run] = [f32(problem.arrays.x), swings(problem)];
    return contest(() => run(x.ref));
  },
  gradient(problem) {
    const [x, run] = [f32(problem.arrays.x), swings(problem)];
    const by = grad(start => {
      const end = run(start);
      return end.ref.mul(end).sum().mul(0.5);
    });
    return contest(() => by(x.ref));
  },
};

const product = {
  forward({ arrays, constants: { n } }) {
    const [a, b, f] = [f32(arrays.a, [n, n]), f32(arrays.b, [n, n]), jit((p, q) => np.matmul(p, q))];
    return contest(() => f(a.ref, b.ref));
  },
};

const small = {
  sum({ arrays }) {
    const [x, f] = [f32(arrays.x), jit(v => v.sum())];
    return contest(() => f(x.ref));
  },
};

export const families = { wave, springs, wavelet, pendulums, product, small };
