/**
 * Linear systems by every method: −Δu = 1 on n × n inner points of the unit square, and its gradient. One JSON line a run.
 *
 * Times are of a fresh operator each: what is prepared for it is part of the time. The residual is computed anew from the result.
 */

import { valueAndGrad } from 'retrograde/adjoint';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import * as sparse from 'retrograde/sparse';

const { amg, cholesky, csr, linearSolve, multigrid, Pattern, stencil } = sparse;

export interface Run {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly iterations: number;
  readonly residual: number;
  /** u in the middle. */
  readonly centre: number;
  readonly gradientRatio?: number;
}

function matrix(n: number) {
  const rowStart = new Uint32Array(n * n + 1);
  const column: number[] = [];
  const numbers: number[] = [];
  for (let i = 0; i < n * n; i++) {
    const [x, y] = [i % n, Math.floor(i / n)];
    const add = (j: number, v: number) => {
      column.push(j);
      numbers.push(v * (n + 1) ** 2);
    };
    if (y > 0) add(i - n, -1);
    if (x > 0) add(i - 1, -1);
    add(i, 4);
    if (x < n - 1) add(i + 1, -1);
    if (y < n - 1) add(i + n, -1);
    rowStart[i + 1] = column.length;
  }
  const pattern = new Pattern(n * n, n * n, rowStart, Uint32Array.from(column));
  const values = tensor(numbers);
  return () => csr(pattern, values, { positiveDefinite: true });
}

const grid = (n: number) => () => stencil([n, n], { placement: 'node', spacing: 1 / (n + 1) });

interface Method {
  readonly precision: 'f32' | 'f64';
  readonly n: number;
  readonly rtol: number;
  readonly preconditioner: () => sparse.Preconditioner;
  readonly operator: (n: number) => () => sparse.LinearOperator<never>;
}
const f64 = { precision: 'f64', rtol: 1e-8 } as const;
const byGrid = grid as unknown as Method['operator'];
const byMatrix = matrix as unknown as Method['operator'];

/** What can be asked for, by name. */
export const methods: Readonly<Record<string, Method>> = {
  'multigrid 1023²': { ...f64, n: 1023, preconditioner: multigrid, operator: byGrid },
  'multigrid 1023² f32': { precision: 'f32', rtol: 1e-7, n: 1023, preconditioner: multigrid, operator: byGrid },
  'AMG 1023²': { ...f64, n: 1023, preconditioner: amg, operator: byMatrix },
  'Cholesky 255²': { ...f64, n: 255, preconditioner: cholesky, operator: byMatrix },
};

/** Runs one, after a run that compiles. */
export async function serve(name: string, runs: number): Promise<void> {
  const { precision, n, rtol, preconditioner, operator } = methods[name];
  await device({ kind: 'cpu', precision, threads: Number(process.env.RETROGRADE_THREADS ?? 1) });
  const make = operator(n);
  const b = tensor(new Float64Array(n * n).fill(1));
  for (let run = 0; run <= runs; run++) {
    let told: sparse.SolveReport | undefined;
    const options = { preconditioner: preconditioner(), rtol, onSolved: (r: sparse.SolveReport) => (told ??= r) };
    const [cpu, wall] = [process.cpuUsage(), performance.now()];
    const A = make();
    const x = linearSolve(A, b, options);
    const wallMs = performance.now() - wall;
    const { user, system } = process.cpuUsage(cpu);
    const words = await x.read();
    const row: Run = {
      cpuMs: (user + system) / 1000,
      wallMs,
      iterations: told?.iterations ?? 0,
      residual: told?.residual ?? Number.NaN,
      centre: words[Math.floor(n / 2) * (n + 1)],
      ...(run === runs && { gradientRatio: gradientRatio(make, b, options) }),
    };
    console.log(JSON.stringify(row));
    x.dispose();
  }
}

/** Processor time of value and gradient (in b and in what A is made of) over that of the value. */
function gradientRatio(make: () => sparse.LinearOperator<never>, b: Tensor, options: sparse.SolveOptions): number {
  const A = make() as unknown as sparse.LinearOperator<object>;
  const solve = ({ b, p }: { b: Tensor; p: object }): Tensor => linearSolve(A.with(p), b, options).square().sum();
  const both = valueAndGrad(solve);
  const time = (f: () => unknown): number => {
    let best = Number.POSITIVE_INFINITY;
    for (let k = 0; k < 5; k++) {
      const begin = process.cpuUsage();
      f();
      A.device.flush();
      const { user, system } = process.cpuUsage(begin);
      best = Math.min(best, user + system);
    }
    return best;
  };
  const at = { b, p: A.params };
  return time(() => both(at)) / time(() => solve(at));
}
