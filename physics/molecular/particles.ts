/**
 * Particles that act on each other: which are near, what energy they have, and with what forces they move.
 *
 *   E(x, L, p) = Σ pairs nearer than their cut-off + Σ further terms (bonds, charges beyond a cut-off, fields)
 *   f = −∂E/∂x          W = −dE/dε at x → (1 + ε) x, L → (1 + ε) L  =  Σ_pairs r · f                      (1) virial; L: lengths or vectors of the box
 *   P = (Σ m v² + W) / (d V)                                                                              (2) pressure
 *
 * Places may leave the box: it is periodic, and trajectories stay whole. Units are the user's; with Lennard-Jones all that is 1 may be
 * left out. Everything is differentiable to second order and beyond in places, box, masses and all parameters; lists of neighbours are not.
 * Allen & Tildesley: Computer Simulation of Liquids, 2nd ed., 2017, §2.4.
 */

import { flatten, vjp } from '../../adjoint/index.ts';
import {
  type BoxLayout,
  boxKind,
  boxSizes,
  type Clusters,
  columnsOf,
  neighbourClusters,
} from '../../geometry/index.ts';
import { isRecording, onDevice, outliving, type Tensor, tensor } from '../../kernel/index.ts';
import { checkNumbers } from '../field.ts';
import { excluded } from './exclusions.ts';
import { pairEnergy } from './pair-energy.ts';
import type { PairForm } from './pair-energy.wgsl.ts';
import { pairPotential } from './pair-potential.ts';
import { checkParams, checkPlaces, checkSpec, type ParticleParams, type ParticlesSpec } from './particles-spec.ts';

export interface Particles {
  readonly spec: ParticlesSpec;
  readonly dimension: 2 | 3;
  /** Cut-off and skin. */
  readonly reach: number;
  readonly capacity: number;
  /** Lists neighbours; undefined where there are no pairs. @throws RangeError if there is no room. */
  list(x: Tensor, params: ParticleParams): Clusters | undefined;
  /** E, []. @param list Default: a new one. */
  energy(x: Tensor, params: ParticleParams, list?: Clusters): Tensor;
  /** f, like x. */
  forces(x: Tensor, params: ParticleParams, list?: Clusters): Tensor;
  /** W of (1), []. */
  virial(x: Tensor, params: ParticleParams, list?: Clusters): Tensor;
  /** Checks places and parameters, reading them: @throws for what is wrong, naming atoms that are not finite or at the same place. */
  check(x: Tensor, params: ParticleParams): Promise<void>;
}

/**
 * Particles in a box or in open space.
 *
 * @example
 *   const argon = particles({ count: 2, pairs: { lj: { potential: lennardJones, cutoff: 3 } } });
 *   const params = { mass: tensor([1]), energy: { lj: { epsilon: tensor([1]), sigma: tensor([1]) } } };
 *   const x = tensor([0, 0, 0, 2 ** (1 / 6), 0, 0], [2, 3]);
 *   const energy = argon.energy(x, params); // -1
 */
export function particles(spec: ParticlesSpec): Particles {
  const { count, dimension = 3, box, species, pairs = {}, terms = {}, skin = 0 } = spec;
  checkSpec(spec);
  const forms = Object.entries(pairs).map(([name, given]) => {
    const { cutoff, tail = 'truncated' } = given;
    const form: PairForm = {
      ...{ potential: pairPotential(given.potential), cutoff, tail, dimension },
      ...{ around: boxKind(box), species: species ? Math.max(...species) + 1 : 1 },
    };
    return { name, form, energy: pairEnergy(form) };
  });
  const furthest = Math.max(0, ...Object.values(pairs).map(({ cutoff }) => cutoff));
  const reach = furthest + skin;
  const capacity = spec.capacity ?? roomFor(count, dimension, reach, box);
  const columns = box && columnsOf(box, reach, count);
  const without = excluded(
    count,
    Object.values(terms).flatMap(({ excludes = [] }) => excludes),
  );
  const speciesOn = onDevice(device => species && outliving(tensor(Uint32Array.from(species), [count], { device })));

  const list = (x: Tensor, params: ParticleParams): Clusters | undefined => {
    checkParams(spec, x, params);
    return forms.length === 0
      ? undefined
      : neighbourClusters(x, {
          ...{ reach, capacity, ...(columns && { columns }), ...(without && { without: without(x.device) }) },
          ...(box && { box: params.box as Tensor }),
        });
  };
  const energy: Particles['energy'] = (x, params, near = list(x, params)) => {
    checkParams(spec, x, params);
    const { box, own = {} } = params;
    const kinds = speciesOn(x.device);
    const parts = [
      ...forms.map(({ name, form, energy: of }) => {
        const particles = Object.fromEntries(form.potential.particles.map(p => [p, own[p]]));
        return of({ x, box, params: params.energy[name], particles, species: kinds, list: near as Clusters });
      }),
      ...Object.entries(terms).map(([name, term]) => term.energy({ x, box, own, params: params.energy[name] ?? {} })),
    ];
    return parts.reduce((a, b) => a.add(b));
  };
  return {
    ...{ spec, dimension, reach, capacity, list, energy },
    forces: (x, params, near = list(x, params)) => pulled((x: Tensor) => energy(x, params, near), x).neg(),
    virial(x, params, near = list(x, params)) {
      const { box } = params;
      if (!box)
        return x
          .mul(pulled((x: Tensor) => energy(x, params, near), x))
          .sum()
          .neg();
      const at = { x, box };
      const slope = pulled(({ x, box }: typeof at) => energy(x, { ...params, box }, near), at);
      return x.mul(slope.x).sum().add(box.mul(slope.box).sum()).neg(); // (1)
    },
    async check(x, params) {
      checkParams(spec, x, params);
      await checkNumbers('particles', 'mass', params.mass, 'positive');
      await checkPlaces(x, furthest, params.box, skin);
    },
  };
}

/** ∂E/∂x; the energy itself need not be computed. */
function pulled<X>(f: (x: X) => Tensor, x: X): X {
  const { value, pullback, dispose } = vjp(f)(x);
  const bars = pullback(tensor(1, [], { device: flatten(x).leaves[0].device }));
  value.dispose();
  if (!isRecording()) dispose();
  return bars;
}

/**
 * Neighbours in a liquid twice as dense, and some; where few particles are, all that four of them have: those of a cluster may see as many images
 * of another, and a section may hold all of these.
 */
function roomFor(count: number, d: number, reach: number, box: BoxLayout | undefined): number {
  if (!box) return Math.max(1, Math.min(count - 1, 256));
  const density = count / boxSizes(box).volume;
  const ball = (d === 3 ? (4 / 3) * Math.PI : Math.PI) * reach ** d;
  return Math.max(1, Math.min(4 * (count - 1), Math.max(64, Math.ceil(1.5 * density * ball) + 16)));
}
