// Forward dynamics by the articulated-body algorithm, in link coordinates with 6 × 6 matrices: an oracle that shares nothing with the library.
// Featherstone: Rigid Body Dynamics Algorithms, 2008, §7.3. Vectors are (angular, linear).

import { inverse, Matrix } from 'ml-matrix';
import type { Model } from 'retrograde/physics';

type Vec3 = readonly number[];

const skew = ([x, y, z]: Vec3): Matrix =>
  new Matrix([
    [0, -z, y],
    [z, 0, -x],
    [-y, x, 0],
  ]);

function rotation(given: readonly number[]): Matrix {
  const length = Math.hypot(...given);
  const [w, x, y, z] = given.map(c => c / length);
  const K = skew([x, y, z]);
  return Matrix.eye(3)
    .add(Matrix.mul(K, 2 * w))
    .add(Matrix.mul(K.mmul(K), 2));
}

const turn = (axis: Vec3, angle: number): Matrix => {
  const length = Math.hypot(...axis);
  return rotation([Math.cos(angle / 2), ...axis.map(x => (x / length) * Math.sin(angle / 2))]);
};

const times = (R: Matrix, v: Vec3): number[] => R.mmul(Matrix.columnVector([...v])).to1DArray();
const plus = (a: Vec3, b: Vec3): number[] => a.map((x, k) => x + b[k]);
const minus = (a: Vec3, b: Vec3): number[] => a.map((x, k) => x - b[k]);

/** Matrix that takes motions of the predecessor's frame to one that stands in it at (R, r). */
function motionTransform(R: Matrix, r: Vec3): Matrix {
  const X = Matrix.zeros(6, 6);
  const T = R.transpose();
  X.setSubMatrix(T, 0, 0);
  X.setSubMatrix(T, 3, 3);
  X.setSubMatrix(T.mmul(skew(r)).mul(-1), 3, 0);
  return X;
}

const motionCross = (v: Vec3): Matrix => {
  const C = Matrix.zeros(6, 6);
  C.setSubMatrix(skew(v.slice(0, 3)), 0, 0);
  C.setSubMatrix(skew(v.slice(0, 3)), 3, 3);
  C.setSubMatrix(skew(v.slice(3)), 3, 0);
  return C;
};

interface Body {
  readonly parent: number;
  readonly dof: number;
  readonly S: Matrix;
  readonly X: Matrix;
  readonly I: Matrix;
}

function bodies({ links, joints, values }: Model, q: readonly number[]): Body[] {
  const made: Body[] = [];
  const last: number[] = [];
  links.forEach((link, l) => {
    const massive = (): Matrix => {
      const m = values.mass[l];
      const c = values.com.slice(3 * l, 3 * l + 3);
      const [xx, yy, zz, xy, xz, yz] = values.inertia.slice(6 * l, 6 * l + 6);
      const C = skew(c);
      const I = Matrix.zeros(6, 6);
      const own = new Matrix([
        [xx, xy, xz],
        [xy, yy, yz],
        [xz, yz, zz],
      ]);
      I.setSubMatrix(own.sub(Matrix.mul(C.mmul(C), m)), 0, 0);
      I.setSubMatrix(Matrix.mul(C, m), 0, 3);
      I.setSubMatrix(Matrix.mul(C, -m), 3, 0);
      I.setSubMatrix(Matrix.mul(Matrix.eye(3), m), 3, 3);
      return I;
    };
    const constant = {
      R: rotation(values.orientation.slice(4 * l, 4 * l + 4)),
      r: values.position.slice(3 * l, 3 * l + 3),
    };
    let at = link.parent < 0 ? -1 : last[link.parent];
    const add = (R: Matrix, r: Vec3, S: Matrix, dof: number, ends: boolean): void => {
      made.push({ parent: at, dof, S, X: motionTransform(R, r), I: ends ? massive() : Matrix.zeros(6, 6) });
      at = made.length - 1;
    };
    const eye = Matrix.eye(3);
    const columns = (angular: Matrix, linear: Matrix): Matrix => {
      const S = Matrix.zeros(6, angular.columns);
      S.setSubMatrix(angular, 0, 0);
      S.setSubMatrix(linear, 3, 0);
      return S;
    };
    link.joints.forEach((j, k) => {
      const { kind, q: from, dof } = joints[j];
      const ends = k === link.joints.length - 1;
      const a = values.anchor.slice(3 * j, 3 * j + 3);
      const axis = values.axis.slice(3 * j, 3 * j + 3);
      const n = axis.map(x => x / Math.hypot(...axis));
      const pose = k === 0 ? constant : { R: eye, r: [0, 0, 0] };
      const moved = (R: Matrix, r: Vec3): readonly [Matrix, Vec3] => [pose.R.mmul(R), plus(pose.r, times(pose.R, r))];
      const by = q[from] - values.reference[from];
      if (kind === 'free') {
        add(eye, q.slice(from, from + 3), columns(Matrix.zeros(3, 3), eye), dof, false);
        add(rotation(q.slice(from + 3, from + 7)), [0, 0, 0], columns(eye, Matrix.zeros(3, 3)), dof + 3, ends);
      } else if (kind === 'slide') {
        const S = columns(Matrix.zeros(3, 1), Matrix.columnVector(n));
        add(
          ...moved(
            eye,
            n.map(x => x * by),
          ),
          S,
          dof,
          ends,
        );
      } else {
        const R = kind === 'ball' ? rotation(q.slice(from, from + 4)) : turn(n, by);
        const angular = kind === 'ball' ? eye : Matrix.columnVector(n);
        add(...moved(R, minus(a, times(R, a))), columns(angular, skew(a).mmul(angular)), dof, ends);
      }
    });
    if (link.joints.length === 0) add(constant.R, constant.r, Matrix.zeros(6, 0), 0, true);
    last.push(at);
  });
  return made;
}

/** Accelerations of one environment. @param tau All forces of the joints, passive ones included. */
export function articulatedBody(
  model: Model,
  q: readonly number[],
  v: readonly number[],
  tau: readonly number[],
): number[] {
  const all = bodies(model, q);
  const column = (x: readonly number[]): Matrix => Matrix.columnVector([...x]);
  const part = (x: readonly number[], { dof, S }: Body): Matrix => column(x.slice(dof, dof + S.columns));
  const V: Matrix[] = [];
  const c: Matrix[] = [];
  const I: Matrix[] = [];
  const p: Matrix[] = [];
  for (const body of all) {
    const own = body.S.columns > 0 ? body.S.mmul(part(v, body)) : Matrix.zeros(6, 1);
    const now = body.parent < 0 ? own : Matrix.add(own, body.X.mmul(V[body.parent]));
    const C = motionCross(now.to1DArray());
    V.push(now);
    c.push(C.mmul(own));
    I.push(body.I.clone());
    p.push(C.transpose().mul(-1).mmul(body.I.mmul(now)));
  }
  const U: Matrix[] = [];
  const D: Matrix[] = [];
  const u: Matrix[] = [];
  for (let i = all.length - 1; i >= 0; i--) {
    const body = all[i];
    let Ia = I[i];
    let pa = Matrix.add(p[i], Ia.mmul(c[i]));
    if (body.S.columns > 0) {
      U[i] = I[i].mmul(body.S);
      const rotors = Matrix.diag(model.values.armature.slice(body.dof, body.dof + body.S.columns));
      D[i] = inverse(body.S.transpose().mmul(U[i]).add(rotors));
      u[i] = part(tau, body).sub(body.S.transpose().mmul(p[i]));
      Ia = Matrix.sub(I[i], U[i].mmul(D[i]).mmul(U[i].transpose()));
      pa = Matrix.add(p[i], Ia.mmul(c[i])).add(U[i].mmul(D[i]).mmul(u[i]));
    }
    if (body.parent < 0) continue;
    I[body.parent].add(body.X.transpose().mmul(Ia).mmul(body.X));
    p[body.parent].add(body.X.transpose().mmul(pa));
  }
  const a: number[] = new Array(model.nv).fill(0);
  const A: Matrix[] = [];
  const rest = column([0, 0, 0, ...model.values.gravity.map(g => -g)]);
  all.forEach((body, i) => {
    let now = Matrix.add(body.X.mmul(body.parent < 0 ? rest : A[body.parent]), c[i]);
    if (body.S.columns > 0) {
      const rates = D[i].mmul(Matrix.sub(u[i], U[i].transpose().mmul(now)));
      rates.to1DArray().forEach((x, k) => {
        a[body.dof + k] = x;
      });
      now = Matrix.add(now, body.S.mmul(rates));
    }
    A.push(now);
  });
  return a;
}
