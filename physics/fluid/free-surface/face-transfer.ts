/**
 * Between particles and the faces of a grid: affine particle-in-cell transfers, component by component.
 *
 *   m_f = Σ_p w_fp,   (m u)_f = Σ_p w_fp (v_p + C_p (x_f − x_p)) · e_f                                     (1) to the faces across an axis
 *   v_p = Σ_f w_fp u_f e_f,   C_p = Σ_f e_f u_f (∇w_fp)ᵀ                                                   (2) from the faces
 *
 * w are products of hat functions of the distance over the spacing; beyond the last faces along their own plane, at walls, what the last ones have.
 * Particles have the same mass. Jiang et al., ACM Trans. Graph. 34 (2015) 51, §5.3, doi:10.1145/2766996.
 */

import { type Kernel, kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import type { Grid, VectorField } from '../../../solvers/index.ts';
import { type AxisName, shapeOf } from '../../../sparse/index.ts';

const kernelOf = kernelsByKey();

/** Statements for each face across `axis` that particle p sees: `face` is its number, `w` its weight, `slope` its ∇w, `away` x_f − x_p. */
function eachFace({ axes }: Grid, axis: AxisName, statements: string): string {
  const d = axes.length;
  const vec = `vec${d}f`;
  const size = (name: string): string => `i32(n${name}) + ${name === axis ? 1 : 0}`;
  const number = axes.reduceRight(
    (rest, { name }) => (rest ? `(${rest}) * (${size(name)}) + q.${name}` : `q.${name}`),
    '',
  );
  const corners = Array.from({ length: 2 ** d }, (_, k) => axes.map((_, a) => (k >> a) & 1));
  return /* wgsl */ `
    {
      let at = x[p] / h - ${vec}(${axes.map(({ name }) => (name === axis ? '0.0' : '0.5')).join(', ')});
      let base = clamp(vec${d}i(floor(at)), vec${d}i(0), vec${d}i(${axes.map(({ name }) => `${size(name)} - 2`).join(', ')}));
      let far = at - ${vec}(base);
      let r = clamp(far, ${vec}(), ${vec}(1.0));
      let bends = select(${vec}(), 1.0 / h, far == r);
      ${corners
        .map(corner => {
          const weight = (a: number): string => (corner[a] ? `r.${axes[a].name}` : `(1.0 - r.${axes[a].name})`);
          const slope = (a: number): string =>
            [
              `${corner[a] ? '' : '-'}bends.${axes[a].name}`,
              ...axes.flatMap((_, b) => (b === a ? [] : [weight(b)])),
            ].join(' * ');
          return /* wgsl */ `
      {
        let q = base + vec${d}i(${corner.join(', ')});
        let face = u32(${number});
        let w = ${axes.map((_, a) => weight(a)).join(' * ')};
        let slope = ${vec}(${axes.map((_, a) => slope(a)).join(', ')});
        let away = (${vec}(${corner.map(o => `${o}.0`).join(', ')}) - far) * h;
        ${statements}
      }`;
        })
        .join('')}
    }`;
}

const head = ({ axes }: Grid): string => /* wgsl */ `
  ${axes.map(({ name }) => `var<uniform> n${name}: u32;`).join(' ')}
  var<uniform> h: vec${axes.length}f;
  var<storage, read> x: array<vec${axes.length}f>;`;

const sizes = ({ axes }: Grid): Record<string, number | number[]> => ({
  ...Object.fromEntries(axes.map(({ name, size }) => [`n${name}`, size])),
  h: axes.map(({ spacing }) => spacing),
});

/** Momentum and mass of the faces across each axis, two numbers in turns (1). */
export function spreadToFaces(grid: Grid, x: Tensor, v: Tensor, C: Tensor): Record<string, Tensor> {
  const { axes } = grid;
  const d = axes.length;
  const run = kernelOf(
    `spread ${d}`,
    () => /* wgsl */ `
  ${head(grid)}
  var<storage, read> v: array<vec${d}f>;
  var<storage, read> C: array<mat${d}x${d}f>;     // by rows
  ${axes.map(({ name }) => `var<storage, read_write> m${name}: array<f32>;`).join(' ')}
  @compute @workgroup_size(64)
  fn particlesToFaces(@builtin(global_invocation_id) id: vec3u) {
    let p = id.x;
    ${axes
      .map(({ name }, a) =>
        eachFace(
          grid,
          name,
          `m${name}[2u * face] += w * (v[p].${name} + dot(C[p][${a}], away)); m${name}[2u * face + 1u] += w;  // (1)`,
        ),
      )
      .join('')}
  }`,
  ) as Kernel;
  const count = (name: AxisName): number => 2 * shapeOf(grid, name).reduce((a, b) => a * b, 1);
  const out = Object.fromEntries(axes.map(({ name }) => [`m${name}`, count(name)]));
  return run({ ...sizes(grid), x, v, C } as never, { count: x.shape[0], out }) as Record<string, Tensor>;
}

/** Velocities of particles and their slopes (2). */
export function collectFromFaces(grid: Grid, x: Tensor, u: VectorField): { readonly v: Tensor; readonly C: Tensor } {
  const { axes } = grid;
  const d = axes.length;
  const run = kernelOf(
    `collect ${d}`,
    () => /* wgsl */ `
  ${head(grid)}
  ${axes.map(({ name }) => `var<storage, read> u${name}: array<f32>;`).join(' ')}
  var<storage, read_write> v: array<vec${d}f>;
  var<storage, read_write> C: array<mat${d}x${d}f>;
  @compute @workgroup_size(64)
  fn facesToParticles(@builtin(global_invocation_id) id: vec3u) {
    let p = id.x;
    var velocity = vec${d}f();
    var slopes = mat${d}x${d}f();
    ${axes
      .map(({ name }, a) =>
        eachFace(grid, name, `velocity.${name} += w * u${name}[face]; slopes[${a}] += u${name}[face] * slope;  // (2)`),
      )
      .join('')}
    v[p] = velocity;
    C[p] = slopes;
  }`,
  ) as Kernel;
  const given = Object.fromEntries(axes.map(({ name }) => [`u${name}`, u[name] as Tensor]));
  const { v, C } = run({ ...sizes(grid), x, ...given } as never, { count: x.shape[0] }) as Record<string, Tensor>;
  return { v: v as Tensor, C: C as Tensor };
}
