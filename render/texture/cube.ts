/**
 * Looking up a cube map: a picture of all directions, on six faces +x −x +y −y +z −z as WebGPU orders and turns them.
 *
 *   face: the axis with the largest |d|;  s = ½ (sc / |d| + 1),  t = ½ (tc / |d| + 1),  t from the top             (1)
 *   a texel one beyond a border is the next one of the face there; at a corner, the mean of the three that meet    (2)
 *   λ = log₂(φ n / 2): a pixel's cone of φ rad shows φ n / 2 texels, at the middle of a face                       (3)
 *
 * By (2) the value is continuous across edges and corners, at every level. Directions need not be of unit length; that of no length
 * shows the middle of +x, with derivative zero, so that pixels which show nothing do no harm. What is differentiable, and where
 * derivatives jump, is as with `texture`.
 */

import { checkOptions, inWords, kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { asMipMap, levelTable, type MipMap } from './mip.ts';

export interface CubeTextureOptions {
  /** Default: 'trilinear' with a footprint or level, else 'linear'. */
  readonly filter?: 'nearest' | 'linear' | 'trilinear';
  /** Angle that a pixel takes, rad, [..]; for 'trilinear'. */
  readonly footprint?: Tensor;
  /** Level λ instead, [..]; for 'trilinear'. */
  readonly level?: Tensor;
}

/** Faces and places on them, for whoever reads cubes; \`map\` and \`levels\` are the cube's, by name. */
const placesText = /* wgsl */ `
  struct Place { face: u32, s: f32, t: f32 }
  fn cubePlace(d: vec3f) -> Place {
    let a = abs(d);
    let onX = a.x >= a.y && a.x >= a.z;
    let onY = !onX && a.y >= a.z;
    let major = select(select(d.z, d.y, onY), d.x, onX);
    let behind = major < 0.0;
    let sign = select(1.0, -1.0, behind);
    let face = select(select(4u, 2u, onY), 0u, onX) + select(0u, 1u, behind);
    let sc = select(select(sign * d.x, d.x, onY), -sign * d.z, onX);
    let tc = select(-d.y, sign * d.z, onY);
    let none = major == 0.0;
    let scale = 0.5 / select(abs(major), 1.0, none);
    return Place(face, select(scale * sc, 0.0, none) + 0.5, select(scale * tc, 0.0, none) + 0.5);    // (1)
  }

  // The texel (i, j) of a face of n × n, also where it lies one beyond a border (2).
  fn cubeTexel(face: u32, i: i32, j: i32, n: i32) -> u32 {
    let a = 2 * i + 1 - n;
    let b = 2 * j + 1 - n;
    let beyond = max(abs(a), abs(b)) > n;
    let sign = select(1, -1, (face & 1u) == 1u);
    let m = sign * select(n, n - 1, beyond);
    let axis = face >> 1u;
    let x = select(select(sign * a, a, axis == 1u), m, axis == 0u);
    let y = select(-b, m, axis == 1u);
    let z = select(select(m, sign * b, axis == 1u), -sign * a, axis == 0u);
    let onX = abs(x) >= abs(y) && abs(x) >= abs(z);
    let onY = !onX && abs(y) >= abs(z);
    let major = select(select(z, y, onY), x, onX);
    let side = select(1, -1, major < 0);
    let to = select(select(4u, 2u, onY), 0u, onX) + select(0u, 1u, major < 0);
    let sc = select(select(side * x, x, onY), -side * z, onX);
    let tc = select(-y, side * z, onY);
    let column = clamp((sc + n - 1) / 2, 0, n - 1);
    let row = clamp((tc + n - 1) / 2, 0, n - 1);
    return (to * u32(n) + u32(row)) * u32(n) + u32(column);
  }
`;

const each = (channels: number, line: (c: number) => string): string =>
  Array.from({ length: channels }, (_, c) => line(c)).join('\n');

/** cube(level, place, number of the cube) and cubeBlended(λ, d, number), as texts. */
function sampleText(channels: number, nearest: boolean): string {
  const fetch = (name: string, texel: string): string =>
    each(channels, c => `let ${name}${c} = map[(first + ${texel}) * ${channels}u + ${c}u];`);
  const start = /* wgsl */ `
    ${placesText}
    struct Colour { ${each(channels, c => `c${c}: f32,`)} }
    fn cube(level: u32, place: Place, image: u32) -> Colour {
      let size = levels[level];
      let n = i32(size.y);
      let first = size.x + image * 6u * size.y * size.y;
      let u = place.s * f32(n);
      let v = place.t * f32(n);
  `;
  if (nearest)
    return /* wgsl */ `${start}
      let at = cubeTexel(place.face, clamp(i32(floor(u)), 0, n - 1), clamp(i32(floor(v)), 0, n - 1), n);
      ${fetch('a', 'at')}
      return Colour(${each(channels, c => `a${c},`)});
    }`;
  return /* wgsl */ `${start}
      let left = floor(u - 0.5);
      let top = floor(v - 0.5);
      let fx = u - 0.5 - left;
      let fy = v - 0.5 - top;
      let i = i32(left);
      let j = i32(top);
      let west = i < 0;
      let east = i + 1 >= n;
      let north = j < 0;
      let south = j + 1 >= n;
      ${fetch('a', 'cubeTexel(place.face, i, j, n)')}
      ${fetch('b', 'cubeTexel(place.face, i + 1, j, n)')}
      ${fetch('c', 'cubeTexel(place.face, i, j + 1, n)')}
      ${fetch('d', 'cubeTexel(place.face, i + 1, j + 1, n)')}
      ${each(
        channels,
        c => `
          let A${c} = select(a${c}, d${c} + ((b${c} - d${c}) + (c${c} - d${c})) / 3.0, west && north);
          let B${c} = select(b${c}, c${c} + ((a${c} - c${c}) + (d${c} - c${c})) / 3.0, east && north);
          let C${c} = select(c${c}, b${c} + ((a${c} - b${c}) + (d${c} - b${c})) / 3.0, west && south);
          let D${c} = select(d${c}, a${c} + ((b${c} - a${c}) + (c${c} - a${c})) / 3.0, east && south);
          let p${c} = A${c} + fx * (B${c} - A${c});
          let q${c} = C${c} + fx * (D${c} - C${c});`,
      )}
      return Colour(${each(channels, c => `p${c} + fy * (q${c} - p${c}),`)});
    }

    fn cubeBlended(lambda: f32, d: vec3f, image: u32) -> Colour {
      let place = cubePlace(d);
      let last = f32(arrayLength(&levels) - 1u);
      let l = clamp(lambda, 0.0, last);
      let fine = min(floor(l), max(last - 1.0, 0.0));
      let near = cube(u32(fine), place, image);
      let far = cube(u32(min(fine + 1.0, last)), place, image);
      return Colour(${each(channels, c => `near.c${c} + (l - fine) * (far.c${c} - near.c${c}),`)});
    }`;
}

const colours = {
  nearest: 'cube(0u, cubePlace(direction[id.x]), image)',
  linear: 'cube(0u, cubePlace(direction[id.x]), image)',
  level: 'cubeBlended(size[id.x], direction[id.x], image)',
  footprint: 'cubeBlended(log2(max(0.5 * size[id.x] * f32(levels[0].y), 1.0)), direction[id.x], image)', // (3)
};

const lookupText = (how: keyof typeof colours, channels: number, batched: boolean): string => /* wgsl */ `
  var<storage, read> map: array<f32>;
  var<storage, read> levels: array<vec3u>;      // first texel, width, height
  var<storage, read> direction: array<vec3f>;
  ${how === 'level' || how === 'footprint' ? 'var<storage, read> size: array<f32>;' : ''}
  ${batched ? 'var<uniform> each: u32;' : ''} // directions of a cube
  var<storage, read_write> colour: array<f32>;
  ${sampleText(channels, how === 'nearest')}
  @compute @workgroup_size(64)
  fn cubeLookup(@builtin(global_invocation_id) id: vec3u) {
    let image = ${batched ? 'id.x / each' : '0u'};
    let color = ${colours[how]};
    ${each(channels, c => `colour[id.x * ${channels}u + ${c}u] = color.c${c};`)}
  }
`;

const kernels = kernelsByKey({ recomputed: true });

/**
 * Looks up a cube map in directions. Differentiable in texels, directions, footprint and level, to any order.
 *
 * @param map [6, n, n, channels], or a batch, [B, 6, n, n, channels]; or a mipMap of it.
 * @param direction [.., 3], of any length; of a batch [B, .., 3].
 * @returns [.., channels].
 * @throws TypeError or RangeError for a filter without what it needs, and for shapes that do not go together.
 */
export function cubeTexture(map: Tensor | MipMap, direction: Tensor, options: CubeTextureOptions = {}): Tensor {
  checkOptions('cubeTexture', options, ['filter', 'footprint', 'level']);
  const { footprint, level } = options;
  const filter = options.filter ?? (footprint || level ? 'trilinear' : 'linear');
  if (!['nearest', 'linear', 'trilinear'].includes(filter))
    throw new TypeError(`cubeTexture: the filter is ${inWords(filter)}; give one of 'nearest', 'linear', 'trilinear'.`);
  const shape = direction?.shape?.slice(0, -1) ?? [];
  if (direction?.type !== 'f32' || direction.shape.length === 0 || direction.shape[shape.length] !== 3)
    throw new TypeError(`cubeTexture: direction is ${inWords(direction)}; give floats of shape [.., 3].`);
  const size = filter === 'trilinear' ? (footprint ?? level) : undefined;
  if (filter === 'trilinear' && !size)
    throw new TypeError(
      "cubeTexture: the filter 'trilinear' needs to know how large a pixel is; give footprint or level, or use 'linear'.",
    );
  if (size && size.shape.join() !== shape.join())
    throw new RangeError(
      `cubeTexture: '${footprint ? 'footprint' : 'level'}' has shape [${size.shape.join(', ')}]; for these directions it must have [${shape.join(', ')}].`,
    );
  const mips = asMipMap('cubeTexture', map, 6, filter === 'trilinear');
  const { channels, texels, batch } = mips;
  if (batch !== undefined && shape[0] !== batch)
    throw new RangeError(
      `cubeTexture: the map is a batch of ${batch}, but directions have shape [${direction.shape.join(', ')}]; give [${batch}, .., 3].`,
    );
  const how = filter === 'trilinear' ? (footprint ? 'footprint' : 'level') : filter;
  const batched = batch !== undefined;
  const run = kernels(`${how}:${channels}:${batched}`, () => lookupText(how, channels, batched));
  const count = shape.reduce((n, k) => n * k, 1);
  const each = batched && { each: count / batch };
  const args = { map: texels, levels: levelTable(mips), direction, ...(size && { size }), ...each };
  return run(args as never, { count, out: { colour: [...shape, channels] } }).colour as Tensor;
}

/** Directions to the middles of all texels of a cube map, one for each: (a, b) on a face's square [−1, 1]², b downwards. */
const axes: readonly ((a: number, b: number) => readonly [number, number, number])[] = [
  (a, b) => [1, -b, -a],
  (a, b) => [-1, -b, a],
  (a, b) => [a, 1, b],
  (a, b) => [a, -1, -b],
  (a, b) => [a, -b, 1],
  (a, b) => [-a, -b, -1],
];

/**
 * The directions of a cube map's texels.
 *
 * @returns Unit vectors, 6 n² of them, with the solid angle that each texel takes, sr.
 */
export function cubeDirections(n: number): { readonly direction: Float64Array; readonly solidAngle: Float64Array } {
  const direction = new Float64Array(18 * n * n);
  const solidAngle = new Float64Array(6 * n * n);
  /** Of the rectangle from the middle to (a, b). */
  const angle = (a: number, b: number): number => Math.atan2(a * b, Math.sqrt(a * a + b * b + 1));
  let k = 0;
  for (const axis of axes)
    for (let j = 0; j < n; j++)
      for (let i = 0; i < n; i++) {
        const [a, b] = [(2 * i + 1) / n - 1, (2 * j + 1) / n - 1];
        const d = axis(a, b);
        const length = Math.hypot(...d);
        d.forEach((x, c) => {
          direction[3 * k + c] = x / length;
        });
        const [r, l, t, o] = [a + 1 / n, a - 1 / n, b + 1 / n, b - 1 / n];
        solidAngle[k++] = angle(r, t) - angle(l, t) - angle(r, o) + angle(l, o);
      }
  return { direction, solidAngle };
}
