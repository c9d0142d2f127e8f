/**
 * Antialiased points, discs, lines and curves, in the picture or in space.
 *
 *   cover = min(Σ areas of a stroke's segments in the pixel, 1),   α = opacity · cover,   C = Σ T α c,   T ← T (1 − α)             (1)
 *
 * Areas are exact but for arcs (stroke.wgsl.ts), so a picture is what a box filter sees of the strokes, and its gradient is right without blur.
 * Strokes are blended whole, the first in front; in space the nearest, by the mean depth of their points: strokes that pass through each other
 * are not cut. Strokes with a point nearer than near are left out.
 */

import {
  checkOptions,
  checkRecord,
  inWords,
  kernelsByKey,
  lazyKernel,
  Tensor,
  tensor,
  zeros,
} from '../../kernel/index.ts';
import { byDepth, inEach } from '../camera/batch.ts';
import { type Camera, project } from '../camera/camera.ts';
import { gridOf, listText, tile, tileLists } from '../raster/tiles.ts';
import type { Lines } from './lines.ts';
import { strokeText } from './stroke.wgsl.ts';
import { somewhereText, turnsOf } from './turns.ts';

/** All differentiable. Each may be a batch, [B, ..]; what is not is the same in all pictures. */
export interface Strokes {
  /** [points, 2], px: x right, y down; in space [points, 3], m. */
  readonly points: Tensor;
  /** Of each stroke, [strokes], px or, in space, what `unit` says. A disc's diameter. */
  readonly width: Tensor | number;
  /** Of each stroke, [strokes, C]. */
  readonly colour: Tensor;
  /** Of each stroke, [strokes]. Default 1. */
  readonly opacity?: Tensor;
}

export interface StrokeOptions {
  /** What is behind, [C], [H, W, C] or, of a batch, [B, H, W, C]. Default nothing. */
  readonly background?: Tensor;
  /** How often segments may meet tiles in all. Default 32 for each and 65536 at least. */
  readonly capacity?: number;
}

/** Of a batch, [B, ..]. */
export interface StrokeImage {
  /** [H, W, C]. */
  readonly image: Tensor;
  /** What share of the background comes through, [H, W, 1]. */
  readonly transmittance: Tensor;
}

/** Rows of one image after the other. */
interface Placed {
  /** Images, undefined for one that is no batch. */
  readonly batch: number | undefined;
  readonly points: Tensor;
  /** Half widths at points for a width of 1. */
  readonly scale: Tensor;
  readonly width: Tensor;
  readonly opacity: Tensor;
  readonly colour: Tensor;
  /** Segments front to back, u32. */
  readonly order: Tensor;
}

const segmentInputs = /* wgsl */ `
  var<storage, read> points: array<vec2f>;
  var<storage, read> scale: array<f32>;
  var<storage, read> width: array<f32>;
  var<storage, read> opacity: array<f32>;
  var<storage, read> kinds: array<vec2u>; // of each segment
  var<storage, read> joints: array<vec4u>; // of each segment of each image, as turns.ts has them
  var<storage, read> turns: array<u32>;
  var<storage, read> order: array<u32>;
  var<uniform> pointCount: u32; // of one image
  var<uniform> strokeCount: u32;
`;

const boxes = lazyKernel(/* wgsl */ `
  ${segmentInputs}
  ${somewhereText}
  var<uniform> columns: f32;
  var<uniform> rows: f32;
  var<storage, read_write> boxes: array<vec2u>;
  @compute @workgroup_size(64)
  fn strokeBoxes(@builtin(global_invocation_id) id: vec3u) {
    let image = id.x / arrayLength(&kinds);
    let segment = order[id.x];
    let at = image * arrayLength(&kinds) + segment;
    let a = image * pointCount + joints[at].y;
    let b = image * pointCount + joints[at].z;
    let stroke = image * strokeCount + kinds[segment].x;
    let h = width[stroke] * max(scale[a], scale[b]) * 1.02;
    let size = vec2f(columns, rows);
    let low = clamp(floor(min(points[a], points[b]) - h), vec2f(0), size);
    let high = clamp(ceil(max(points[a], points[b]) + h), vec2f(0), size);
    let seen = turns[at] != 8u && h > 0.0 && opacity[stroke] > 0.0 && all(low < high) && isSomewhere(points[a]) && isSomewhere(points[b]);
    boxes[id.x] = select(vec2u(0u), vec2u(low) | (vec2u(high) << vec2u(16u)), seen);
  }
`);

const kernels = kernelsByKey();

const drawText = (channels: number, columns: number, lists: string): string => {
  const each = (text: (k: number) => string): string => Array.from({ length: channels }, (_, k) => text(k)).join('\n');
  const put = /* wgsl */ `
        let share = T * opacity[current] * min(cover, 1.0);                                            // (1)
        ${each(k => `light${k} += share * colour[current * ${channels}u + ${k}u];`)}
        T -= share;`;
  return /* wgsl */ `
  ${strokeText}
  ${segmentInputs}
  var<storage, read> colour: array<f32>;
  var<storage, read> entries: array<u32>;
  var<storage, read> starts: array<u32>;
  var<uniform> across: u32;
  var<uniform> down: u32;
  @unique var<storage, read_write> light: array<f32>;
  @unique var<storage, read_write> through: array<f32>;
  ${lists}
  @compute @workgroup_size(64)
  fn drawStrokes(@builtin(global_invocation_id) id: vec3u) {
    let x = id.y % ${columns}u * ${tile[0]}u + id.x % ${tile[0]}u;
    let y = id.y / ${columns}u * ${tile[1]}u + id.x / ${tile[0]}u;
    let pixel = vec2f(f32(x), f32(y));
    let point = id.z * pointCount;
    let stroke = id.z * strokeCount;
    let last = endOf(id.z, id.y);
    var T = 1.0;
    var cover = 0.0;
    var current = 0u;
    ${each(k => `var light${k} = 0.0;`)}
    for (var e = firstOf(id.z, id.y); e < last; e++) {
      let segment = order[entries[e]];
      let joint = vec4u(point) + joints[id.z * arrayLength(&kinds) + segment];
      let kind = turns[id.z * arrayLength(&kinds) + segment];
      let own = stroke + kinds[segment].x;
      if (own != current && cover > 0.0) {
        ${put}
        cover = 0.0;
      }
      current = own;
      let a = points[joint.y];
      let b = points[joint.z];
      let ha = width[current] * scale[joint.y];
      let hb = width[current] * scale[joint.z];
      let h = max(ha, hb) * 1.02;
      if (all(min(a, b) - h < pixel + 1.0) && all(max(a, b) + h > pixel)) {
        if (kind == 4u) {
          cover += discArea(pixel, a, ha);
        } else {
          cover += segmentArea(pixel, points[joint.x], a, b, points[joint.w], ha, hb, (kind & 1u) != 0u, (kind & 2u) != 0u);
        }
      }
    }
    if (cover > 0.0) {
      ${put}
    }
    if (x < across && y < down) {
      let at = (id.z * down + y) * across + x;
      ${each(k => `light[at * ${channels}u + ${k}u] = light${k};`)}
      through[at] = T;
    }
  }
`;
};

function draw(lines: Lines, placed: Placed, size: readonly [number, number], options: StrokeOptions): StrokeImage {
  const { background, capacity } = options;
  const { batch, colour, ...segments } = placed;
  const images = batch ?? 1;
  const counts = { pointCount: lines.points, strokeCount: lines.strokes };
  const [across, down] = size;
  const tables = lines.on(placed.points.device);
  const { joints, kinds: turns } = turnsOf(placed.points, tables, lines.points, images);
  const given = { ...counts, kinds: tables.kinds, joints, turns };
  const grid = gridOf(size, lines.segments);
  const tiles = grid.columns * grid.rows;
  const detached = Object.fromEntries(Object.entries(segments).map(([name, x]) => [name, x.detach()]));
  const found = boxes(
    { ...(detached as typeof segments), ...given, columns: across, rows: down },
    { count: images * lines.segments },
  );
  const room = capacity ?? Math.min(images * lines.segments * tiles, Math.max(32 * images * lines.segments, 65536));
  const { entries, starts } = tileLists(found.boxes, grid, images, room, 'strokes');
  const channels = colour.shape[1];
  const shape = batch === undefined ? [down, across] : [batch, down, across];
  const run = kernels(`${channels} ${grid.columns} ${grid.tiles} ${grid.chunks}`, () =>
    drawText(channels, grid.columns, listText(grid)),
  );
  const { light, through } = run(
    { ...segments, ...given, colour, entries, starts, across, down },
    { count: [tile[0] * tile[1], tiles, images], out: { light: [...shape, channels], through: [...shape, 1] } },
  ) as { readonly light: Tensor; readonly through: Tensor };
  return { image: background ? light.add(background.mul(through)) : light, transmittance: through };
}

function check(who: string, lines: Lines, dimension: number, given: Strokes): Omit<Placed, 'scale' | 'order'> {
  checkRecord(who, 'the set of lines', lines, ['points', 'strokes']);
  const { points: n, strokes } = lines;
  checkRecord(who, 'the set of strokes', given, ['points', 'width', 'colour']);
  const { points, colour } = given;
  const { device } = points;
  const width = given.width instanceof Tensor ? given.width : zeros([strokes], { device }).add(given.width);
  const opacity = given.opacity ?? zeros([strokes], { device }).add(1);
  const parts = {
    points: [points, [n, dimension], `${n} points`],
    colour: [colour, [strokes, 'C'], `${strokes} strokes`],
    width: [width, [strokes], `${strokes} strokes`],
    opacity: [opacity, [strokes], `${strokes} strokes`],
  } as const;
  const batch = Object.values(parts).flatMap(([x, own]) => (x.shape.length > own.length ? x.shape[0] : []))[0];
  for (const [name, [{ shape }, own, what]] of Object.entries(parts)) {
    const lead = shape.slice(0, -own.length);
    if (
      shape.length < own.length ||
      lead.length > 1 ||
      lead.some(b => b !== batch) ||
      own.some((size, k) => size !== 'C' && size !== shape[lead.length + k])
    )
      throw new RangeError(
        `${who}: '${name}' has shape [${shape.join(', ')}]; give [${own.join(', ')}] for ${what}${batch === undefined ? '' : `, or [${[batch, ...own].join(', ')}]`}.`,
      );
  }
  return { batch, points, colour, width, opacity };
}

function checkSize(who: string, size: readonly number[]): void {
  if (size?.length !== 2 || !size.every(n => Number.isInteger(n) && n >= 1 && n < 65536))
    throw new RangeError(
      `${who}: size is ${inWords(size)}; give width and height, whole numbers of pixels from 1 to 65535.`,
    );
}

/**
 * Draws strokes on a picture, the first in front.
 *
 * @param size Width and height, px.
 * @throws RangeError if shapes or options do not fit, or segments meet more tiles than `capacity`.
 * @example
 * const star = lines(3, [[0, 1, 2], [1]]); // a bent line, and a dot on its corner
 * const { image } = drawStrokes(star, { points: tensor([2, 2, 8, 3, 5, 9], [3, 2]), width: 2, colour: tensor([1, 0, 0, 0, 0, 1], [2, 3]) }, [12, 12]);
 */
export function drawStrokes(
  lines: Lines,
  strokes: Strokes,
  size: readonly [number, number],
  options: StrokeOptions = {},
): StrokeImage {
  const who = 'drawStrokes';
  checkOptions(who, options, ['background', 'capacity']);
  checkSize(who, size);
  const { batch, points, width, opacity, colour } = check(who, lines, 2, strokes);
  const { device } = points;
  const inOrder = Uint32Array.from({ length: lines.segments }, (_, k) => k);
  const placed: Placed = {
    batch,
    points: inEach(points, batch, 2),
    scale: zeros([(batch ?? 1) * lines.points], { device }).add(0.5),
    width: inEach(width, batch, 1),
    opacity: inEach(opacity, batch, 1),
    colour: inEach(colour, batch, 2),
    order: inEach(tensor(inOrder, [lines.segments], { device }), batch),
  };
  return draw(lines, placed, size, options);
}

const placeText = (unit: 'px' | 'm', orthographic: boolean): string => /* wgsl */ `
  var<storage, read> clip: array<vec4f>;
  var<storage, read> focal: array<f32>;
  var<uniform> across: f32;
  var<uniform> down: f32;
  var<storage, read_write> pixel: array<vec2f>;
  var<storage, read_write> scale: array<f32>;
  @compute @workgroup_size(64)
  fn placeStrokePoints(@builtin(global_invocation_id) id: vec3u) {
    let p = clip[id.x];
    let w = ${orthographic ? '1.0' : 'max(p.w, 1e-6)'};
    pixel[id.x] = 0.5 * vec2f(across, down) * (vec2f(1) + vec2f(p.x, -p.y) / w);
    scale[id.x] = ${unit === 'px' ? '0.5 + 0.0 * focal[0]' : '0.25 * (focal[0] + focal[1]) / w'};
  }
`;

/** Depth of strokes, image by image, and 1 for those that are seen, 0 for others. */
const depths = lazyKernel(/* wgsl */ `
  var<storage, read> clip: array<vec4f>;
  var<storage, read> joints: array<vec4u>;
  var<storage, read> ranges: array<vec2u>;
  var<uniform> pointCount: u32; // of one image
  var<storage, read_write> depth: array<f32>;
  var<storage, read_write> seen: array<f32>;
  @compute @workgroup_size(64)
  fn strokeDepths(@builtin(global_invocation_id) id: vec3u) {
    let range = ranges[id.x % arrayLength(&ranges)];
    let first = id.x / arrayLength(&ranges) * pointCount;
    var sum = 0.0;
    var least = 1e30;
    for (var k = range.x; k < range.y; k++) {
      let a = clip[first + joints[k].y].z;
      let b = clip[first + joints[k].z].z;
      sum += 0.5 * (a + b);
      least = min(least, min(a, b));
    }
    depth[id.x] = sum / f32(max(range.y - range.x, 1u));
    seen[id.x] = select(0.0, 1.0, least >= 0.0);
  }
`);

/**
 * Draws strokes in space as a camera sees them, or each of a batch of cameras, in the same launches; the nearest in front.
 *
 * @param options.unit Of widths: 'm', which look narrower further away, or 'px'. Default 'm'.
 * @throws RangeError if shapes or options do not fit, or segments meet more tiles than `capacity`.
 */
export function drawStrokesIn(
  camera: Camera,
  lines: Lines,
  strokes: Strokes,
  { unit = 'm', ...options }: StrokeOptions & { readonly unit?: 'm' | 'px' } = {},
): StrokeImage {
  const who = 'drawStrokesIn';
  checkRecord(who, 'the camera', camera, ['lens', 'pose']);
  checkOptions(who, options, ['background', 'capacity']);
  if (unit !== 'm' && unit !== 'px') throw new RangeError(`${who}: unit is ${inWords(unit)}; give 'm' or 'px'.`);
  const given = check(who, lines, 3, strokes);
  const seenBy = project(camera, given.points);
  const batch = given.batch ?? (seenBy.shape.length === 3 ? seenBy.shape[0] : undefined);
  if (seenBy.shape.length === 3 && seenBy.shape[0] !== batch)
    throw new RangeError(`${who}: the camera is a batch of ${seenBy.shape[0]}, the strokes one of ${batch}.`);
  const images = batch ?? 1;
  const clip = inEach(seenBy, batch, 2);
  const { focal, size, kind } = camera.lens;
  const orthographic = kind === 'orthographic';
  const placed = kernels(`place ${unit} ${orthographic}`, () => placeText(unit, orthographic))(
    { clip, focal, across: size[0], down: size[1] },
    { count: images * lines.points },
  ) as { readonly pixel: Tensor; readonly scale: Tensor };
  const { device } = given.points;
  const { joints, kinds, ranges } = lines.on(device);
  const { depth, seen } = depths(
    { clip: clip.detach(), joints, ranges, pointCount: lines.points },
    { count: images * lines.strokes },
  );
  const strokeOf = kinds.slice([0, 0], [lines.segments, 1]).reshape([lines.segments]);
  const depthOf = depth
    .reshape([images, lines.strokes])
    .transpose()
    .gather(strokeOf)
    .transpose()
    .reshape([images * lines.segments]);
  const segments = tensor(
    Uint32Array.from({ length: lines.segments }, (_, k) => k),
    [lines.segments],
    { device },
  );
  const [order] = byDepth(depthOf, images, [inEach(segments, batch)]);
  const parts: Placed = {
    batch,
    points: placed.pixel,
    scale: placed.scale,
    width: inEach(given.width, batch, 1),
    opacity: inEach(given.opacity, batch, 1).mul(seen),
    colour: inEach(given.colour, batch, 2),
    order,
  };
  return draw(lines, parts, size, options);
}
