// Specification of implicit steps of large systems: newtonSparse, newtonKrylov, and linear parts by factorisation. The largest
// sensitivity of cvsAdvDiff_ASAi_bnd, SUNDIALS' example, is from notes/ode-pde-sparse.md §0.4.

import { checkGradient, grad, readTree } from 'retrograde/adjoint';
import { kernel, type Tensor } from 'retrograde/kernel';
import {
  kenCarp4,
  kvaerno3,
  newton,
  newtonKrylov,
  newtonSparse,
  odeSolve,
  type RootMethod,
  rootFind,
} from 'retrograde/solvers';
import { csr, lu, Pattern } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { norm, on64 } from '../util/numbers.ts';

/** Each unknown of an nx × ny grid, and its neighbours. */
function fivePoint(nx: number, ny: number): Pattern {
  const rowStart = [0];
  const column: number[] = [];
  for (let i = 0; i < nx * ny; i++) {
    const [x, y] = [i % nx, Math.floor(i / nx)];
    if (y > 0) column.push(i - nx);
    if (x > 0) column.push(i - 1);
    column.push(i);
    if (x + 1 < nx) column.push(i + 1);
    if (y + 1 < ny) column.push(i + nx);
    rowStart.push(column.length);
  }
  return new Pattern(nx * ny, nx * ny, rowStart, column);
}

describe('a nonlinear field', () => {
  const [nx, ny] = [4, 4];
  const pattern = fivePoint(nx, ny);
  const laplace = csr(pattern, on64(Array.from(pattern.column, (j, k) => (j === pattern.row[k] ? -4 : 1))));
  const start = on64(Array.from({ length: nx * ny }, (_, i) => Math.sin(i)));
  // u̇ = 50 Δu + p u (1 − u²)
  const rate = (u: Tensor, { params }: { params: Tensor }) =>
    laplace
      .apply(u)
      .mul(50)
      .add(u.sub(u.mul(u.square())).mul(params));
  const end = (x: { u: Tensor; p: Tensor }, root: RootMethod, more: object = { steps: 4 }) =>
    odeSolve(rate, x.u, { t: [0, 0.1], params: x.p, method: kvaerno3, root, ...more }).y;
  const x = { u: start, p: on64([20]) };

  it('has the same steps and gradients by elimination, by sparse factors and by GMRES', async () => {
    const of = async (root: RootMethod) => [
      await end(x, root).read(),
      (await readTree(grad((v: typeof x) => end(v, root).square().sum())(x))).u,
    ];
    const [y, slope] = await of(newton());
    for (const root of [newtonSparse(pattern), newtonKrylov()]) {
      const [own, ownSlope] = await of(root);
      expect(norm(own.map((v, i) => v - y[i]))).toBeLessThan(1e-10);
      expect(norm(ownSlope.map((v, i) => v - slope[i])) / norm(slope)).toBeLessThan(1e-8);
    }
  });

  it('derivatives agree with differences', async () => {
    const { dotProduct, difference } = await checkGradient((v: typeof x) => end(v, newtonSparse(pattern)), x);
    expect(dotProduct).toBeLessThan(1e-10);
    expect(difference).toBeLessThan(1e-8);
  });

  it('chooses its steps', async () => {
    const near = await end(x, newtonSparse(pattern), { rtol: 1e-8 }).read();
    const fine = await end(x, newton(), { steps: 200 }).read();
    expect(norm(near.map((v, i) => v - fine[i]))).toBeLessThan(1e-6);
  });

  it('roots are found by sparse factors too', async () => {
    const root = rootFind((u: Tensor, p: Tensor) => laplace.apply(u).sub(u.mul(u.square())).add(p), start, on64([1]), {
      method: newtonSparse(pattern),
    });
    expect(norm(await laplace.apply(root).sub(root.mul(root.square())).add(1).read())).toBeLessThan(1e-8);
  });

  it('says what does not fit', () => {
    expect(() => end(x, newtonSparse(fivePoint(3, 3)))).toThrow(
      'newtonSparse: 16 unknowns for a pattern of 9 rows; there must be as many.',
    );
    expect(() => newtonSparse(new Pattern(2, 2, [0, 1, 2], [1, 0]))).toThrow(
      'newtonSparse: the pattern is not square with its whole diagonal; add what is missing.',
    );
    const big = on64(new Float64Array(600));
    expect(() =>
      odeSolve((y: Tensor) => y.neg(), big, { t: [0, 1], method: kvaerno3, steps: 2, root: newton() }),
    ).toThrow(
      'newton: 600 unknowns depend on each other, and at most 512 may; use newtonKrylov(), or newtonSparse(pattern).',
    );
  });
});

it('advection and diffusion of SUNDIALS: λ(0), the derivative of ∫∫∫ u in the initial field', async () => {
  const [nx, ny] = [40, 20];
  const [dx, dy] = [2 / (nx + 1), 1 / (ny + 1)];
  const pattern = fivePoint(nx, ny);
  // −A u = u_xx + 1.5 u_x + u_yy
  const values = Array.from(pattern.column, (j, k) => {
    const apart = j - pattern.row[k];
    if (apart === 0) return 2 / dx ** 2 + 2 / dy ** 2;
    return Math.abs(apart) === 1 ? -1 / dx ** 2 - (apart * 0.75) / dx : -1 / dy ** 2;
  });
  const A = csr(pattern, on64(values));
  const fill = kernel(/* wgsl */ `
    var<storage, read_write> u: array<f32>;
    @compute @workgroup_size(64)
    fn fill(@builtin(global_invocation_id) id: vec3u) {
      let x = f32(id.x % ${nx} + 1) * ${dx};
      let y = f32(id.x / ${nx} + 1) * ${dy};
      u[id.x] = x * (2.0 - x) * y * (1.0 - y) * exp(5.0 * x * y);
    }
  `);
  const u0 = fill({}, { count: nx * ny, device: A.device }).u;
  const total = (u: Tensor) =>
    odeSolve(
      {
        explicit: (y: { u: Tensor; G: Tensor }) => ({ u: y.u.mul(0), G: y.u.sum().mul(dx * dy) }),
        implicit: { minus: { u: A }, linearSolve: { preconditioner: lu() } },
      },
      { u, G: on64(0, []) },
      { t: [0, 1], method: kenCarp4, rtol: 1e-5, atol: 1e-7 },
    ).y.G;
  const lambda = (await grad(total)(u0).read()).map(v => v / (dx * dy));
  expect(Math.abs(Math.max(...lambda) - 0.112891998)).toBeLessThan(2e-6);
});
