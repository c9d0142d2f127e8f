/**
 * Pixels take shares of their neighbours' colours. With w_k the share that pixel i_k takes of pixel j_k's,
 *
 *   T(w, c, y) = Σ_k w_k (c[j_k] − c[i_k]) · y[i_k]
 *
 *   picture: c + ∂T/∂y          adjoint of c: y + ∂T/∂c          adjoint of w: ∂T/∂w
 *
 * T is linear in each argument, so all derivatives, of any order, are among its three partial ones, and each is gathered: a pixel is in at
 * most four pairs, and knows them.
 */

import { unrecorded } from '../../adjoint/index.ts';
import { differentiable, kernelsByKey, lazyKernel, type Rule, type Tensor } from '../../kernel/index.ts';
import { pairText } from './pairs.ts';
import { noneText } from './tables.ts';

export interface Shares {
  readonly slot: Tensor;
  readonly into: Tensor;
  readonly other: Tensor;
}

/** @param each What channel c of a pair k adds to a pixel. */
const around = (channels: number, each: (c: number) => string): string => {
  const all = (text: (c: number) => string): string => Array.from({ length: channels }, (_, c) => text(c)).join('');
  const element = `array<f32, ${channels}>`;
  return /* wgsl */ `
  ${pairText}
  var<storage, read> slot: array<u32>;
  var<storage, read> into: array<u32>;
  var<storage, read> other: array<u32>;
  var<storage, read> w: array<f32>;
  var<storage, read> x: array<${element}>;
  var<uniform> width: u32;
  var<uniform> whole: u32;
  var<storage, read_write> result: array<${element}>;
  fn taken(pair: u32, pixel: u32) -> ${element} {
    var sum = ${element}();
    if (pair != 0u) {
      let k = pair - 1u;
      let first = into[k] == pixel;
      ${all(c => `sum[${c}] = ${each(c)};`)}
    }
    return sum;
  }
  @compute @workgroup_size(64)
  fn blend(@builtin(global_invocation_id) id: vec3u) {
    let pixel = id.y * width + id.x;
    let own = slot[pixel];
    var left = 0u;
    if (pixel > 0u) { left = slot[pixel - 1u]; }
    var above = 0u;
    if (pixel >= width) { above = slot[pixel - width]; }
    var sum = ${element}();
    if (whole == 1u) { sum = x[pixel]; }
    if ((own | (left & 1u) | (above & 2u)) != 0u) {
      let right = taken(pairOf(own, false), pixel);
      let below = taken(pairOf(own, true), pixel);
      let before = taken(pairOf(left, false), pixel);
      let over = taken(pairOf(above, true), pixel);
      ${all(c => `sum[${c}] += right[${c}] + below[${c}] + before[${c}] + over[${c}];`)}
    }
    result[pixel] = sum;
  }
`;
};

const kernels = kernelsByKey();

const picture = (channels: number) =>
  kernels(`picture ${channels}`, () =>
    around(channels, c => `select(0.0, w[k] * (x[other[k]][${c}] - x[pixel][${c}]), first)`),
  );

const adjoint = (channels: number) =>
  kernels(`adjoint ${channels}`, () =>
    around(channels, c => `w[k] * select(x[into[k]][${c}], -x[pixel][${c}], first)`),
  );

const shareAdjoint = lazyKernel(/* wgsl */ `
  var<storage, read> into: array<u32>;
  var<storage, read> other: array<u32>;
  var<storage, read> x: array<f32>;
  var<storage, read> y: array<f32>;
  var<uniform> channels: u32;
  var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn shareAdjoint(@builtin(global_invocation_id) id: vec3u) {
    let i = into[id.x];
    if (i != ${noneText}) {
      let j = other[id.x];
      var sum = 0.0;
      for (var c = 0u; c < channels; c++) {
        sum += (x[j * channels + c] - x[i * channels + c]) * y[i * channels + c];
      }
      result[id.x] = sum;
    }
  }
`);

type Argument = 'share' | 'colour' | 'image';
const others: Readonly<Record<Argument, readonly [Argument, Argument]>> = {
  share: ['colour', 'image'],
  colour: ['share', 'image'],
  image: ['share', 'colour'],
};

/** ∂T/∂(wrt) at the other two, in the order share, colour, image; with `whole` the second of them is added, as in a picture. */
function partial(shares: Shares, wrt: Argument, first: Tensor, second: Tensor, width: number, whole: boolean): Tensor {
  const [a, b] = others[wrt];
  const rule: Rule = {
    name: 'antialias',
    vjp([first, second], [bar], wanted) {
      if (!bar) return [];
      const all = { [a]: first, [b]: second, [wrt]: bar } as Readonly<Record<Argument, Tensor>>;
      const by = (argument: Argument, whole: boolean): Tensor => {
        const [p, q] = others[argument];
        return partial(shares, argument, all[p], all[q], width, whole);
      };
      return [wanted[0] ? by(a, false) : undefined, wanted[1] ? by(b, whole) : undefined];
    },
    jvp([first, second], [dotFirst, dotSecond]) {
      const one = dotFirst && partial(shares, wrt, dotFirst, second, width, false);
      const two = dotSecond && partial(shares, wrt, first, dotSecond, width, whole);
      return [one && two ? one.add(two) : (one ?? two)];
    },
  };
  const { slot, into, other } = shares;
  return differentiable(rule, [first, second], () =>
    unrecorded(() => {
      const channels = second.shape[second.shape.length - 1];
      if (wrt === 'share')
        return [shareAdjoint({ into, other, x: first, y: second, channels }, { count: into.size }).result];
      const run = (wrt === 'image' ? picture : adjoint)(channels);
      const given = { slot, into, other, w: first, x: second, width, whole: whole ? 1 : 0 };
      const count = [width, second.size / channels / width];
      const { result } = run(given, { count, out: { result: second.size / channels } });
      return [(result as Tensor).reshape(second.shape)];
    }),
  )[0];
}

/**
 * The picture with each pixel mixed with its neighbours.
 *
 * @param w Of each pair, [n].
 * @param colour [B, H, W, C]; both are differentiable.
 */
export const blend = (shares: Shares, w: Tensor, colour: Tensor, width: number): Tensor =>
  partial(shares, 'image', w, colour, width, true);
