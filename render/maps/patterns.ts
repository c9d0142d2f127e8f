/**
 * Patterns for textures as functions of uv: for `mapOf`, or for shading without a picture. Differentiable in uv where they are smooth.
 *
 *   checker     ⌊u m⌋ + ⌊v n⌋ even or odd; white at the lower left
 *   zone plate  ½ + ½ cos(π n |p|²),  p = uv − ½: rings whose frequency grows outwards, n/2 per unit at the sides,        (1)
 *               which is as much as n texels can show
 *   uv test     red is u, green is v; each of m × m cells has a dark border and, in its lower left, a light square
 *   noise       Σ_k gᵏ noise(2ᵏ uv) / Σ_k gᵏ, of random numbers or random gradients at a lattice that repeats             (2)
 *
 * Value noise blends its four numbers, gradient noise four slopes, by s(t) = 6t⁵ − 15t⁴ + 10t³, so that it is smooth twice
 * (Perlin: Improving Noise, SIGGRAPH 2002). Numbers are those of a hash of lattice place, octave and seed (PCG's output permutation;
 * Jarzynski & Olano: Hash Functions for GPU Rendering, JCGT 9 (2020) 20), the same on every device.
 */

import { checkOptions, inWords, kernelsByKey, type Tensor, tensor } from '../../kernel/index.ts';

/** Red, green, blue. */
type Colour = readonly [number, number, number];

export interface PatternOptions {
  /** Colours of 0 and 1; the pattern has three channels then, else one. */
  readonly colours?: readonly [Colour, Colour];
}

const texts = {
  checker: `value = f32((u32(i32(floor(p.x * a))) + u32(i32(floor(p.y * b))) + 1u) & 1u);`,
  zonePlate: `
    let q = p - 0.5;
    value = 0.5 + 0.5 * cos(3.141592653589793 * a * dot(q, q));                                // (1)
  `,
  valueNoise: `value = octaves(p, a, b, u32(c));`,
  gradientNoise: `value = octaves(p, a, b, u32(c));`,
};
type Pattern = keyof typeof texts;

const hashText = /* wgsl */ `
  fn pcg(x: u32) -> u32 {
    let state = x * 747796405u + 2891336453u;
    let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
  }
  // 0 … 1, of 24 bits, which f32 holds.
  fn random(x: i32, y: i32, cells: i32, octave: u32) -> f32 {
    let i = u32(((x % cells) + cells) % cells);
    let j = u32(((y % cells) + cells) % cells);
    return f32(pcg(i + pcg(j + pcg(octave + pcg(seed)))) >> 8u) / 16777216.0;
  }
`;
const corners: Readonly<Record<'valueNoise' | 'gradientNoise', string>> = {
  valueNoise: `return random(x, y, cells, octave);`,
  gradientNoise: `
    let angle = 6.283185307179586 * random(x, y, cells, octave);
    return dot(vec2f(cos(angle), sin(angle)), offset);
  `,
};

const noiseText = (kind: 'valueNoise' | 'gradientNoise'): string => /* wgsl */ `
  ${hashText}
  fn corner(x: i32, y: i32, offset: vec2f, cells: i32, octave: u32) -> f32 { ${corners[kind]} }
  fn noise(p: vec2f, cells: i32, octave: u32) -> f32 {
    let x = i32(floor(p.x));
    let y = i32(floor(p.y));
    let f = p - floor(p);
    let s = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    let low = mix(corner(x, y, f, cells, octave), corner(x + 1, y, f - vec2f(1, 0), cells, octave), s.x);
    let high = mix(corner(x, y + 1, f - vec2f(0, 1), cells, octave), corner(x + 1, y + 1, f - vec2f(1, 1), cells, octave), s.x);
    return ${kind === 'valueNoise' ? 'mix(low, high, s.y)' : '0.5 + 0.7071067811865475 * mix(low, high, s.y)'};
  }
  fn octaves(p: vec2f, cells: f32, gain: f32, count: u32) -> f32 {
    var sum = 0.0;
    var whole = 0.0;
    var weight = 1.0;
    var n = i32(cells);
    for (var k = 0u; k < count; k++) {
      sum += weight * noise(p * f32(n), n, k);                                                // (2)
      whole += weight;
      weight *= gain;
      n *= 2;
    }
    return sum / whole;
  }
`;

const patternText = (pattern: Pattern): string => /* wgsl */ `
  var<storage, read> uv: array<vec2f>;
  var<uniform> a: f32;
  var<uniform> b: f32;
  var<uniform> c: f32;
  var<uniform> seed: u32;
  var<storage, read_write> shade: array<f32>;
  ${pattern === 'valueNoise' || pattern === 'gradientNoise' ? noiseText(pattern) : ''}
  @compute @workgroup_size(64)
  fn ${pattern}(@builtin(global_invocation_id) id: vec3u) {
    let p = uv[id.x];
    var value: f32;
    ${texts[pattern]}
    shade[id.x] = value;
  }
`;
const kernelOf = kernelsByKey();

function drawn(
  who: string,
  pattern: Pattern,
  uv: Tensor,
  sizes: { readonly a: number; readonly b?: number; readonly c?: number; readonly seed?: number },
  colours: PatternOptions['colours'],
): Tensor {
  if (uv?.type !== 'f32' || uv.shape.at(-1) !== 2)
    throw new RangeError(`${who}: uv is ${inWords(uv)}; give floats of shape [.., 2].`);
  const run = kernelOf(pattern, () => patternText(pattern));
  const shape = [...uv.shape.slice(0, -1), 1];
  const args = { uv, b: 0, c: 0, seed: 0, ...sizes };
  const shade = run(args, { count: uv.size / 2, out: { shade: shape } }).shade as Tensor;
  if (!colours) return shade;
  const [low, high] = colours.map(colour => tensor(colour, [3], { device: uv.device }));
  return shade.mul(high.sub(low)).add(low);
}

function checkWhole(who: string, sizes: Readonly<Record<string, number>>, most: number): void {
  for (const [name, size] of Object.entries(sizes))
    if (!(Number.isInteger(size) && size >= 1 && size <= most))
      throw new RangeError(`${who}: ${name} is ${size}; give a whole number from 1 to ${most}.`);
}

export interface CheckerOptions extends PatternOptions {
  /** Along u and v. Default 8 and 8. */
  readonly squares?: readonly [number, number];
}

/** A chessboard. @param uv [.., 2]. @returns [.., 1], or of colours [.., 3]. */
export function checker(uv: Tensor, options: CheckerOptions = {}): Tensor {
  checkOptions('checker', options, ['squares', 'colours']);
  const { squares: [a, b] = [8, 8], colours } = options;
  checkWhole('checker', { 'squares[0]': a, 'squares[1]': b }, 65536);
  return drawn('checker', 'checker', uv, { a, b }, colours);
}

export interface ZonePlateOptions extends PatternOptions {
  /** n of (1). Default 256. */
  readonly texels?: number;
}

/** Rings of all frequencies, which show what a filter keeps. @param uv [.., 2]. @returns [.., 1], or of colours [.., 3]. */
export function zonePlate(uv: Tensor, options: ZonePlateOptions = {}): Tensor {
  checkOptions('zonePlate', options, ['texels', 'colours']);
  const { texels = 256, colours } = options;
  if (!(texels > 0 && Number.isFinite(texels)))
    throw new RangeError(`zonePlate: texels is ${texels}; give a number above 0.`);
  return drawn('zonePlate', 'zonePlate', uv, { a: texels }, colours);
}

export interface NoiseOptions extends PatternOptions {
  /** Default 'gradient'. */
  readonly kind?: 'value' | 'gradient';
  /** Of the coarsest lattice, along u and v: it repeats after as many. Default 4. */
  readonly cells?: number;
  /** Default 4. */
  readonly octaves?: number;
  /** g of (2). Default ½. */
  readonly gain?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** Clouds: numbers in [0, 1] around ½, which repeat without a seam. @param uv [.., 2]. @returns [.., 1], or of colours [.., 3]. */
export function noise(uv: Tensor, options: NoiseOptions = {}): Tensor {
  checkOptions('noise', options, ['kind', 'cells', 'octaves', 'gain', 'seed', 'colours']);
  const { kind = 'gradient', cells = 4, octaves = 4, gain = 0.5, seed = 0, colours } = options;
  if (kind !== 'value' && kind !== 'gradient')
    throw new RangeError(`noise: the kind is '${kind}'; give 'value' or 'gradient'.`);
  checkWhole('noise', { cells }, 65536);
  checkWhole('noise', { octaves }, 14);
  if (!(gain >= 0 && Number.isFinite(gain))) throw new RangeError(`noise: gain is ${gain}; give a number from 0.`);
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
    throw new RangeError(`noise: seed is ${seed}; give a whole number from 0 to 2³² − 1.`);
  return drawn('noise', `${kind}Noise`, uv, { a: cells, b: gain, c: octaves, seed }, colours);
}

const testText = /* wgsl */ `
  var<storage, read> uv: array<vec2f>;
  var<uniform> cells: f32;
  var<storage, read_write> colour: array<vec3f>;
  @compute @workgroup_size(64)
  fn uvTest(@builtin(global_invocation_id) id: vec3u) {
    let p = uv[id.x];
    let q = p * cells - floor(p * cells);
    let away = min(min(q.x, q.y), min(1.0 - q.x, 1.0 - q.y));
    let isSquare = all(q < vec2f(0.35)) && away > 0.05;
    let shade = select(select(0.75, 1.0, isSquare), 0.25, away < 0.05);
    colour[id.x] = shade * vec3f(p, select(0.25, 0.9, isSquare));
  }
`;

export interface UvTestOptions {
  /** Along u and v. Default 8. */
  readonly cells?: number;
}

/** A picture that shows where it is, and which way up. @param uv [.., 2]. @returns [.., 3]. */
export function uvTest(uv: Tensor, options: UvTestOptions = {}): Tensor {
  checkOptions('uvTest', options, ['cells']);
  const { cells = 8 } = options;
  checkWhole('uvTest', { cells }, 65536);
  if (uv?.type !== 'f32' || uv.shape.at(-1) !== 2)
    throw new RangeError(`uvTest: uv is ${inWords(uv)}; give floats of shape [.., 2].`);
  const run = kernelOf('uvTest', () => testText);
  const out = { colour: uv.shape.slice(0, -1) };
  return run({ uv, cells }, { count: uv.size / 2, out }).colour as Tensor;
}
