/**
 * Which of many objects are near each other: pairs whose boxes along the world's axes overlap.
 *
 * Two walks of a tree (tree.ts) with the object's own box: the first counts, and after a scan of the counts the second writes. Everything
 * stays on the device, in an order that depends on the objects' places alone, so that it can be part of a recorded step.
 */

import { checkOptions, isBeingRecorded, lazyKernel, scan, type Tensor, tensor } from '../../kernel/index.ts';
import { type Tree, tree } from './tree.ts';

export interface CandidateOptions {
  /** How many pairs there is room for. */
  readonly capacity: number;
  /**
   * Which objects may touch: two numbers for each, u32, [n, 2], whose bits are classes: those that the object is of, and those that it
   * touches. A pair is kept if either touches a class of the other. Default: all may.
   */
  readonly classes?: Tensor;
  /** The error's sentence where there is no room for so many pairs. Default: one that names `capacity`. */
  readonly crowded?: (pairs: number) => string;
}

export interface Candidates {
  /** [capacity, 2], u32, the lower number first; beyond the last pair (0, 0). */
  readonly pairs: Tensor;
  /** How many pairs there are, u32 of shape []; more than `capacity` where some were left out. */
  readonly count: Tensor;
}

const walk = (found: string): string => /* wgsl */ `
    let i = order[id.x];
    let l = low[leaves + id.x];
    let h = high[leaves + id.x];
    var p = leaves + id.x + 1u;
    p = p >> countTrailingZeros(p); // (1) of tree.ts
    while (p > 1u) {
      var next = p + 1u;
      if (all(low[p] <= h) && all(high[p] >= l)) {
        if (p < leaves) {
          next = 2u * p;
        } else {
          let j = order[p - leaves];
          if ((classes[i].x & classes[j].y) != 0u || (classes[j].x & classes[i].y) != 0u) {
            ${found}
          }
          next = next >> countTrailingZeros(next);
        }
      } else {
        next = next >> countTrailingZeros(next);
      }
      p = next;
    }
`;

const inputs = /* wgsl */ `
  override leaves: u32 = 1;
  var<storage, read> low: array<vec3f>;
  var<storage, read> high: array<vec3f>;
  var<storage, read> order: array<u32>;
  var<storage, read> classes: array<vec2u>;
`;

const counts = lazyKernel(/* wgsl */ `
  ${inputs}
  var<storage, read_write> near: array<u32>;
  @compute @workgroup_size(64)
  fn countPairs(@builtin(global_invocation_id) id: vec3u) {
    var found = 0u;
    ${walk('found++;')}
    near[id.x] = found;
  }
`);

const writes = lazyKernel(/* wgsl */ `
  ${inputs}
  var<storage, read> ends: array<u32>;
  var<storage, read> near: array<u32>;
  @unique var<storage, read_write> pairs: array<vec2u>;
  var<storage, read_write> count: array<u32>;
  @compute @workgroup_size(64)
  fn writePairs(@builtin(global_invocation_id) id: vec3u) {
    var at = ends[id.x] - near[id.x];
    if (near[id.x] > 0u) {
      ${walk('if (at < arrayLength(&pairs)) { pairs[at] = vec2u(min(i, j), max(i, j)); }\n            at++;')}
    }
    if (id.x + 1u == arrayLength(&ends)) { count[0] = ends[id.x]; }
  }
`);

/**
 * Pairs of objects whose boxes overlap or touch, each once.
 *
 * @param lower Least coordinates of the objects' boxes, [n, 3], m.
 * @param upper Greatest ones.
 * @throws RangeError if there are more than `capacity` pairs (on a GPU, by the next read); within a step that is being recorded nothing is
 * thrown, and `count` tells.
 */
export function candidates(lower: Tensor, upper: Tensor, options: CandidateOptions): Candidates {
  checkOptions('candidates', options, ['capacity', 'classes', 'crowded']);
  const { capacity } = options;
  const {
    crowded = (pairs: number) =>
      `candidates: ${pairs} pairs of boxes overlap, but there is room for ${capacity}; give a capacity of at least ${pairs}.`,
  } = options;
  const { device } = lower;
  const [n] = lower.shape;
  check(lower, upper, options);
  const classes = options.classes ?? tensor(new Uint32Array(2 * n).fill(1), [n, 2], { device });
  const { leaves, order, low, high }: Tree = tree(lower.detach(), upper.detach());
  const given = { low, high, order, classes };
  const { near } = counts(given, { count: n, overrides: { leaves } });
  const found = writes(
    { ...given, ends: scan(near), near },
    { count: n, out: { pairs: capacity, count: [] }, overrides: { leaves } },
  );
  if (!isBeingRecorded(device))
    device.check([found.count.memory.retain()], ([count]) => {
      if (count > capacity) throw new RangeError(crowded(count));
    });
  return { pairs: found.pairs, count: found.count };
}

function check(lower: Tensor, upper: Tensor, { capacity, classes }: CandidateOptions): void {
  const [n] = lower.shape;
  for (const [name, x] of Object.entries({ lower, upper }))
    if (x.type !== 'f32' || x.shape.length !== 2 || x.shape[1] !== 3 || x.shape[0] !== n)
      throw new RangeError(`candidates: '${name}' has shape [${x.shape.join(', ')}]; for ${n} boxes give [${n}, 3].`);
  if (classes && (classes.type !== 'u32' || classes.shape.join() !== `${n},2`))
    throw new RangeError(
      `candidates: 'classes' are ${classes.type} of shape [${classes.shape.join(', ')}]; for ${n} objects give u32, [${n}, 2].`,
    );
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new RangeError(`candidates: capacity is ${capacity}; give a whole number from 1.`);
}
