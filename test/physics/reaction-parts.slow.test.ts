// Specification of physics/reaction-parts.ts. Numbers of the Brusselator from reference/cases.json: brusselator1d (case 11).

import { grad, readTree } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { brusselatorParts, grayScott, grayScottParts } from 'retrograde/physics';
import { grid, kenCarp4, kenCarp5, odeSolve } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { norm, on64 } from '../util/numbers.ts';

describe('the Brusselator of 32 points (case 11)', () => {
  const n = 32;
  const parts = brusselatorParts(grid([n], { placement: 'node', spacing: 1 / (n + 1) }));
  const start = {
    u: on64(Array.from({ length: n }, (_, i) => 1 + Math.sin((2 * Math.PI * (i + 1)) / (n + 1)))),
    v: on64(new Float64Array(n).fill(3)),
  };
  const solve = (p: Tensor, rtol: number) => {
    const values = { u: { x: 1 }, v: { x: 3 } };
    const f = parts({ a: p.slice(0, 1), b: p.slice(1, 2), diffusion: p.slice(2, 3).mul(on64([1, 1])), values });
    return odeSolve(f, start, { t: [0, 10], method: kenCarp5, rtol }).y;
  };
  it('ends where it should, with its gradient', async () => {
    const p = on64([1, 3, 0.02]);
    const loss = (p: Tensor) =>
      solve(p, 1e-5)
        .u.square()
        .sum()
        .mul(0.5 / (n + 1));
    expect(Math.abs((await loss(p).item()) - 0.17486062045643858)).toBeLessThan(1e-4);
    const slope = await grad(loss)(p).read();
    [0.7090633914620693, -0.23946524887044368, 3.3728523859769917].forEach((v, k) => {
      expect(Math.abs(slope[k] / v - 1)).toBeLessThan(1e-3);
    });
  });
});

it('Gray and Scott: what explicit steps give, in far longer ones', async () => {
  const n = 16;
  const torus = grid([n, n], { sides: 'periodic', spacing: 1 / n });
  const hill = (i: number, at: number) => Math.exp(-30 * (((i % n) / n - at) ** 2 + (Math.floor(i / n) / n - at) ** 2));
  const start = {
    u: on64(
      Array.from({ length: n * n }, (_, i) => 1 - 0.5 * hill(i, 0.5)),
      [n, n],
    ),
    v: on64(
      Array.from({ length: n * n }, (_, i) => 0.25 * hill(i, 0.4)),
      [n, n],
    ),
  };
  const params = { feed: on64([0.04]), kill: on64([0.06]), diffusion: on64([2e-3, 1e-3]) };
  const step = grayScott(torus);
  let explicit = start;
  for (let i = 0; i < 80; i++) explicit = step(explicit, params, 0.25);
  const exact = await readTree(explicit);
  const { y, stats } = odeSolve(grayScottParts(torus)(params), start, { t: [0, 20], method: kenCarp4, rtol: 1e-6 });
  const got = await readTree(y);
  for (const name of ['u', 'v'] as const)
    expect(norm(got[name].map((v, i) => v - exact[name][i])) / norm(exact[name])).toBeLessThan(1e-4);
  expect(await stats.steps.item()).toBeLessThan(30);
});

it('refuses what is no grid', () => {
  expect(() => grayScottParts({} as never)).toThrow(/^grayScottParts: the grid is /);
  expect(() => brusselatorParts(grid([4]), { solve: {} } as never)).toThrow(
    "brusselatorParts: there is no option 'solve'",
  );
});
