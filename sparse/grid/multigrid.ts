/**
 * Geometric multigrid for stencils: V-cycles of red-black Gauss–Seidel sweeps, and the same operator on grids half as fine.
 *
 *   sweep;   r = b − A u;   u ← u + P A_c⁻¹ R r (recursively);   sweep back
 *
 * With as many sweeps before as after, in reversed order, and R = Pᵀ up to a factor, a cycle is symmetric: it preconditions conjugate
 * gradients, and serves the adjoint. Axes are halved as long as they can be (layout.ts); the coarsest grid is solved by its inverse
 * where it is small and on a CPU, else by sweeps.
 *
 * Trottenberg, Oosterlee & Schüller: Multigrid, 2001, §2.4, §2.8 (cells), §5.1.
 */

import { LuDecomposition, Matrix } from 'ml-matrix';
import { mapTree } from '../../adjoint/index.ts';
import { checkOptions, kernelsByKey, peek, type Tensor, tensor, type Words } from '../../kernel/index.ts';
import type { Preconditioner } from '../preconditioner.ts';
import { coarser, faces, type Layout, shapeOf, unknowns } from './layout.ts';
import { type FaceFields, Stencil } from './stencil.ts';
import { coarseFacesText, transferKey, transferText } from './transfer.wgsl.ts';

export interface MultigridOptions {
  /** Sweeps (of both colours) before and after the coarser grid. Default 1. */
  readonly sweeps?: number;
  /** Sweeps on the coarsest grid, where it is not solved by its inverse. Default 24. */
  readonly coarsestSweeps?: number;
}

/** Most unknowns of a grid that is solved by its inverse. */
const fewUnknowns = 512;
/** Condition (Frobenius) from which on an inverse is not to be trusted. */
const tooSingular = 1e12;

/** Geometric multigrid, a preconditioner for stencils: about as many steps whatever their size. */
export function multigrid(options: MultigridOptions = {}): Preconditioner {
  checkOptions('multigrid', options, ['sweeps', 'coarsestSweeps']);
  const { sweeps = 1, coarsestSweeps = 24 } = options;
  for (const [what, v] of Object.entries({ sweeps, coarsestSweeps }))
    if (!Number.isInteger(v) || v < 1)
      throw new RangeError(`multigrid: ${what} is ${v}; it must be a whole number from 1.`);
  return {
    name: 'multigrid',
    prepare(A) {
      if (!(A instanceof Stencil))
        throw new TypeError(`multigrid: it is for stencils, and this is a ${A.name}; take another preconditioner.`);
      // Kept longer, perhaps, than what it is prepared from.
      const finest = A.with(mapTree(A.params, leaf => leaf.detach()));
      const levels = [finest];
      for (let next = coarse(finest); next; next = coarse(next)) levels.push(next);
      const last = levels[levels.length - 1];
      const exact = inverseOf(last);
      const smooth = (level: Stencil, u: Tensor, b: Tensor, times: number, colours: readonly number[]): Tensor => {
        let now = u;
        for (let s = 0; s < times; s++) for (const colour of colours) now = level.run('sweep', now, { b, colour });
        return now;
      };
      const cycle = (depth: number, b: Tensor): Tensor => {
        const level = levels[depth];
        const zero = b.mul(0);
        if (level === last) {
          if (exact) return exact.matmul(b);
          return smooth(level, smooth(level, zero, b, coarsestSweeps, [0, 1]), b, coarsestSweeps, [1, 0]);
        }
        const u = smooth(level, zero, b, sweeps, [0, 1]);
        const r = transfer(levels[depth + 1].layout, level.layout, level.run('residual', u, { b }));
        const better = transfer(level.layout, levels[depth + 1].layout, cycle(depth + 1, r), u);
        return smooth(level, better, b, sweeps, [1, 0]);
      };
      const apply = (r: Tensor): Tensor => cycle(0, r);
      return { apply, applyTranspose: apply };
    },
  };
}

const kernelOf = kernelsByKey();

const sizes = (to: Layout, from: Layout): Record<string, number> =>
  Object.fromEntries([
    ...to.axes.map(({ name, size }) => [`n${name}`, size]),
    ...from.axes.map(({ name, size }) => [`m${name}`, size]),
  ]);

/** R u or P u, from one grid to another; added to `base` if one is given. */
function transfer(to: Layout, from: Layout, u: Tensor, base?: Tensor): Tensor {
  const run = kernelOf(`${base ? 'add' : 'put'} ${transferKey({ to, from })}`, () =>
    transferText({ to, from }, base !== undefined),
  );
  const [, width = 1] = u.shape;
  const shape = [unknowns(to), ...u.shape.slice(1)];
  const count = to.axes.map(({ size }, k) => (k === 0 ? size * width : size));
  return run({ ...sizes(to, from), u, ...(base && { base }) }, { count, out: { result: shape }, overrides: { width } })
    .result;
}

/** The same operator on a grid half as fine. */
function coarse({ layout, params, device }: Stencil): Stencil | undefined {
  const to = coarser(layout);
  if (!to) return undefined;
  const { conductivity, reaction } = params;
  const k = 'device' in conductivity ? (conductivity as Tensor) : coarseFaces(to, layout, conductivity as FaceFields);
  // Of c the plain mean is wanted, also at the sides.
  const open = (of: Layout): Layout => ({
    ...of,
    axes: of.axes.map(axis => (axis.low === 'periodic' ? axis : { ...axis, low: 'neumann', high: 'neumann' })),
  });
  const c =
    reaction && reaction.size > 1
      ? transfer(open(to), open(layout), reaction.reshape([reaction.size])).reshape(shapeOf(to))
      : reaction;
  return new Stencil(to, { conductivity: k, ...(c && { reaction: c }) }, device);
}

function coarseFaces(to: Layout, from: Layout, fields: FaceFields): FaceFields {
  return Object.fromEntries(
    to.axes.map(axis => {
      const { name } = axis;
      const run = kernelOf(`faces ${name} ${transferKey({ to, from })}`, () => coarseFacesText(to, from, axis));
      const count = to.axes.map(other => (other === axis ? faces(axis) : other.size));
      const given = { ...sizes(to, from), k: fields[name] as Tensor };
      return [name, run(given, { count, out: { result: shapeOf(to, name) } }).result];
    }),
  );
}

/**
 * A⁻¹ as a dense matrix; of a singular A, that of A plus a multiple of the projection on constants, where unknowns without any
 * neighbour stay alone. Undefined if it is singular even so, as where closed faces part the grid.
 */
function inverseOf(A: Stencil): Tensor | undefined {
  const { device, rows: n } = A;
  if (n > fewUnknowns || device.kind === 'webgpu') return undefined;
  const unit = new Float32Array(n * n);
  for (let i = 0; i < n; i++) unit[i * n + i] = 1;
  const columns = peek(A.run('apply', tensor(unit, [n, n], { device }))) as Words;
  const dense = Matrix.from1DArray(n, n, Array.from(columns));
  const size = dense.trace() / n;
  for (let i = 0; i < n; i++) if (dense.get(i, i) === 0) dense.set(i, i, size);
  if (A.isSingular) dense.add(size / n);
  const found = new LuDecomposition(dense);
  if (found.isSingular()) return undefined;
  const whole = found.solve(Matrix.eye(n));
  return dense.norm() * whole.norm() < tooSingular ? tensor(whole.to1DArray(), [n, n], { device }) : undefined;
}
