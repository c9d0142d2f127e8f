/**
 * What went wrong in a step, kept with the state: steps of a rollout are not looked at, so the first trouble is written down, and told when
 * somebody asks.
 *
 *   trouble = (steps done, step in which it began or 0, what it was, the particle, a number that belongs to it, where it was before)
 *
 * A particle is in trouble when it is not finite, when it leaves the nodes that the walls leave free, when it crosses more than one spacing in a
 * step (Courant, Friedrichs & Lewy), or when it is turned inside out, det F ≤ 0.
 */

import { type Kernel, kernel, type Tensor, zeros } from '../../kernel/index.ts';
import { free, short } from './check.ts';
import { type Space, words } from './splines.wgsl.ts';
import type { MpmState } from './state.ts';

const inverted = 1;
const unbounded = 2;
const outside = 3;
const tooFast = 4;
const well = 5;

const judgeText = (space: Space): string => {
  const { axes, vec, mat } = words(space);
  const { nodes, spacing } = space;
  return /* wgsl */ `
  var<storage, read> x: array<${vec}>;
  var<storage, read> v: array<${vec}>;
  var<storage, read> F: array<${mat}>;
  var<uniform> dt: f32;
  var<storage, read_write> ill: array<u32>;
  @compute @workgroup_size(64)
  fn judgeParticles(@builtin(global_invocation_id) id: vec3u) {
    let p = id.x;
    let at = x[p] / ${Number(spacing)}f;
    let far = abs(v[p]) * (dt / ${Number(spacing)}f);
    let j = determinant(F[p]);
    var kind = ${well}u;
    if (${axes.map(a => `far.${a} > 1.0`).join(' || ')}) { kind = ${tooFast}u; }
    if (${axes.map((a, k) => `at.${a} < 1.5 || at.${a} > ${nodes[k] - 2.5}`).join(' || ')}) { kind = ${outside}u; }
    if (!(${axes.map(a => `abs(at.${a}) + far.${a}`).join(' + ')} < 1e30)) { kind = ${unbounded}u; }
    if (j <= 0.0) { kind = ${inverted}u; }
    ill[p] = kind;
  }`;
};

const noteText = (space: Space): string => {
  const { axes, vec, mat } = words(space);
  return /* wgsl */ `
  var<storage, read> trouble: array<f32>;
  var<storage, read> ill: array<u32>;
  var<storage, read> from: array<${vec}>;
  var<storage, read> v: array<${vec}>;
  var<storage, read> F: array<${mat}>;
  @unique var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(1)
  fn noteTrouble() {
    let step = trouble[0] + 1.0;
    for (var k = 0u; k < 8u; k++) { next[k] = trouble[k]; }
    next[0] = step;
    if (trouble[1] == 0.0) {
      var first = 0u;
      var gravest = ${well}u;                        // what comes first in the list is the cause of what comes later
      for (var p = 0u; p < arrayLength(&ill); p++) {
        if (ill[p] < gravest) {
          gravest = ill[p];
          first = p;
        }
      }
      if (gravest < ${well}u) {
        next[1] = step;
        next[2] = f32(gravest);
        next[3] = f32(first);
        next[4] = select(length(v[first]), determinant(F[first]), gravest == ${inverted}u);
        ${axes.map((a, k) => `next[${5 + k}] = from[first].${a};`).join(' ')}
      }
    }
  }`;
};

/** Particles after a step, and where they were before it. */
export interface Watched {
  readonly from: Tensor;
  readonly x: Tensor;
  readonly v: Tensor;
  readonly F: Tensor;
}

export const noTrouble = (x: Tensor): Tensor => zeros([8], { device: x.device });

/** The trouble after a step. */
export function watch(space: Space): (trouble: Tensor, after: Watched, dt: number) => Tensor {
  const judge = kernel(judgeText(space)) as Kernel;
  const note = kernel(noteText(space)) as Kernel;
  return (trouble, after, dt) => {
    const [from, x, v, F] = [after.from, after.x, after.v, after.F].map(t => t.detach());
    const { ill } = judge({ x, v, F, dt }, { count: x.shape[0] });
    return note({ trouble: trouble.detach(), ill: ill as Tensor, from, v, F }, { count: 1, out: { next: 8 } })
      .next as Tensor;
  };
}

/** A run that cannot go on. */
export class MpmError extends Error {
  static override readonly name = 'MpmError'; // in minified code, too
  override readonly name = 'MpmError';
  /** The step in which it began, from 1. */
  readonly step: number;
  readonly particle: number;
  /** The last state in which all was well, where a run was asked for. */
  readonly last: MpmState | undefined;

  constructor(message: string, { step, particle, last }: Pick<MpmError, 'step' | 'particle' | 'last'>) {
    super(message);
    this.step = step;
    this.particle = particle;
    this.last = last;
  }
}

/** What was written down, in words; undefined where all is well. */
export function troubleIn(written: ArrayLike<number>, space: Space): MpmError | undefined {
  const { nodes, spacing } = space;
  const [, step, kind, particle, value, ...place] = Array.from(written);
  if (step === 0) return undefined;
  const at = place.slice(0, nodes.length).map(short).join(', ');
  const who = `mpm: in step ${step} particle ${particle}, at (${at}) m,`;
  const said: Readonly<Record<number, string>> = {
    [inverted]: `was turned inside out, det F = ${value.toPrecision(3)}; take a smaller dt, or stiffer material`,
    [unbounded]: 'got a place or a velocity that is not finite; look at what it was given, or take a smaller dt',
    [outside]: `left the nodes between the walls, which reach ${free(space)}; use more nodes, thicker walls, or a smaller dt`,
    [tooFast]: `moved at ${value.toPrecision(3)} m/s, more than one spacing of ${spacing} m in a step; take a smaller dt`,
  };
  return new MpmError(`${who} ${said[kind]}.`, { step, particle, last: undefined });
}
