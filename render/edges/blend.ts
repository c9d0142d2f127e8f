/**
 * Pixels take shares of their neighbours' colours. With w_k the share that pixel i_k takes of pixel j_k's,
 *
 *   Δ_k = c[j_k] − c[i_k],   picture[i] = c[i] + Σ_{i_k = i} w_k Δ_k
 *
 * All but the product is linear, and adjoints of the steps are such steps: from pixels to pairs, and from pairs to pixels. Both gather: a
 * pixel is in at most four pairs, and finds them. So a gradient keeps w and Δ, of pairs, but no colours of pixels.
 */

import { unrecorded } from '../../adjoint/index.ts';
import { adopt, callOnto, differentiable, kernelsByKey, type Rule, type Tensor } from '../../kernel/index.ts';
import { pairText } from './pairs.ts';
import { noneText } from './tables.ts';

/** Which pixels are in which pairs: integers (pairs.ts). */
interface Links {
  readonly marks: Tensor;
  readonly into: Tensor;
  readonly other: Tensor;
}

/** What a pair has of its pixels: c[j] − c[i], or c[i]. */
type Kind = 'difference' | 'value';

const elementOf = (channels: number): string => `array<f32, ${channels}>`;
const each = (channels: number, text: (c: number) => string): string =>
  Array.from({ length: channels }, (_, c) => text(c)).join('');

const toPairsText = (kind: Kind, channels: number): string => /* wgsl */ `
  var<storage, read> into: array<u32>;
  var<storage, read> other: array<u32>;
  var<storage, read> x: array<${elementOf(channels)}>;
  var<storage, read_write> pairs: array<${elementOf(channels)}>;
  @compute @workgroup_size(64)
  fn pixelsToPairs(@builtin(global_invocation_id) id: vec3u) {
    let i = into[id.x];
    if (i != ${noneText}) {
      let j = other[id.x];
      ${each(channels, c => `pairs[id.x][${c}] = ${kind === 'difference' ? `x[j][${c}] - ` : ''}x[i][${c}];`)}
    }
  }
`;

/** Either pixel of a pair is seen to by the first of its pairs, which adds what all of them give it. */
const toPixelsText = (kind: Kind, channels: number, based: boolean): string => /* wgsl */ `
  ${pairText}
  var<storage, read> marks: array<vec2u>;
  var<storage, read> into: array<u32>;
  var<storage, read> other: array<u32>;
  var<storage, read> pairs: array<${elementOf(channels)}>;
  ${based ? `var<storage, read> base: array<${elementOf(channels)}>;` : ''}
  var<uniform> width: u32;
  @unique var<storage, read_write> pixels: array<${elementOf(channels)}>;
  fn part(pair: u32, pixel: u32) -> ${elementOf(channels)} {
    var sum = ${elementOf(channels)}();
    if (pair != 0u) {
      let k = pair - 1u;
      let first = into[k] == pixel;
      ${each(channels, c => `sum[${c}] = select(${kind === 'difference' ? `pairs[k][${c}], -pairs[k][${c}]` : `0.0, pairs[k][${c}]`}, first);`)}
    }
    return sum;
  }
  @compute @workgroup_size(64)
  fn pairsToPixels(@builtin(global_invocation_id) id: vec3u) {
    if (into[id.x] != ${noneText}) {
      for (var end = 0u; end < 2u; end++) {
        let pixel = select(into[id.x], other[id.x], end == 1u);
        let own = marks[groupOf(pixel)];
        let right = pairOf(own, pixel, false);
        let below = pairOf(own, pixel, true);
        var left = 0u;
        if (pixel > 0u) { left = pairOf(marks[groupOf(pixel - 1u)], pixel - 1u, false); }
        var above = 0u;
        if (pixel >= width) { above = pairOf(marks[groupOf(pixel - width)], pixel - width, true); }
        let first = select(select(select(above, left, left != 0u), below, below != 0u), right, right != 0u);
        if (first == id.x + 1u) {
          let a = part(right, pixel);
          let b = part(below, pixel);
          let c = part(left, pixel);
          let d = part(above, pixel);
          ${each(channels, c => `pixels[pixel][${c}] = ${based ? `base[pixel][${c}] + ` : ''}(a[${c}] + b[${c}] + c[${c}] + d[${c}]);`)}
        }
      }
    }
  }
`;

const productText = (channels: number): string => /* wgsl */ `
  var<storage, read> w: array<f32>;
  var<storage, read> difference: array<${elementOf(channels)}>;
  var<storage, read_write> taken: array<${elementOf(channels)}>;
  @compute @workgroup_size(64)
  fn takeShares(@builtin(global_invocation_id) id: vec3u) {
    ${each(channels, c => `taken[id.x][${c}] = w[id.x] * difference[id.x][${c}];`)}
  }
`;

const kernels = kernelsByKey();

/** What pairs have of a picture's pixels, [n, C]. */
function toPairs(kind: Kind, links: Links, x: Tensor): Tensor {
  const rule: Rule = {
    name: 'antialias',
    reads: [0, 1, 2],
    vjp: ([marks, into, other], [bar]) => [
      ...[undefined, undefined, undefined],
      bar && toPixels(kind, { marks, into, other }, bar, x.shape),
    ],
    jvp: ([marks, into, other], [, , , dot]) => [dot && toPairs(kind, { marks, into, other }, dot)],
  };
  const { marks, into, other } = links;
  return differentiable(rule, [marks, into, other, x], () =>
    unrecorded(() => {
      const channels = x.shape[x.shape.length - 1];
      const run = kernels(`pairs ${kind} ${channels}`, () => toPairsText(kind, channels));
      return [run({ into, other, x }, { count: into.size }).pairs as Tensor];
    }),
  )[0];
}

/** The transpose of `toPairs`: a picture, to which `base` is added. */
function toPixels(kind: Kind, links: Links, pairs: Tensor, shape: readonly number[], base?: Tensor): Tensor {
  const rule: Rule = {
    name: 'antialias',
    reads: [0, 1, 2],
    vjp: ([marks, into, other], [bar]) => [
      ...[undefined, undefined, undefined],
      bar && toPairs(kind, { marks, into, other }, bar),
      bar,
    ],
    jvp: ([marks, into, other], [, , , dot, baseDot]) => [
      dot ? toPixels(kind, { marks, into, other }, dot, shape, baseDot) : baseDot,
    ],
  };
  const { marks, into, other } = links;
  return differentiable(rule, [marks, into, other, pairs, ...(base ? [base] : [])], () =>
    unrecorded(() => {
      const [width, channels] = shape.slice(-2);
      const run = kernels(`pixels ${kind} ${channels} ${base !== undefined}`, () =>
        toPixelsText(kind, channels, base !== undefined),
      );
      const given = { marks, into, other, pairs, width };
      const count = into.size;
      const made = base
        ? callOnto(run, { ...given, base }, { count }, base)
        : run(given, { count, out: { pixels: shape.slice(0, -1) } });
      return [made.pixels as Tensor];
    }),
  )[0];
}

/** A picture and the differences in it at once, so that adjoints of both are added up in one step. */
function withDifferences(links: Links, x: Tensor): readonly [Tensor, Tensor] {
  const rule: Rule = {
    name: 'antialias',
    reads: [0, 1, 2],
    vjp: ([marks, into, other], [bar, pairsBar]) => [
      ...[undefined, undefined, undefined],
      pairsBar ? toPixels('difference', { marks, into, other }, pairsBar, x.shape, bar) : bar,
    ],
    jvp: ([marks, into, other], [, , , dot]) => (dot ? withDifferences({ marks, into, other }, dot) : []),
  };
  const { marks, into, other } = links;
  const forward = (): Tensor[] => {
    const same = x.alias(false);
    adopt(same);
    return [same, unrecorded(() => toPairs('difference', links, x))];
  };
  const [same, differences] = differentiable(rule, [marks, into, other, x], forward);
  return [same, differences];
}

/**
 * The picture with each pixel mixed with its neighbours.
 *
 * @param w Of each pair, [n].
 * @param colour [.., W, C]; both are differentiable.
 */
export function blend(links: Links, w: Tensor, colour: Tensor): Tensor {
  const channels = colour.shape[colour.shape.length - 1];
  const [same, difference] = withDifferences(links, colour);
  const product = kernels(`product ${channels}`, () => productText(channels));
  const { taken } = product({ w, difference }, { count: w.size });
  return toPixels('value', links, taken as Tensor, colour.shape, same);
}
