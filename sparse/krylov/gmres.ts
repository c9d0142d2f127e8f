/**
 * GMRES, for any square A: the smallest residual over a Krylov space, begun anew every `restart` steps.
 *
 *   A M⁻¹ V = V⁺ H      y = argmin |β e₁ − H y|      x ← x + M⁻¹ V y
 *
 * V is made by modified Gram–Schmidt; the small least-squares problem is solved on the device by Givens rotations.
 * Saad & Schultz, SIAM J. Sci. Stat. Comput. 7 (1986) 856; Saad: Iterative Methods for Sparse Linear Systems, 2nd ed., alg. 9.5.
 */

import { type Kernel, kernel, stack, type Tensor } from '../../kernel/index.ts';
import { dots, type Iterate, type IterativeMethod, isZero, ratio, type System } from './method.ts';

export interface GmresOptions {
  /** Steps in a cycle: vectors kept. Default 30. */
  readonly restart?: number;
}

type State = Iterate & { readonly r: Tensor };

export function gmres({ restart = 30 }: GmresOptions = {}): IterativeMethod<State> {
  if (!Number.isInteger(restart) || restart < 1)
    throw new RangeError(`gmres: restart is ${restart}; it must be a whole number from 1.`);
  const smallest = leastSquares(restart);
  return {
    name: `GMRES(${restart})`,
    needs: 'any',
    cycle: restart,
    start(_, x, r) {
      const residual = dots(r, r);
      return { x, r, residual, breakdown: residual.mul(0) };
    },
    step(system, { x, r, residual }) {
      const beta = residual.sqrt();
      const { basis, hessenberg } = arnoldi(system, r.mul(inverse(beta)), restart);
      const m = beta.size;
      const given = { beta, h: stack(hessenberg) };
      const { y } = smallest(given, { count: m, out: { y: [restart, ...beta.shape] } });
      const weights = Array.from({ length: restart }, (_, j) => y.slice(j, j + 1).reshape(beta.shape));
      const sum = weights.map((weight, j) => basis[j].mul(weight)).reduce((a, b) => a.add(b));
      const correction = system.precondition(sum);
      const next = r.sub(system.apply(correction));
      const nextResidual = dots(next, next);
      // A cycle that changes nothing will not do so the next time either.
      const stuck = isZero(nextResidual.sub(residual)).mul(ratio(nextResidual, nextResidual));
      return { x: x.add(correction), r: next, residual: nextResidual, breakdown: stuck };
    },
  };
}

const inverse = (x: Tensor): Tensor => ratio(x.mul(0).add(1), x);

/** The basis, and H by columns: rows 0 … j + 1 of column j from j (j + 3) / 2 on. */
function arnoldi(system: System, first: Tensor, restart: number) {
  const basis = [first];
  const hessenberg: Tensor[] = [];
  for (let j = 0; j < restart; j++) {
    let w = system.apply(system.precondition(basis[j]));
    for (const v of basis) {
      const h = dots(w, v);
      w = w.sub(v.mul(h));
      hessenberg.push(h);
    }
    const h = dots(w, w).sqrt();
    hessenberg.push(h);
    if (j + 1 < restart) basis.push(w.mul(inverse(h)));
  }
  return { basis, hessenberg };
}

const kernels = new Map<number, Kernel>();

/** One invocation for each vector. */
function leastSquares(n: number) {
  const source = /* wgsl */ `
    var<storage, read> beta: array<f32>;
    var<storage, read> h: array<f32>;
    var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64)
    fn leastSquares(@builtin(global_invocation_id) id: vec3u) {
      let m = arrayLength(&beta);
      let c = id.x;
      var r: array<f32, ${n * (n + 1)}>;           // column j, row i at j (n + 1) + i
      var g: array<f32, ${n + 1}>;
      var cosine: array<f32, ${n}>;
      var sine: array<f32, ${n}>;
      g[0] = beta[c];
      for (var j = 0; j < ${n}; j++) {
        let at = j * ${n + 1};
        let column = j * (j + 3) / 2;
        for (var i = 0; i <= j + 1; i++) { r[at + i] = h[u32(column + i) * m + c]; }
        for (var i = 0; i < j; i++) {
          let a = r[at + i];
          let b = r[at + i + 1];
          r[at + i] = cosine[i] * a + sine[i] * b;
          r[at + i + 1] = cosine[i] * b - sine[i] * a;
        }
        let a = r[at + j];
        let b = r[at + j + 1];
        let size = sqrt(a * a + b * b);
        if (size > 0.0) {
          cosine[j] = a / size;
          sine[j] = b / size;
        } else {
          cosine[j] = 1.0;
        }
        r[at + j] = size;
        g[j + 1] = -sine[j] * g[j];
        g[j] = cosine[j] * g[j];
      }
      for (var j = ${n - 1}; j >= 0; j--) {
        var sum = g[j];
        for (var k = j + 1; k < ${n}; k++) { sum -= r[k * ${n + 1} + j] * g[k]; }
        let size = r[j * ${n + 1} + j];
        g[j] = select(0.0, sum / select(1.0, size, size > 0.0), size > 0.0);
        y[u32(j) * m + c] = g[j];
      }
    }
  `;
  const known = kernels.get(n) ?? kernel(source);
  kernels.set(n, known);
  return known as Kernel<typeof source>;
}
