// Antialiasing, on the CPU in doubles unless said: areas and their derivatives against closed forms, adjoints against differences.

import { hvp, jvp, valueAndGrad, vjp } from 'retrograde/adjoint';
import { Triangles } from 'retrograde/geometry';
import { device as open, type Tensor, tensor } from 'retrograde/kernel';
import { antialias, interpolate, mask, rasterize } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { norm, numbers, on64 } from '../../util/numbers.ts';
import { picture, shoot, smoothWeights, soup } from './soups.ts';

const quad = new Triangles(4, [0, 1, 2, 0, 2, 3]);

/** Clip positions of points in pixels at one depth, [n, 4]. */
function flat(points: Tensor, [width, height]: readonly [number, number], z = 0.5): Tensor {
  const n = points.shape[0]!;
  const scale = on64([2 / width, -2 / height]);
  const xy = points.mul(scale).add(on64([-1, 1]));
  const rest = on64(Array.from({ length: n }, () => [0, 0, z, 1]).flat(), [n, 4]);
  return xy
    .reshape([n, 2])
    .matmul(on64([1, 0, 0, 0, 0, 1, 0, 0], [2, 4]))
    .add(rest);
}

/** How many pixels the triangles cover. */
const covered = (clip: Tensor, triangles: Triangles, size: readonly [number, number]): Tensor => {
  const raster = rasterize(clip.detach(), triangles, { size });
  return antialias(mask(raster), raster, clip).sum();
};

describe('a half plane (notes on rendering §3.1, case 1)', () => {
  it.each([0, 0.3, 0.9, -0.5])('x = c + %d y has its area and slope exactly, and so has y = c + k x', async k => {
    const [across, along] = [32, 16];
    const c = 12.3 - Math.min(0, k) * along;
    const spanning = (x: Tensor, turned: boolean): Tensor => {
      const size = turned ? ([along, across] as const) : ([across, along] as const);
      const place = turned ? [0, 1] : [1, 0];
      const points = x
        .reshape([4, 1])
        .mul(on64([...place], [1, 2]))
        .add(
          on64(
            [-5, -5, along + 5, along + 5].flatMap(v => (turned ? [v, 0] : [0, v])),
            [4, 2],
          ),
        );
      return covered(flat(points, size), quad, size);
    };
    for (const turned of [false, true]) {
      const ends = on64([-5, c - 5 * k, c + (along + 5) * k, -5]);
      const { value, grad } = valueAndGrad((x: Tensor) => spanning(x, turned))(ends);
      const area = along * c + (k * along ** 2) / 2;
      near([await value.item()], [area], 1e-13);
      const [, one, two] = await grad.read();
      near([one! + two!], [along], 1e-13);
    }
  });
});

it('shows a square of two pixels, moved and turned in small steps, without jumps, by its area', async () => {
  const steps = 600;
  const places = Array.from({ length: steps }, (_, k) =>
    [0, 1, 2, 3].map(c => {
      const [s, angle] = [k / steps, 0.1 + (1.4 * k) / steps + (Math.PI / 2) * c];
      return [3.2 + 1.3 * s + 1.1 * Math.cos(angle), 3.5 + 0.9 * s + 1.1 * Math.sin(angle)];
    }),
  );
  const clip = on64(
    places.flat(2).map((v, k) => (k % 2 === 0 ? v / 4 - 1 : 1 - v / 4)),
    [4 * steps, 2],
  )
    .matmul(on64([1, 0, 0, 0, 0, 1, 0, 0], [2, 4]))
    .add(on64([0, 0, 0.5, 1]))
    .reshape([steps, 4, 4]);
  const raster = rasterize(clip, quad, { size: [8, 8] });
  const image = Array.from(await antialias(mask(raster), raster, clip).read());
  for (let k = 0; k < steps; k++) {
    const shown = image.slice(64 * k, 64 * (k + 1));
    near([shown.reduce((sum, v) => sum + v, 0)], [2 * 1.1 ** 2], 1e-3);
    if (k > 0) near(shown, image.slice(64 * (k - 1), 64 * k), 0.01); // no point moves farther than 0.006
  }
});

describe('what is hidden', () => {
  const size = [24, 20] as const;
  // A quad before another that it hides but for a strip on the left, and before a triangle that it hides wholly.
  const corners = [8, 3, 20, 3, 20, 17, 8, 17, 3.2, 5, 15, 5.3, 15, 14.6, 3.2, 15, 10, 6, 14, 14, 18, 6.5];
  const three = new Triangles(11, [0, 1, 2, 0, 2, 3, 4, 5, 6, 4, 6, 7, 8, 9, 10]);
  const places = (x: Tensor): Tensor => {
    const back = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2].flatMap(n => [0, 0, 0.2 * n, 0]);
    return flat(x.reshape([11, 2]), size).add(on64(back, [11, 4]));
  };
  const colour = on64([1, 1, 1, 1, 0.2, 0.2, 0.2, 0.2, 0.9, 0.9, 0.9], [11, 1]);

  it('gives hidden vertices a derivative of exactly zero, and edges theirs: length times difference of colours', async () => {
    const loss = (x: Tensor): Tensor => shoot(places(x), colour, { triangles: three, size }).sum();
    const g = await valueAndGrad(loss)(on64(corners)).grad.read();
    expect(Array.from(g.slice(16))).toEqual([0, 0, 0, 0, 0, 0]);
    // The left edge of the front quad, x = 8 from y = 3 to 17: the second quad is beside it between its two edges, the ground elsewhere.
    const second = 15 - (0.4 * 4.8) / 11.8 - (5 + (0.3 * 4.8) / 11.8);
    near([g[0]! + g[6]!], [-(second * (1 - 0.2) + (14 - second) * (1 - 0.5))], 1e-4);
  });

  it('has a derivative of zero though what hides it is too small for any pixel to show, next to its own outline', async () => {
    const n = 40; // cells of 0.2 × 0.28 px
    const wall = Array.from({ length: (n + 1) ** 2 }, (_, k) => [
      5.7 + 0.2 * (k % (n + 1)),
      2.3 + 0.28 * Math.floor(k / (n + 1)),
    ]);
    const cells = Array.from({ length: n * n }, (_, k) => k + Math.floor(k / n));
    const v = wall.length;
    const behind = [5.9, 3.1, 6.3, 13.1, 13.1, 9];
    const mesh = new Triangles(v + 3, [
      ...cells.flatMap(a => [a, a + 1, a + n + 2, a, a + n + 2, a + n + 1]),
      v,
      v + 1,
      v + 2,
    ]);
    const depths = on64(Array.from({ length: v + 3 }, (_, k) => [0, 0, k < v ? 0.2 : 0.6, 0]).flat(), [v + 3, 4]);
    const tone = on64(
      Array.from({ length: v + 3 }, (_, k) => (k < v ? 1 : 0.3)),
      [v + 3, 1],
    );
    const loss = (x: Tensor): Tensor =>
      shoot(flat(x.reshape([v + 3, 2]), [16, 16]).add(depths), tone, { triangles: mesh, size: [16, 16] }).sum();
    const { grad } = valueAndGrad(loss)(on64([...wall.flat(), ...behind]));
    expect(Array.from((await grad.read()).slice(2 * v))).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('counts outlines of the layer that is asked for', async () => {
    const two = new Triangles(11, three.corners.slice(0, 12));
    const clip = places(on64(corners));
    const raster = rasterize(clip, two, { size, layers: 2 });
    const area = await antialias(mask(raster, { layer: 1 }), raster, clip, { layer: 1 })
      .sum()
      .item();
    near([area], [(15 - 8) * ((14.8 + 14.6) / 2 - 5.2)], 2e-2); // where both quads are
  });
});

it('shows where near and far cut a surface, by its area and with its slope', async () => {
  const size = [16, 12] as const;
  const tilt = 1 / 6.5; // depth is a + tilt x, so 0 at x = 5.3 and 1 at x = 11.8
  const points = flat(on64([-4, -4, 20, -4, 20, 16, -4, 16], [4, 2]), size, 0);
  const rise = on64(
    [-4, 20, 20, -4].flatMap(x => [0, 0, tilt * x, 0]),
    [4, 4],
  );
  const columns = Array.from({ length: 16 }, (_, x) => Math.sin(x));
  const shown = (a: Tensor): Tensor => {
    const clip = points.add(rise).add(a.mul(on64([0, 0, 1, 0])));
    const raster = rasterize(clip.detach(), quad, { size });
    return antialias(mask(raster), raster, clip);
  };
  const weighted = (a: Tensor): Tensor => shown(a).reshape([12, 16]).mul(on64(columns)).sum();
  const at = on64([-5.3 * tilt]);
  near([await shown(at).sum().item()], [12 * 6.5], 1e-12);
  near(await valueAndGrad(weighted)(at).grad.read(), [(12 * (columns[5]! - columns[11]!)) / tilt], 1e-11);
});

describe('seams', () => {
  const size = [20, 16] as const;
  /** The sum of a picture of faces, and its slope in vertices. @param rows Of `colours`, at the corners of triangles. */
  const sumOf = async (triangles: Triangles, colours: number[], rows: number[], vertices: readonly number[]) => {
    const corners = tensor(rows, [triangles.size, 3], { type: 'u32', device: cpu64 });
    const faces = { values: on64(colours, [colours.length, 1]), corners };
    const { value, grad } = valueAndGrad((x: Tensor) => {
      const clip = flat(x.reshape([triangles.vertices, 2]), size);
      const raster = rasterize(clip.detach(), triangles, { size });
      return antialias(interpolate(raster, clip, faces), raster, clip, { seams: faces }).sum();
    })(on64(vertices));
    return { sum: await value.item(), slope: await grad.read() };
  };

  it('move the colours that jump there', async () => {
    // One colour left of the line from (8.2, −2) to (10.7, 18), another right of it.
    const { sum, slope } = await sumOf(quad, [1, 0.2], [0, 0, 0, 1, 1, 1], [8.2, -2, 400, 8, 10.7, 18, -400, 8]);
    near([sum, slope[0]! + slope[4]!], [16 * (9.45 * 0.2 + (20 - 9.45) * 1), 16 * (0.2 - 1)], 1e-12);
  });

  it('leave a face that is too thin for any pixel its area, up to the outline', async () => {
    const strip = new Triangles(6, [0, 1, 2, 0, 2, 3, 1, 4, 5, 1, 5, 2]);
    const places = [4.3, 3.3, 12.7, 3.3, 13.9, 12.6, 4.3, 12.6, 12.95, 3.3, 14.15, 12.6];
    const { sum, slope } = await sumOf(strip, [1, 1], [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1], places);
    near([sum], [9.3 * (13.55 - 4.3)], 0.1);
    near([slope[8]! + slope[10]!, slope[2]! + slope[4]!], [9.3, 0], 0.2); // the outline, and the seam, moved to the right
  });
});

describe('soups of triangles', () => {
  const size = [24, 20] as const;
  const weights = smoothWeights(size, 5, cpu64);

  it('have the adjoint that differences have, at every coordinate', async () => {
    const errors: number[] = [];
    for (let seed = 0; seed < 5; seed++) {
      const { triangles, clip, colour } = soup(6, seed);
      const colours = on64(colour, [18, 3]);
      const loss = (x: Tensor): Tensor => shoot(x, colours, { triangles, size }).mul(weights).sum();
      const { grad } = valueAndGrad(loss)(on64(clip, [18, 4]));
      const slope = await grad.read();
      const scale = norm(slope) / Math.sqrt(slope.length);
      for (let k = seed; k < clip.length; k += 7) {
        const at = async (h: number): Promise<number> => {
          const moved = clip.slice();
          moved[k]! += h;
          return loss(on64(moved, [18, 4])).item();
        };
        const h = 3e-7;
        errors.push(Math.abs(((await at(h)) - (await at(-h))) / (2 * h) - slope[k]!) / scale);
      }
    }
    errors.sort((a, b) => a - b);
    // With weights at random and h = 1e-7, 1728 coordinates of 120 soups: median 1.6e-9, 99 % below 1.4e-8, all below 1e-6.
    expect(errors[errors.length >> 1]).toBeLessThan(1e-8);
    expect(errors[Math.floor(0.99 * errors.length)]).toBeLessThan(1e-6);
    expect(errors.at(-1)).toBeLessThan(1e-4);
  });

  it('have it where they reach behind the camera', async () => {
    const { triangles, clip, colour } = soup(4, 21, 1.2);
    // One corner of each is taken behind the camera, far along the line from another.
    for (let t = 0; t < 4; t++)
      for (let k = 0; k < 4; k++)
        clip[12 * t + k] = clip[12 * t + k]! - 2.2 * (clip[12 * t + k]! - 0.4 * clip[12 * t + 4 + k]!);
    const colours = on64(colour, [12, 3]);
    const loss = (x: Tensor): Tensor => shoot(x, colours, { triangles, size }).mul(weights).sum();
    const slope = await valueAndGrad(loss)(on64(clip, [12, 4])).grad.read();
    expect(norm(slope)).toBeGreaterThan(1);
    const errors: number[] = [];
    for (let k = 0; k < clip.length; k++) {
      const at = (h: number): Promise<number> =>
        loss(
          on64(
            clip.map((v, i) => (i === k ? v + h : v)),
            [12, 4],
          ),
        ).item();
      errors.push(Math.abs(((await at(1e-6)) - (await at(-1e-6))) / 2e-6 - slope[k]!) / norm(slope));
    }
    errors.sort((a, b) => a - b);
    expect(errors[Math.floor(0.9 * errors.length)]).toBeLessThan(1e-6);
  });

  it('agree in all directions of differentiation', async () => {
    const { triangles, clip, colour } = soup(8, 41);
    const at = { clip: on64(clip, [24, 4]), colour: on64(colour, [24, 3]) };
    const raster = rasterize(at.clip, triangles, { size });
    const image = (x: typeof at): Tensor => picture(x.clip, x.colour, raster);
    const dot = { clip: on64(numbers(96, 1), [24, 4]), colour: on64(numbers(72, 2), [24, 3]) };
    const other = { clip: on64(numbers(96, 3), [24, 4]), colour: on64(numbers(72, 4), [24, 3]) };
    const forth = jvp(image)(at, dot).tangent;
    const back = vjp(image)(at).pullback(weights);
    const [left, right] = [
      await forth.mul(weights).sum().item(),
      await back.clip.mul(dot.clip).sum().add(back.colour.mul(dot.colour).sum()).item(),
    ];
    near([left / right], [1], 1e-12);
    const loss = (x: typeof at): Tensor => image(x).square().mul(weights).sum();
    const apply = (v: typeof at): typeof at => hvp(loss)(at, v);
    const pair = (a: typeof at, b: typeof at): Promise<number> =>
      a.clip.mul(b.clip).sum().add(a.colour.mul(b.colour).sum()).item();
    near([(await pair(apply(dot), other)) / (await pair(apply(other), dot))], [1], 1e-9);
    const h = 1e-6;
    const slopeAt = (step: number): typeof at =>
      valueAndGrad(loss)({ clip: at.clip.add(dot.clip.mul(step)), colour: at.colour.add(dot.colour.mul(step)) }).grad;
    const difference = ((await pair(slopeAt(h), other)) - (await pair(slopeAt(-h), other))) / (2 * h);
    near([(await pair(apply(dot), other)) / difference], [1], 1e-5);
  });

  it('stay within the range of their colours', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const { triangles, clip, colour } = soup(30, 1000 + seed, 0.3);
      const image = await shoot(on64(clip, [90, 4]), on64(colour, [90, 3]), { triangles, size }).read();
      expect(Math.min(...image)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...image)).toBeLessThanOrEqual(1 + 1e-15);
    }
  });

  it('have gradients of the same bits in any order of triangles', async () => {
    const { triangles, clip } = soup(8, 7);
    const points = on64(clip, [24, 4]);
    const reversed = new Triangles(24, Array.from({ length: 8 }, (_, t) => [0, 1, 2].map(k => 3 * (7 - t) + k)).flat());
    const slope = async (order: Triangles): Promise<string> => {
      const { grad } = valueAndGrad((x: Tensor) => {
        const raster = rasterize(x.detach(), order, { size });
        return antialias(mask(raster).mul(on64([0.3, 0.7, 1])), raster, x)
          .mul(weights)
          .sum();
      })(points);
      return (await grad.read()).join();
    };
    const first = await slope(triangles);
    expect(await slope(triangles)).toBe(first);
    expect(await slope(reversed)).toBe(first);
  });

  it('have gradients of the same bits on any number of threads', async () => {
    const many = soup(300, 5, 0.2);
    const large = [96, 80] as const;
    const slopes: string[] = [];
    for (const threads of [1, 2]) {
      const device = await open({ kind: 'cpu', threads, makeDefault: false });
      const loss = (x: Tensor): Tensor =>
        shoot(x, tensor(many.colour, [900, 3], { device }), { triangles: many.triangles, size: large })
          .square()
          .sum();
      slopes.push((await valueAndGrad(loss)(tensor(many.clip, [900, 4], { device })).grad.read()).join());
      device.destroy();
    }
    expect(slopes[1]).toBe(slopes[0]);
  });

  it('look the same in single precision and on WebGPU, with the same gradients (case 18)', async () => {
    const { triangles, clip, colour } = soup(8, 12);
    const run = async (device: typeof cpu64): Promise<{ image: ArrayLike<number>; slope: ArrayLike<number> }> => {
      const on = { device };
      const colours = tensor(colour, [24, 3], on);
      const weight = smoothWeights(size, 5, device);
      const points = tensor(clip, [24, 4], on);
      const image = await shoot(points, colours, { triangles, size }).read();
      const loss = (x: Tensor): Tensor => shoot(x, colours, { triangles, size }).mul(weight).sum();
      return { image, slope: await valueAndGrad(loss)(points).grad.read() };
    };
    const exact = await run(cpu64);
    const [one, other] = [await run(cpu32), await run(gpu)];
    for (const { image, slope } of [one, other]) {
      near(image, exact.image, 1e-4);
      near(slope, exact.slope, 2e-3);
    }
    near(one.image, other.image, 1e-5);
    const between = Array.from(one.slope, (v, k) => v - other.slope[k]!);
    expect(norm(between) / norm(Array.from(exact.slope))).toBeLessThan(1e-4);
  });
});

describe('a batch', () => {
  it('is its pictures one by one', async () => {
    const size = [16, 12] as const;
    const { triangles, clip, colour } = soup(5, 3);
    const other = soup(5, 4).clip;
    const colours = on64(colour, [15, 3]);
    const weights = smoothWeights(size, 2, cpu64);
    const loss = (x: Tensor): Tensor => shoot(x, colours, { triangles, size }).mul(weights).sum();
    const both = valueAndGrad(loss)(on64([...clip, ...other], [2, 15, 4]));
    const one = valueAndGrad(loss)(on64(clip, [15, 4]));
    const two = valueAndGrad(loss)(on64(other, [15, 4]));
    near([await both.value.item()], [(await one.value.item()) + (await two.value.item())], 1e-12);
    near(await both.grad.read(), [...(await one.grad.read()), ...(await two.grad.read())], 1e-12);
  });
});

describe('what cannot be', () => {
  const clip = on64(soup(2, 1).clip, [6, 4]);
  const { triangles } = soup(2, 1);
  const raster = rasterize(clip, triangles, { size: [8, 4] });
  const image = mask(raster);

  it('is told in a sentence', () => {
    expect(() => antialias(image.reshape([8, 4, 1]), raster, clip)).toThrow(
      'antialias: the image is f32 of shape [8, 4, 1]; for this raster give f32, [4, 8, channels].',
    );
    expect(() => antialias(image, raster, clip.slice(0, 3))).toThrow(
      "antialias: 'clip' is f32 of shape [3, 4]; for this raster give f32, [6, 4].",
    );
    expect(() => antialias(image, raster, clip, { layer: 1 })).toThrow(
      'antialias: the layer is 1; the raster has 1, so give 0.',
    );
    expect(() => antialias(image, raster, clip, { capacity: 3 })).toThrow(
      /^antialias: outlines cross rows and columns \d+ times, but there is room for 3; give a capacity of at least \d+\.$/,
    );
    expect(() => antialias(image, raster, clip, { seams: { values: clip, corners: clip } })).toThrow(
      "antialias: the corners of 'seams' are a tensor of shape [6, 4]; give those of an attribute, u32, [2, 3].",
    );
    expect(() => antialias(image, raster, clip, { capacity: 0.5 })).toThrow(
      'antialias: the capacity is 0.5; give a whole number from 1.',
    );
    expect(() => antialias(image, raster, clip, { intersection: true } as object)).toThrow("'intersection'");
  });

  it('is no edge: no triangles, one pixel, vertices that are not numbers or behind the camera', async () => {
    const nothing = new Triangles(0, []);
    const empty = rasterize(on64([], [0, 4]), nothing, { size: [3, 2] });
    expect(await antialias(mask(empty), empty, on64([], [0, 4])).read()).toEqual(new Float64Array(6));
    const tiny = rasterize(clip, triangles, { size: [1, 1] });
    expect((await antialias(mask(tiny), tiny, clip).read()).length).toBe(1);
    const wild = Float64Array.from(soup(4, 9).clip);
    wild[3] = -0.7;
    wild[12] = Number.NaN;
    wild[26] = -4;
    wild[31] = 0;
    const points = on64(wild, [12, 4]);
    const shown = rasterize(points, soup(4, 9).triangles, { size: [24, 20] });
    const { value, grad } = valueAndGrad((x: Tensor) => antialias(mask(shown), shown, x).sum())(points);
    expect(Number.isFinite(await value.item())).toBe(true);
    expect((await grad.read()).every(Number.isFinite)).toBe(true);
  });
});
