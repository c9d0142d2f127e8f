// Specification of grid operators: exact on polynomials, of order 2, adjoint to each other, equal to sparse's stencils, differentiable.

import { checkGradient, hvp } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  divergence,
  type Grid,
  gradient,
  grid,
  laplacian,
  type SideValues,
  toCells,
  toFaces,
  type VectorField,
} from 'retrograde/solvers';
import { type AxisName, type LayoutOptions, stencil } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

const cases: readonly (readonly [readonly number[], LayoutOptions])[] = [
  [[5], { spacing: 0.5, sides: [['dirichlet', 'neumann']] }],
  [[4], { spacing: 0.5, sides: 'periodic' }],
  [[3], { spacing: 2, placement: 'node' }],
  [[1, 1], { sides: ['neumann', 'periodic'] }],
  [[4, 3], { spacing: [1, 2], sides: [['neumann', 'dirichlet'], 'periodic'] }],
  [[3, 5], { spacing: [1, 0.5], placement: 'node' }],
  [[4, 3], { sides: ['periodic', 'dirichlet'], placement: 'node' }],
  [[3, 2, 4], { spacing: [1, 2, 0.5], sides: [['dirichlet', 'neumann'], 'neumann', 'periodic'] }],
];
const grids = cases.map(([shape, options]) => [`[${shape}] ${JSON.stringify(options)}`, grid(shape, options)] as const);

const random = (shape: readonly number[], seed: number, device: Device = cpu64): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  const next = mulberry32(seed);
  return tensor(
    Float64Array.from({ length: size }, () => next() - 0.5),
    shape,
    { device },
  );
};

const facesOf = ({ shape, axes }: Grid, along: AxisName): readonly number[] =>
  shape.map((n, d) => {
    const axis = axes[shape.length - 1 - d];
    return n + (axis.name === along && axis.low !== 'periodic' ? 1 : 0);
  });
const randomVector = (of: Grid, seed: number, device?: Device): VectorField =>
  Object.fromEntries(of.axes.map(({ name }, k) => [name, random(facesOf(of, name), seed + k, device)]));

/** A value on each side that is not periodic, some of them fields. */
const randomSides = (of: Grid, seed: number, device?: Device): SideValues =>
  Object.fromEntries(
    of.axes
      .filter(axis => axis.low !== 'periodic')
      .map(({ name, size }, k) => [
        name,
        [random([of.size / size], seed + 2 * k, device), random([1], seed + 2 * k + 1, device)],
      ]),
  );

/** Faces on a Dirichlet side of cells count half; nothing flows through a Neumann side. */
const weights = (of: Grid, along: AxisName): Tensor => {
  const shape = facesOf(of, along);
  const d = of.shape.length - 1 - 'xyz'.indexOf(along);
  const axis = of.axes['xyz'.indexOf(along)];
  const inner = shape.slice(d + 1).reduce((a, b) => a * b, 1);
  const weight = (side: string): number => (side === 'neumann' ? 0 : of.placement === 'cell' ? 0.5 : 1);
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float64Array.from({ length: size }, (_, i) => {
    const at = Math.floor(i / inner) % shape[d];
    if (axis.low === 'periodic' || (at > 0 && at < axis.size)) return 1;
    return weight(at === 0 ? axis.low : axis.high);
  });
  return tensor(data, shape, { device: cpu64 });
};

describe.each(grids)('%s', (_, g) => {
  it('⟨∇p, u⟩ = −⟨p, ∇·u⟩ with homogeneous sides', async () => {
    const p = random(g.shape, 1);
    const slope = gradient(g, p);
    const u = randomVector(g, 2);
    const closed = Object.fromEntries(
      g.axes.map(({ name }) => {
        const w = weights(g, name);
        return [name, (u[name] as Tensor).mul(w.mul(4).min(1))];
      }),
    );
    let left = 0;
    for (const { name } of g.axes) {
      const product = (slope[name] as Tensor).mul(closed[name]).mul(weights(g, name));
      left += await product.sum().item();
    }
    const right = await p.mul(divergence(g, closed)).sum().item();
    expect(Math.abs(left + right)).toBeLessThan(1e-13 * g.size);
  });

  it('the Laplacian is the divergence of the gradient, and minus the stencil', async () => {
    const p = random(g.shape, 1);
    const values = randomSides(g, 5);
    const [one, two] = [await laplacian(g, p, values).read(), await divergence(g, gradient(g, p, values)).read()];
    one.forEach((v, i) => {
      expect(v).toBeCloseTo(two[i], 12);
    });
    const { placement, axes } = g;
    const options: LayoutOptions = {
      placement,
      spacing: axes.map(a => a.spacing).reverse(),
      sides: axes.map(a => [a.low, a.high] as const).reverse(),
    };
    const three = await stencil(g.shape, { ...options, device: cpu64 })
      .apply(p.reshape([g.size]))
      .read();
    const plain = await laplacian(g, p).read();
    plain.forEach((v, i) => {
      expect(v).toBeCloseTo(-three[i], 12);
    });
  });

  it('is differentiable in fields and in what is given at the sides, in both modes and again', async () => {
    const at = { p: random(g.shape, 1), u: randomVector(g, 2), values: randomSides(g, 5) };
    const loss = ({ p, u, values }: typeof at) => {
      const fields = [gradient(g, p, values), toFaces(g, p, values), toCells(g, u)].flatMap(v => Object.values(v));
      const all = [...(fields as Tensor[]), divergence(g, u), laplacian(g, p, values)];
      return all.reduce((sum, field) => sum.add(field.sin().sum()), tensor(0, [], { device: cpu64 }));
    };
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-11);
    const bent = ({ p, values }: typeof at) => laplacian(g, p, values).sin().sum();
    const second = (p: typeof at) => hvp(bent)(p, p).p.square().sum();
    expect((await checkGradient(second, at)).dotProduct).toBeLessThan(1e-9);
  });

  it.each(devices)('is the same on $description', async device => {
    const tolerance = device.precision === 'f64' ? 0 : 1e-5;
    const results = await Promise.all(
      [cpu64, device].map(on => {
        const p = random(g.shape, 1, on);
        const values = randomSides(g, 5, on);
        const fields = [
          ...Object.values(gradient(g, p, values)),
          ...Object.values(toFaces(g, p, values)),
          divergence(g, randomVector(g, 2, on)),
          ...Object.values(toCells(g, randomVector(g, 2, on))),
          laplacian(g, p, values),
        ] as Tensor[];
        return Promise.all(fields.map(field => field.read()));
      }),
    );
    results[0].forEach((field, f) => {
      field.forEach((v, i) => {
        expect(Math.abs(results[1][f][i] - v)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(v)));
      });
    });
  });
});

it('gradients of linear fields and Laplacians of quadratic ones are exact, sides included', async () => {
  const [n, h] = [6, 0.5];
  const g = grid([n], { spacing: h, sides: [['dirichlet', 'neumann']] });
  const x = Float64Array.from({ length: n }, (_, i) => (i + 0.5) * h);
  const on = (data: Float64Array) => tensor(data, undefined, { device: cpu64 });
  const slope = gradient(g, on(x.map(x => 3 + 2 * x)), { x: [3, 2] }).x as Tensor;
  expect(Array.from(await slope.read())).toEqual(new Array(n + 1).fill(2));
  const faces = toFaces(g, on(x.map(x => 3 + 2 * x)), { x: [3, 2] }).x as Tensor;
  (await faces.read()).forEach((v, f) => {
    expect(v).toBeCloseTo(3 + 2 * f * h, 14);
  });
  const m = grid([n], { spacing: h, sides: 'neumann' });
  const flat = await laplacian(m, on(x.map(x => x * x)), { x: [0, 2 * n * h] }).read();
  flat.forEach(v => {
    expect(v).toBeCloseTo(2, 12);
  });
  const nodes = grid([n], { spacing: h, placement: 'node' });
  const at = Float64Array.from({ length: n }, (_, i) => (i + 1) * h);
  const bent = await laplacian(nodes, on(at.map(x => x * x)), { x: [0, ((n + 1) * h) ** 2] }).read();
  bent.forEach(v => {
    expect(v).toBeCloseTo(2, 12);
  });
});

it('all operators are of order 2', async () => {
  const errors = [16, 32, 64].map(async n => {
    const h = 1 / n;
    const g = grid([n, n], { spacing: h, sides: ['periodic', 'dirichlet'] });
    const k = 2 * Math.PI;
    const field = (shape: readonly number[], dx: number, dy: number, f: (x: number, y: number) => number) =>
      tensor(
        Float64Array.from({ length: shape[0] * shape[1] }, (_, i) =>
          f(((i % shape[1]) + dx) * h, (Math.floor(i / shape[1]) + dy) * h),
        ),
        shape,
        { device: cpu64 },
      );
    const wave = (x: number, y: number) => Math.sin(k * x) * Math.cos(k * y);
    const p = field([n, n], 0.5, 0.5, wave);
    const off = async (a: Tensor, b: Tensor) => Math.max(...(await a.sub(b).abs().read()));
    const slope = gradient(g, p);
    const u = { x: field([n, n + 1], 0, 0.5, wave), y: field([n, n], 0.5, 0, wave) };
    const sum = (x: number, y: number) => k * (Math.cos(k * x) * Math.cos(k * y) - Math.sin(k * x) * Math.sin(k * y));
    return [
      await off(
        slope.y as Tensor,
        field([n, n], 0.5, 0, (x, y) => -k * Math.sin(k * x) * Math.sin(k * y)),
      ),
      await off(divergence(g, u), field([n, n], 0.5, 0.5, sum)),
      await off(toFaces(g, p).x as Tensor, u.x),
      await off(toCells(g, u).x as Tensor, p),
    ];
  });
  const [a, b, c] = await Promise.all(errors);
  a.forEach((_, k) => {
    expect(Math.log2(a[k] / b[k])).toBeGreaterThan(1.9);
    expect(Math.log2(b[k] / c[k])).toBeGreaterThan(1.95);
  });
});

it('says what does not fit', () => {
  const g = grid([2, 3], { sides: ['periodic', 'dirichlet'] });
  const on = (shape: readonly number[]) => random(shape, 1);
  expect(() => grid([0])).toThrow('grid: the grid has shape [0]; it must be one to three whole numbers from 1.');
  expect(() => gradient(g, on([6]))).toThrow('gradient: p has shape [6]; on this grid it must be [2, 3].');
  expect(() => divergence(g, { x: on([2, 3]), y: on([2, 3]) })).toThrow(
    'divergence: u.x has shape [2, 3]; on this grid it must be [2, 4].',
  );
  expect(() => toCells(g, { x: on([2, 4]) })).toThrow('toCells: u.y is missing; on this grid it must be [2, 3].');
  expect(() => laplacian(g, on([2, 3]), { y: 1 })).toThrow(
    'laplacian: a value is given for the sides of axis y, which is periodic and has none.',
  );
  expect(() => laplacian(g, on([2, 3]), { z: 1 })).toThrow('axis z, and the grid has no such axis.');
  expect(() => laplacian(g, on([2, 3]), { x: Number.NaN })).toThrow('the value at a side of axis x is NaN');
  expect(() => toFaces(g, on([2, 3]), { x: on([3]) })).toThrow(
    'toFaces: the value at a side of axis x has shape [3]; it must be one number, or one for each of 2 faces.',
  );
});
