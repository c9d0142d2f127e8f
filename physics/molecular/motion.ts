/**
 * What trajectories of particles have in common: the state, lists that serve several steps, and what can go wrong on the way.
 *
 * A step is a pure function that launches the same kernels each time, so it cannot stop to look. With `perList` = m it takes m times dt
 * with one list of neighbours, which is right as long as no particle moves more than half the skin; that, full tables, a box that has
 * become too small and numbers that are not finite are written into `trouble`, which `checkMotion` reads.
 */

import { type BoxKind, boxKind, boxText, type Clusters } from '../../geometry/index.ts';
import { inWords, kernelsByKey, type Tensor, zeros } from '../../kernel/index.ts';
import type { Particles } from './particles.ts';
import type { ParticleParams } from './particles-spec.ts';

export interface ParticleState {
  /** Places, [n, d]; they leave the box without being put back. */
  readonly x: Tensor;
  /** Velocities. */
  readonly v: Tensor;
  /** Forces at x. */
  readonly f: Tensor;
  /** Steps, the first one with trouble, its kind, and a number, [4]. */
  readonly trouble: Tensor;
}

export interface MotionOptions {
  /** Steps that share a list of neighbours, and that one call takes. Default 1: a list for each. Particles need a skin if it is more. */
  readonly perList?: number;
}

/** The state from places and velocities. @param v Default 0. */
export function particleState(system: Particles, x: Tensor, params: ParticleParams, v?: Tensor): ParticleState {
  const { device } = x;
  return {
    x,
    v: v ?? zeros(x.shape, { device }),
    f: system.forces(x, params),
    trouble: zeros([4], { device }),
  };
}

/** Forces at places: with the list that a run of steps shares, or with one of their own. */
export type ForcesAt = (x: Tensor) => Tensor;

/**
 * Takes `perList` steps with one list.
 *
 * @param advance One step; the trouble is added.
 */
export function inRuns<S extends ParticleState>(
  system: Particles,
  perList: number,
  params: ParticleParams,
  state: S,
  advance: (state: S, forces: ForcesAt) => S,
): S {
  let used: Clusters | undefined;
  const first = perList > 1 ? system.list(state.x, params) : undefined;
  const forces: ForcesAt = x => {
    used = first ?? system.list(x, params);
    return system.forces(x, params, used);
  };
  let now = state;
  for (let k = 0; k < perList; k++) now = advance(now, forces);
  return { ...now, trouble: watched(system, params, state, now, used, perList) };
}

/** @throws RangeError for what is no such number, or asks for a skin. */
export function checkRuns(who: string, system: Particles, perList: number): void {
  if (!Number.isInteger(perList) || perList < 1)
    throw new RangeError(`${who}: perList is ${inWords(perList)}; give a whole number from 1.`);
  if (perList > 1 && !(Number(system.spec.skin) > 0))
    throw new RangeError(
      `${who}: ${perList} steps are to share a list, but the particles have no skin; give particles({ skin }) a length that none moves twice in that time.`,
    );
}

const text = (d: number, lists: boolean, around: BoxKind): string => {
  const box = boxText(d, around);
  return /* wgsl */ `
  var<storage, read> trouble: array<f32>;
  var<storage, read> from: array<vec${d}f>;
  var<storage, read> to: array<vec${d}f>;
  var<storage, read> v: array<vec${d}f>;
  ${lists ? 'var<storage, read> fullest: u32;' : ''}
  ${box.binding}
  var<uniform> capacity: f32;
  var<uniform> skin: f32;
  ${box.heights ? 'var<uniform> narrowest: f32;' : ''}
  var<uniform> steps: f32;
  @unique var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(1)
  fn watchParticles() {
    var kind = 0.0;
    var number = 0.0;
    var most = 0.0;
    for (var k = arrayLength(&to); k > 0u; k--) {
      let moved = to[k - 1u] - from[k - 1u];
      if (!(dot(to[k - 1u], to[k - 1u]) + dot(v[k - 1u], v[k - 1u]) < 3e38)) {
        kind = 1.0;
        number = f32(k - 1u);
      }
      most = max(most, dot(moved, moved));
    }
    ${lists ? 'if (f32(fullest) > capacity) { kind = 2.0; number = f32(fullest); }' : ''}
    ${box.setup}
    ${
      box.heights
        ? `let heights = ${box.heights};
    for (var a = 0u; a < ${d}u; a++) { if (kind == 0.0 && heights[a] < narrowest) { kind = 4.0; number = heights[a]; } }`
        : ''
    }
    if (kind == 0.0 && skin > 0.0 && most > 0.25 * skin * skin) { kind = 3.0; number = sqrt(most); }
    let known = trouble[1] > 0.0;
    next[0] = trouble[0] + steps;
    next[1] = select(select(0.0, next0(trouble[0]), kind > 0.0), trouble[1], known);
    next[2] = select(kind, trouble[2], known);
    next[3] = select(number, trouble[3], known);
  }
  fn next0(before: f32) -> f32 { return before + steps; }
`;
};

const kernels = kernelsByKey();

function watched<S extends ParticleState>(
  { dimension, capacity, reach, spec }: Particles,
  { box }: ParticleParams,
  before: S,
  after: S,
  list: Clusters | undefined,
  steps: number,
): Tensor {
  const run = kernels(`${dimension} ${list !== undefined} ${boxKind(box)}`, () =>
    text(dimension, list !== undefined, boxKind(box)),
  );
  const { next } = run(
    {
      ...{ trouble: before.trouble, from: before.x.detach(), to: after.x.detach(), v: after.v.detach() },
      ...{ capacity, steps, skin: steps > 1 ? (spec.skin ?? 0) : 0 },
      ...(list && { fullest: list.fullest }),
      ...(box && { box: box.detach(), narrowest: 2 * reach }), // else a particle meets two images of another
    },
    { count: 1, out: { next: 4 } },
  );
  return next as Tensor;
}

/**
 * Looks back on the steps that led to a state.
 *
 * @throws RangeError that names the step after which it was found, and what to do.
 */
export async function checkMotion({ spec, capacity }: Particles, { trouble }: ParticleState): Promise<void> {
  const [, step, kind, number] = await trouble.read();
  if (step === 0) return;
  const when = `particles: after ${step} steps`;
  if (kind === 1)
    throw new RangeError(
      `${when} particle ${number} is nowhere, or of no finite velocity; take a shorter dt, or minimise first.`,
    );
  if (kind === 2)
    throw new RangeError(
      `${when} a section of four particles' neighbours had ${number} entries, but there is room for ${capacity}; give a capacity of at least ${number}.`,
    );
  if (kind === 3)
    throw new RangeError(
      `${when} one had moved by ${number.toPrecision(3)} since its neighbours were listed, more than half the skin, ${(spec.skin ?? 0) / 2}; take a thicker skin, or fewer steps perList.`,
    );
  throw new RangeError(
    `${when} the box had become ${number.toPrecision(4)} short, too short for two cut-offs and skins; keep it larger, or take a shorter cut-off.`,
  );
}
