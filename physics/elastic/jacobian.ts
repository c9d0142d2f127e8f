/**
 * Jacobians of the equations of bodies, put together from those of their elements.
 *
 *   F(y) = own(y) − Σ_e (forces of e at y),   J = diag(∂own_i/∂y_i) − Σ_e (∂f_a/∂y_b at nodes a, b of e)                (1)
 *
 * An element's block of columns is a tangent of its forces, one for all elements at once: each · d launches, whatever law they follow.
 * A block of J fetches its parts, in the order of elements.
 */

import { jvps } from '../../adjoint/index.ts';
import { grouped } from '../../geometry/index.ts';
import { concat, type Device, kernelsByKey, onDevice, sizeOf, type Tensor, tensor } from '../../kernel/index.ts';
import { coordinates, type Pattern } from '../../sparse/index.ts';
import type { NodalParams } from './nodal.ts';
import type { Body } from './structure.ts';

/** F(y, p) = own(y, p) − what the couplings of a body exert where `at` says. */
export interface Equation<P, Q> {
  /** ∂v/∂x of what `at` says. */
  readonly rate: number;
  at(y: Tensor, p: Q): { readonly x: Tensor; readonly v: Tensor; readonly params: P };
  /** Row i depends on row i of y alone. */
  own(y: Tensor, p: Q): Tensor;
}

const kernels = kernelsByKey();

const sumText = (d: number): string => {
  const entries = Array.from({ length: d * d }, (_, k) => [Math.floor(k / d), k % d] as const);
  return /* wgsl */ `
  var<storage, read> tangents: array<f32>;
  var<storage, read> start: array<u32>;
  var<storage, read> part: array<vec2u>;       // where its first column is, and how far it is to the next
  var<storage, read_write> J: array<f32>;
  @compute @workgroup_size(64)
  fn sumBlocks(@builtin(global_invocation_id) id: vec3u) {
    ${entries.map(([r, c]) => `var s${r}${c} = 0.0;`).join(' ')}
    for (var k = start[id.x]; k < start[id.x + 1u]; k++) {
      let at = part[k].x;
      let step = part[k].y;
      ${entries.map(([r, c]) => `s${r}${c} -= tangents[at + ${c}u * step + ${r}u];`).join(' ')}                           // (1)
    }
    ${entries.map(([r, c], k) => `J[${d * d}u * id.x + ${k}u] = s${r}${c};`).join(' ')}
  }
`;
};

/** 1 in component k of every row, else 0. */
const unit = (shape: readonly number[], k: number, device: Device): Tensor => {
  const width = sizeOf(shape.slice(1));
  const numbers = Float64Array.from({ length: shape[0] * width }, (_, t) => (t % width === k ? 1 : 0));
  return tensor(numbers, shape, { device });
};

/** What is known of a body's Jacobian before its numbers are. */
function structureOf<P extends NodalParams>({ nodes, dimension: d, couplings, pinned }: Body<P>) {
  const held = new Set(pinned);
  const [row, column, first, step]: number[][] = [[], [], [], []];
  let begin = 0;
  for (const { corners } of couplings) {
    const { elements, each, node } = corners;
    const size = elements * each * d; // of a tangent
    for (let e = 0; e < elements; e++)
      for (let a = 0; a < each; a++)
        for (let b = 0; b < each; b++) {
          const [i, j] = [node[e * each + a], node[e * each + b]];
          row.push(i);
          column.push(j);
          const moves = !held.has(i) && !held.has(j);
          first.push(moves ? begin + b * d * size + (e * each + a) * d : -1);
          step.push(size);
        }
    begin += each * d * size;
  }
  for (let i = 0; i < nodes; i++) {
    row.push(i);
    column.push(i);
    first.push(begin + i * d);
    step.push(nodes * d);
  }
  const { pattern, entry } = coordinates([nodes, nodes], row, column);
  const parts = Array.from(first.keys()).filter(t => first[t] >= 0);
  const { start, items } = grouped(
    pattern.size,
    parts.map(t => entry[t]),
    parts,
  );
  const part = Uint32Array.from({ length: 2 * items.length }, (_, k) => (k % 2 === 0 ? first : step)[items[k >> 1]]);
  return {
    pattern,
    on: onDevice(device => ({
      start: tensor(start, undefined, { device }),
      part: tensor(part, [items.length, 2], { device }),
      corners: couplings.map(({ corners: { elements, each } }) =>
        Array.from({ length: each * d }, (_, k) => unit([elements, each, d], k, device)),
      ),
      nodes: Array.from({ length: d }, (_, k) => unit([nodes, d], k, device)),
    })),
  };
}

const structures = new WeakMap<object, ReturnType<typeof structureOf>>();

/** The pattern of a body's Jacobian, and the numbers on it, [entries, d, d]. */
export function bodyJacobian<P extends NodalParams, Q>(
  body: Body<P>,
  equation: Equation<P, Q>,
): { readonly pattern: Pattern; readonly values: (y: Tensor, p: Q) => Tensor } {
  const { dimension: d, couplings } = body;
  const structure = structures.get(body) ?? structureOf(body);
  structures.set(body, structure);
  const { pattern, on } = structure;
  const values = (y: Tensor, p: Q): Tensor => {
    const { start, part, corners: units, nodes } = on(y.device);
    const { x, v, params } = equation.at(y, p);
    const ofElements = couplings.flatMap(({ corners, forces }, k) => {
      const [at, rate] = [corners.spread(x), corners.spread(v)];
      const f = (c: Tensor): Tensor => forces(c, rate.add(c.sub(at).mul(equation.rate)), params);
      return jvps(f)(at, units[k]).tangents as Tensor[];
    });
    const ofNodes = jvps((y: Tensor) => equation.own(y, p).neg())(y, nodes).tangents as Tensor[];
    const tangents = concat([...ofElements, ...ofNodes].map(t => t.reshape([t.size])));
    const out = { J: [pattern.size, d, d] };
    return kernels(d, () => sumText(d))({ tangents, start, part }, { count: pattern.size, out }).J as Tensor;
  };
  return { pattern, values };
}
