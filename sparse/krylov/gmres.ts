/**
 * GMRES, for any square A: the smallest residual over a Krylov space, begun anew every `restart` steps.
 *
 *   A M⁻¹ V = V⁺ H      y = argmin |β e₁ − H y|      x ← x + M⁻¹ V y
 *
 * The small least-squares problem is solved on the device, by Givens rotations, for each vector by one invocation.
 * Saad & Schultz, SIAM J. Sci. Stat. Comput. 7 (1986) 856; Saad: Iterative Methods for Sparse Linear Systems, 2nd ed., alg. 9.5.
 */

import { checkOptions, concat, kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { basisOf, extended, orthogonalise, without } from './gram-schmidt.ts';
import { dots, type Iterate, type IterativeMethod, isZero, negligible, ratio, type System } from './method.ts';

export interface GmresOptions {
  /** Steps in a cycle: vectors kept; fewer if `maxSteps` is less. Default 30. */
  readonly restart?: number;
}

/** The triangle is in an invocation's own memory. */
const longest = 200;

type State = Iterate & { readonly r: Tensor };

/** GMRES, for any square A: the smallest residual over `restart` steps, whose vectors it keeps. */
export function gmres(options: GmresOptions = {}): IterativeMethod<State> {
  checkOptions('gmres', options, ['restart']);
  const { restart = 30 } = options;
  if (!Number.isInteger(restart) || restart < 1 || restart > longest)
    throw new RangeError(`gmres: restart is ${restart}; it must be a whole number from 1 to ${longest}.`);
  const self: IterativeMethod<State> = {
    name: `GMRES(${restart})`,
    needs: 'any',
    cycle: restart,
    within: steps => (restart <= steps ? self : gmres({ restart: steps })),
    start(_, x, r) {
      const residual = dots(r, r);
      return { x, r, residual, breakdown: residual.mul(0) };
    },
    step(system, { x, r, residual }) {
      const beta = residual.sqrt();
      const { basis, products, sizes } = arnoldi(system, r.mul(inverse(beta)), restart);
      const small = { beta, products: concat(products), sizes: concat(sizes.map(s => s.reshape([s.size]))) };
      const least = negligible(beta);
      const { minusY } = kernelOf(`${restart} ${least}`, () => leastSquaresText(restart, least))(small, {
        count: beta.size,
        out: { minusY: [restart, beta.size] },
      });
      const correction = system.precondition(without(basis, minusY, r.mul(0)));
      const next = r.sub(system.apply(correction));
      const nextResidual = dots(next, next);
      // A cycle that does not help is left out, and will not help the next time either.
      const useless = isZero(residual.sub(nextResidual).relu());
      const helps = useless.neg().add(1);
      return {
        x: x.add(correction.mul(helps)),
        r: r.mul(useless).add(next.mul(helps)),
        residual: residual.mul(useless).add(nextResidual.mul(helps)),
        breakdown: useless.mul(ratio(nextResidual, nextResidual)),
      };
    },
  };
  return self;
}

const inverse = (x: Tensor): Tensor => ratio(x.mul(0).add(1), x);

/** The basis, and H: column by column its products, and its last entry. */
function arnoldi(system: System, first: Tensor, restart: number) {
  let basis = basisOf(first);
  let last = first;
  const products: Tensor[] = [];
  const sizes: Tensor[] = [];
  for (let j = 0; j < restart; j++) {
    const column = orthogonalise(system.apply(system.precondition(last)), basis);
    const size = dots(column.rest, column.rest).sqrt();
    products.push(column.products);
    sizes.push(size);
    if (j + 1 === restart) break;
    last = column.rest.mul(inverse(size));
    basis = extended(basis, last);
  }
  return { basis, products, sizes };
}

/** @param small Pivots below this part of the largest are rounding errors of 0: their directions are left out. */
const leastSquaresText = (n: number, small: number) => /* wgsl */ `
  var<storage, read> beta: array<f32>;
  var<storage, read> products: array<f32>;
  var<storage, read> sizes: array<f32>;
  @unique var<storage, read_write> minusY: array<f32>;
  @compute @workgroup_size(64)
  fn leastSquares(@builtin(global_invocation_id) id: vec3u) {
    let m = arrayLength(&beta);
    let c = id.x;
    var r: array<f32, ${n * n}>;                   // the triangle: column j, row i at j n + i
    var g: array<f32, ${n + 1}>;
    var cosine: array<f32, ${n}>;
    var sine: array<f32, ${n}>;
    var first = 0u;                                 // of the column among the products
    var largest = 0.0;
    g[0] = beta[c];
    for (var j = 0; j < ${n}; j++) {
      let at = j * ${n};
      for (var i = 0; i <= j; i++) { r[at + i] = products[(first + u32(i)) * m + c]; }
      first += u32(j + 1);
      for (var i = 0; i < j; i++) {
        let a = r[at + i];
        let b = r[at + i + 1];
        r[at + i] = cosine[i] * a + sine[i] * b;
        r[at + i + 1] = cosine[i] * b - sine[i] * a;
      }
      let a = r[at + j];
      let b = sizes[u32(j) * m + c];
      let size = sqrt(a * a + b * b);
      cosine[j] = 1.0;
      if (size > 0.0) {
        cosine[j] = a / size;
        sine[j] = b / size;
      }
      r[at + j] = size;
      largest = max(largest, size);
      g[j + 1] = -sine[j] * g[j];
      g[j] = cosine[j] * g[j];
    }
    for (var j = ${n - 1}; j >= 0; j--) {
      var sum = g[j];
      for (var k = j + 1; k < ${n}; k++) { sum -= r[k * ${n} + j] * g[k]; }
      let size = r[j * ${n} + j];
      let sound = size > ${small} * largest;
      g[j] = select(0.0, sum / select(1.0, size, sound), sound);
      minusY[u32(j) * m + c] = -g[j];
    }
  }
`;

const kernelOf = kernelsByKey();
