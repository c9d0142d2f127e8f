/**
 * A complete binary tree of boxes over objects that lie along a Morton curve.
 *
 *   place in the curve     the digits of the centre's cell among 1024³, interleaved: … z₁ y₁ x₁ z₀ y₀ x₀
 *   node p                 its children are 2 p and 2 p + 1, its box is what theirs cover; 1 is the root, m + k the k-th object
 *   after node p           (p + 1) / 2^(zeros at its end)   the first node to the right that is not below p               (1)
 *
 * So a walk needs no stack, and one that begins after an object's own leaf meets each pair once. Objects that fill a space of any
 * shape are found in logarithmic time, whatever their sizes. The order is decided by numbers alone: it is the same each time.
 *
 * Morton: A computer oriented geodetic data base and a new technique in file sequencing, 1966. Lauterbach et al.: Fast BVH
 * construction on GPUs, Computer Graphics Forum 28, 2009, for trees along Morton's curve.
 */

import { amax, amin, argsort, lazyKernel, type Tensor } from '../../kernel/index.ts';

const codes = lazyKernel(/* wgsl */ `
  var<storage, read> lower: array<vec3f>;
  var<storage, read> upper: array<vec3f>;
  var<storage, read> from: vec3f;
  var<storage, read> to: vec3f;
  var<storage, read_write> code: array<u32>;
  fn spread(n: u32) -> u32 { // two zeros after each of ten digits
    var x = n;
    x = (x | (x << 16u)) & 0x030000ffu;
    x = (x | (x << 8u)) & 0x0300f00fu;
    x = (x | (x << 4u)) & 0x030c30c3u;
    return (x | (x << 2u)) & 0x09249249u;
  }
  @compute @workgroup_size(64)
  fn mortonCodes(@builtin(global_invocation_id) id: vec3u) {
    let centre = 0.5 * (lower[id.x] + upper[id.x]);
    let size = max(to - from, vec3f(1e-20));
    let cell = vec3u(clamp((centre - from) / size * 1024.0, vec3f(0.0), vec3f(1023.0)));
    code[id.x] = spread(cell.x) | (spread(cell.y) << 1u) | (spread(cell.z) << 2u);
  }
`);

/** Leaves under a node of the first kind, which looks at its leaves; the others look at these nodes. */
const block = 32;

const blocks = lazyKernel(/* wgsl */ `
  var<storage, read> lower: array<vec3f>;
  var<storage, read> upper: array<vec3f>;
  var<storage, read> order: array<u32>;
  var<storage, read_write> low: array<vec3f>;
  var<storage, read_write> high: array<vec3f>;
  @compute @workgroup_size(64)
  fn treeBlocks(@builtin(global_invocation_id) id: vec3u) {
    var l = vec3f(1e30);
    var u = vec3f(-1e30);
    let first = ${block}u * id.x;
    for (var k = first; k < min(first + ${block}u, arrayLength(&order)); k++) {
      l = min(l, lower[order[k]]);
      u = max(u, upper[order[k]]);
    }
    low[id.x] = l;
    high[id.x] = u;
  }
`);

const nodes = lazyKernel(/* wgsl */ `
  override leaves: u32 = 1;
  var<storage, read> lower: array<vec3f>;
  var<storage, read> upper: array<vec3f>;
  var<storage, read> order: array<u32>;
  var<storage, read> blockLow: array<vec3f>;
  var<storage, read> blockHigh: array<vec3f>;
  var<storage, read_write> low: array<vec3f>;
  var<storage, read_write> high: array<vec3f>;
  @compute @workgroup_size(64)
  fn treeNodes(@builtin(global_invocation_id) id: vec3u) {
    var l = vec3f(1e30);
    var u = vec3f(-1e30);
    if (id.x > 0u) {
      let width = leaves >> firstLeadingBit(id.x);
      let first = id.x * width - leaves;
      if (width < ${block}u) {
        for (var k = first; k < min(first + width, arrayLength(&order)); k++) {
          l = min(l, lower[order[k]]);
          u = max(u, upper[order[k]]);
        }
      } else {
        for (var k = first / ${block}u; k < min((first + width) / ${block}u, arrayLength(&blockLow)); k++) {
          l = min(l, blockLow[k]);
          u = max(u, blockHigh[k]);
        }
      }
    }
    low[id.x] = l;
    high[id.x] = u;
  }
`);

/** Of n objects. */
export interface Tree {
  /** Number of leaves: a power of two. */
  readonly leaves: number;
  /** Which object each leaf is, [n]. */
  readonly order: Tensor;
  /** Boxes of the nodes, [2 leaves, 3]; of node 0 and of leaves beyond the last object, boxes that nothing touches. */
  readonly low: Tensor;
  readonly high: Tensor;
}

/** A tree of objects with these boxes, [n, 3] each. */
export function tree(lower: Tensor, upper: Tensor): Tree {
  const [count] = lower.shape;
  const { code } = codes({ lower, upper, from: amin(lower, 0), to: amax(upper, 0) }, { count });
  const order = argsort(code);
  const leaves = 2 ** Math.max(0, Math.ceil(Math.log2(count)));
  const under = Math.ceil(count / block);
  const below = blocks({ lower, upper, order }, { count: under, out: { low: under, high: under } });
  const { low, high } = nodes(
    { lower, upper, order, blockLow: below.low, blockHigh: below.high },
    { count: 2 * leaves, out: { low: 2 * leaves, high: 2 * leaves }, overrides: { leaves } },
  );
  return { leaves, order, low, high };
}
