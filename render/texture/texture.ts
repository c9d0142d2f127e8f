/**
 * Looking up a texture: what the picture is at uv, averaged over the part of it that a pixel shows.
 *
 *   x = u w − ½,  y = (1 − v) h − ½                      texels; uv (0, 0) is the lower left of the bottom row            (1)
 *   t(x, y) = mix(mix(t₀₀, t₁₀, fx), mix(t₀₁, t₁₁, fx), fy),   f = x − ⌊x⌋                     linear                     (2)
 *   M = J Jᵀ,  J = d(texel)/d(pixel);  σ² ≥ τ² its eigenvalues: squared half axes of the pixel's ellipse                   (3)
 *   λ = ½ log₂ max(σ², 1), no more than there are levels;  t = mix(t(⌊λ⌋), t(⌊λ⌋ + 1), λ − ⌊λ⌋)   trilinear               (4)
 *   ρ² = max(σ² / N², τ², 1), λ = ½ log₂ ρ²;  t = mean of N trilinear lookups at                    anisotropic            (5)
 *        uv + ((k + ½) / N − ½) √(σ² − ρ²) e,  e the ellipse's longer axis, k = 0 … N − 1
 *
 * (4) takes the longer axis, so it never shows more than there is to see, and blurs what is seen at a glancing angle; (5) is sharp
 *     there, at N times the cost. Its probes spread by what the ellipse is longer than a probe is wide, so that a round ellipse gives (4).
 * Errors over random texels, the worst there is, as a share of how much their exact means over the pixel's parallelogram vary: 8 × 1 texels (4) .93,
 * (5) .58, .21, .19 with N = 4, 8, 16; 16 × 1 texels .97 and .80, .56, .20. So give as many probes as footprints are longer than wide.
 * Texel numbers, levels' numbers and corners are integers, and so constants; everything else is differentiated: texels, uv, footprints.
 * The value is continuous in uv and λ; its derivative jumps where f or λ passes a whole number (there it is the one from above), and is
 * zero in λ where a texel is larger than a pixel, and in e where the ellipse is round. 'nearest' has none in uv.
 * Sums over the pixels that show a texel are the shared sums of the kernel: the same bits for any number of threads.
 */

import { checkOptions, inWords, kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { asMipMap, levelTable, type MipMap } from './mip.ts';

export type Filter = 'nearest' | 'linear' | 'trilinear' | 'anisotropic';
/** What lies beyond the borders: the texture again, its last row or column, its mirror image, or zeros. */
export type Wrap = 'repeat' | 'clamp' | 'mirror' | 'zero';

export interface TextureOptions {
  /** Default: 'trilinear' with a footprint or level, else 'linear'. */
  readonly filter?: Filter;
  /** Default 'repeat'. */
  readonly wrap?: Wrap;
  /** Derivatives of uv by the pixel's x and y, [.., 2, 2], for 'trilinear' and 'anisotropic'. */
  readonly footprint?: Tensor;
  /** Level λ instead of a footprint, [..]; for 'trilinear'. */
  readonly level?: Tensor;
  /** N of 'anisotropic': as many as footprints are longer than wide. Default 8. */
  readonly probes?: number;
}

/** Float coordinates into reach of the table, and what becomes of a place one beyond the border; n: the size, i32. */
const wraps: Readonly<Record<Wrap, { readonly reach: string; readonly place: string }>> = {
  repeat: { reach: 'u - floor(u)', place: 'select(select(i, 0, i >= n), n - 1, i < 0)' },
  clamp: { reach: 'clamp(u, 0.0, 1.0)', place: 'clamp(i, 0, n - 1)' },
  mirror: { reach: '1.0 - abs(u - 2.0 * floor(0.5 * u) - 1.0)', place: 'clamp(i, 0, n - 1)' },
  zero: { reach: 'clamp(u, -1.0, 2.0)', place: 'clamp(i, 0, n - 1)' },
};

const each = (channels: number, line: (c: number) => string): string =>
  Array.from({ length: channels }, (_, c) => line(c)).join('\n');

/** sample(level, uv): the texture's colour in one level. */
function sampleText(filter: Filter, wrap: Wrap, channels: number): string {
  const { reach, place } = wraps[wrap];
  const inside = (x: string, y: string): string => `${x} >= 0 && ${x} < w && ${y} >= 0 && ${y} < h`;
  const fetch = (name: string, at: string, [x, y]: readonly [string, string]): string => {
    const word = (c: number): string => `map[${at} * ${channels}u + ${c}u]`;
    return each(channels, c =>
      wrap === 'zero' ? `let ${name}${c} = select(0.0, ${word(c)}, ${inside(x, y)});` : `let ${name}${c} = ${word(c)};`,
    );
  };
  const start = /* wgsl */ `
    fn reached(u: f32) -> f32 { return ${reach}; }
    fn placed(i: i32, n: i32) -> i32 { return ${place}; }
    struct Colour { ${each(channels, c => `c${c}: f32,`)} }
    fn sample(level: u32, uv: vec2f) -> Colour {
      let size = levels[level];
      let w = i32(size.y);
      let h = i32(size.z);
      let u = reached(uv.x) * f32(size.y);
      let v = reached(1.0 - uv.y) * f32(size.z);
  `;
  if (filter === 'nearest')
    return /* wgsl */ `${start}
      let i = i32(floor(u));
      let j = i32(floor(v));
      let at = size.x + u32(placed(j, h)) * size.y + u32(placed(i, w));
      ${fetch('a', 'at', ['i', 'j'])}
      return Colour(${each(channels, c => `a${c},`)});
    }`;
  return /* wgsl */ `${start}
      let x = u - 0.5;                                                                  // (1)
      let y = v - 0.5;
      let left = floor(x);
      let top = floor(y);
      let fx = x - left;
      let fy = y - top;
      let i = i32(left);
      let j = i32(top);
      let above = size.x + u32(placed(j, h)) * size.y;
      let below = size.x + u32(placed(j + 1, h)) * size.y;
      let i0 = u32(placed(i, w));
      let i1 = u32(placed(i + 1, w));
      ${fetch('a', '(above + i0)', ['i', 'j'])}
      ${fetch('b', '(above + i1)', ['(i + 1)', 'j'])}
      ${fetch('c', '(below + i0)', ['i', '(j + 1)'])}
      ${fetch('d', '(below + i1)', ['(i + 1)', '(j + 1)'])}
      ${each(channels, c => `let p${c} = a${c} + fx * (b${c} - a${c});\nlet q${c} = c${c} + fx * (d${c} - c${c});`)}
      return Colour(${each(channels, c => `p${c} + fy * (q${c} - p${c}),`)});           // (2)
    }`;
}

/** blended(λ, uv): between two levels. */
const blendText = (channels: number): string => /* wgsl */ `
  fn blended(lambda: f32, uv: vec2f) -> Colour {
    let last = f32(arrayLength(&levels) - 1u);
    let l = clamp(lambda, 0.0, last);
    let fine = min(floor(l), max(last - 1.0, 0.0));
    let near = sample(u32(fine), uv);
    let far = sample(u32(min(fine + 1.0, last)), uv);
    return Colour(${each(channels, c => `near.c${c} + (l - fine) * (far.c${c} - near.c${c}),`)}); // (4)
  }
`;

/** ellipse(J): the larger and the smaller eigenvalue of M, texels². */
const ellipseText = /* wgsl */ `
  struct Ellipse { long: f32, short: f32, xx: f32, xy: f32, yy: f32 }
  fn ellipse(J: vec4f) -> Ellipse {
    let size = vec2f(levels[0].yz);
    let r = size.x * J.xy;
    let s = -size.y * J.zw;
    let xx = dot(r, r);
    let yy = dot(s, s);
    let xy = dot(r, s);
    let middle = 0.5 * (xx + yy);
    let off = sqrt(0.25 * (xx - yy) * (xx - yy) + xy * xy);
    return Ellipse(middle + off, max(middle - off, 0.0), xx, xy, yy);                  // (3)
  }
`;

/** The colour of a pixel, as a text that ends with \`let color = …\`. */
function pixelText(filter: Filter, byLevel: boolean, channels: number, probes: number): string {
  if (filter === 'nearest' || filter === 'linear') return 'let color = sample(0u, at);';
  if (byLevel) return 'let color = blended(level[id.x], at);';
  const start = 'let e = ellipse(footprint[id.x]);';
  if (filter === 'trilinear') return `${start}\nlet color = blended(0.5 * log2(max(e.long, 1.0)), at);`;
  return /* wgsl */ `${start}
    let width = max(max(e.long / ${probes * probes}.0, e.short), 1.0);
    let lambda = 0.5 * log2(width);
    // The row of M − τ² that is longer is along the longer axis.
    let first = e.xx >= e.yy;
    let axis = select(vec2f(e.xy, e.yy - e.short), vec2f(e.xx - e.short, e.xy), first);
    let square = dot(axis, axis);
    let spread = max(e.long - width, 0.0);
    let round = square <= 1e-12 * e.long * e.long;
    let factor = select(sqrt(select(spread / square, 0.0, round)), 0.0, round);
    let span = factor * axis / vec2f(levels[0].yz) * vec2f(1.0, -1.0);
    var color = blended(lambda, at - ${0.5 - 0.5 / probes} * span);
    for (var k = 1u; k < ${probes}u; k++) {
      let next = blended(lambda, at + ((f32(k) + 0.5) / ${probes}.0 - 0.5) * span);
      let part = 1.0 / f32(k + 1u);
      color = Colour(${each(channels, c => `color.c${c} + part * (next.c${c} - color.c${c}),`)}); // (5)
    }`;
}

function lookupText(filter: Filter, wrap: Wrap, byLevel: boolean, channels: number, probes: number): string {
  const levels = filter === 'trilinear' || filter === 'anisotropic';
  return /* wgsl */ `
    var<storage, read> map: array<f32>;
    var<storage, read> levels: array<vec3u>;      // first texel, width, height
    var<storage, read> uv: array<vec2f>;
    ${levels ? (byLevel ? 'var<storage, read> level: array<f32>;' : 'var<storage, read> footprint: array<vec4f>;') : ''}
    var<storage, read_write> colour: array<f32>;
    ${sampleText(filter, wrap, channels)}
    ${levels ? blendText(channels) : ''}
    ${levels && !byLevel ? ellipseText : ''}
    @compute @workgroup_size(64)
    fn lookup(@builtin(global_invocation_id) id: vec3u) {
      let at = uv[id.x];
      ${pixelText(filter, byLevel, channels, probes)}
      ${each(channels, c => `colour[id.x * ${channels}u + ${c}u] = color.c${c};`)}
    }
  `;
}

const filters: readonly Filter[] = ['nearest', 'linear', 'trilinear', 'anisotropic'];
const kernels = kernelsByKey({ recomputed: true });

/** Checks that a tensor of options goes with the pixels looked up. */
function checkPixels(name: string, given: Tensor, shape: readonly number[]): void {
  if (given.shape.join() !== shape.join())
    throw new RangeError(
      `texture: '${name}' has shape [${given.shape.join(', ')}]; for these uv it must have [${shape.join(', ')}].`,
    );
}

/**
 * Looks up a texture, in any number of places. Differentiable in texels, uv, footprint and level, to any order.
 *
 * @param map [height, width, channels], or a mipMap of it: made once where it is looked up several times.
 * @param uv [.., 2].
 * @returns [.., channels].
 * @throws TypeError or RangeError for a filter without what it needs, and for shapes that do not go together.
 */
export function texture(map: Tensor | MipMap, uv: Tensor, options: TextureOptions = {}): Tensor {
  checkOptions('texture', options, ['filter', 'wrap', 'footprint', 'level', 'probes']);
  const { footprint, level, wrap = 'repeat', probes = 8 } = options;
  const filter = options.filter ?? (footprint || level ? 'trilinear' : 'linear');
  if (!filters.includes(filter))
    throw new TypeError(`texture: the filter is ${inWords(filter)}; give one of '${filters.join("', '")}'.`);
  if (!(wrap in wraps))
    throw new TypeError(`texture: wrap is ${inWords(wrap)}; give one of '${Object.keys(wraps).join("', '")}'.`);
  if (!(Number.isInteger(probes) && probes >= 2 && probes <= 64))
    throw new RangeError(`texture: probes is ${inWords(probes)}; give a whole number from 2 to 64.`);
  const shape = uv?.shape?.slice(0, -1) ?? [];
  if (uv?.type !== 'f32' || uv.shape.length === 0 || uv.shape[shape.length] !== 2)
    throw new TypeError(`texture: uv is ${inWords(uv)}; give floats of shape [.., 2].`);
  const levels = filter === 'trilinear' || filter === 'anisotropic';
  if (levels && !footprint && !(level && filter === 'trilinear'))
    throw new TypeError(
      `texture: the filter '${filter}' needs to know how large a pixel is; give footprint${filter === 'trilinear' ? ' or level' : ''}, or use 'linear'.`,
    );
  if (level && (footprint || !levels))
    throw new TypeError(
      `texture: ${footprint ? 'footprint and level are' : `the filter '${filter}' looks at the finest level, but level is`} given; ${footprint ? 'give one of them' : "use 'trilinear'"}.`,
    );
  if (footprint) checkPixels('footprint', footprint, [...shape, 2, 2]);
  if (level) checkPixels('level', level, shape);
  const mips = asMipMap('texture', map, 1, levels);
  const { channels, texels } = mips;
  const count = shape.reduce((n, k) => n * k, 1);
  const byLevel = levels && !footprint;
  const run = kernels(`${filter}:${wrap}:${byLevel}:${channels}:${probes}`, () =>
    lookupText(filter, wrap, byLevel, channels, probes),
  );
  const args = {
    map: texels,
    levels: levelTable(mips),
    uv,
    ...(levels && (byLevel ? { level } : { footprint: (footprint as Tensor).reshape([-1, 4]) })),
  };
  return run(args as never, { count, out: { colour: [...shape, channels] } }).colour as Tensor;
}
