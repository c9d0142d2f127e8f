/** The cloth in plain JavaScript, spring by spring, with its adjoint by hand and every position kept. */

import type { Contest } from '../contest.ts';
import type { Springs } from '../problems/springs.ts';

type Floats = Float32Array<ArrayBuffer>;

function forces({ arrays, constants }: Springs, x: Floats, f: Floats): void {
  const { from, to, rest, stiffness } = arrays;
  f.fill(0);
  for (let s = 0; s < constants.springs; s++) {
    const [a, b] = [3 * from[s]!, 3 * to[s]!];
    const dx = x[b]! - x[a]!;
    const dy = x[b + 1]! - x[a + 1]!;
    const dz = x[b + 2]! - x[a + 2]!;
    const length = Math.sqrt(dx * dx + dy * dy + dz * dz);
    const q = (stiffness[s]! * (length - rest[s]!)) / length;
    f[a]! += q * dx;
    f[a + 1]! += q * dy;
    f[a + 2]! += q * dz;
    f[b]! -= q * dx;
    f[b + 1]! -= q * dy;
    f[b + 2]! -= q * dz;
  }
}

function run(problem: Springs, keep?: Floats[]): Floats {
  const { nodes, steps, dt, drag, gravity } = problem.constants;
  const { free } = problem.arrays;
  const x = problem.arrays.x.slice() as Floats;
  const [v, f] = [new Float32Array(3 * nodes), new Float32Array(3 * nodes)];
  for (let t = 0; t < steps; t++) {
    keep?.push(x.slice());
    forces(problem, x, f);
    for (let i = 0; i < nodes; i++)
      for (let d = 0; d < 3; d++) {
        const e = 3 * i + d;
        v[e] = free[i]! * (v[e]! + dt * (f[e]! + (d === 1 ? gravity : 0) - drag * v[e]!));
        x[e] = x[e]! + dt * v[e]!;
      }
  }
  return x;
}

/** x̄ += (∂f/∂x)ᵀ f̄ and k̄ += (∂f/∂k)ᵀ f̄. */
function pull({ arrays, constants }: Springs, x: Floats, fBar: Floats, xBar: Floats, kBar: Floats): void {
  const { from, to, rest, stiffness } = arrays;
  for (let s = 0; s < constants.springs; s++) {
    const [a, b] = [3 * from[s]!, 3 * to[s]!];
    const dx = x[b]! - x[a]!;
    const dy = x[b + 1]! - x[a + 1]!;
    const dz = x[b + 2]! - x[a + 2]!;
    const inverse = 1 / Math.sqrt(dx * dx + dy * dy + dz * dz);
    const ux = fBar[a]! - fBar[b]!;
    const uy = fBar[a + 1]! - fBar[b + 1]!;
    const uz = fBar[a + 2]! - fBar[b + 2]!;
    const along = ux * dx + uy * dy + uz * dz;
    const slack = rest[s]! * inverse;
    kBar[s]! += along * (1 - slack);
    const q = stiffness[s]! * (1 - slack);
    const m = along * stiffness[s]! * slack * inverse * inverse;
    const [hx, hy, hz] = [q * ux + m * dx, q * uy + m * dy, q * uz + m * dz];
    xBar[b]! += hx;
    xBar[b + 1]! += hy;
    xBar[b + 2]! += hz;
    xBar[a]! -= hx;
    xBar[a + 1]! -= hy;
    xBar[a + 2]! -= hz;
  }
}

export const forward = (problem: Springs): Contest<Floats> => ({
  run: () => run(problem),
  results: x => [x],
});

/** By every stiffness. */
export const gradient = (problem: Springs): Contest<Floats> => ({
  run() {
    const { nodes, springs, steps, dt, drag } = problem.constants;
    const { free, target } = problem.arrays;
    const seen: Floats[] = [];
    const xBar = run(problem, seen).map((value, i) => value - target[i]!);
    const [vBar, fBar, kBar] = [new Float32Array(3 * nodes), new Float32Array(3 * nodes), new Float32Array(springs)];
    for (let t = steps - 1; t >= 0; t--) {
      for (let e = 0; e < 3 * nodes; e++) {
        const w = (vBar[e]! + dt * xBar[e]!) * free[Math.floor(e / 3)]!;
        fBar[e] = dt * w;
        vBar[e] = w * (1 - dt * drag);
      }
      pull(problem, seen[t]!, fBar, xBar, kBar);
    }
    return kBar;
  },
  results: kBar => [kBar],
});
