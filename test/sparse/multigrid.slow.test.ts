// Specification of geometric multigrid: few steps whatever the grid, symmetric, exact transfers, adjoints.

import { checkGradient } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  cg,
  csr,
  type IterativeMethod,
  linearSolve,
  multigrid,
  Pattern,
  richardson,
  type Side,
  type SolveReport,
  type Stencil,
  stencil,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../util/devices.ts';
import { numbers, on64 } from '../util/numbers.ts';

/** k between 0.3 and 3, smooth, at faces. */
const smoothFaces = (shape: readonly number[], wrap: readonly boolean[]) =>
  Object.fromEntries(
    shape.map((_, k) => {
      const d = shape.length - 1 - k;
      const of = shape.map((n, e) => n + (e === d && !wrap[d] ? 1 : 0));
      const values = Float64Array.from({ length: of.reduce((a, b) => a * b) }, (_, f) => {
        let [rest, phase] = [f, 0.3 * k];
        for (let e = of.length - 1; e >= 0; e--) {
          phase += Math.sin((2 * Math.PI * (rest % of[e])) / shape[e] + e);
          rest = Math.floor(rest / of[e]);
        }
        return Math.exp(0.5 * Math.sin(phase * 2));
      });
      return ['xyz'[k], on64(values, of)];
    }),
  );

const steps = (A: Stencil, method: IterativeMethod = cg(), nullspace = false): number => {
  let report: SolveReport | undefined;
  linearSolve(A, on64(numbers(A.rows, 3)), {
    method,
    preconditioner: multigrid(),
    rtol: 1e-8,
    ...(nullspace && { nullspace: 'constant' as const }),
    onSolved: r => {
      report = r;
    },
  });
  return report?.iterations ?? Number.NaN;
};

describe('multigrid', () => {
  const sides: readonly (readonly [string, 'cell' | 'node', Side, (n: number) => number])[] = [
    ['cells, Dirichlet', 'cell', 'dirichlet', n => n],
    ['nodes, Dirichlet', 'node', 'dirichlet', n => n - 1],
    ['cells, Neumann', 'cell', 'neumann', n => n],
    ['cells, periodic', 'cell', 'periodic', n => n],
    ['nodes, periodic', 'node', 'periodic', n => n],
  ];
  it.each(sides)('%s: as many steps on fine grids as on coarse ones, in 1D, 2D and 3D', (_, placement, side, size) => {
    for (const [rank, list] of [
      [1, [64, 1024]],
      [2, [32, 128]],
      [3, [16, 32]],
    ] as const) {
      const counts = list.map(n => {
        const shape = new Array<number>(rank).fill(size(n));
        const A = stencil(shape, { placement, sides: side, spacing: 1 / n, device: cpu64 });
        return steps(A, cg(), A.isSingular);
      });
      expect(Math.max(...counts), `rank ${rank}: ${counts}`).toBeLessThanOrEqual(12);
    }
  });

  it.each(sides)('%s: with k that varies tenfold', (_, placement, side, size) => {
    const shape = [size(64), size(32)];
    const conductivity = smoothFaces(shape, [side === 'periodic', side === 'periodic']);
    const A = stencil(shape, { placement, sides: side, spacing: [1 / 64, 1 / 32], conductivity });
    expect(steps(A, cg(), A.isSingular)).toBeLessThanOrEqual(16);
  });

  it('solves by itself, with a reaction field, mixed sides, and sizes that cannot be halved', () => {
    const mixed = { sides: [['neumann', 'dirichlet'], 'periodic'] as const, device: cpu64 };
    expect(steps(stencil([64, 64], mixed), richardson())).toBeLessThanOrEqual(20);
    expect(
      steps(
        stencil([48, 40], {
          ...mixed,
          reaction: on64(
            numbers(1920, 2).map(v => 2 + v),
            [48, 40],
          ),
        }),
      ),
    ).toBeLessThan(14);
    expect(steps(stencil([21, 33], { device: cpu64 }))).toBeLessThan(40);
    expect(steps(stencil([1, 64], { device: cpu64 }))).toBeLessThan(14);
  });

  it('a cycle is symmetric and positive', async () => {
    for (const [placement, side, shape] of [
      ['cell', 'dirichlet', [16, 12]],
      ['cell', 'neumann', [8, 16]],
      ['node', 'dirichlet', [15, 31]],
      ['node', 'periodic', [16, 8]],
      ['cell', 'periodic', [4, 8, 6]],
    ] as const) {
      const wrap = shape.map(() => side === 'periodic');
      const A = stencil(shape, {
        placement,
        sides: side,
        conductivity: smoothFaces(shape, wrap),
        reaction: on64([0.1]),
      });
      const M = multigrid().prepare(A);
      const [x, y] = [on64(numbers(A.rows, 1)), on64(numbers(A.rows, 2))];
      const [a, b] = [await M.apply(x).dot(y).item(), await M.applyTranspose(y).dot(x).item()];
      expect(Math.abs(a - b)).toBeLessThan(1e-11 * Math.abs(await M.apply(x).dot(x).item()));
      expect(await M.apply(x).dot(x).item()).toBeGreaterThan(0);
    }
  });

  it.each(devices)('solves on $description, several right-hand sides at once', async device => {
    const n = 32;
    const A = stencil([n, n], { spacing: 1 / n, device });
    const exact = tensor(numbers(n * n * 2, 5), [n * n, 2], { device });
    const b = A.apply(exact);
    const x = linearSolve(A, b, { preconditioner: multigrid(), maxSteps: 12 });
    const off = Math.sqrt((await x.sub(exact).square().sum().item()) / (await exact.square().sum().item()));
    expect(off).toBeLessThan(device.precision === 'f64' ? 1e-9 : 1e-4);
  });

  it('serves gradients in k, c and b', async () => {
    const shape = [8, 8];
    const { x, y } = smoothFaces(shape, [false, false]) as { x: Tensor; y: Tensor };
    const at = { x, y, c: on64([0.5]), b: on64(numbers(64, 6)) };
    const loss = ({ x, y, c, b }: typeof at) => {
      const A = stencil(shape, { conductivity: { x, y }, reaction: c, sides: 'neumann' });
      return linearSolve(A, b, { preconditioner: multigrid(), rtol: 1e-13 }).square().sum();
    };
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-11);
  });

  it.each([cpu32, gpu])(
    'f32 on $description: x is right to its last digits on fine grids, also where k varies',
    async device => {
      const n = device.kind === 'cpu' ? 256 : 64;
      // A compiler that reorders sums would undo the pair, so there is none.
      const rtol = device.floats?.reassociates ? 2e-6 : 2e-7;
      const faces = smoothFaces([n, n], [false, false]);
      const b = numbers(n * n, 7);
      for (const conductivity of [undefined, faces]) {
        const solve = async (to: Device, rtol: number) => {
          const moved =
            conductivity &&
            Object.fromEntries(
              await Promise.all(Object.entries(conductivity).map(async ([axis, k]) => [axis, await k.to(to)] as const)),
            );
          const A = stencil([n, n], { spacing: 1 / n, device: to, ...(moved && { conductivity: moved }) });
          return linearSolve(A, tensor(b, undefined, { device: to }), {
            preconditioner: multigrid(),
            rtol,
            maxSteps: 40,
          }).read();
        };
        const [rough, exact] = [await solve(device, rtol), await solve(cpu64, 1e-11)];
        const scale = Math.max(...exact.map(Math.abs));
        expect(Math.max(...exact.map((v, i) => Math.abs(v - rough[i]))) / scale).toBeLessThan(2 * rtol);
      }
    },
  );

  it('is for stencils', () => {
    const A = csr(new Pattern(1, 1, [0, 1], [0]), on64([1]), { positiveDefinite: true });
    expect(() => linearSolve(A, on64([1]), { preconditioner: multigrid() })).toThrow(
      'multigrid: it is for stencils, and this is a CSR matrix; take another preconditioner.',
    );
  });
});
