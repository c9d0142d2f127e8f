/**
 * From functions of places and of directions to pictures of them, and between pictures of all directions.
 *
 *   map        [height, width, channels]: uv at the middles of texels; (0, 0) is the lower left of the bottom row
 *   cube       [6, n, n, channels]: the faces +x −x +y −y +z −z of a cube map
 *   lat-long   [height, width, channels]: the whole sphere,  u = ½ + atan2(x, −z) / 2π,  v = ½ + asin(y) / π          (1)
 *              y is up; the middle of the picture is −z, where a camera looks that is not turned, and +x is to its right
 *
 * A function is a tensor function: uv [texels, 2] or unit directions [texels, 3] to colours [texels, channels]. All is differentiable in
 * whatever the function is. Texels are samples at their middles: draw finer and average, as mipMap does, what varies within them.
 */

import { concat, type Device, defaultDevice, inWords, kernelsByKey, Tensor, tensor } from '../../kernel/index.ts';
import { cubeDirections, cubeTexture } from '../texture/cube.ts';
import { texture } from '../texture/texture.ts';

export interface MapOptions {
  /** Default: the default device. */
  readonly device?: Device;
}

function checkLight(who: string, colours: unknown): void {
  if (typeof colours !== 'function')
    throw new TypeError(`${who}: the colours are ${inWords(colours)}; give a function of a tensor.`);
}

function checkSize(who: string, name: string, size: number): void {
  if (!(Number.isInteger(size) && size >= 1 && size <= 32768))
    throw new RangeError(`${who}: the ${name} is ${size}; give a whole number from 1 to 32768.`);
}

function coloured(who: string, colours: Tensor, texels: number, shape: readonly number[]): Tensor {
  if (colours.shape.length !== 2 || colours.shape[0] !== texels)
    throw new RangeError(
      `${who}: the colours are ${inWords(colours)}; for ${texels} texels give [${texels}, channels].`,
    );
  return colours.reshape([...shape, colours.shape[1]]);
}

/** A map of a function of what its texels have, such as places. @param of What a texel has whose middle is at (u, v). */
function drawn(
  who: string,
  size: readonly [number, number],
  of: (u: number, v: number) => readonly number[],
  colours: (given: Tensor) => Tensor,
  device: Device,
): Tensor {
  if (!Array.isArray(size) || size.length !== 2)
    throw new TypeError(`${who}: the size is ${inWords(size)}; give [width, height].`);
  const [width, height] = size;
  checkSize(who, 'width', width);
  checkSize(who, 'height', height);
  checkLight(who, colours);
  const wide = of(0, 0).length;
  const given = new Float64Array(wide * width * height);
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++) given.set(of((i + 0.5) / width, 1 - (j + 0.5) / height), wide * (j * width + i));
  return coloured(who, colours(tensor(given, [width * height, wide], { device })), width * height, [height, width]);
}

/**
 * A picture of a function of places.
 *
 * @param size [width, height].
 * @example
 * const board = mapOf([16, 16], uv => checker(uv, { squares: [4, 4] }));
 * const white = board.mean(); // 0.5
 */
export const mapOf = (
  size: readonly [number, number],
  pattern: (uv: Tensor) => Tensor,
  { device = defaultDevice() }: MapOptions = {},
): Tensor => drawn('mapOf', size, (u, v) => [u, v], pattern, device);

/** A cube map of a function of directions. @param n Texels along an edge. */
export function cubeOf(
  n: number,
  light: (direction: Tensor) => Tensor,
  { device = defaultDevice() }: MapOptions = {},
): Tensor {
  checkSize('cubeOf', 'edge', n);
  checkLight('cubeOf', light);
  const direction = tensor(cubeDirections(n).direction, [6 * n * n, 3], { device });
  return coloured('cubeOf', light(direction), 6 * n * n, [6, n, n]);
}

const directionAt = (u: number, v: number): readonly number[] => {
  const [longitude, latitude] = [2 * Math.PI * (u - 0.5), Math.PI * (v - 0.5)];
  const level = Math.cos(latitude);
  return [level * Math.sin(longitude), Math.sin(latitude), -level * Math.cos(longitude)]; // (1)
};

/** A lat-long map of a function of directions. @param size [width, height], mostly twice as wide as high. */
export const latLongOf = (
  size: readonly [number, number],
  light: (direction: Tensor) => Tensor,
  { device = defaultDevice() }: MapOptions = {},
): Tensor => drawn('latLongOf', size, directionAt, light, device);

const placesText = /* wgsl */ `
  var<storage, read> direction: array<vec3f>;
  var<uniform> size: vec2f;
  var<storage, read_write> uv: array<vec2f>;
  @compute @workgroup_size(64)
  fn latLongPlaces(@builtin(global_invocation_id) id: vec3u) {
    let d = direction[id.x];
    let level = sqrt(d.x * d.x + d.z * d.z);
    let u = 0.5 + select(atan2(d.x, -d.z), 0.0, level == 0.0) / 6.283185307179586;            // (1)
    let v = 0.5 + atan2(d.y, level) / 3.141592653589793;
    uv[id.x] = (vec2f(u, v) * size + 1.0) / (size + 2.0);               // a texel more on each side
  }
`;
const kernelOf = kernelsByKey();

/** Looks up a lat-long map in directions, bilinearly. @param direction [.., 3], of any length. @returns [.., channels]. */
export function latLongTexture(map: Tensor, direction: Tensor): Tensor {
  if (map?.shape?.length !== 3)
    throw new RangeError(`latLongTexture: the map is ${inWords(map)}; give [height, width, channels].`);
  if (direction?.shape?.at(-1) !== 3)
    throw new RangeError(`latLongTexture: the directions are ${inWords(direction)}; give [.., 3].`);
  const [height, width, channels] = map.shape;
  // Beyond a pole lies the row beside it, half way round; beyond the last column the first.
  const half = Math.floor(width / 2);
  const behind = (row: number): Tensor =>
    concat(
      [map.slice([row, half, 0], [row + 1, width, channels]), map.slice([row, 0, 0], [row + 1, half, channels])],
      1,
    );
  const tall = concat([behind(0), map, behind(height - 1)], 0);
  const column = (i: number): Tensor => tall.slice([0, i, 0], [height + 2, i + 1, channels]);
  const around = concat([column(width - 1), tall, column(0)], 1);
  const shape = direction.shape.slice(0, -1);
  const run = kernelOf('places', () => placesText);
  const count = direction.size / 3;
  const uv = run({ direction: direction.reshape([count, 3]), size: [width, height] }, { count, out: { uv: [count] } })
    .uv as Tensor;
  return texture(around, uv, { wrap: 'clamp' }).reshape([...shape, channels]);
}

/** A cube map of a lat-long map. */
export const cubeFromLatLong = (map: Tensor, n: number): Tensor =>
  cubeOf(n, direction => latLongTexture(map, direction), map instanceof Tensor ? { device: map.device } : {});

/** A lat-long map of a cube map. @param size [width, height]. */
export const latLongFromCube = (cube: Tensor, size: readonly [number, number]): Tensor =>
  latLongOf(size, direction => cubeTexture(cube, direction), cube instanceof Tensor ? { device: cube.device } : {});
