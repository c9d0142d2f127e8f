/**
 * The cases: what is computed, by whom it may be compared, how closely the results must agree, and what is to be reached.
 *
 * Ratios count how many times faster Retrograde is: 12 with 'jax-js' means a twelfth of its time, 0.95 with 'sse4.2' that
 * Retrograde may take 1/0.95 of the time of C at WebAssembly's own vector width.
 */

import type { Case, Target } from './case.ts';
import { lattice as flows } from './problems/lattice.ts';
import { mpm } from './problems/mpm.ts';
import { particles } from './problems/particles.ts';
import type { Problem } from './problems/problem.ts';
import { keys, mandelbrot, numbers, pendulums, product, wavelet } from './problems/small.ts';
import { sparse } from './problems/sparse.ts';
import { springs } from './problems/springs.ts';
import { wave } from './problems/wave.ts';
import { solverCases } from './solver-cases.ts';

const f32 = 1e-4;
const twice = 1.85;
const M = 2 ** 20;

type Rest = Partial<Pick<Case, 'tolerance' | 'traffic'>>;
const family =
  <P extends Problem>(name: string, problem: (small: boolean) => P) =>
  (title: string, variant: string, target: Target = {}, rest: Rest = {}): Case => ({
    name: title,
    family: name,
    variant,
    problem,
    target,
    tolerance: f32,
    ...rest,
  });

const linear = family('wave', small => wave(small ? { n: 24, steps: 7 } : {}));
const cubic = family('wave', small => wave(small ? { n: 24, steps: 7, cubic: 0.05 } : { cubic: 0.05 }));
const cloth = family('springs', small => springs(small ? { side: 7, steps: 60 } : {}));
const elements = family('wavelet', small => wavelet(small ? 1000 : undefined));
const product512 = family('product', small => product(small ? 17 : 512));
const product1024 = family('product', small => product(small ? 33 : 1024));
const swings = family('pendulums', small => pendulums(small ? { n: 5, steps: 20 } : {}));
const lattice = family('small', small => particles(small ? [4, 4, 3] : undefined));
const boltzmann = family('lattice', small => flows(small ? { n: 12 } : {}));
const words = (n: number) => family('small', small => numbers(small ? 1000 : n));
const laplacian = family('sparse', small => sparse(small ? { side: 12, iterations: 4 } : {}));
const picture = family('small', small => mandelbrot(small ? { n: 24, limit: 40 } : {}));
const unsorted = family('small', small => keys(small ? 1000 : undefined));
const jelly2d = family('mpm', small => mpm(2, small));
const jelly3d = family('mpm', small => mpm(3, small));
const nothing = () => ({ arrays: {}, constants: {} });

const inCache = (bytes: number): Rest => ({ traffic: { bytes, like: 'triad-1m' } });
const inMemory = (bytes: number): Rest => ({ traffic: { bytes, like: 'triad-32m' } });
const loose: Rest = { tolerance: 1e-3 };

export const cases: readonly Case[] = [
  linear('wave', 'forward', { ms: 10, over: { 'jax-js': 12, 'sse4.2': 0.95, gcc: 0.65 } }),
  linear('wave-gradient', 'gradient', { ms: 35, over: { 'jax-js': 5 } }),
  cubic('cubic-wave', 'forward', { over: { 'jax-js': 10 } }),
  cubic('cubic-wave-gradient', 'gradient', { over: { 'jax-js': 10 } }),
  linear('wave-step', 'step', { threads: twice }, inCache(12 * 512 ** 2)),
  linear(
    'wave-adjoint',
    'stepAdjoint',
    { threads: twice, against: { case: 'wave-step', most: 2.7 } },
    inCache(12 * 512 ** 2),
  ),
  cloth('springs', 'forward', { ms: 20, over: { 'jax-js': 50, plain: 4, gcc: 1 } }),
  cloth('springs-gradient', 'gradient', { ms: 60, over: { 'jax-js': 80, plain: 3.5 } }, loose),
  cloth('springs-step', 'step', { threads: twice }),
  cloth('springs-adjoint', 'stepAdjoint', { threads: twice, against: { case: 'springs-step', most: 2.7 } }),
  cloth('springs-physics', 'physics'),
  cloth('springs-physics-gradient', 'physicsGradient', {}, loose),
  elements('wavelet', 'forward', { ms: 4, over: { 'jax-js': 10, 'sse4.2': 1 }, threads: twice }, inMemory(8 * 4 * M)),
  elements('wavelet-gradient', 'gradient', { ms: 8, over: { 'jax-js': 6 } }),
  product512('matmul-512', 'forward', { over: { libraries: 1 }, threads: twice }),
  product1024('matmul-1024', 'forward', { over: { libraries: 1 }, threads: twice }),
  swings('pendulums', 'forward', { ms: 2 }),
  swings('pendulums-gradient', 'gradient', { ms: 5 }),
  lattice('lennard-jones', 'lennardJones', { over: { gcc: 0.9 }, threads: twice }),
  lattice('lennard-jones-adjoint', 'lennardJonesAdjoint', { against: { case: 'lennard-jones', most: 2.7 } }),
  jelly2d('mpm', 'forward'),
  jelly2d('mpm-gradient', 'gradient', { against: { case: 'mpm', most: 4 } }, loose),
  jelly3d('mpm-3d', 'forward'),
  jelly3d('mpm-3d-gradient', 'gradient', { against: { case: 'mpm-3d', most: 4 } }, loose),
  boltzmann('lattice-step', 'step', { threads: twice }, inMemory(72 * 512 ** 2)),
  boltzmann('lattice-adjoint', 'stepAdjoint', { against: { case: 'lattice-step', most: 2.5 } }),
  words(4 * M)('sum', 'sum', { over: { gcc: 0.75 } }, inCache(4 * 4 * M)),
  laplacian('spmv', 'csr', { over: { gcc: 0.95 } }, inMemory(52e6)),
  laplacian('spmv-ell', 'ell', {}, inMemory(48e6)),
  laplacian('cg-iteration', 'conjugateGradients', { over: { gcc: 0.95 } }, loose),
  unsorted('sort', 'sort'),
  picture('mandelbrot', 'mandelbrot', { over: { gcc: 2 }, threads: twice }, { tolerance: 1e-2 }),
  words(M)('triad-1m', 'triad', { threads: twice }, inCache(12 * M)),
  words(32 * M)('triad-32m', 'triad', {}, inMemory(12 * 32 * M)),
  family('small', nothing)('cold-start', 'coldStart', { ms: 40 }),
  family('overhead', nothing)('dispatch', 'dispatch', { ms: 0.0005 }),
  family('overhead', nothing)('launch', 'launch', { ms: 0.003 }),
  family('overhead', nothing)('rollout-step', 'step', { ms: 0.002 }),
];

export function caseNamed(name: string): Case {
  const found = [...cases, ...solverCases].find(c => c.name === name);
  if (!found)
    throw new RangeError(`bench: there is no case '${name}'; there are ${cases.map(c => c.name).join(', ')}.`);
  return found;
}
