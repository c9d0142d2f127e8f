/**
 * What a group of rows does: forces λ(x), h = −∂λ/∂x, and changes of forces, −h z, by its law. Arrays are local, as long as the widest group of a pattern.
 *
 *   push, rub, hold     each row by itself
 *   elliptic            N = m x₀, U = μ x;  λ₀ = K m φ,  λ_r = K μ_r² ρ x_r                          cone.wgsl.ts (3), (4)
 *   pyramid             edges x₀ ± μ_r x_r push                                                                     (1)
 *
 * A change −h z is computed from what is stiff about it, as m dT − dN of a contact that slides: where that is lost among roundings of z, the
 * change is wrong by a share, and no force appears in directions in which the law has none.
 */

import { coneLaw, scalarLaws } from '../../contact/cone.wgsl.ts';
import { type Law, laws, type Pattern } from './pattern.ts';

interface Statements {
  /** Set f. */
  readonly respond: string;
  /** Set h. */
  readonly stiffen: string;
  /** Set change. */
  readonly yielding: string;
}

/** What each law does with `cone`, x and z, where `first` is x₀. */
const statements: Readonly<Record<Law, Statements>> = {
  push: {
    respond: /* wgsl */ `(*f)[0] = pushing(first, D, w);`,
    stiffen: /* wgsl */ `(*h)[0] = pushingSlope(first, D, w);`,
    yielding: /* wgsl */ `(*change)[0] = -pushingSlope(first, D, w) * (*z)[0];`,
  },
  rub: {
    respond: /* wgsl */ `(*f)[0] = rubbing(first, D, (*cone)[0]);`,
    stiffen: /* wgsl */ `(*h)[0] = rubbingSlope(first, D, (*cone)[0]);`,
    yielding: /* wgsl */ `(*change)[0] = -rubbingSlope(first, D, (*cone)[0]) * (*z)[0];`,
  },
  hold: {
    respond: /* wgsl */ `for (var r = 0u; r < rows; r++) { (*f)[r] = -D * (*x)[r]; }`,
    stiffen: /* wgsl */ `
      for (var r = 0u; r < rows; r++) {
        for (var s = 0u; s < rows; s++) { (*h)[r * widest + s] = select(0.0, D, r == s); }
      }`,
    yielding: /* wgsl */ `for (var r = 0u; r < rows; r++) { (*change)[r] = -D * (*z)[r]; }`,
  },
  elliptic: {
    respond: /* wgsl */ `
      let m = (*cone)[0];
      let K = D / (m * m);
      let q = slipSquare(rows, cone, x);
      let law = coneLaw(m * first, q, m, w);
      (*f)[0] = K * m * law.x;
      for (var r = 1u; r < rows; r++) { (*f)[r] = K * (*cone)[r] * (*cone)[r] * law.y * (*x)[r]; }`,
    stiffen: /* wgsl */ `
      let m = (*cone)[0];
      let K = D / (m * m);
      let q = slipSquare(rows, cone, x);
      let rho = coneLaw(m * first, q, m, w).y;
      let slope = coneSlopes(m * first, q, m, w);
      (*h)[0] = -D * slope.x;
      for (var r = 1u; r < rows; r++) {
        let a = (*cone)[r] * (*cone)[r];
        let side = -2.0 * K * m * slope.y * a * (*x)[r];
        (*h)[r] = side;
        (*h)[r * widest] = side;
        for (var s = 1u; s < rows; s++) {
          let b = (*cone)[s] * (*cone)[s];
          (*h)[r * widest + s] = -K * (select(0.0, a * rho, r == s) + 2.0 * slope.z * a * (*x)[r] * b * (*x)[s]);
        }
      }`,
    yielding: /* wgsl */ `
      let m = (*cone)[0];
      let K = D / (m * m);
      let N = m * first;
      let dN = m * (*z)[0];
      let q = slipSquare(rows, cone, x);
      var T = 0.0;
      var dT = 0.0;
      var inverse = 0.0;
      if (q > 0.0) {
        T = sqrt(q);
        inverse = 1.0 / T;
        for (var r = 1u; r < rows; r++) { dT += (*cone)[r] * (*cone)[r] * (*x)[r] * (*z)[r]; }
        dT *= inverse;
      }
      var normal = 0.0; // of K, and below: along the slip, and with all of it
      var along = 0.0;
      var all = 0.0;
      if (w > 0.0) {
        let plus = pushingSlope(N + T, 1.0, w) * (dN + dT);
        let minus = pushingSlope(N - T, 1.0, w) * (dN - dT);
        normal = -0.5 * K * (plus + minus);
        all = K * coneLaw(N, q, m, w).y;
        along = 0.5 * K * (minus - plus) - all * dT;
      } else if (N < 0.0 && m * m * N * N >= q) {
        normal = -K * dN;
        all = -K;
      } else if (N < 0.0 || N * N < m * m * q) {
        normal = K * (m * dT - dN) / (1.0 + m * m);
        all = -(*f)[0] * inverse;
        along = -m * normal - all * dT;
      }
      (*change)[0] = m * normal;
      for (var r = 1u; r < rows; r++) {
        let mu = (*cone)[r];
        (*change)[r] = mu * mu * (all * (*z)[r] + along * inverse * (*x)[r]);
      }`,
  },
  pyramid: {
    respond: /* wgsl */ `
      var total = 0.0;
      for (var r = 1u; r < rows; r++) {
        let mu = (*cone)[r];
        let up = pushing(first + mu * (*x)[r], D, w);                                                            // (1)
        let down = pushing(first - mu * (*x)[r], D, w);
        total += up + down;
        (*f)[r] = mu * (up - down);
      }
      (*f)[0] = total;`,
    stiffen: /* wgsl */ `
      for (var k = 0u; k < widest * widest; k++) { (*h)[k] = 0.0; }
      for (var r = 1u; r < rows; r++) {
        let mu = (*cone)[r];
        let up = pushingSlope(first + mu * (*x)[r], D, w);
        let down = pushingSlope(first - mu * (*x)[r], D, w);
        (*h)[0] += up + down;
        (*h)[r] = mu * (up - down);
        (*h)[r * widest] = mu * (up - down);
        (*h)[r * (widest + 1u)] = mu * mu * (up + down);
      }`,
    yielding: /* wgsl */ `
      var total = 0.0;
      for (var r = 1u; r < rows; r++) {
        let mu = (*cone)[r];
        let up = -pushingSlope(first + mu * (*x)[r], D, w) * ((*z)[0] + mu * (*z)[r]);
        let down = -pushingSlope(first - mu * (*x)[r], D, w) * ((*z)[0] - mu * (*z)[r]);
        total += up + down;
        (*change)[r] = mu * (up - down);
      }
      (*change)[0] = total;`,
  },
};

/** `respond`, `stiffen` and `yielding`, of the laws that groups of a pattern have. */
export function responseOf({ present, widest }: Pattern): string {
  const chosen = (kind: keyof Statements): string =>
    present.map(law => `if (law == ${laws[law]}u) { ${statements[law][kind]} }`).join('\n    ');
  return /* wgsl */ `
  const widest = ${widest}u;
  alias Line = array<f32, ${widest}>;
  alias Square = array<f32, ${widest * widest}>;
  ${scalarLaws}
  ${coneLaw}
  fn slipSquare(rows: u32, cone: ptr<function, Line>, x: ptr<function, Line>) -> f32 { // |U|²
    var q = 0.0;
    for (var r = 1u; r < rows; r++) {
      let U = (*cone)[r] * (*x)[r];
      q += U * U;
    }
    return q;
  }
  fn respond(law: u32, rows: u32, D: f32, w: f32, cone: ptr<function, Line>, x: ptr<function, Line>, f: ptr<function, Line>) {
    let first = (*x)[0];
    ${chosen('respond')}
  }
  fn stiffen(law: u32, rows: u32, D: f32, w: f32, cone: ptr<function, Line>, x: ptr<function, Line>, h: ptr<function, Square>) {
    let first = (*x)[0];
    ${chosen('stiffen')}
  }
  /** −h z, at x, where the law has forces f. */
  fn yielding(
    law: u32, rows: u32, D: f32, w: f32, cone: ptr<function, Line>,
    x: ptr<function, Line>, f: ptr<function, Line>, z: ptr<function, Line>, change: ptr<function, Line>,
  ) {
    let first = (*x)[0];
    ${chosen('yielding')}
  }
`;
}
