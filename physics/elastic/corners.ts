/**
 * From nodes to the corners of elements, and back.
 *
 *   spread    y_k = x_c(k)                    what a node has, at each corner that lies in it
 *   collect   y_i = Σ_{c(k) = i} x_k          what corners have, summed at their node, in the order of elements
 *
 * Each is the other's transpose, and both are gathers: neither they nor their derivatives share a sum between invocations.
 */

import { custom } from '../../adjoint/index.ts';
import { grouped } from '../../geometry/index.ts';
import { kernelsByKey, onDevice, type Tensor, tensor } from '../../kernel/index.ts';

/** Corners of m elements, `each` of them a piece. */
export interface Corners {
  readonly elements: number;
  readonly each: number;
  /** c: the node of each corner, [m · each]. */
  readonly node: Uint32Array;
  /** [n, d] → [m, each, d] */
  spread(x: Tensor): Tensor;
  /** [m, each, d] → [n, d] */
  collect(f: Tensor): Tensor;
}

const kernels = kernelsByKey();

const spreadText = (vec: string): string => /* wgsl */ `
  var<storage, read> x: array<${vec}>;
  var<storage, read> node: array<u32>;
  var<storage, read_write> y: array<${vec}>;
  @compute @workgroup_size(64)
  fn spread(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = x[node[id.x]];
  }
`;

const collectText = (vec: string): string => /* wgsl */ `
  var<storage, read> x: array<${vec}>;
  var<storage, read> start: array<u32>;
  var<storage, read> corner: array<u32>;
  var<storage, read_write> y: array<${vec}>;
  @compute @workgroup_size(64)
  fn collect(@builtin(global_invocation_id) id: vec3u) {
    var sum = ${vec}();
    for (var e = start[id.x]; e < start[id.x + 1u]; e++) { sum += x[corner[e]]; }
    y[id.x] = sum;
  }
`;

/** @param node Of each corner, in the order of elements; below `nodes`. */
export function cornersOf(nodes: number, each: number, node: Uint32Array): Corners {
  const elements = node.length / each;
  const { start, items } = grouped(nodes, node, Uint32Array.from(node.keys()));
  const on = onDevice(device => ({
    node: tensor(node, undefined, { device }),
    start: tensor(start, undefined, { device }),
    corner: tensor(items, undefined, { device }),
  }));
  const kernelOf = (text: (vec: string) => string, x: Tensor) => {
    const d = x.shape.at(-1);
    const vec = d === 1 ? 'f32' : `vec${d}f`;
    return kernels(`${text.name} ${vec}`, () => text(vec));
  };
  /** Leading axes of an output of vectors; numbers are vectors of one. */
  const outShape = (x: Tensor, leading: readonly number[]) => (x.shape.at(-1) === 1 ? [...leading, 1] : leading);
  const spread: (x: Tensor) => Tensor = custom(
    x => {
      const out = { y: outShape(x, [elements, each]) };
      return kernelOf(spreadText, x)({ x, node: on(x.device).node }, { count: node.length, out }).y as Tensor;
    },
    { name: 'spread', vjp: (_, bar) => collect(bar), jvp: (_, dot) => spread(dot) },
  );
  const collect: (x: Tensor) => Tensor = custom(
    x => {
      const { start, corner } = on(x.device);
      const out = { y: outShape(x, [nodes]) };
      return kernelOf(collectText, x)({ x, start, corner }, { count: nodes, out }).y as Tensor;
    },
    { name: 'collect', vjp: (_, bar) => spread(bar), jvp: (_, dot) => collect(dot) },
  );
  return { elements, each, node, spread, collect };
}
