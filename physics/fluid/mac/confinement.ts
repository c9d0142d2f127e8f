/**
 * Vorticity confinement: turns eddies by what coarse grids smear of them.
 *
 *   η = |ω|,   N = ∇η / |∇η|,   a = ε h (N × ω)                                            (1)
 *
 * Fedkiw, Stam & Jensen: Visual Simulation of Smoke, SIGGRAPH 2001, §5, doi:10.1145/383259.383260.
 */

import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { centralDifference, type Grid, toFaces, type VectorField, vorticity } from '../../../solvers/index.ts';

const kernelOf = kernelsByKey();

const size = (parts: readonly string[]): string => `sqrt(${parts.map(v => `${v} * ${v}`).join(' + ')} + 1e-30)`;

const lengthKernel = (names: readonly string[]) =>
  kernelOf(
    `length ${names.length}`,
    () => `
  ${names.map(c => `var<storage, read> w${c}: array<f32>;`).join('\n  ')}
  var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn strength(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    result[i] = ${size(names.map(c => `w${c}[i]`))};
  }`,
  );

/** N × ω, where in the plane ω points along z. */
const pushKernel = (axes: readonly string[]) =>
  kernelOf(
    `push ${axes.length}`,
    () => `
  ${axes.map(c => `var<storage, read> g${c}: array<f32>;`).join('\n  ')}
  ${(axes.length === 2 ? ['z'] : axes).map(c => `var<storage, read> w${c}: array<f32>;`).join('\n  ')}
  ${axes.map(c => `var<storage, read_write> a${c}: array<f32>;`).join('\n  ')}
  @compute @workgroup_size(64)
  fn confine(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let steep = ${size(axes.map(c => `g${c}[i]`))};
    ${
      axes.length === 2
        ? 'ax[i] = gy[i] * wz[i] / steep;\n    ay[i] = -gx[i] * wz[i] / steep;'
        : ['x', 'y', 'z']
            .map((c, k, all) => {
              const [d, e] = [all[(k + 1) % 3], all[(k + 2) % 3]];
              return `a${c}[i] = (g${d}[i] * w${e}[i] - g${e}[i] * w${d}[i]) / steep;`;
            })
            .join('\n    ')
    }
  }`,
  );

/** N × ω times the grid's spacing, on the faces: (1) for ε = 1. */
export function confinement(grid: Grid, u: VectorField): VectorField {
  const names = grid.axes.map(({ name }) => name);
  const omega = vorticity(grid, u);
  const turning = Object.entries(omega) as [string, Tensor][];
  const w = Object.fromEntries(turning.map(([c, field]) => [`w${c}`, field]));
  const count = grid.size;
  const eta = lengthKernel(turning.map(([c]) => c))(w, { count, out: { result: grid.shape } }).result;
  const g = Object.fromEntries(grid.axes.map(axis => [`g${axis.name}`, centralDifference(grid, eta, axis)]));
  const out = Object.fromEntries(names.map(c => [`a${c}`, grid.shape]));
  const push = pushKernel(names)({ ...g, ...w }, { count, out }) as Readonly<Record<string, Tensor>>;
  const h = Math.min(...grid.axes.map(({ spacing }) => spacing));
  return Object.fromEntries(names.map(c => [c, (toFaces(grid, push[`a${c}`])[c] as Tensor).mul(h)]));
}
