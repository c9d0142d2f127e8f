/** Sparse matrix times vector, row by row (CSR) and column by column (ELL); conjugate gradients as a rollout. */

import { rollout } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import type { Contest } from '../contest.ts';
import { columns, type Sparse, widest } from '../problems/sparse.ts';
import { contest } from './contest.ts';

const rowTimes = kernel(/* wgsl */ `
  var<storage, read> start: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> value: array<f32>;
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn rowTimes(@builtin(global_invocation_id) id: vec3u) {
    var sum = 0.0;
    for (var e = start[id.x]; e < start[id.x + 1u]; e++) { sum += value[e] * x[column[e]]; }
    y[id.x] = sum;
  }
`);

const columnTimes = (n: number) =>
  kernel(/* wgsl */ `
    var<storage, read> column: array<u32>;         // entry k of row i at k n + i
    var<storage, read> value: array<f32>;
    var<storage, read> x: array<f32>;
    var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64)
    fn columnTimes(@builtin(global_invocation_id) id: vec3u) {
      var sum = 0.0;
      for (var k = 0u; k < ${widest}u; k++) { sum += value[k * ${n}u + id.x] * x[column[k * ${n}u + id.x]]; }
      y[id.x] = sum;
    }
  `);

const rows = ({ arrays: { start, column, value } }: Sparse) => ({
  start: tensor(Uint32Array.from(start)),
  column: tensor(Uint32Array.from(column)),
  value: tensor(value),
});

export function csr(problem: Sparse): Contest<readonly Tensor[]> {
  const given = { ...rows(problem), x: tensor(problem.arrays.b) };
  return contest(() => [rowTimes(given, { count: problem.constants.n }).y]);
}

export function ell(problem: Sparse): Contest<readonly Tensor[]> {
  const { n } = problem.constants;
  const { column, value } = columns(problem);
  const times = columnTimes(n);
  const given = { column: tensor(column), value: tensor(value), x: tensor(problem.arrays.b) };
  return contest(() => [times(given, { count: n }).y]);
}

const move = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> r: array<f32>;
  var<storage, read> p: array<f32>;
  var<storage, read> q: array<f32>;                // A p
  var<storage, read> alpha: f32;
  var<storage, read_write> xNext: array<f32>;
  var<storage, read_write> rNext: array<f32>;
  @compute @workgroup_size(64)
  fn move(@builtin(global_invocation_id) id: vec3u) {
    xNext[id.x] = x[id.x] + alpha * p[id.x];
    rNext[id.x] = r[id.x] - alpha * q[id.x];
  }
`);

const turn = kernel(/* wgsl */ `
  var<storage, read> r: array<f32>;
  var<storage, read> p: array<f32>;
  var<storage, read> beta: f32;
  var<storage, read_write> pNext: array<f32>;
  @compute @workgroup_size(64)
  fn turn(@builtin(global_invocation_id) id: vec3u) { pNext[id.x] = r[id.x] + beta * p[id.x]; }
`);

type Iterate = Readonly<Record<'x' | 'r' | 'p' | 'rho', Tensor>>;

export function conjugateGradients(problem: Sparse): Contest<readonly Tensor[]> {
  const { n, iterations } = problem.constants;
  const matrix = rows(problem);
  const [b, zero] = [tensor(problem.arrays.b), tensor(new Float32Array(n))];
  const count = { count: n };
  const iterate = ({ x, r, p, rho }: Iterate): Iterate => {
    const q = rowTimes({ ...matrix, x: p }, count).y;
    const { xNext, rNext } = move({ x, r, p, q, alpha: rho.div(p.dot(q)) }, count);
    const next = rNext.dot(rNext);
    return { x: xNext, r: rNext, p: turn({ r: rNext, p, beta: next.div(rho) }, count).pNext, rho: next };
  };
  return contest(() => {
    const rho = b.dot(b);
    const end = rollout(iterate, { x: zero, r: b, p: b, rho }, iterations);
    for (const tensor of [rho, end.r, end.p, end.rho]) tensor.dispose();
    return [end.x];
  }, iterations);
}

export const sources: Readonly<Record<string, string>> = {
  'CSR row times vector': rowTimes.source,
  'step of conjugate gradients': move.source,
};
