/** LAMMPS's benchmark "melt" through the public interface: processor time of a step of 32 000 atoms, and of its gradient, on one thread. */

import { grad, rollout, uniform } from 'retrograde/adjoint';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import { checkMotion, constantEnergy, lennardJones, particleState, particles, pressure } from 'retrograde/physics';

export interface MeltRow {
  /** Of the lattice: energy of an atom, and pressure. LAMMPS has −6.7733681 and −5.0197073. */
  readonly energy: number;
  readonly pressure: number;
  /** Atom-steps a second, lists and all. LAMMPS: 3.6 million. */
  readonly rate: number;
  /** Value and gradient over the value alone, each as what more steps cost. */
  readonly gradientRatio: number;
}

const seconds = (run: () => void): number => {
  const begin = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1e6;
};

/** Steps with one list. */
const perList = 6;

export async function serveMelt(cells = 20): Promise<MeltRow> {
  const on = await device({ kind: 'cpu', precision: 'f32', threads: 1 });
  const count = 4 * cells ** 3;
  const a = (4 / 0.8442) ** (1 / 3);
  const corners = [0, 1, 2, 3].map(c => [+(c === 1 || c === 2), +(c === 1 || c === 3), +(c === 2 || c === 3)]);
  const lattice = Float32Array.from({ length: 3 * count }, (_, k) => {
    const [i, axis] = [Math.floor(k / 3), k % 3];
    const cell = Math.floor(i / 4);
    const at = [cell % cells, Math.floor(cell / cells) % cells, Math.floor(cell / cells ** 2)];
    return a * (at[axis] + corners[i % 4][axis] / 2);
  });
  const box = [a * cells, a * cells, a * cells];
  const pairs = { lj: { potential: lennardJones, cutoff: 2.5 } };
  const system = particles({ count, box, skin: 0.3, capacity: 120, pairs });
  const numbers = { epsilon: tensor([1]), sigma: tensor([1]) };
  const params = { box: tensor(box), mass: tensor([1]), energy: { lj: numbers } };
  const any = uniform([count, 3], { seed: 1 }).sub(0.5);
  const still = any.sub(any.mean(0));
  const warmth = await still.square().sum().item();
  const start = particleState(
    system,
    tensor(lattice, [count, 3]),
    params,
    still.mul(Math.sqrt((3 * (count - 1) * 1.44) / warmth)),
  );
  const step = constantEnergy(system, { perList });
  const run = (state: typeof start, lists: number) => rollout(s => step(s, params, 0.005), state, lists);
  const energy = (await system.energy(start.x, params).item()) / count;
  const value = await pressure(system, start, params).item();
  const melted = run(start, 14);
  await checkMotion(system, melted);
  const perStep = (work: (lists: number) => unknown): number => {
    const timed = (lists: number): number =>
      seconds(() => {
        work(lists);
        on.flush();
      });
    timed(8); // compiled
    const [few, many] = [timed(8), timed(20)];
    return (many - few) / (12 * perList);
  };
  const forward = perStep(lists => run(melted, lists));
  const backward = perStep(lists =>
    grad((v: Tensor) =>
      run({ ...melted, v }, lists)
        .x.square()
        .mean(),
    )(melted.v),
  );
  return { energy, pressure: value, rate: count / forward, gradientRatio: backward / forward };
}
