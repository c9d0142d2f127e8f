// Specification of all models on grids: the same bits each time, the same numbers on all devices, and what they refuse.

import { rollout } from 'retrograde/adjoint';
import type { Device, Tensor } from 'retrograde/kernel';
import {
  brusselator,
  burgers,
  type FlowParams,
  freeSurface,
  grayScott,
  heat,
  incompressible,
  latticeBoltzmann,
  liquidAt,
  mpm,
  particles,
  shallowWater,
  softSphere,
  spectralVorticity,
  wave,
} from 'retrograde/physics';
import { grid, nodePlaces, openFaces, poisson } from 'retrograde/solvers';
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

describe('no model takes for numbers what are none', () => {
  const box = grid([4, 4], { sides: 'neumann' });
  const open = grid([4, 4], { sides: ['neumann', ['neumann', 'dirichlet']] });
  const q = random([4, 4], 1);
  const one = on([1]);
  const nan = q.mul(Number.NaN);
  const ring = grid([8], { sides: 'periodic' });
  const u = { x: on(new Array(20).fill(0), [4, 5]), y: on(new Array(20).fill(0), [5, 4]) };
  const flow = (params: unknown, on = box) => incompressible(on)({ u }, params as FlowParams, 0.1);
  const wind = [{ x: 1 }, {}] as const;
  const lake = shallowWater(box);
  const still = on(new Array(32).fill(0), [2, 4, 4]);
  const pool = freeSurface(box);
  const drop = mpm({ nodes: [16, 16], spacing: 1 / 16, matter: [{ points: [[0.5, 0.5]] }] });
  const balls = particles({ count: 2, pairs: { soft: { potential: softSphere(), cutoff: 2 } } });
  const gas = latticeBoltzmann([4, 4]);
  it.each<[string, () => unknown, string]>([
    ['heat', () => heat(box)({ u: q }, undefined as never, 1), "heat: params is undefined; give a record with 'k'."],
    ['heat', () => heat(box)({ u: q }, { k: on([-1]) }, 1), 'heat: k is -1; it must be 0 or more.'],
    [
      'wave',
      () => wave(box)({ u: q, v: q }, { c: on([Number.NaN]) }, 0.1),
      'wave: c Δt (Σ h⁻²)^½ is NaN: the state or',
    ],
    ['burgers', () => burgers(ring)({ u: on(new Array(8).fill(Number.NaN)) }, { nu: one }, 0.1), '|u| Δt / h is NaN'],
    [
      'grayScott',
      () => grayScott(box)({ u: q, v: q }, undefined as never, 1),
      'grayScott: params is undefined; give a record with',
    ],
    ['shallowWater', () => lake({ h: nan, q: still }, { bed: q }, 0.1), 'shallowWater: a depth h is NaN m;'],
    [
      'spectral',
      () => spectralVorticity([4, 4]).step({ omega: nan }, { viscosity: one }, 0.1),
      'Δy) is NaN: the state',
    ],
    ['flow', () => flow({ viscosity: on([-1]) }), 'incompressible: viscosity is -1; it must be 0 or more.'],
    [
      'flow',
      () => incompressible(box)(undefined as never, {}, 0.1),
      "incompressible: the state is undefined; give a record with 'u'.",
    ],
    [
      'flow',
      () => flow(undefined),
      'incompressible: params is undefined; give a record, {} if there is nothing to say.',
    ],
    [
      'flow',
      () => flow({ sides: { x: wind } }),
      'incompressible: through its sides more fluid flows into the grid than',
    ],
    ['a body', () => openFaces(box, nodePlaces(box).x!.mul(Number.NaN)), 'openFaces: phi holds NaN; give the distance'],
    ['gas', () => gas.start({ rho: q.sub(9) }), 'a density is positive, and about 1 on the lattice.'],
    [
      'liquid',
      () => pool(liquidAt(on([9, 1], [1, 2])), { gravity: on([0, -1]) }, 0.1),
      'freeSurface: a particle is outside',
    ],
    [
      'liquid',
      () => pool(liquidAt(on([], [0, 2])), { gravity: on([0, -1]) }, 0.1),
      'freeSurface: there are no particles;',
    ],
    ['mpm', () => drop.step(drop.start(), undefined as never, 0.1), 'mpm: params is undefined; give a record with'],
    [
      'particles',
      () => balls.energy([[0, 0, 0]] as never, { energy: {} } as never),
      'particles: x is an array; give a',
    ],
  ])('%s: %#', (_, act, message) => {
    expect(act).toThrow(message);
  });

  it('what flows in may leave by another side, or by one that is open', () => {
    expect(() => flow({ sides: { x: [{ x: 1 }, { x: 1 }] } })).not.toThrow();
    expect(() => flow({ sides: { x: wind } }, open)).not.toThrow();
  });
});
