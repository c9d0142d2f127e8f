// Specification of grid operators in flux form: against assembly by hand, symmetric, differentiable, of second order.
// Numbers from reference/cases.json: poisson.

import { checkGradient, hvp } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import { type FaceFields, linearSolve, type Side, type StencilOptions, stencil } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { mulberry32 } from '../util/random.ts';

const numbers = (n: number, seed: number) => Float64Array.from({ length: n }, mulberry32(seed));
const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

interface Grid {
  readonly shape: readonly number[];
  readonly spacing: readonly number[];
  readonly sides: readonly (readonly [Side, Side])[];
  readonly placement: 'cell' | 'node';
}
const grids: readonly Grid[] = [
  { shape: [5], spacing: [0.5], sides: [['dirichlet', 'neumann']], placement: 'cell' },
  { shape: [4], spacing: [0.5], sides: [['periodic', 'periodic']], placement: 'cell' },
  { shape: [1], spacing: [2], sides: [['dirichlet', 'dirichlet']], placement: 'node' },
  { shape: [3, 5], spacing: [1, 0.5], sides: [['dirichlet', 'dirichlet'], ['dirichlet', 'dirichlet']], placement: 'node' },
  { shape: [4, 3], spacing: [1, 2], sides: [['neumann', 'dirichlet'], ['periodic', 'periodic']], placement: 'cell' },
  { shape: [3, 4], spacing: [1, 2], sides: [['periodic', 'periodic'], ['neumann', 'neumann']], placement: 'cell' },
  { shape: [3, 2, 4], spacing: [1, 2, 0.5], sides: [['dirichlet', 'neumann'], ['neumann', 'neumann'], ['periodic', 'periodic']], placement: 'cell' },
]; // biome-ignore format: a table
const nameOf = ({ shape, placement, sides }: Grid) =>
  `${placement} [${shape}] ${sides.map(s => s.join('-')).join(', ')}`;

/** Numbers of faces of each axis, in the order x, y, z. */
const faceShapes = ({ shape, sides }: Grid) =>
  shape.map((_, k) => {
    const d = shape.length - 1 - k;
    return shape.map((n, e) => n + (e === d && sides[d][0] !== 'periodic' ? 1 : 0));
  });

/** A u, written down face by face. */
function byHand(grid: Grid, k: readonly ArrayLike<number>[], c: ArrayLike<number>, u: ArrayLike<number>): Float64Array {
  const { shape, spacing, sides, placement } = grid;
  const result = Float64Array.from(u, (v, i) => c[i] * v);
  const index = (at: readonly number[], of: readonly number[]) => at.reduce((i, x, d) => i * of[d] + x, 0);
  faceShapes(grid).forEach((of, axis) => {
    const d = shape.length - 1 - axis;
    for (let f = 0; f < size(of); f++) {
      const at: number[] = [];
      for (let e = of.length - 1, rest = f; e >= 0; e--) {
        at.unshift(rest % of[e]);
        rest = Math.floor(rest / of[e]);
      }
      const w = k[axis][f] / spacing[d] ** 2;
      const cell = (x: number) => index(at.with(d, x), shape);
      const [low, high] = [at[d] - 1, at[d]];
      if (sides[d][0] === 'periodic' || (low >= 0 && high < shape[d])) {
        const [a, b] = [cell((low + shape[d]) % shape[d]), cell(high)];
        result[a] += w * (u[a] - u[b]);
        result[b] += w * (u[b] - u[a]);
      } else {
        const [side, own] = low < 0 ? [sides[d][0], cell(high)] : [sides[d][1], cell(low)];
        if (side === 'dirichlet') result[own] += (placement === 'cell' ? 2 : 1) * w * u[own];
      }
    }
  });
  return result;
}

const optionsOf = ({ spacing, sides, placement }: Grid): StencilOptions => ({ spacing, sides, placement });

describe.each(devices)('stencil on $description', device => {
  const tolerance = device.precision === 'f64' ? 1e-13 : 2e-5;
  it.each(grids.map(grid => [nameOf(grid), grid] as const))('%s: A u is the sum over faces', async (_, grid) => {
    const n = size(grid.shape);
    const k = faceShapes(grid).map((shape, axis) => numbers(size(shape), axis + 1).map(v => v + 0.5));
    const c = numbers(n, 9);
    const on = (data: Float64Array, shape: readonly number[]) => tensor(data, shape, { device });
    const conductivity: FaceFields = Object.fromEntries(
      faceShapes(grid).map((shape, axis) => ['xyz'[axis], on(k[axis], shape)]),
    );
    const A = stencil(grid.shape, { ...optionsOf(grid), conductivity, reaction: on(c, grid.shape) });
    const plain = stencil(grid.shape, { ...optionsOf(grid), conductivity: 3, device });
    for (const m of [1, 2]) {
      const columns = Array.from({ length: m }, (_, j) => numbers(n, 20 + j));
      const u = on(
        Float64Array.from({ length: n * m }, (_, w) => columns[w % m][Math.floor(w / m)]),
        m === 1 ? [n] : [n, m],
      );
      const [found, constant] = [await A.apply(u).read(), await plain.apply(u).read()];
      columns.forEach((column, j) => {
        const expected = byHand(grid, k, c, column);
        const expected3 = byHand(
          grid,
          k.map(f => f.map(() => 3)),
          c.map(() => 0),
          column,
        );
        expected.forEach((v, i) => {
          expect(Math.abs(found[i * m + j] - v)).toBeLessThan(tolerance * 100);
          expect(Math.abs(constant[i * m + j] - expected3[i])).toBeLessThan(tolerance * 100);
        });
      });
    }
    const unit = Float64Array.from({ length: n }, () => 0);
    const diagonal = await A.diagonal().read();
    for (let i = 0; i < n; i++)
      expect(Math.abs(diagonal[i] - byHand(grid, k, c, unit.with(i, 1))[i])).toBeLessThan(tolerance * 100);
  });
});

describe('derivatives', () => {
  it.each(grids.map(grid => [nameOf(grid), grid] as const))(
    '%s: by k, c and u, in both modes and again',
    async (_, grid) => {
      const n = size(grid.shape);
      const fields = faceShapes(grid);
      const at = {
        k: fields.map((shape, axis) =>
          on64(
            numbers(size(shape), axis + 1).map(v => v + 0.5),
            shape,
          ),
        ),
        c: on64(numbers(n, 4)),
        u: on64(numbers(2 * n, 5), [n, 2]),
      };
      const loss = ({ k, c, u }: typeof at) => {
        const conductivity = Object.fromEntries(k.map((field, axis) => ['xyz'[axis], field]));
        return stencil(grid.shape, { ...optionsOf(grid), conductivity, reaction: c })
          .apply(u)
          .sin()
          .sum();
      };
      expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-12);
      const second = (p: typeof at) => {
        const { k, c, u } = hvp(loss)(p, p);
        return k.reduce((sum, field) => sum.add(field.square().sum()), c.square().sum().add(u.square().sum()));
      };
      expect((await checkGradient(second, at)).dotProduct).toBeLessThan(1e-10);
      const few = { k: on64([1.5]), c: on64([0.5]), u: at.u };
      const constant = ({ k, c, u }: typeof few) =>
        stencil(grid.shape, { ...optionsOf(grid), conductivity: k, reaction: c })
          .apply(u)
          .sin()
          .sum();
      expect((await checkGradient(constant, few)).dotProduct).toBeLessThan(1e-12);
      expect((await checkGradient((p: typeof few) => hvp(constant)(p, p).k.sum(), few)).dotProduct).toBeLessThan(1e-10);
    },
  );

  it('of a solve with respect to conductivity and reaction', async () => {
    const grid = grids[4];
    const at = {
      x: on64(
        numbers(12, 1).map(v => v + 0.5),
        [4, 3],
      ),
      y: on64(
        numbers(15, 2).map(v => v + 0.5),
        [5, 3],
      ),
      c: on64(numbers(12, 3), [4, 3]),
      b: on64(numbers(12, 4)),
    };
    const field = {
      ...at,
      x: on64(
        numbers(12, 1).map(v => v + 0.5),
        [4, 3],
      ),
    };
    const loss = ({ x, y, c, b }: typeof at) =>
      linearSolve(stencil(grid.shape, { ...optionsOf(grid), conductivity: { x, y }, reaction: c }), b, { rtol: 1e-13 })
        .square()
        .sum();
    expect((await checkGradient(loss, field)).dotProduct).toBeLessThan(1e-11);
    expect((await checkGradient((p: typeof at) => hvp(loss)(p, p).y.square().sum(), field)).dotProduct).toBeLessThan(
      1e-9,
    );
  });
});

describe('−Δu = f on the unit square', () => {
  it('converges with order 2, to the numbers of the five-point formula', async () => {
    const reference = { 8: 0.012950746721879236, 16: 0.003218964440079519, 32: 0.0008035776793722249 };
    for (const [n, error] of Object.entries(reference).map(([n, e]) => [Number(n), e] as const)) {
      const h = 1 / n;
      const m = n - 1;
      const exact = Float64Array.from(
        { length: m * m },
        (_, i) => Math.sin(Math.PI * ((i % m) + 1) * h) * Math.sin(Math.PI * (Math.floor(i / m) + 1) * h),
      );
      const A = stencil([m, m], { placement: 'node', spacing: h, device: cpu64 });
      const f = tensor(
        exact.map(v => 2 * Math.PI ** 2 * v),
        undefined,
        { device: cpu64 },
      );
      const u = await linearSolve(A, f).read();
      const worst = Math.max(...u.map((v, i) => Math.abs(v - exact[i])));
      expect(worst / error).toBeCloseTo(1, 6);
    }
  });

  it('with fluxes given at all sides is solved up to a constant', async () => {
    const n = 12;
    const A = stencil([n, n], { sides: 'neumann', spacing: 1 / n, device: cpu64 });
    const f = tensor(numbers(n * n, 1), undefined, { device: cpu64 });
    const u = linearSolve(A, f, { nullspace: 'constant' });
    const rest = await A.apply(u).sub(f.sub(f.mean())).read();
    expect(Math.max(...rest.map(Math.abs))).toBeLessThan(1e-8);
    expect(A.isSingular).toBe(true);
  });
});

it('says what is wrong with a grid', () => {
  const on = (shape: number[]): Tensor => tensor(new Float32Array(size(shape)), shape);
  expect(() => stencil([0])).toThrow('stencil: the grid has shape [0]; it must be one to three whole numbers from 1.');
  expect(() => stencil([2, 2], { spacing: [1] })).toThrow('stencil: 1 of spacing for 2 axes');
  expect(() => stencil([2], { spacing: 0 })).toThrow('stencil: the spacing is 0; it must be positive.');
  expect(() => stencil([2], { sides: [['periodic', 'neumann']] })).toThrow('axis x is periodic at one side only');
  expect(() => stencil([2], { placement: 'node', sides: 'neumann' })).toThrow(
    'axis x has a Neumann side, which is for cells',
  );
  expect(() => stencil([2, 3], { conductivity: { x: on([2, 4]) } })).toThrow(
    'stencil: the conductivity at faces across y is missing; it must be [3, 3].',
  );
  expect(() => stencil([2, 3], { conductivity: { x: on([2, 3]), y: on([3, 3]) } })).toThrow(
    'the conductivity at faces across x has shape [2, 3]; it must be [2, 4].',
  );
  expect(() => stencil([2, 3], { conductivity: on([2]) })).toThrow('it must be one number, or a record { x, y }');
  expect(() => stencil([2, 3], { reaction: on([5]) })).toThrow(
    'it must be one number, or one for each unknown, [2, 3].',
  );
  expect(() => stencil([2, 3]).apply(on([5]))).toThrow('stencil: apply: the vector has shape [5]; it must be [6]');
});
