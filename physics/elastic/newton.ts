/**
 * Newton's method for bodies of elements: the Jacobian is put together from those of the elements, and factorised.
 *
 *   F(y) = own(y) − Σ_e (forces of e at y),   J = diag(∂own_i/∂y_i) − Σ_e (∂f_a/∂y_b at nodes a, b of e)
 *
 * An element's block of columns is a tangent of its forces, one for all elements at once: each · d launches, whatever law they follow.
 * J is symmetric for forces that have a potential and then factorised as LDLᵀ, for which it need not be definite; else as LU.
 * Systems of derivatives are solved with the same factor, and with Jᵀ by GMRES, for which it is a good preconditioner.
 */

import { jvps, unrecorded } from '../../adjoint/index.ts';
import { concat, type Device, stack, type Tensor, tensor } from '../../kernel/index.ts';
import type { RootMethod } from '../../solvers/index.ts';
import { bsr, coordinates, gmres, ldl, lu, type Prepared } from '../../sparse/index.ts';
import type { Body } from './body.ts';
import type { NodalParams } from './nodal.ts';

/** F(y, p) = own(y, p) − what the couplings of a body exert where `at` says. */
export interface Equation<P, Q> {
  /** ∂v/∂x of what `at` says. */
  readonly rate: number;
  at(y: Tensor, p: Q): { readonly x: Tensor; readonly v: Tensor; readonly params: P };
  /** Row i depends on row i of y alone. */
  own(y: Tensor, p: Q): Tensor;
}

/** What is known of a body's Jacobian before its numbers are. */
const structures = new WeakMap<object, ReturnType<typeof structureOf>>();

function structureOf<P extends NodalParams>({ nodes, couplings, pinned }: Body<P>) {
  const held = new Set(pinned);
  const [row, column]: number[][] = [[], []];
  const moves: number[] = [];
  for (const { corners } of couplings)
    for (let e = 0; e < corners.elements; e++)
      for (let a = 0; a < corners.each; a++)
        for (let b = 0; b < corners.each; b++) {
          const [i, j] = [corners.node[e * corners.each + a], corners.node[e * corners.each + b]];
          row.push(i);
          column.push(j);
          moves.push(held.has(i) || held.has(j) ? 0 : 1);
        }
  for (let i = 0; i < nodes; i++) {
    row.push(i);
    column.push(i);
  }
  return { ...coordinates([nodes, nodes], row, column), moves };
}

/** 1 in component c of corner b of every element: [m, each, d]. */
const seed = (m: number, each: number, d: number, k: number, device: Device): Tensor =>
  tensor(
    Float64Array.from({ length: m * each * d }, (_, t) => (t % (each * d) === k ? 1 : 0)),
    [m, each, d],
    { device },
  );

export function assembledNewton<P extends NodalParams, Q>(body: Body<P>, equation: Equation<P, Q>): RootMethod {
  const { nodes, dimension: d, couplings, conservative } = body;
  const structure = structures.get(body) ?? structureOf(body);
  structures.set(body, structure);
  const { pattern, assemble, moves } = structure;

  const blocks = (y: Tensor, p: Q): Tensor => {
    const { device } = y;
    const { x, v, params } = equation.at(y, p);
    const ofElements = couplings.map(({ corners, forces }) => {
      const { elements: m, each } = corners;
      const [at, with_] = [corners.spread(x), corners.spread(v)];
      const f = (c: Tensor): Tensor => forces(c, with_.add(c.sub(at).mul(equation.rate)), params);
      const seeds = Array.from({ length: each * d }, (_, k) => seed(m, each, d, k, device));
      const { tangents } = jvps(f)(at, seeds); // by b, then component
      return stack(tangents as Tensor[])
        .reshape([each, d, m, each, d])
        .transpose([2, 3, 0, 4, 1])
        .reshape([m * each * each, d, d]);
    });
    const units = Array.from({ length: d }, (_, k) => seed(nodes, 1, d, k, device).reshape([nodes, d]));
    const { tangents } = jvps((y: Tensor) => equation.own(y, p))(y, units);
    const ofNodes = stack(tangents as Tensor[]).transpose([1, 2, 0]);
    const masks = tensor(moves, [moves.length, 1, 1], { device });
    return concat([concat(ofElements).mul(masks).neg(), ofNodes]);
  };
  const factorization = conservative ? ldl() : lu();
  const prepare = ({ params }: { readonly params: unknown }): Prepared =>
    unrecorded(() => {
      const { y, p } = params as { readonly y: Tensor; readonly p: Q };
      const values = assemble(blocks(y.detach().reshape([nodes, d]), p));
      return factorization.prepare(bsr(pattern, values, { symmetric: conservative }));
    });
  return {
    name: "Newton's method",
    linear: {
      preconditioner: { name: `the Jacobian of ${body.name}`, exact: conservative, prepare },
      ...(!conservative && { method: gmres() }),
    },
    check() {},
    correct(J, f) {
      return { delta: prepare(J).apply(f.neg()), left: f.dot(f).mul(0) };
    },
  };
}
