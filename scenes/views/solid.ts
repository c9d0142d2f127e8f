/**
 * What shape has a thing, from photographs of it? Signed distances on a grid, which begin as a ball and end as a ring: a hole has to open.
 *
 *   loss = mean (picture − photograph)² + λ mean (|∇f|² − 1)²                                                     (1)
 *   wide: in place of the picture   cover_ρ = clamp(½ − ½ min f / ρ),   of the photograph   clamp(½ − ½ D / ρ)              (2)
 *
 * A pixel inside of the ball's outline tells nothing of what is behind its surface: from pictures alone no hole opens. So first rays are as
 * wide as the thing, ρ, and narrow down: all along a ray counts then, at the place where it is deepest in the thing. What that depth should
 * be is known from the photographs alone, roughly: the distance D of the pixel from the outline, at the thing's distance. It is exact for
 * balls and round rods. Then follow the pictures themselves, in the light of three coloured lamps. λ keeps f a distance.
 *
 * Goal: intersection over union of the solids of 0.97. On shapes from pictures by signed distances: Vicini, Speierer & Jakob: Differentiable
 * signed distance function rendering, ACM Trans. Graph. 41 (2022) 125, doi:10.1145/3528223.3530139.
 */

import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import {
  difference,
  distanceField,
  drawField,
  type Field,
  gridField,
  type Image,
  imageOf,
  panels,
  perspective,
  type Rays,
  rays,
  type SeenSurface,
} from '../../render/index.ts';
import { adam } from '../../solvers/index.ts';
import { evenViews } from '../mesh-fit/views.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { outlineDistances } from './outlines.ts';
import { cameraAt, descent, together } from './views.ts';

const ring = { middle: 0.55, thickness: 0.22 }; // m
const [reach, distance, opening] = [1, 4, 0.6]; // of the grid, m; of cameras, m and radians
const corners = [
  [-reach, -reach, -reach],
  [reach, reach, reach],
];
/** Widths of rays, m, and rates to begin with; then three times the pictures themselves. */
const stages = [[0.3, 0.02], [0.15, 0.02], [0.07, 0.02], [0, 0.01], [0, 0.004], [0, 0.002]]; // biome-ignore format: a table
const lambda = 0.01;
const wanted = 0.97;

const truthText = distanceField(/* wgsl */ `
  var<uniform> middle: f32;
  var<uniform> thickness: f32;
  fn distance(p: vec3f) -> f32 { return length(vec2f(length(p.xz) - middle, p.y)) - thickness; }
`);
const truthAt = ([x, y, z]: readonly number[]): number =>
  Math.hypot(Math.hypot(x, z) - ring.middle, y) - ring.thickness;

/** Values at the points of a grid along a side. */
const onGrid = (n: number, f: (p: readonly number[]) => number): Float32Array =>
  Float32Array.from({ length: n ** 3 }, (_, k) =>
    f([k % n, Math.floor(k / n) % n, Math.floor(k / n / n)].map(i => reach * ((2 * i) / (n - 1) - 1))),
  );

/** mean (|∇f|² − 1)², by differences to the next points. */
function offDistance(f: Tensor): Tensor {
  const [n] = f.shape;
  const m = n - 1;
  const part = (z: number, y: number, x: number): Tensor => f.slice([z, y, x], [z + m, y + m, x + m]);
  const slopes = [part(0, 0, 1), part(0, 1, 0), part(1, 0, 0)].map(next =>
    next.sub(part(0, 0, 0)).mul(m / (2 * reach)),
  );
  const [a, b, c] = slopes.map(slope => slope.square());
  return a.add(b).add(c).sub(1).square().mean();
}

/** Intersection over union of the ring and the solid where values, between grid points as the drawing takes them, are negative: by counting points. */
function overlapper(fine: number, device: Device): (values: Tensor) => Promise<number> {
  const at = (i: number): number => reach * ((2 * ((i % fine) + 0.5)) / fine - 1);
  const places = new Float32Array(3 * fine ** 3);
  const inside = new Uint8Array(fine ** 3);
  for (let k = 0; k < inside.length; k++) {
    const place = [at(k), at(Math.floor(k / fine)), at(Math.floor(k / fine / fine))];
    places.set(place, 3 * k);
    inside[k] = truthAt(place) < 0 ? 1 : 0;
  }
  const fieldPoints = tensor(places, [inside.length, 3], { device });
  return async values => {
    const { family, args } = gridField(values, corners);
    const { value } = family.value({ ...args, fieldPoints }, { count: inside.length }) as { readonly value: Tensor };
    const found = await value.read();
    let [both, any] = [0, 0];
    for (let k = 0; k < inside.length; k++) {
      const mine = found[k] < 0 ? 1 : 0;
      both += mine & inside[k];
      any += mine | inside[k];
    }
    return both / any;
  };
}

/** Lit by a red, a green and a blue lamp, which reach everywhere a little. */
function lamps(device: Device): (surface: SeenSurface) => Tensor {
  const directions = [[1, 1, 1], [-1, 1, 0.2], [0.1, 0.3, -1]]; // biome-ignore format: a table
  const units = [0, 1, 2].flatMap(axis => directions.map(d => d[axis] / Math.hypot(...d)));
  const turn = tensor(units, [3, 3], { device });
  return ({ normal }) =>
    normal
      .reshape([normal.size / 3, 3])
      .matmul(turn)
      .mul(0.4)
      .add(0.5)
      .reshape(normal.shape);
}

const depth = { near: distance - 2, far: distance + 2 };
/** Rays of a width count as round, so that opacity is a matter of depth alone. */
const cover = (field: Field, { origin, direction, footprint, radius }: Rays, width: number): Tensor =>
  drawField(
    field,
    { origin, direction, footprint, radius: radius.add(width) },
    ({ coverage }) => coverage.mul(0).add(1),
    { ...depth, layers: 3 },
  );

export const solidViews: Scene = {
  name: 'solid-views',
  summary: 'finds the shape of a ring, signed distances that begin as a ball, from photographs',
  settings: {
    points: 'of the grid, along a side (preset small: 20; full: 40)',
    pixels: 'along a side of a photograph (20; 40)',
    views: 'photographs (8; 16)',
  },
  async run({ preset, settings, iterations: asked, onProgress, signal, device }) {
    const small = preset === 'small';
    const given = { points: small ? 20 : 40, pixels: small ? 20 : 40, views: small ? 8 : 16, ...settings };
    checkWhole('solid-views', given, { points: 4, pixels: 8, views: 1 });
    const { points, pixels, views } = given;
    const iterations = asked ?? (small ? 30 : 60); // for each width
    const lens = (size: number) => perspective({ fovY: opening, size: [size, size], near: 0.1, far: 10, device });
    const bundle = rays({ lens: lens(pixels), pose: evenViews(views, distance, device) });
    const number = (x: number): Tensor => tensor([x], [1], { device });
    const truth = truthText({ middle: number(ring.middle), thickness: number(ring.thickness) });
    const lit = lamps(device);
    const take = (field: Field, from: Rays): Tensor => drawField(field, from, lit, { ...depth, layers: 2 });
    const photographs = take(truth, bundle);
    const shown = Array.from(await cover(truth, bundle, 0).read(), v => v >= 0.5); // of the photographs' opacity
    const masks = Array.from({ length: views }, (_, k) => shown.slice(k * pixels ** 2, (k + 1) * pixels ** 2));
    const pixel = (2 * distance * Math.tan(opening / 2)) / pixels; // m, at the thing
    const depths = masks.flatMap(shown => outlineDistances({ width: pixels, shown })).map(d => d * pixel);
    const deepest = tensor(Float32Array.from(depths), [views, pixels, pixels, 1], { device });

    const overlap = overlapper(small ? 32 : 128, device);
    const history: SceneProgress[] = [];
    const overlaps: (readonly [number, number])[] = [];
    const frames: Image[] = [];
    const shownSize = small ? 48 : 128;
    const look = (field: Field, around = 0.5): Promise<Image> => {
      const side = rays(together([cameraAt(lens(shownSize), distance, around, 0.6, device)]));
      return imageOf(take(field, side).reshape([shownSize, shownSize, 3]));
    };
    let f = tensor(
      onGrid(points, p => Math.hypot(...p) - 0.5),
      [points, points, points],
      { device },
    );
    let [done, loss] = [0, Number.NaN];
    const record = async (): Promise<void> => {
      overlaps.push([done, await overlap(f)]);
      frames.push(await look(gridField(f, corners)));
    };
    await record();
    for (const [k, [width, rate]] of stages.entries()) {
      if (signal?.aborted) break;
      const before = done;
      const target = width > 0 ? deepest.div(-width).add(1).mul(0.5).max(0).min(1) : photographs;
      const picture = (field: Field): Tensor => (width > 0 ? cover(field, bundle, width) : take(field, bundle));
      const off = ({ f }: { readonly f: Tensor }): Tensor =>
        picture(gridField(f, corners)).sub(target).square().mean().add(offDistance(f).mul(lambda)); // (1), (2)
      const note = (): string =>
        `${width > 0 ? `rays ${width} m wide` : 'photographs'}; overlap ${(overlaps.at(-1)?.[1] ?? 0).toFixed(3)} before`;
      const method = adam({ rate: step => rate * 10 ** (-step / iterations) });
      const told = (p: SceneProgress): void => {
        history.push({ ...p, iteration: before + p.iteration, done: (k + p.done) / stages.length });
        onProgress(history[history.length - 1]);
      };
      const options = { iterations, pictures: 2, note, history: [], onProgress: told, signal };
      for await (const stretch of descent(off, { f }, method, options)) {
        loss = stretch.loss;
        if (stretch.iteration === 0) continue;
        done = before + stretch.iteration;
        f = tensor(await stretch.params.f.read(), f.shape, { device });
        await record();
      }
    }
    const found = overlaps.at(-1)?.[1] ?? 0;
    const goal = small ? 0.75 : wanted;
    const [real, now] = [await look(truth), frames[frames.length - 1]];
    const turn: Image[] = [];
    for (let k = 0; k < 16; k++) turn.push(await look(gridField(f, corners), (2 * Math.PI * k) / 16));
    return {
      goal: { name: 'what the solids do not share, 1 − IoU', value: 1 - found, bound: 1 - goal, met: found >= goal },
      fitted: { ...given, iterations: done, overlap: found, slope: await offDistance(f).item() },
      loss,
      iterations: done,
      estimates: [],
      history,
      pictures: [
        {
          caption: 'from a side that was not photographed',
          image: panels(
            [
              [
                { image: frames[0], label: 'start' },
                { image: now, label: 'found' },
                { image: real, label: 'the ring' },
                { image: difference(now, real, 3), label: 'difference x 3' },
              ],
            ],
            { height: 192 },
          ),
        },
      ],
      plots: [
        {
          caption: 'Intersection of the solids over their union',
          x: { name: 'step' },
          y: { name: 'IoU' },
          series: [{ name: 'IoU', marks: 'line', points: overlaps }],
        },
      ],
      film: { images: [...frames, ...turn], fps: 6, caption: 'from a ball to a ring, and once around' },
      notes: [
        `${points}³ values from ${views} photographs of ${pixels} × ${pixels} pixels, in three coloured lamps; overlap ${found.toFixed(3)}.`,
      ],
    };
  },
};
