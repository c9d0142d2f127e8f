/** The wave equation in plain JavaScript, with its adjoint by hand. The five-point sum is its own transpose. */

import type { Contest } from '../contest.ts';
import type { Wave } from '../problems/wave.ts';

type Field = Float32Array<ArrayBuffer>;

function advance(old: Field, u: Field, next: Field, n: number, courant: number, cubic: number): void {
  for (let r = 0; r < n; r++)
    for (let c = 0; c < n; c++) {
      const i = r * n + c;
      const x = u[i]!;
      const west = c > 0 ? u[i - 1]! : 0;
      const east = c < n - 1 ? u[i + 1]! : 0;
      const north = r > 0 ? u[i - n]! : 0;
      const south = r < n - 1 ? u[i + n]! : 0;
      next[i] = 2 * x - old[i]! + courant * (west + east + north + south - 4 * x) - cubic * x * x * x;
    }
}

/** ū(t) += (2 + c² ∇² − 3 κ u²) ū(t+1) and ū(t−1) = −ū(t+1). */
function retreat(before: Field, bar: Field, after: Field, u: Field, n: number, courant: number, cubic: number): void {
  for (let r = 0; r < n; r++)
    for (let c = 0; c < n; c++) {
      const i = r * n + c;
      const x = after[i]!;
      const west = c > 0 ? after[i - 1]! : 0;
      const east = c < n - 1 ? after[i + 1]! : 0;
      const north = r > 0 ? after[i - n]! : 0;
      const south = r < n - 1 ? after[i + n]! : 0;
      bar[i] = bar[i]! + 2 * x + courant * (west + east + north + south - 4 * x) - 3 * cubic * u[i]! * u[i]! * x;
      before[i] = -x;
    }
}

function run({ arrays: { start }, constants: { n, steps, courant, cubic } }: Wave, keep?: Field[]): Field {
  let [old, u, next] = [start.slice(), start.slice(), new Float32Array(n * n)];
  for (let t = 0; t < steps; t++) {
    keep?.push(u.slice());
    advance(old, u, next, n, courant, cubic);
    [old, u, next] = [u, next, old];
  }
  return u;
}

export const forward = (problem: Wave): Contest<Field> => ({
  run: () => run(problem),
  results: end => [end],
});

export const gradient = (problem: Wave): Contest<Field> => ({
  run() {
    const { n, steps, courant, cubic } = problem.constants;
    const seen: Field[] = [];
    const end = run(problem, cubic === 0 ? undefined : seen);
    let after = end.map((value, i) => value - problem.arrays.target[i]!);
    let [bar, before] = [new Float32Array(n * n), new Float32Array(n * n)];
    for (let t = steps - 1; t >= 0; t--) {
      retreat(before, bar, after, seen[t] ?? end, n, courant, cubic);
      [after, bar, before] = [bar, before, after];
    }
    return after.map((value, i) => value + bar[i]!); // u(−1) = u(0)
  },
  results: bar => [bar],
});
