// Specification of render/maps: patterns by their formulas, skies and studios by closed forms, maps the right way round, all differentiable.

import { checkGradient } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  checker,
  cubeFromLatLong,
  cubeOf,
  cubeTexture,
  latLongFromCube,
  latLongOf,
  latLongTexture,
  mapOf,
  noise,
  skyLight,
  studioLight,
  uvTest,
  zonePlate,
} from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../../util/devices.ts';
import { mulberry32 } from '../../util/random.ts';

const on = { device: cpu64 };
const rows = (numbers: readonly (readonly number[])[], device: Device = cpu64): Tensor =>
  tensor(numbers.flat(), [numbers.length, numbers[0].length], { device });
const read = async (x: Tensor): Promise<number[]> => Array.from(await x.read());
const next = mulberry32(3);
const places = Array.from({ length: 40 }, () => [next(), next()]);
const directions = Array.from({ length: 40 }, () => [2 * next() - 1, 2 * next() - 1, 2 * next() - 1]);

describe('patterns', () => {
  it('are a chessboard, white at the lower left, and rings by their formula', async () => {
    expect(await read(mapOf([4, 2], uv => checker(uv, { squares: [4, 2] }), on))).toEqual([0, 1, 0, 1, 1, 0, 1, 0]);
    const rings = await read(mapOf([3, 2], uv => zonePlate(uv, { texels: 5 }), on));
    const r2 = (i: number, j: number): number => ((i + 0.5) / 3 - 0.5) ** 2 + ((j + 0.5) / 2 - 0.5) ** 2;
    rings.forEach((value, k) => {
      expect(value).toBeCloseTo(0.5 + 0.5 * Math.cos(5 * Math.PI * r2(k % 3, Math.floor(k / 3))), 6);
    });
    const coloured = checker(rows([[0.1, 0.1], [0.2, 0.1]]), { colours: [[0, 0, 1], [1, 0.5, 0]] }); // biome-ignore format: a table
    expect(await read(coloured)).toEqual([1, 0.5, 0, 0, 0, 1]);
  });

  it('show places: red to the right, green upwards', async () => {
    const [left, right, up] = [0, 3, 6];
    const seen = await read(uvTest(rows([[0.3, 0.3], [0.8, 0.3], [0.3, 0.8]]), { cells: 1 })); // biome-ignore format: a table
    expect(seen[right] - seen[left]).toBeGreaterThan(0.2);
    expect(seen[up + 1] - seen[left + 1]).toBeGreaterThan(0.2);
    expect(seen[left + 2]).toBeGreaterThan(seen[right + 2]); // the light square is at the lower left
  });

  it.each(['value', 'gradient'] as const)('%s noise repeats, keeps to 0 … 1 around ½, and is smooth', async kind => {
    const uv = rows(places);
    const values = await read(noise(uv, { kind, cells: 3 }));
    const shifted = await read(noise(rows(places.map(([u, v]) => [u + 1, v - 2])), { kind, cells: 3 }));
    shifted.forEach((value, k) => {
      expect(value).toBeCloseTo(values[k], 10);
    });
    const many = await read(mapOf([64, 64], p => noise(p, { kind, cells: 16 }), on));
    expect(Math.min(...many)).toBeGreaterThan(0);
    expect(Math.max(...many)).toBeLessThan(1);
    expect(many.reduce((a, b) => a + b) / many.length).toBeCloseTo(0.5, 1);
    expect(await read(noise(uv, { kind, cells: 3, seed: 1 }))).not.toEqual(values);
    await checkGradient((p: Tensor) => noise(p, { kind, octaves: 2 }).square().sum(), uv);
  });

  it.each(devices.slice(1))('noise is the same on %s', async device => {
    const [here, there] = await Promise.all([cpu64, device].map(d => read(noise(rows(places, d)))));
    there.forEach((value, k) => {
      expect(value).toBeCloseTo(here[k], 4);
    });
  });
});

/** Y of a colour of light, by sRGB's weights. */
const luminance = ([r, g, b]: readonly number[]): number => 0.2126729 * r + 0.7151522 * g + 0.072175 * b;

describe('skies', () => {
  it('have the luminance of the model at the zenith, and most of it at the sun', async () => {
    const [T, sun] = [2.5, [0.3, 0.8, -0.4] as const];
    const thetaS = Math.acos(0.8 / Math.hypot(...sun));
    const Yz = (4.0453 * T - 4.971) * Math.tan((4 / 9 - T / 120) * (Math.PI - 2 * thetaS)) - 0.2155 * T + 2.4192;
    const up = await read(skyLight(rows([[0, 2, 0]]), { sun, turbidity: T, brightness: 1 }));
    expect(luminance(up)).toBeCloseTo(Yz, 3);
    expect(up[2]).toBeGreaterThan(1.5 * up[0]); // blue
    const light = (d: readonly number[]): Promise<number[]> => read(skyLight(rows([d]), { sun, turbidity: T }));
    const bright = luminance(await light(sun));
    for (const d of [[0.3, 0.8, -0.3], [0.4, 0.8, -0.4], [-1, 0.2, 0]]) expect(luminance(await light(d))).toBeLessThan(bright); // biome-ignore format: a table
  });

  it('are ground below the horizon; 33 % more haze makes them whiter', async () => {
    const below = skyLight(rows([[1, -0.1, 0]]), { ground: [0.1, 0.2, 0.3] });
    expect(await read(below)).toEqual([0.1, 0.2, 0.3]);
    const blueness = async (turbidity: number): Promise<number> => {
      const [r, , b] = await read(skyLight(rows([[-0.5, 1, 0.8]]), { turbidity }));
      return b / r;
    };
    expect(await blueness(4)).toBeLessThan(await blueness(3));
  });

  it('are differentiable in the sun, the haze and the direction', async () => {
    const loss = (p: { sun: Tensor; turbidity: Tensor; d: Tensor }): Tensor =>
      skyLight(p.d, { sun: p.sun, turbidity: p.turbidity, brightness: 0.1 }).square().sum();
    const d = rows(directions.map(([x, y, z]) => [x, Math.abs(y) + 0.1, z]));
    await checkGradient(loss, { sun: tensor([0.3, 0.8, -0.4], [3], on), turbidity: tensor([3], [1], on), d });
  });

  it('are finite towards the sun and at the horizon, in single precision too', async () => {
    const edge = [[0.5, 0.6, -0.6], [1, 1e-9, 0], [1, 0, 0], [0, 1, 0]]; // biome-ignore format: a table
    for (const device of [cpu32, cpu64])
      expect((await read(skyLight(rows(edge, device)))).every(Number.isFinite)).toBe(true);
  });
});

describe('studios', () => {
  it('go from floor to ceiling, with lamps that have their colour in the middle', async () => {
    const lamp = { direction: [1, 0, 0], colour: [3, 2, 1], radius: 0.2, softness: 0.5 } as const;
    const room = { floor: [0, 0, 0], ceiling: [1, 1, 0.5], lamps: [lamp] } as const;
    const at = (angle: number): readonly number[] => [Math.cos(angle), 0, Math.sin(angle)];
    const seen = await read(studioLight(rows([[0, -1, 0], [0, 1, 0], at(0.1), at(0.3)]), room)); // biome-ignore format: a table
    expect(seen).toEqual([0, 0, 0, 1, 1, 0.5, 3.5, 2.5, 1.25, 0.5, 0.5, 0.25].map(v => expect.closeTo(v, 6)));
    expect(await read(studioLight(rows([[0, 1, 0]]), { ...room, lamps: [] }))).toEqual([1, 1, 0.5]);
  });

  it('are differentiable in lamps, colours and directions', async () => {
    const loss = (p: { direction: Tensor; colour: Tensor; ceiling: Tensor; d: Tensor }): Tensor =>
      studioLight(p.d, { ceiling: p.ceiling, lamps: [{ direction: p.direction, colour: p.colour, radius: 1.2 }] })
        .square()
        .sum();
    await checkGradient(loss, {
      direction: tensor([1, 0.5, 0], [3], on),
      colour: tensor([3, 2, 1], [3], on),
      ceiling: tensor([0.5, 0.6, 0.7], [3], on),
      d: rows(directions),
    });
  });
});

describe('maps of directions', () => {
  const smooth = (d: Tensor): Tensor => d.mul(tensor([0.3, 0.2, 0.1], [3], on)).add(0.5);

  it('are the right way round: −z in the middle, +x to its right, +y up', async () => {
    const map = latLongOf([8, 4], d => d, on);
    const texel = async (row: number, column: number): Promise<number[]> =>
      read(map.slice([row, column], [row + 1, column + 1]));
    const [x, y, z] = await texel(1, 4); // just right of the middle, above it
    expect([x > 0, y > 0, z < -0.8]).toEqual([true, true, true]);
    expect((await texel(2, 6))[0]).toBeGreaterThan(0.8);
    const cube = cubeOf(3, d => d, on);
    expect(await read(cube.reshape([54, 3]).slice([4, 0], [5, 3]))).toEqual([1, 0, 0].map(v => expect.closeTo(v, 12)));
  });

  it('lead from one to the other and back, poles, seams and edges included', async () => {
    const cube = cubeOf(16, smooth, on);
    const around = latLongFromCube(cube, [64, 32]);
    const again = await read(cubeTexture(cubeFromLatLong(around, 16), rows(directions)));
    const exact = await read(smooth(rows(directions.map(d => d.map(x => x / Math.hypot(...d))))));
    const worst = Math.max(...again.map((value, k) => Math.abs(value - exact[k])));
    expect(worst).toBeLessThan(5e-3); // texels are 6° wide; across a cube's edges they do not lie in line, so it is of order 1 there
  });

  it('are looked up to order 2 in the width of texels, poles and seam included, if they are lat-long', async () => {
    const exact = directions.flatMap(d => d.map(x => x / Math.hypot(...d)));
    const worst = async (n: number): Promise<number> => {
      const seen = await read(
        latLongTexture(
          latLongOf([4 * n, 2 * n], d => d, on),
          rows(directions),
        ),
      );
      return Math.max(...seen.map((value, k) => Math.abs(value - exact[k])));
    };
    const [coarse, fine] = [await worst(8), await worst(32)];
    expect(fine).toBeLessThan(6.5e-4); // (2π / 128)² / 8 for each of two axes
    expect(coarse / fine).toBeGreaterThan(10);
  });

  it('have no seam behind, and poles', async () => {
    const map = latLongOf([16, 8], d => d, on);
    const [a, b] = [1e-9, -1e-9].map(x => [x, 0.2, 1]);
    const seen = await read(latLongTexture(map, rows([a, b, [0, 1, 0], [0, -1, 0]])));
    for (let c = 0; c < 3; c++) expect(seen[c]).toBeCloseTo(seen[3 + c], 6);
    for (const [k, y] of [[6, 1], [9, -1]]) {
      expect(seen[k]).toBeCloseTo(0, 12); // the mean of both sides
      expect(seen[k + 1] * y).toBeGreaterThan(0.95);
    } // biome-ignore format: two poles
    await checkGradient((p: { map: Tensor; d: Tensor }) => latLongTexture(p.map, p.d).square().sum(), {
      map,
      d: rows(directions),
    });
  });
});

it.each<[string, () => unknown, string]>([
  ['sizes', () => mapOf([0, 4], uv => checker(uv)), 'mapOf: the width is 0; give a whole number from 1 to 32768.'],
  ['colours of another number', () => mapOf([2, 2], () => tensor([1, 2])), 'for 4 texels give [4, channels]'],
  ['edges', () => cubeOf(0.5, d => d), 'cubeOf: the edge is 0.5'],
  ['places in space', () => checker(rows(directions)), 'checker: uv is'],
  ['squares', () => checker(rows(places), { squares: [0, 1] }), 'checker: squares[0] is 0'],
  ['octaves', () => noise(rows(places), { octaves: 20 }), 'noise: octaves is 20; give a whole number from 1 to 14.'],
  ['kinds', () => noise(rows(places), { kind: 'white' as 'value' }), "noise: the kind is 'white'"],
  ['seeds', () => noise(rows(places), { seed: -1 }), 'noise: seed is -1'],
  ['gains', () => noise(rows(places), { gain: -1 }), 'noise: gain is -1'],
  ['cells', () => uvTest(rows(places), { cells: 0 }), 'uvTest: cells is 0'],
  ['texels', () => zonePlate(rows(places), { texels: 0 }), 'zonePlate: texels is 0'],
  ['options that are none', () => zonePlate(rows(places), { rings: 3 } as object), "there is no option 'rings'"],
  ['suns below', () => skyLight(rows(directions), { sun: [1, -1, 0] }), 'not above the horizon'],
  ['air like milk', () => skyLight(rows(directions), { turbidity: 50 }), 'skyLight: turbidity is 50; the model holds from 1.5'],
  ['suns of two numbers', () => skyLight(rows(directions), { sun: tensor([1, 2]) }), 'skyLight: sun is'],
  ['lamps of no size', () => studioLight(rows(directions), { lamps: [{ direction: [1, 0, 0], colour: [1, 1, 1], radius: 0 }] }), 'lamp 0 has radius 0'],
  ['hard lamps', () => studioLight(rows(directions), { lamps: [{ direction: [1, 0, 0], colour: [1, 1, 1], softness: 0 }] }), 'lamp 0 has softness 0'],
  ['flat maps', () => latLongTexture(tensor([1, 2]), rows(directions)), 'latLongTexture: the map is'],
])('refuse %s', (_, make, message) => expect(make).toThrow(message)); // biome-ignore format: a table
