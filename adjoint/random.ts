/**
 * Counter-based random tensors: Philox4x32-10.
 *
 *   (w₀ w₁ w₂ w₃)_i = philox(counter = (i, stream, 0, 0), key = (seed, seed·2⁻³²))         words 4 i … 4 i + 3 of the tensor
 *
 * The same key gives the same numbers on every device and in every re-run of a segment; different streams are independent.
 * Uniform numbers have 24 bits; normal ones are Box & Muller's, of pairs of these.
 * Salmon, Moraes, Dror & Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011, doi:10.1145/2063384.2063405.
 */

import { type Device, defaultDevice, kernelsByKey, type Tensor } from '../kernel/index.ts';

export interface RandomKey {
  /** A whole number from 0 to 2⁵³ − 1. */
  readonly seed: number;
  /** Separates uses of one seed: a step's number, a layer's. A whole number below 2³². Default 0. */
  readonly stream?: number;
  readonly device?: Device;
}

const source = (type: string, values: string): string => /* wgsl */ `
  var<uniform> key: vec2u;
  var<uniform> stream: u32;
  var<storage, read_write> y: array<${type}>;
  @compute @workgroup_size(64) fn random(@builtin(global_invocation_id) id: vec3u) {
    let bits = philox4x32(vec4u(id.x, stream, 0u, 0u), key);
    ${values}
    for (var k = 0u; k < 4u; k++) { y[4u * id.x + k] = value[k]; }
  }
`;

const texts = {
  bits: source('u32', 'let value = bits;'),
  uniform: source(
    'f32',
    'let value = vec4f(uniform01(bits.x), uniform01(bits.y), uniform01(bits.z), uniform01(bits.w));',
  ),
  normal: source('f32', 'let value = vec4f(normal2(bits.xy), normal2(bits.zw));'),
};
const kernelOf = kernelsByKey();

function draw(
  kind: keyof typeof texts,
  shape: readonly number[],
  { seed, stream = 0, device = defaultDevice() }: RandomKey,
): Tensor {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`${kind}: seed ${seed}; a seed is a whole number from 0 to 2^53 - 1.`);
  if (!Number.isInteger(stream) || stream < 0 || stream >= 2 ** 32)
    throw new RangeError(`${kind}: stream ${stream}; a stream is a whole number below 2^32.`);
  const generate = kernelOf(kind, () => texts[kind]);
  const size = shape.reduce((a, b) => a * b, 1);
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
  const { y } = generate({ key, stream }, { count: Math.ceil(size / 4), out: { y: size }, device });
  return y.reshape(shape);
}

/** 32 random bits per element, u32. */
export const randomBits = (shape: readonly number[], key: RandomKey): Tensor => draw('bits', shape, key);

/** Uniform in [0, 1). For another interval: uniform(…).mul(b - a).add(a), differentiable in a and b. */
export const uniform = (shape: readonly number[], key: RandomKey): Tensor => draw('uniform', shape, key);

/** Standard normal. For mean m and deviation s: normal(…).mul(s).add(m), differentiable in m and s. */
export const normal = (shape: readonly number[], key: RandomKey): Tensor => draw('normal', shape, key);
