/**
 * The backward sweep of ilqr.ts: equations (1) and (2) there, time by time, with small dense matrices on the host.
 *
 *   V_x = Q_x + Kᵀ Q_uu k + Kᵀ Q_u + Q_uxᵀ k,   V_xx = Q_xx + Kᵀ Q_uu K + Kᵀ Q_ux + Q_uxᵀ K            (1)
 *
 * (1) holds for any k and K, so also for those of a shifted Q_uu, and of controls that bounds hold: there k is the least of the quadratic
 * model within what is left of the bounds, and rows of K are zero. Tassa, Erez & Todorov, IROS 2012, eq. 11; Tassa, Mansard & Todorov:
 * Control-limited differential dynamic programming, ICRA 2014, §III.
 */

import { Matrix } from 'ml-matrix';
import type { Box } from '../optimise/box.ts';
import { projectedNewton } from './projected-newton.ts';

type Rows = readonly (readonly number[])[];

/** Along a trajectory; z = (x, u), n + m numbers. */
export interface Expansion {
  readonly n: number;
  readonly m: number;
  /** f_z of each time, n rows. */
  readonly jacobians: readonly Rows[];
  /** ℓ_z and ℓ_zz of each time. */
  readonly gradients: Rows;
  readonly hessians: readonly Rows[];
  /** ℓ_T's gradient and Hessian. */
  readonly slope: readonly number[];
  readonly curvature: Rows;
}

export interface Policy {
  readonly k: readonly number[][];
  readonly K: readonly number[][][];
  /** Change of the cost that is promised: α linear + ½ α² quadratic. */
  readonly linear: number;
  readonly quadratic: number;
}

/** Lines [line][time × width] to [time][line][width]. */
export function split(lines: readonly Float64Array[], width: number, steps: number): number[][][] {
  return Array.from({ length: steps }, (_, t) =>
    lines.map(line => Array.from(line.subarray(t * width, (t + 1) * width))),
  );
}

/**
 * The policy, or undefined where Q_uu + μ I is not positive definite on what is free.
 *
 * @param left How far each time's controls may go.
 */
export function backward(
  { n, m, jacobians, gradients, hessians, slope, curvature }: Expansion,
  mu: number,
  left: (t: number) => Box,
): Policy | undefined {
  const k: number[][] = [];
  const K: number[][][] = [];
  let linear = 0;
  let quadratic = 0;
  const columns = Array.from({ length: n }, (_, j) => j);
  let Vx = Matrix.columnVector([...slope]);
  let Vxx = new Matrix(curvature.map(row => [...row]));
  for (let t = jacobians.length - 1; t >= 0; t--) {
    const F = new Matrix(jacobians[t].map(row => [...row]));
    const Q = F.transpose()
      .mmul(Vx)
      .add(Matrix.columnVector([...gradients[t]]));
    const QQ = F.transpose()
      .mmul(Vxx)
      .mmul(F)
      .add(new Matrix(hessians[t].map(row => [...row])));
    const [x, u] = [[0, n - 1] as const, [n, n + m - 1] as const];
    const Qu = Q.subMatrix(...u, 0, 0);
    const Qux = QQ.subMatrix(...u, ...x);
    const Quu = QQ.subMatrix(...u, ...u);
    const shifted = Matrix.add(symmetric(Quu), Matrix.eye(m).mul(mu));
    const found = projectedNewton(
      shifted,
      Float64Array.from(Qu.to1DArray()),
      left(t),
      Float64Array.from(k[0] ?? Qu.to1DArray().fill(0)),
    );
    if (!found) return undefined;
    const kt = Matrix.columnVector(Array.from(found.x));
    const Kt = Matrix.zeros(m, n);
    if (found.factor) {
      const rows = found.factor.solve(Qux.selection([...found.free], columns));
      found.free.forEach((i, r) => {
        Kt.setRow(
          i,
          rows.getRow(r).map(v => -v),
        );
      });
    }
    linear += kt.dot(Qu);
    quadratic += kt.dot(Quu.mmul(kt));
    k.unshift(kt.to1DArray());
    K.unshift(Kt.to2DArray());
    const turned = Kt.transpose();
    Vx = Q.subMatrix(...x, 0, 0)
      .add(turned.mmul(Quu).mmul(kt))
      .add(turned.mmul(Qu))
      .add(Qux.transpose().mmul(kt)); // (1)
    Vxx = symmetric(
      QQ.subMatrix(...x, ...x)
        .add(turned.mmul(Quu).mmul(Kt))
        .add(turned.mmul(Qux))
        .add(Qux.transpose().mmul(Kt)),
    );
  }
  return { k, K, linear, quadratic };
}

const symmetric = (A: Matrix): Matrix => Matrix.add(A, A.transpose()).mul(0.5);
