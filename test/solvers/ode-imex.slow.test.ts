// Specification of odeSolve by additive methods: one part explicit, one implicit. Numbers of the Brusselator from
// reference/cases.json: brusselator1d (notes/ode-pde-sparse.md §3, case 11).

import { checkGradient, linearMap, readTree } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { dopri8, grid, imexEuler, kenCarp3, kenCarp4, kenCarp5, laplacian, newton, odeSolve } from 'retrograde/solvers';
import { cg, csr, jacobi, multigrid, Pattern, stencil } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { norm, on64 } from '../util/numbers.ts';

const methods = [imexEuler, kenCarp3, kenCarp4, kenCarp5] as const;

// ẏ in two parts that do not commute, both nonlinear
const parts = {
  explicit: (y: Tensor, { t }: { t: Tensor }) =>
    y
      .mul(on64([1, -0.5]))
      .mul(t.cos())
      .add(y.square().mul(on64([-0.3, 0.2]))),
  implicit: (y: Tensor) => {
    const [u, v] = [y.slice([0], [1]), y.slice([1], [2])];
    return u
      .mul(v)
      .mul(on64([-1, 1]))
      .sub(y.mul(on64([0.5, 2])));
  },
};
const y0 = on64([1, 0.5]);

describe.each(methods)('$name', method => {
  it('has its order, parts taken together', async () => {
    const whole = (y: Tensor, at: { t: Tensor; params: undefined }) => parts.explicit(y, at).add(parts.implicit(y));
    const exact = await odeSolve(whole, y0, { t: [0, 2], method: dopri8, rtol: 1e-13 }).y.read();
    const error = async (steps: number) => {
      const y = await odeSolve(parts, y0, { t: [0, 2], method, steps }).y.read();
      return norm(y.map((v, i) => v - exact[i]));
    };
    const steps = method.order > 3 ? 16 : 40;
    expect(Math.abs(Math.log2((await error(steps)) / (await error(2 * steps))) - method.order)).toBeLessThan(0.25);
  });

  it('a fast implicit part ends where it should', async () => {
    const { y } = odeSolve(
      { explicit: (_: Tensor, { t }) => t.sin().mul(-1), implicit: (y: Tensor, { t }) => y.sub(t.cos()).mul(-1e6) },
      on64(1, []),
      { t: [0, 1], method, steps: 20 },
    );
    expect(Math.abs((await y.item()) - Math.cos(1))).toBeLessThan(1e-3);
  });
});

it('gradients are those of the steps, to rounding', async () => {
  for (const method of [imexEuler, kenCarp4]) {
    const x = { y0, k: on64([2]), t1: on64(1.5) };
    const end = ({ y0, k, t1 }: typeof x) =>
      odeSolve(
        {
          explicit: (y: Tensor, { params }: { params: Tensor }) => y.square().mul(params).neg(),
          implicit: (y: Tensor, at) => parts.implicit(y).mul(at.params).add(at.t),
        },
        y0,
        { t: [0, t1], params: k, method, steps: 12 },
      ).y;
    const { dotProduct, difference } = await checkGradient(end, x);
    expect(dotProduct).toBeLessThan(1e-14);
    expect(difference).toBeLessThan(1e-9);
  }
});

describe('Brusselator of 32 points, diffusion implicit (case 11)', () => {
  const n = 32;
  const line = grid([n], { placement: 'node', spacing: 1 / (n + 1) });
  const start = {
    u: on64(Array.from({ length: n }, (_, i) => 1 + Math.sin((2 * Math.PI * (i + 1)) / (n + 1)))),
    v: on64(new Float64Array(n).fill(3)),
  };
  const solve = (p: Tensor, rtol: number) => {
    const [A, B, alpha] = [0, 1, 2].map(k => p.slice(k, k + 1));
    const spread = stencil([n], { placement: 'node', spacing: 1 / (n + 1), conductivity: alpha });
    const zero = start.u.mul(0);
    const sides = {
      u: laplacian(line, zero, { x: 1 }).mul(alpha),
      v: laplacian(line, zero, { x: 3 }).mul(alpha),
    };
    const explicit = ({ u, v }: typeof start) => {
      const uuv = u.square().mul(v);
      return {
        u: uuv
          .sub(u.mul(B.add(1)))
          .add(A)
          .add(sides.u),
        v: u.mul(B).sub(uuv).add(sides.v),
      };
    };
    return odeSolve({ explicit, implicit: { minus: spread, linearSolve: { preconditioner: multigrid() } } }, start, {
      t: [0, 10],
      method: kenCarp5,
      rtol,
      maxSteps: 20000,
    }).y;
  };

  it('ends where it should', async () => {
    const p = on64([1, 3, 0.02]);
    const end = await readTree(solve(p, 1e-7));
    expect(Math.abs(end.u[15] - 0.43017607514756834)).toBeLessThan(1e-6);
    expect(Math.abs(end.v[15] - 3.6882872010333676)).toBeLessThan(1e-6);
  });
});

describe('Gray–Scott on a torus', () => {
  const n = 16;
  const torus = grid([n, n], { sides: 'periodic', spacing: 1 / n });
  const fields = (device: Device) => {
    const bump = (i: number, at: number) =>
      Math.exp(-30 * ((((i % n) - at) / n) ** 2 + ((Math.floor(i / n) - at) / n) ** 2));
    const of = (value: (i: number) => number) =>
      tensor(
        Array.from({ length: n * n }, (_, i) => value(i)),
        [n, n],
        { device },
      );
    return { u: of(i => 1 - 0.5 * bump(i, 8)), v: of(i => 0.25 * bump(i, 6)) };
  };
  const react = ({ u, v }: { u: Tensor; v: Tensor }) => {
    const uvv = u.mul(v.square());
    return { u: u.neg().add(1).mul(0.04).sub(uvv), v: uvv.sub(v.mul(0.1)) };
  };
  const diffusion = { u: 2e-3, v: 1e-3 };
  const split = (device: Device, more: { readonly steps?: number; readonly rtol?: number }) => {
    const spread = (k: number) => stencil([n, n], { sides: 'periodic', spacing: 1 / n, conductivity: k, device });
    return odeSolve(
      {
        explicit: react,
        implicit: {
          minus: { u: spread(diffusion.u), v: spread(diffusion.v) },
          linearSolve: { preconditioner: multigrid() },
        },
      },
      fields(device),
      { t: [0, 20], method: kenCarp4, ...more },
    );
  };
  const whole = odeSolve(
    (y: { u: Tensor; v: Tensor }) => {
      const { u, v } = react(y);
      return { u: u.add(laplacian(torus, y.u).mul(diffusion.u)), v: v.add(laplacian(torus, y.v).mul(diffusion.v)) };
    },
    fields(cpu64),
    { t: [0, 20], rtol: 1e-10, maxSteps: 20000 },
  ).y;

  it('is what small explicit steps give, in far fewer', async () => {
    const exact = await readTree(whole);
    const { y, stats } = split(cpu64, { rtol: 1e-7 });
    const got = await readTree(y);
    for (const name of ['u', 'v'] as const)
      expect(norm(got[name].map((v, i) => v - exact[name][i])) / norm(exact[name])).toBeLessThan(1e-6);
    expect(await stats.steps.item()).toBeLessThan(60);
  });

  it('in f32', async () => {
    const exact = await readTree(whole);
    const got = await readTree(split(cpu32, { steps: 8 }).y);
    for (const name of ['u', 'v'] as const)
      expect(norm(got[name].map((v, i) => v - exact[name][i])) / norm(exact[name])).toBeLessThan(1e-4);
  });
});

it('a GPU gives what f64 gives', async () => {
  const end = (device: Device) => {
    const A = stencil([6], { spacing: 0.5, device });
    const y0 = tensor([1, 2, 3, 3, 2, 1], undefined, { device });
    return odeSolve(
      { explicit: (y: Tensor) => y.square().neg(), implicit: { minus: A, linearSolve: { maxSteps: 6 } } },
      y0,
      {
        t: [0, 0.2],
        method: imexEuler,
        steps: 3,
      },
    ).y;
  };
  const [single, double] = [await end(gpu).read(), await end(cpu64).read()];
  expect(norm(single.map((v, i) => v - double[i]))).toBeLessThan(1e-5);
});

describe('linear parts', () => {
  // ẏ = −A y + sin t with A tridiagonal: as a CSR matrix, a function, and explicit in disguise
  const n = 12;
  const places = Array.from({ length: n }, (_, i) =>
    [i - 1, i, i + 1].filter(j => j >= 0 && j < n).map(j => [i, j]),
  ).flat();
  const pattern = new Pattern(
    n,
    n,
    Array.from({ length: n + 1 }, (_, i) => places.filter(([row]) => row < i).length),
    places.map(([, j]) => j),
  );
  it('are matrices or functions, and differentiable', async () => {
    const k = on64([30]);
    const values = places.map(([i, j]) => (i === j ? 2 : -1));
    const y0 = on64(Array.from({ length: n }, (_, i) => Math.sin(i)));
    const matrix = (k: Tensor) => csr(pattern, on64(values).mul(k), { positiveDefinite: true });
    const asFunction = (k: Tensor) =>
      linearMap({
        rows: n,
        device: cpu64,
        params: k,
        positiveDefinite: true,
        apply: (k: Tensor, x: Tensor) => matrix(k).apply(x),
      });
    const end = (k: Tensor, how: typeof matrix | typeof asFunction, options = {}) =>
      odeSolve(
        { explicit: (y: Tensor, { t }) => y.mul(0).add(t.sin()), implicit: { minus: how(k), linearSolve: options } },
        y0,
        {
          t: [0, 1],
          method: kenCarp3,
          steps: 10,
        },
      ).y;
    const a = await end(k, matrix, { method: cg(), preconditioner: jacobi(), rtol: 1e-13 }).read();
    const b = await end(k, asFunction, { rtol: 1e-13 }).read();
    expect(norm(a.map((v, i) => v - b[i]))).toBeLessThan(1e-11);
    const { dotProduct, difference } = await checkGradient((k: Tensor) => end(k, matrix, { rtol: 1e-13 }), k);
    expect(dotProduct).toBeLessThan(1e-11);
    expect(difference).toBeLessThan(1e-8);
  });

  const A = stencil([4], { device: cpu64 });
  const f = { explicit: (y: Tensor) => y, implicit: { minus: A } };
  const options = { t: [0, 1], method: kenCarp3, steps: 2 } as const;
  it.each([
    [
      () => odeSolve(f, on64([1, 2, 3]), options),
      'odeSolve: the stencil in implicit.minus is 4 × 4, and y0 has 3 numbers.',
    ],
    [
      () => odeSolve({ ...f, implicit: { minus: { w: A } } }, { u: on64([1, 2, 3, 4]) } as never, options),
      "odeSolve: implicit.minus has 'w', which y0 has not; it has u.",
    ],
    [
      () => odeSolve(f, on64([1, 2, 3, 4], [2, 2]), { ...options, batch: true }),
      'odeSolve: { minus: A } is for one state and not for a batch, whose rows have steps of their own; give a function as the implicit part.',
    ],
    [
      () => odeSolve(((y: Tensor) => y) as never, on64([1]), options as never),
      'odeSolve: KenCarp3 takes ẏ in two parts, but f is a function; give { explicit: (y, { t, params }) => …, implicit: a function like it, or { minus: A } }.',
    ],
    [
      () => odeSolve(f, on64([1, 2, 3, 4]), { ...options, root: newton() }),
      'odeSolve: root is for stages that are found by iteration, and those of { minus: A } are linear; say how by implicit.linearSolve.',
    ],
  ])('%#', (run, message) => {
    expect(run).toThrow(message);
  });
});
