// Specification of all models on grids: the same bits each time, the same numbers on all devices, and what they refuse.

import { rollout } from 'retrograde/adjoint';
import type { Device, Tensor } from 'retrograde/kernel';
import { brusselator, burgers, grayScott, heat, wave } from 'retrograde/physics';
import { grid, poisson } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { on, random } from '../util/fields.ts';

describe.each(devices)('on $description', device => {
  it('every model gives the same bits twice, near those in double precision', async () => {
    const run = async (device: Device): Promise<number[]> => {
      const one = (v: number): Tensor => on([v], [1], device);
      const g = grid([4, 8], { sides: ['neumann', ['dirichlet', 'neumann']] });
      const [u, v] = [random([4, 8], 1, device), random([4, 8], 2, device)];
      const ring = grid([8], { sides: 'periodic' });
      const [warm, water, gray] = [heat(g, { theta: 0 }), wave(g), grayScott(g)];
      const ends = [
        rollout(s => warm(s, { k: 0.2 }, 0.5), { u }, 3).u,
        rollout(s => water(s, { c: one(1) }, 0.5), { u, v }, 10).u,
        rollout(
          s => gray(s, { diffusion: on([0.2, 0.1], [2], device), feed: one(0.04), kill: one(0.06) }, 0.5),
          { u, v },
          10,
        ).v,
        rollout(s => burgers(ring)(s, { nu: one(0.1) }, 0.2), { u: random([8], 3, device) }, 10).u,
        poisson(g, u),
      ];
      return (await Promise.all(ends.map(end => end.read()))).flatMap(values => Array.from(values));
    };
    const [found, again, exact] = [await run(device), await run(device), await run(cpu64)];
    expect(found).toEqual(again);
    found.forEach((v, i) => {
      expect(Math.abs(v - exact[i])).toBeLessThan(device.precision === 'f64' ? 1e-15 : 2e-4);
    });
  });
});

it('says what does not fit', () => {
  const g = grid([2, 3]);
  const q = random([2, 3], 1);
  const one = on([1]);
  expect(() => heat(g)({ u: one }, { k: 1 }, 1)).toThrow('heat: u has shape [1]; on this grid it must be [2, 3].');
  expect(() => wave(g)({ u: q, v: one }, { c: one }, 1)).toThrow(
    'wave: v has shape [1]; on this grid it must be [2, 3].',
  );
  expect(() => wave(g)({ u: q, v: q }, { c: random([3], 1) }, 1)).toThrow(
    'wave: c has shape [3]; it must be one number, or one for each unknown, [2, 3].',
  );
  expect(() => wave(g)({ u: q, v: q }, { c: one }, 0)).toThrow(
    'wave: dt is 0; it must be a positive number of seconds.',
  );
  expect(() => burgers(g)).toThrow(
    'burgers: the grid has shape [2, 3] and sides dirichlet … dirichlet; it must be a periodic line',
  );
  const ring = burgers(grid([5], { sides: 'periodic' }));
  expect(() => ring({ u: one }, { nu: one }, 1)).toThrow('burgers: u has shape [1]; on this grid it must be [5].');
  expect(() => ring({ u: random([5], 1) }, { nu: q }, 1)).toThrow(
    'burgers: nu has shape [2, 3]; it must be one number.',
  );
  const gray = grayScott(g);
  expect(() => gray({ u: q, v: q }, { diffusion: one, feed: one, kill: one }, 1)).toThrow(
    'grayScott: diffusion has shape [1]; it must be two numbers, one for each substance.',
  );
  expect(() => brusselator(g)({ u: q, v: q }, { diffusion: on([1, 1]), a: q, b: one }, 1)).toThrow(
    'brusselator: a has shape [2, 3]; it must be one number.',
  );
  expect(() => poisson(g, one)).toThrow('poisson: f has shape [1]; on this grid it must be [2, 3].');
});
