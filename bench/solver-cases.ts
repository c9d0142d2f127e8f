/**
 * Cases of the solvers: initial value problems, their gradients, sparse systems, fits and a structure that is designed.
 *
 * Contenders integrate, solve or fit to the same tolerances by methods of their own; so what comes out is held against numbers that
 * are known: by closed forms, by publications, or by DOP853 at a tolerance of 1e-13.
 */

import type { Case } from './case.ts';
import type { Problem } from './problems/problem.ts';
import { type Beam, constants, middleOf, type Square, smallestOf } from './problems/solvers.ts';

export interface SolverCase extends Case {
  /** What is computed, and how closely it is asked for. */
  readonly what: string;
  /** Who else takes part, by name (solver-contenders.ts). */
  readonly peers: readonly string[];
  /** What must come out. */
  readonly truth: readonly number[];
}

interface Told {
  readonly what: string;
  readonly peers: readonly string[];
  readonly truth: readonly number[];
  /** Largest relative error. */
  readonly tolerance: number;
}

const family =
  <P extends Problem>(name: string, problem: (small: boolean) => P) =>
  (title: string, variant: string, told: Told): SolverCase => ({
    ...{ name: title, family: name, variant, problem, target: {}, ...told },
  });

const trajectories = (seconds: number) =>
  family('trajectories', small => constants({ n: small ? 8 : 10_000, seconds, rtol: 1e-6 }));
const relaxation = family('stiff', () => constants({}));
const roberts = (n: number) => family('stiff', small => constants({ n: small ? 2 : n, seconds: 4e7 }));
const plate = (mx: number) => family('stiff', small => constants({ mx: small ? 8 : mx, my: small ? 4 : mx / 2 }));
const square = constants({ side: 255 });
const algebra = family('algebra', small => (small ? constants({ side: 15 }) : square) as Square);
const fits = family('fits', small => constants({ n: small ? 10 : 1000 }));
const beam = (design: Beam['constants']) =>
  family('beam', small => constants({ ...design, ...(small && { iterations: 1 }) }));

const lorenz = [-8.255083588741845, -10.633874978570278, 19.817375468217136, -6.51211369941923, -6.974042788415759, 23.924129572104295]; // biome-ignore format: one state after the other
const lorenzSlopes = [100.42008325364915, 94.15497589424811, -128.53940987562805, 349.6742303324272, -31.23051990629012, -23.40698259682755, -37.28661759404719, 22.81867374400154]; // biome-ignore format: likewise
const vanDerPol = [2.0081497621749387, -0.04250887527313421, -1.811891646707956, 0.14269074327022538];

/** ∫y₃ dt, and its derivatives in each rate times the rate: by arithmetic of 20 digits. */
const integral = [39982528.2091];
const slopes = [0.04 * 768377.3266, 1e4 * -3.06892092, 3e7 * 5.11488998e-4];

export const solverCases: readonly SolverCase[] = [
  trajectories(5)('lorenz', 'lorenz', {
    what: '10⁴ Lorenz systems, ρ = 24 … 32, to t = 5; rtol 1e-6, f64',
    ...{ peers: ['SciPy', 'C', 'C, 1 thread'], truth: lorenz, tolerance: 1e-4 },
  }),
  trajectories(5)('lorenz-gradient', 'lorenzGradient', {
    what: 'the gradient of Σ|y|² at the end in 10⁴ starts and ρ',
    ...{ peers: ['C', 'C, 1 thread'], truth: lorenzSlopes, tolerance: 1e-3 },
  }),
  trajectories(5)('lorenz-f32', 'lorenz32', {
    what: 'likewise, in f32',
    ...{ peers: [], truth: lorenz, tolerance: 1e-3 },
  }),
  trajectories(5)('lorenz-gradient-f32', 'lorenzGradient32', {
    what: 'likewise, in f32',
    ...{ peers: [], truth: lorenzSlopes, tolerance: 1e-2 },
  }),
  trajectories(20)('van-der-pol', 'vanDerPol', {
    what: "10⁴ of Van der Pol's oscillators, μ = 1 … 10, to t = 20; rtol 1e-6, f64",
    ...{ peers: ['SciPy', 'C', 'C, 1 thread'], truth: vanDerPol, tolerance: 2e-3 },
  }),
  relaxation('van-der-pol-1000', 'relaxation', {
    what: "Van der Pol's oscillator, μ = 1000, to t = 2000; tolerances 1e-6",
    peers: ['SciPy LSODA', 'SciPy Radau', 'SciPy BDF'],
    truth: [1.706167732170469, -8.928097010248125e-4],
    tolerance: 1e-3,
  }),
  roberts(1)('roberts', 'roberts', {
    what: "Roberts' reactions to t = 4e7, ∫y₃ dt; rtol 1e-6",
    ...{ peers: ['CVODES'], truth: integral, tolerance: 1e-6 },
  }),
  roberts(1)('roberts-gradient', 'robertsGradient', {
    what: 'the gradient in the three rates',
    ...{ peers: ['CVODES'], truth: slopes, tolerance: 1e-3 },
  }),
  roberts(1000)('roberts-1000', 'roberts', {
    what: 'likewise, for 1000 sets of rates',
    ...{ peers: ['CVODES'], truth: integral, tolerance: 1e-6 },
  }),
  roberts(1000)('roberts-1000-gradient', 'robertsGradient', {
    what: 'the gradient in 3000 rates',
    ...{ peers: ['CVODES'], truth: slopes, tolerance: 1e-3 },
  }),
  plate(40)('advection-diffusion', 'advectionDiffusion', {
    what: 'u_t = Δu + 1.5 u_x on 40 × 20 points to t = 1, ∫∫∫u; atol 1e-5 (CVODES), rtol 1e-5',
    ...{ peers: ['CVODES'], truth: [0.864823027135534], tolerance: 1e-5 },
  }),
  plate(40)('advection-diffusion-gradient', 'advectionDiffusionGradient', {
    what: 'the gradient in all of the start',
    ...{ peers: ['CVODES'], truth: [0.11289199799658965, 0.11187983413983954], tolerance: 1e-3 },
  }),
  plate(160)('advection-160x80', 'advectionDiffusion', {
    what: 'likewise on 160 × 80',
    ...{ peers: ['CVODES'], truth: [0.8657140227470382], tolerance: 1e-5 },
  }),
  plate(160)('advection-160x80-gradient', 'advectionDiffusionGradient', {
    what: 'the gradient in all of the start',
    ...{ peers: ['CVODES'], truth: [0.11318943315996532, 0.11188969132546563], tolerance: 1e-3 },
  }),
  algebra('direct', 'direct', {
    what: '−Δu = 1 on 255² points by a factorisation',
    ...{ peers: ['SciPy'], truth: middleOf(square), tolerance: 1e-9 },
  }),
  algebra('conjugate-gradients', 'conjugateGradients', {
    what: 'by conjugate gradients, to 1e-8',
    ...{ peers: ['SciPy'], truth: middleOf(square), tolerance: 1e-7 },
  }),
  algebra('smallest', 'smallest', {
    what: 'its four smallest eigenvalues',
    ...{ peers: ['SciPy'], truth: smallestOf(square), tolerance: 1e-7 },
  }),
  fits('misra', 'misra', {
    what: 'NIST Misra1a from its first start, to 1e-12',
    ...{ peers: ['SciPy'], truth: [238.94212918, 5.5015643181e-4], tolerance: 1e-8 },
  }),
  fits('rosenbrock', 'rosenbrock', {
    what: "Rosenbrock's function of 1000 numbers by L-BFGS, gradient to 1e-5",
    ...{ peers: ['SciPy'], truth: [1, 1, 1], tolerance: 1e-4 },
  }),
  beam({ nx: 60, ny: 20, radius: 2.4, iterations: 40 })('beam-60x20', 'design', {
    what: 'a beam designed on 60 × 20 elements; one of 40 iterations',
    ...{ peers: ['SciPy'], truth: [219.2845076548], tolerance: 1e-5 },
  }),
  beam({ nx: 150, ny: 50, radius: 6, iterations: 4 })('beam-150x50', 'design', {
    what: 'on 150 × 50; one of 4 iterations',
    ...{ peers: ['SciPy'], truth: [354.4403677528], tolerance: 1e-5 },
  }),
];
