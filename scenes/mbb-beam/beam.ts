/**
 * Half of a beam on two supports with a load in the middle (Messerschmitt–Bölkow–Blohm), as nx × ny squares of density 0 … 1.
 *
 *   E_e = E₀ (ε + x_eᵖ (1 − ε))        K(x) u = f        compliance c = f·u                  SIMP
 *
 * Sigmund, Struct. Multidiscip. Optim. 21 (2001) 120; Andreassen et al., Struct. Multidiscip. Optim. 43 (2011) 1.
 */

import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { cholesky, coordinates, csr, linearSolve } from '../../sparse/index.ts';
import { squareStiffness } from './element.ts';

export interface BeamOptions {
  readonly nx: number;
  readonly ny: number;
  /** p: how much intermediate densities are penalised. */
  readonly power: number;
  readonly device: Device;
}

const poisson = 0.3;
const void_ = 1e-9; // ε: what is left of Young's modulus in a void

/** From densities, [ny, nx] with the top row first, to the compliance; differentiable. */
export function beamCompliance({ nx, ny, power, device }: BeamOptions): (density: Tensor) => Tensor {
  const node = (i: number, j: number): number => i * (ny + 1) + j; // j from the top
  const held = new Set<number>([2 * node(nx, ny) + 1]); // the support under the right end
  for (let j = 0; j <= ny; j++) held.add(2 * node(0, j)); // symmetry: the middle does not move sideways
  const number = new Int32Array(2 * (nx + 1) * (ny + 1));
  let free = 0;
  for (let d = 0; d < number.length; d++) number[d] = held.has(d) ? -1 : free++;
  // Numbers of the stiffness matrix: which element, which entry of its 8 × 8, at which place.
  const [element, entry, row, column]: number[][] = [[], [], [], []];
  for (let j = 0; j < ny; j++)
    for (let i = 0; i < nx; i++) {
      const at = [node(i, j + 1), node(i + 1, j + 1), node(i + 1, j), node(i, j)].flatMap(n => [2 * n, 2 * n + 1]);
      at.forEach((a, p) => {
        at.forEach((b, q) => {
          if (number[a] < 0 || number[b] < 0) return;
          element.push(j * nx + i);
          entry.push(8 * p + q);
          row.push(number[a]);
          column.push(number[b]);
        });
      });
    }
  const K = squareStiffness(poisson);
  const { pattern, assemble } = coordinates([free, free], row, column);
  const shape = tensor(
    entry.map(k => K[k]),
    undefined,
    { device },
  );
  const of = tensor(Uint32Array.from(element), undefined, { device });
  const load = new Float64Array(free);
  load[number[2 * node(0, 0) + 1]] = -1;
  const f = tensor(load, undefined, { device });
  const preconditioner = cholesky();
  return density => {
    const young = density
      .reshape([nx * ny])
      .pow(power)
      .mul(1 - void_)
      .add(void_);
    const stiffness = csr(pattern, assemble(young.gather(of).mul(shape)), { positiveDefinite: true });
    return linearSolve(stiffness, f, { preconditioner }).dot(f);
  };
}
