/**
 * Which potential do atoms have, if all that is known is how often they are how far apart? ε and σ from a radial distribution function.
 *
 *   ∂⟨g_b⟩/∂θ = −(⟨g_b ∂E/∂θ⟩ − ⟨g_b⟩ ⟨∂E/∂θ⟩) / kT                 (1) θ = (log ε, log σ), at constant temperature
 *   θ ← θ + γ (JᵀJ)⁻¹ Jᵀ (g_seen − ⟨g⟩),   γ = 1, …, 1, ½, ⅓, …        (2) Gauss & Newton; then means of rounds
 *
 * Each round goes on with the simulation where the one before ended. Derivatives of the energy are the compiler's; those of averages
 * need no derivative of the chaotic trajectory, by (1): fluctuations tell. What is seen comes from a longer run with the true numbers.
 * (1): e.g. Norgaard, Ferkinghoff-Borg & Lindorff-Larsen, Biophys. J. 94 (2008) 182; Thaler & Zavadlav, Nat. Commun. 12 (2021) 6884.
 * Goal: σ within 1 % and ε within 5 % of the truth, from 8 % and 40 % off.
 */

import { disposeTree, grad, rollout } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { checkMotion, type LangevinState, radialDistribution } from '../../physics/index.ts';
import { type Liquid, liquid, perList } from '../argon/liquid.ts';
import { checkWhole, type Plot, type Scene, type SceneProgress } from '../scene.ts';

const truth = { epsilon: 1, sigma: 1 };
const guess = { epsilon: 0.6, sigma: 1.08 };
const kT = 1.5;
const dt = 0.005;
const bins = 50;
const range = 2.8;
/** Steps from one look to the next. */
const between = 25;
const sizes = { small: { looks: 240, rounds: 12 }, full: { looks: 480, rounds: 14 } } as const;
/** Rounds with γ = 1. */
const bold = 5;

type Numbers = { readonly epsilon: number; readonly sigma: number };

interface Averages {
  readonly g: Float64Array;
  /** ∂⟨g⟩/∂ log ε and ∂⟨g⟩/∂ log σ. */
  readonly slopes: readonly Float64Array[];
  readonly state: LangevinState;
}

/** Goes on with a simulation, and looks at it now and then. */
async function averages(
  { system, params, step, length }: Liquid,
  from: LangevinState,
  { epsilon, sigma }: Numbers,
  looks: number,
  device: Device,
): Promise<Averages> {
  const on = (v: number): Tensor => tensor([v], [1], { device });
  const lj = { epsilon: on(epsilon), sigma: on(sigma) };
  const given = { ...params, energy: { lj } };
  const box = [length, length, length];
  const radial = radialDistribution({ count: system.spec.count, box, range, bins });
  const slopesOf = (x: Tensor) => grad((p: typeof lj) => system.energy(x, { ...params, energy: { lj: p } }))(lj);
  const seen: Float64Array[] = [];
  const energies: number[][] = [];
  let state = rollout(s => step(s, given, dt), { ...from, f: system.forces(from.x, given) }, (8 * between) / perList);
  for (let k = 0; k < looks; k++) {
    const before = state;
    state = rollout(s => step(s, given, dt), before, between / perList);
    seen.push(Float64Array.from(await radial(state.x, params.box).read()));
    const slope = slopesOf(state.x);
    energies.push([epsilon * (await slope.epsilon.item()), sigma * (await slope.sigma.item())]);
    disposeTree([before, slope]);
  }
  await checkMotion(system, state);
  const mean = (of: (k: number) => number): number => seen.reduce((sum, _, k) => sum + of(k), 0) / looks;
  const g = Float64Array.from({ length: bins }, (_, b) => mean(k => seen[k][b]));
  const slopes = [0, 1].map(p => {
    const typical = mean(k => energies[k][p]);
    return g.map((v, b) => -mean(k => (seen[k][b] - v) * (energies[k][p] - typical)) / kT); // (1)
  });
  return { g, slopes, state };
}

/** (JᵀJ)⁻¹ Jᵀ r, no longer than what fluctuations can tell. */
function correction([a, b]: readonly Float64Array[], r: Float64Array): readonly [number, number] {
  const dot = (x: Float64Array, y: Float64Array): number => x.reduce((sum, v, k) => sum + v * y[k], 0);
  const [aa, ab, bb, ar, br] = [dot(a, a), dot(a, b), dot(b, b), dot(a, r), dot(b, r)];
  const determinant = aa * bb - ab * ab;
  const [first, second] = [(bb * ar - ab * br) / determinant, (aa * br - ab * ar) / determinant];
  const shorten = Math.min(1, 0.25 / Math.abs(first), 0.04 / Math.abs(second));
  return [shorten * first, shorten * second];
}

export const fitPotential: Scene = {
  name: 'fit-potential',
  summary: 'finds the numbers of a pair potential from a radial distribution function, by fluctuations',
  settings: {
    looks: 'at the simulation in a round (preset small: 240; full: 480)',
    rounds: 'of simulation and correction (12; 14)',
  },
  async run({ preset, settings, seed, onProgress, signal, device }) {
    const { looks = sizes[preset].looks, rounds = sizes[preset].rounds } = settings;
    checkWhole('fit-potential', { looks, rounds }, { looks: 8, rounds: 2 });
    const fluid = liquid({ cells: 3, density: 0.4, kT, cutoff: 2.8, seed, device });
    const warm = rollout(s => fluid.step(s, fluid.params, dt), fluid.start, 1000 / perList);
    const seen = await averages(fluid, warm, truth, 4 * looks, device);
    const history: SceneProgress[] = [];
    const path: Numbers[] = [guess];
    let now: Numbers = guess;
    let state = warm;
    let last = seen;
    let first: Averages | undefined;
    for (let round = 1; round <= rounds && !signal?.aborted; round++) {
      last = await averages(fluid, state, now, looks, device);
      first ??= last;
      state = last.state;
      const off = seen.g.map((v, b) => v - last.g[b]);
      const loss = Math.sqrt(off.reduce((sum, v) => sum + v * v, 0) / bins);
      const gain = 1 / Math.max(1, round - bold);
      const [byEpsilon, bySigma] = correction(last.slopes, off);
      now = { epsilon: now.epsilon * Math.exp(gain * byEpsilon), sigma: now.sigma * Math.exp(gain * bySigma) }; // (2)
      path.push(now);
      const note = `ε = ${now.epsilon.toFixed(3)}, σ = ${now.sigma.toFixed(4)}`;
      const progress = { iteration: round, loss, done: round / rounds, note };
      history.push(progress);
      onProgress(progress);
    }
    const late = path.slice(Math.min(bold + 1, path.length - 1));
    const mean = (key: keyof Numbers): number => late.reduce((sum, p) => sum + p[key], 0) / late.length;
    const fitted = { epsilon: mean('epsilon'), sigma: mean('sigma') };
    const spread = (key: keyof Numbers): number =>
      2 * Math.sqrt(late.reduce((sum, p) => sum + (p[key] - fitted[key]) ** 2, 0) / Math.max(1, late.length - 1));
    const [offEpsilon, offSigma] = [Math.abs(fitted.epsilon - 1), Math.abs(fitted.sigma - 1)];
    const value = Math.max(offEpsilon / 0.05, offSigma / 0.01);
    const row = (name: string, key: keyof Numbers, allowed: number) => ({
      ...{ name, unit: '', fitted: fitted[key], interval: spread(key), guess: guess[key], truth: truth[key], allowed },
    });
    return {
      goal: { name: 'errors of ε and σ, over 5 % and 1 %', value, bound: 1, met: value <= 1 },
      fitted,
      loss: history[history.length - 1]?.loss ?? Number.NaN,
      iterations: history.length,
      estimates: [row('ε', 'epsilon', 0.05), row('σ', 'sigma', 0.01)],
      history,
      pictures: [],
      plots: [curves(seen.g, last.g, (first ?? last).g), course(path)],
      notes: [
        `${fluid.system.spec.count} atoms at ρ* = 0.4, kT = ${kT}; ${looks} looks a round, ${between} steps apart; what is seen was averaged over ${4 * looks}.`,
        `ε = ${fitted.epsilon.toFixed(4)}, σ = ${fitted.sigma.toFixed(4)}, means of the last ${late.length} rounds; intervals are two deviations of a round.`,
      ],
    };
  },
};

const curves = (seen: Float64Array, fitted: Float64Array, first: Float64Array): Plot => {
  const points = (g: Float64Array) => Array.from(g, (v, b) => [((b + 0.5) * range) / bins, v] as const);
  return {
    caption: 'radial distribution: seen, of the fit, and of the guess',
    x: { name: 'r' },
    y: { name: 'g' },
    series: [
      { name: 'seen', marks: 'points', points: points(seen) },
      { name: 'fitted', marks: 'line', points: points(fitted), colourOf: 0 },
      { name: 'guess', marks: 'dashes', points: points(first), colourOf: 1 },
    ],
  };
};

const course = (path: readonly Numbers[]): Plot => ({
  caption: 'ε and σ, round by round',
  x: { name: 'round' },
  y: { name: 'over the truth' },
  series: [
    { name: 'ε', marks: 'line', points: path.map((p, k) => [k, p.epsilon / truth.epsilon] as const) },
    { name: 'σ', marks: 'line', points: path.map((p, k) => [k, p.sigma / truth.sigma] as const) },
  ],
});
