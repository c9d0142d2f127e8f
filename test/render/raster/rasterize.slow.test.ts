// Specification of what is seen: a plain rasteriser in f64, edges that belong to one triangle, cameras inside of things, ties, bad input.

import { Triangles } from 'retrograde/geometry';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { interpolate, mask, type RasterOptions, rasterize } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../../util/devices.ts';
import { mulberry32 } from '../../util/random.ts';
import { clipOn, plainIds, type Soup, soup } from '../fixtures.ts';

const trianglesOf = ({ clip, corners }: Soup): Triangles => new Triangles(clip.length / 4, corners);
const idsOf = async (of: Soup, options: RasterOptions, device: Device = cpu64): Promise<Uint32Array> =>
  (await rasterize(clipOn(of.clip, device), trianglesOf(of), options).ids.read()) as Uint32Array;
const differing = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).filter((id, k) => id !== b[k]).length;

/** Clip positions of points of an image that are given in pixels. */
const inPixels = (points: readonly number[], [width, height]: readonly [number, number], depth = 0.5): number[] =>
  Array.from({ length: points.length / 2 }, (_, k) => [
    (2 * points[2 * k]) / width - 1,
    1 - (2 * points[2 * k + 1]) / height,
    depth,
    1,
  ]).flat();

describe('against loops over all triangles and pixels', () => {
  it.each([
    { size: [37, 23], behind: 0, seed: 1 },
    { size: [23, 37], behind: 0.3, seed: 2 },
    { size: [64, 64], behind: 0.6, seed: 3 },
    { size: [1, 1], behind: 0.1, seed: 4 },
  ] as const)('a soup in $size pixels, $behind of it behind the camera', async ({ size, behind, seed }) => {
    for (const cull of ['none', 'back', 'front'] as const)
      for (const layers of [1, 3]) {
        const of = soup(40, 10 * seed + layers, behind);
        const expected = plainIds(of, size, layers, cull);
        expect(expected.some(id => id > 0)).toBe(true);
        expect(differing(await idsOf(of, { size: [...size], layers, cull }), expected)).toBe(0);
      }
  });

  it('in single precision, on the CPU and a GPU, but for a pixel in ten thousand', async () => {
    const size = [160, 120] as const;
    const of = soup(60, 7, 0.2);
    const expected = plainIds(of, size);
    for (const device of [cpu32, gpu])
      expect(differing(await idsOf(of, { size }, device), expected)).toBeLessThanOrEqual(2);
    expect(differing(await idsOf(of, { size }, cpu32), await idsOf(of, { size }, gpu))).toBeLessThanOrEqual(2);
  });

  it('of many triangles in few tiles and few in many', async () => {
    for (const [count, size] of [
      [3000, [20, 20]],
      [3, [300, 200]],
    ] as const) {
      // biome-ignore format: a table
      const of = soup(count, count);
      const options = { size, capacity: 20_000 };
      expect(differing(await idsOf(of, options), plainIds(of, size))).toBe(0);
    }
  });
});

describe('edges', () => {
  /** Fans about a hub, all corners on pixels' centres, one image each; each triangle runs either way. */
  const fans = (count: number, side: number, rim: number, seed: number, onCentres: boolean) => {
    const random = mulberry32(seed);
    const place = (): number => (onCentres ? Math.floor(random() * side) + 0.5 : random() * side);
    const corners: number[] = [];
    for (let k = 0; k < rim; k++) {
      const edge = [k + 1, ((k + 1) % rim) + 1];
      corners.push(0, ...(random() < 0.5 ? edge : edge.reverse()));
    }
    const images = Array.from({ length: count }, () => {
      const middle = [0, 1].map(() => side / 2 + (onCentres ? 0.5 * ((side + 1) % 2) : random()));
      const points = Array.from({ length: rim }, () => [place(), place()]);
      const angle = ([x, y]: number[]): number => Math.atan2(y - middle[1], x - middle[0]);
      points.sort((p, q) => angle(p) - angle(q));
      return inPixels([...middle, ...points.flat()], [side, side]);
    });
    return { corners, images };
  };

  it.each([
    { device: cpu32, count: 600, onCentres: true },
    { device: cpu32, count: 600, onCentres: false },
    { device: cpu64, count: 200, onCentres: true },
    { device: gpu, count: 60, onCentres: true },
  ])('of a fan belong to one triangle each: $count on $device.description', async ({ device, count, onCentres }) => {
    const [side, rim] = [17, 9];
    const { corners, images } = fans(count, side, rim, count, onCentres);
    const clip = tensor(Float64Array.from(images.flat()), [count, rim + 1, 4], { device });
    const raster = rasterize(clip, new Triangles(rim + 1, corners), { size: [side, side], layers: 2 });
    const ids = (await raster.ids.read()) as Uint32Array;
    const pixels = count * side * side;
    // Within the fan, by the winding number of its rim; it may fold back only where an angle of the fan is above π.
    let [twice, holes] = [0, 0];
    for (let b = 0; b < count; b++) {
      const p = (k: number): [number, number] => [
        ((images[b][4 * k] + 1) * side) / 2,
        ((1 - images[b][4 * k + 1]) * side) / 2,
      ];
      const turn = (o: number[], u: number[], v: number[]): number =>
        (u[0] - o[0]) * (v[1] - o[1]) - (u[1] - o[1]) * (v[0] - o[0]);
      const rimOf = Array.from({ length: rim }, (_, k) => [p(k + 1), p(((k + 1) % rim) + 1)]);
      if (!rimOf.every(([u, v]) => turn(p(0), u, v) > 1e-3)) continue;
      for (let j = 0; j < side; j++)
        for (let i = 0; i < side; i++) {
          const k = (b * side + j) * side + i;
          const centre = [i + 0.5, j + 0.5];
          if (ids[pixels + k] !== 0) twice++;
          // A star about the hub: inside if on the inner side of the edge whose angle the pixel is in.
          const wedge = rimOf.find(([u, v]) => turn(p(0), u, centre) >= 0 && turn(p(0), centre, v) >= 0);
          if (wedge && turn(wedge[0], wedge[1], centre) > 1e-3 && ids[k] === 0) holes++;
        }
    }
    expect({ twice, holes }).toEqual({ twice: 0, holes: 0 });
    expect(ids.filter(id => id > 0).length).toBeGreaterThan(count * 20);
  });

  it('leave no hole between two triangles whose corners are next to centres', async () => {
    const points = [0.5, 0.49993896484375, 0.5, 6.5, 6.50006103515625, 0.49993896484375, 6.50006103515625, 6.5];
    for (const shift of [0, 0.5])
      for (const device of devices)
        for (const corners of [
          [0, 1, 2, 3, 2, 1],
          [0, 1, 2, 3, 1, 2],
        ]) {
          // biome-ignore format: a table
          const clip = clipOn(inPixels(points.map(v => v + shift), [8, 8]), device); // biome-ignore format: one line
          const ids = (await rasterize(clip, new Triangles(4, corners), {
            size: [8, 8],
            layers: 2,
          }).ids.read()) as Uint32Array;
          const from = shift === 0 ? 0 : 1;
          for (let k = 0; k < 64; k++) {
            const [i, j] = [k % 8, Math.floor(k / 8)];
            const inside = i > from && i < 6 && j > from && j < 6;
            if (inside) expect(ids[k]).toBeGreaterThan(0);
            expect(ids[64 + k]).toBe(0);
          }
        }
  });
});

describe('a camera inside of things', () => {
  it('sees a wall in each pixel of a room, and each once', async () => {
    const sides = [-1, 1];
    const room = sides.flatMap(x => sides.flatMap(y => sides.map(z => [x, y, z])));
    const quads = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]; // biome-ignore format: rows
    const corners = quads.flatMap(([a, b, c, d]) => [a, b, c, a, c, d]);
    for (const device of devices) {
      const clip = room.flatMap(([x, y, z]) => {
        const w = 0.3 - 0.8 * z - 0.6 * x; // from (0.2, 0.1, 0.4) along (−0.6, 0, −0.8)
        return [1.4 * (0.8 * x - 0.6 * z), 1.4 * (y - 0.1), (10 / 9.99) * (w - 0.01), w];
      });
      const { ids } = rasterize(clipOn(clip, device), new Triangles(8, corners), { size: [31, 18], layers: 2 });
      const seen = (await ids.read()) as Uint32Array;
      expect(seen.subarray(0, 31 * 18).every(id => id > 0)).toBe(true);
      expect(seen.subarray(31 * 18).every(id => id === 0)).toBe(true);
    }
  });

  it('does not see what is nearer than near or beyond far', async () => {
    const corners = Uint32Array.of(0, 1, 2);
    const at = (depths: readonly number[]): Soup => ({
      clip: Float64Array.from([-1, -1, depths[0], 1, 3, -1, depths[1], 1, -1, 3, depths[2], 1]),
      corners,
    });
    const size = [8, 8] as const;
    expect((await idsOf(at([-0.1, -0.1, -0.1]), { size })).every(id => id === 0)).toBe(true);
    expect((await idsOf(at([1.1, 1.1, 1.1]), { size })).every(id => id === 0)).toBe(true);
    const sloping = await idsOf(at([-0.5, 1.5, -0.5]), { size }); // depth = x / 2 − … across the picture
    for (let k = 0; k < 64; k++) expect(sloping[k]).toBe(k % 8 >= 4 && k % 8 < 8 ? 1 : 0);
  });
});

describe('layers', () => {
  it('come front to back, equal depths in the order of their numbers', async () => {
    const square = [-1, -1, 3, -1, -1, 3];
    const depths = [0.7, 0.3, 0.5, 0.3, 0.1];
    const clip = depths.flatMap(z => [0, 1, 2].flatMap(k => [square[2 * k], square[2 * k + 1], z, 1]));
    const corners = Uint32Array.from({ length: 15 }, (_, k) => k);
    for (const device of devices) {
      const ids = await idsOf({ clip: Float64Array.from(clip), corners }, { size: [5, 4], layers: 6 }, device);
      for (let pixel = 0; pixel < 20; pixel++)
        expect([0, 1, 2, 3, 4, 5].map(l => ids[20 * l + pixel])).toEqual([5, 2, 4, 3, 1, 0]);
    }
  });
});

describe('what cannot be seen', () => {
  it('is left out: triangles without area, corners that are not numbers', async () => {
    const of = soup(30, 5);
    const worse = Float64Array.from(of.clip);
    for (const [vertex, value] of [[3, Number.NaN], [8, Number.POSITIVE_INFINITY]] as const) worse[4 * vertex + 1] = value; // biome-ignore format: a table
    const rest = plainIds({ clip: worse, corners: of.corners }, [20, 20]);
    expect(differing(await idsOf({ ...of, clip: worse }, { size: [20, 20] }), rest)).toBe(0);
    const flat = {
      clip: Float64Array.from([-1, -1, 0.5, 1, 0, 0, 0.5, 1, 1, 1, 0.5, 1]),
      corners: Uint32Array.of(0, 1, 2),
    };
    expect((await idsOf(flat, { size: [9, 9] })).every(id => id === 0)).toBe(true);
  });

  it('is nothing: an empty mesh, an empty batch', async () => {
    const none = new Triangles(0, []);
    const clip = tensor(new Float32Array(0), [0, 4], { device: cpu32 });
    const raster = rasterize(clip, none, { size: [3, 2] });
    expect((await raster.ids.read()).every(id => id === 0)).toBe(true);
    expect(await interpolate(raster, clip, tensor(new Float32Array(0), [0, 2], { device: cpu32 })).read()).toHaveLength(
      12,
    );
    expect((await mask(raster).read()).every(v => v === 0)).toBe(true);
  });
});

describe('whatever runs it', () => {
  it('gives the same for any order of triangles, up to their numbers', async () => {
    const of = soup(200, 11);
    const size = [50, 40] as const;
    const random = mulberry32(3);
    const order = Array.from({ length: 200 }, (_, t) => t)
      .map(t => [random(), t])
      .sort(([a], [b]) => a - b)
      .map(([, t]) => t);
    const shuffled = {
      clip: of.clip,
      corners: Uint32Array.from(order.flatMap(t => [...of.corners.subarray(3 * t, 3 * t + 3)])),
    };
    const [plain, other] = [await idsOf(of, { size }, cpu32), await idsOf(shuffled, { size }, cpu32)];
    expect(Array.from(other, id => (id === 0 ? 0 : order[id - 1] + 1))).toEqual(Array.from(plain));
  });

  it('gives a batch what it gives its images one by one', async () => {
    const [a, b] = [soup(50, 1), soup(50, 2)];
    const size = [33, 20] as const;
    const clip = tensor(Float64Array.from([...a.clip, ...b.clip]), [2, a.clip.length / 4, 4], { device: cpu64 });
    const ids = (await rasterize(clip, trianglesOf(a), { size, layers: 2 }).ids.read()) as Uint32Array;
    for (const [k, one] of [a, { ...b, corners: a.corners }].entries()) {
      const own = await idsOf(one, { size, layers: 2 });
      for (const layer of [0, 1])
        expect(ids.subarray((2 * layer + k) * 660, (2 * layer + k + 1) * 660)).toEqual(
          own.subarray(660 * layer, 660 * layer + 660),
        );
    }
  });
});

describe('bad input', () => {
  const clip: Tensor = clipOn([0, 0, 0.5, 1, 1, 0, 0.5, 1, 0, 1, 0.5, 1], cpu32);
  const one = new Triangles(3, [0, 1, 2]);
  it.each([
    [
      () => rasterize(clip, new Triangles(4, [0, 1, 2]), { size: [4, 4] }),
      'rasterize: there are clip positions of 3 vertices, but the triangles are of 4.',
    ],
    [
      () => rasterize(clip.reshape([12]), one, { size: [4, 4] }),
      'rasterize: the clip positions are a tensor of shape [12]; give f32, [V, 4] or [B, V, 4].',
    ],
    [
      () => rasterize(clip, one, { size: [4, 0] }),
      'rasterize: size is [4, 0]; give width and height, whole numbers of pixels from 1 to 65535.',
    ],
    [
      () => rasterize(clip, one, { size: [4, 4], layers: 0 }),
      'rasterize: layers is 0; give a whole number from 1 to 64.',
    ],
    [
      () => rasterize(clip, one, { size: [4, 4], cull: 'all' as 'none' }),
      "rasterize: cull is 'all'; give 'none', 'back' or 'front'.",
    ],
    [
      () => rasterize(clip, one, { size: [4, 4], capacity: 0 }),
      'rasterize: capacity is 0; give a whole number from 1, or leave it out.',
    ],
    [
      () => rasterize(clip, one, { size: [400, 400], capacity: 3 }),
      /^rasterize: triangles meet tiles \d+ times, but there is room for 3; give a capacity of at least \d+\.$/,
    ],
    [
      () => interpolate(rasterize(clip, one, { size: [4, 4] }), clip, clip, { layer: 1 }),
      "interpolate: layer is 1, but the raster's layers are 0 to 0.",
    ],
    [
      () => interpolate(rasterize(clip, one, { size: [4, 4] }), clip, clip.slice(0, 2)),
      'interpolate: there are attributes for 2 vertices, but 3 vertices; give as many, or corners of their own.',
    ],
  ])('%#', (act, message) => {
    // biome-ignore format: a table
    expect(act).toThrow(message);
  });
});
