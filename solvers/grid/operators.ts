/**
 * Gradient, divergence and Laplacian on a staggered grid, of order 2, differentiable to any order.
 *
 *   (∇p)_f = (p⁺ − p⁻) / h            on the faces between two unknowns
 *   (∇·u)_i = Σ_axes (u⁺ − u⁻) / h    of the faces around an unknown
 *   Δp = ∇·∇p
 *
 * On a side the gradient is what is given there (Neumann), or that between the unknown and the value given, half a cell or a whole step
 * away (Dirichlet). With homogeneous sides ⟨∇p, u⟩ = −⟨p, ∇·u⟩, where faces on a Dirichlet side of cells count half, as the volume
 * around them is, and u · n = 0 on Neumann sides.
 *
 * Harlow & Welch, Phys. Fluids 8 (1965) 2182, for the staggered grid.
 */

import type { Tensor } from '../../kernel/index.ts';
import type { Axis } from '../../sparse/index.ts';
import {
  checkField,
  checkVector,
  type Grid,
  gridKernel,
  indexText,
  launch,
  placeText,
  sizesText,
  type VectorField,
} from './grid.ts';
import { type Sides, type SideValues, sidesOf, slopeAtSide } from './sides.ts';

/** What a field on faces is made of: `own` at a side, `before` and `after` elsewhere. */
interface FaceTexts {
  readonly low: string;
  readonly high: string;
  readonly between: string;
}

const acrossText = (grid: Grid, axis: Axis, sides: Sides, name: string, { low, high, between }: FaceTexts): string => {
  const c = axis.name;
  const n = `n${c}`;
  const cell = (at: string): string => `p[${indexText(grid, { [c]: at })}]`;
  const wrapped = `select(${c} - 1u, ${n} - 1u, ${c} == 0u)`;
  const inner = (before: string): string => `let before = ${cell(before)}; let after = ${cell(c)}; value = ${between};`;
  return `
  ${sizesText(grid)}
  ${sides.declarations}
  var<storage, read> p: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn ${name}(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    var value = 0.0;
    ${
      axis.low === 'periodic'
        ? inner(wrapped)
        : `if (${c} == 0u) { let own = ${cell('0u')}; value = ${low}; }
    else if (${c} == ${n}) { let own = ${cell(`(${n} - 1u)`)}; value = ${high}; }
    else { ${inner(`(${c} - 1u)`)} }`
    }
    result[${indexText(grid, {}, c)}] = value;
  }`;
};

/** A number for each face, from the unknowns of p at it. @param name Of the kernels, one for each axis. */
export function across(
  grid: Grid,
  name: string,
  p: Tensor,
  sides: Sides,
  texts: (axis: Axis) => FaceTexts,
): VectorField {
  const parts = grid.axes.map(axis => {
    const text = (): string => acrossText(grid, axis, sides, name, texts(axis));
    const run = gridKernel(grid, `${name} ${axis.name}`, sides.key, text);
    return [axis.name, launch(grid, run, { p, ...sides.arguments }, axis.name)] as const;
  });
  return Object.fromEntries(parts);
}

/** q⁻ q⁺ between neighbours, and 1 on sides: which unknowns are joined, of those that q marks. */
export const linksOf = (grid: Grid, q: Tensor): VectorField =>
  across(grid, 'links', q, sidesOf('links', grid), () => ({ low: '1.0', high: '1.0', between: 'before * after' }));

/**
 * ∇p on the faces.
 *
 * @param values What is given at the sides.
 */
export function gradient(grid: Grid, p: Tensor, values?: SideValues): VectorField {
  checkField('gradient', grid, 'p', p);
  const sides = sidesOf('gradient', grid, values);
  return across(grid, 'gradient', p, sides, axis => ({
    low: slopeAtSide(grid, axis, 'low', sides.at(axis, 'low')),
    high: slopeAtSide(grid, axis, 'high', sides.at(axis, 'high')),
    between: `(after - before) * w${axis.name}`,
  }));
}

/** ∇·u at the unknowns. */
export function divergence(grid: Grid, u: VectorField): Tensor {
  checkVector('divergence', grid, 'u', u);
  const run = gridKernel(grid, 'divergence', '', () => {
    const terms = grid.axes.map(({ name: c, low }) => {
      const next = low === 'periodic' ? `select(${c} + 1u, 0u, ${c} == n${c} - 1u)` : `(${c} + 1u)`;
      const face = (at: string): string => `u${c}[${indexText(grid, { [c]: at }, c)}]`;
      return `(${face(next)} - ${face(c)}) * w${c}`;
    });
    return `
  ${sizesText(grid)}
  ${grid.axes.map(({ name }) => `var<storage, read> u${name}: array<f32>;`).join('\n  ')}
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn divergence(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    result[${indexText(grid)}] = ${terms.join(' + ')};
  }`;
  });
  return launch(grid, run, Object.fromEntries(grid.axes.map(({ name }) => [`u${name}`, u[name]])));
}

/** Declares `sum` = (Δp)_i for the unknown of an invocation, whose value is `own`. */
function laplacianText(grid: Grid, sides: Sides): string {
  const parts = grid.axes.map(axis => {
    const { name: c, low } = axis;
    const cell = (at: string): string => `p[${indexText(grid, { [c]: at })}]`;
    if (low === 'periodic')
      return `{
      let before = ${cell(`select(${c} - 1u, n${c} - 1u, ${c} == 0u)`)};
      let after = ${cell(`select(${c} + 1u, 0u, ${c} == n${c} - 1u)`)};
      sum += ((after - own) - (own - before)) * (w${c} * w${c});
    }`;
    return `{
      var before = 0.0;
      var after = 0.0;
      if (${c} == 0u) { before = ${slopeAtSide(grid, axis, 'low', sides.at(axis, 'low'))}; }
      else { before = (own - ${cell(`(${c} - 1u)`)}) * w${c}; }
      if (${c} == n${c} - 1u) { after = ${slopeAtSide(grid, axis, 'high', sides.at(axis, 'high'))}; }
      else { after = (${cell(`(${c} + 1u)`)} - own) * w${c}; }
      sum += (after - before) * w${c};
    }`;
  });
  return `var sum = 0.0;
    ${parts.join('\n    ')}`;
}

/**
 * Δp at the unknowns.
 *
 * @param values What is given at the sides.
 */
export function laplacian(grid: Grid, p: Tensor, values?: SideValues): Tensor {
  checkField('laplacian', grid, 'p', p);
  const sides = sidesOf('laplacian', grid, values);
  const run = gridKernel(
    grid,
    'laplacian',
    sides.key,
    () => `
  ${sizesText(grid)}
  ${sides.declarations}
  var<storage, read> p: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn laplacian(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    let i = ${indexText(grid)};
    let own = p[i];
    ${laplacianText(grid, sides)}
    result[i] = sum;
  }`,
  );
  return launch(grid, run, { p, ...sides.arguments });
}
