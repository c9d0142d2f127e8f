/**
 * Flow by the lattice Boltzmann method: populations of particles stream along a lattice and collide.
 *
 *   f_q*(x, t + 1) = collide(f_q(x, t + 1)),   f_q(x, t + 1) = f_q*(x − c_q, t)            ν = (τ − ½) / 3,   p = ρ / 3
 *
 * Weakly compressible: errors go with Ma² and, at fixed τ, with the square of the cell; second order at walls. A step is one kernel that
 * pulls, applies what holds at sides and bodies (streaming.wgsl.ts) and collides (collision.wgsl.ts). Its state is h = f* − w after
 * the collision. In lattice units: a cell long, a step short, density about 1; `latticeUnits` converts.
 * Krüger et al.: The Lattice Boltzmann Method, Springer 2017, doi:10.1007/978-3-319-44649-3.
 */

import { type Kernel, kernelsByKey, Tensor, zeros } from '../../../kernel/index.ts';
import type { Step } from '../../simulator.ts';
import { type Body, bodyOf } from './body.ts';
import { collisionText } from './collision.wgsl.ts';
import {
  checkDensity,
  checkDomain,
  checkOmega,
  checkParams,
  checkSpeed,
  type Domain,
  type LatticeBoltzmannOptions,
  type LatticeBoltzmannParams,
  type LatticeBoltzmannState,
  sizesOf,
} from './domain.ts';
import { type Flow, flow } from './flow.ts';
import { momentumExchange } from './momentum-exchange.ts';
import type { SideName } from './places.wgsl.ts';
import { populations, type Start } from './start.ts';
import { type StreamingKind, streamingBindings, streamingText } from './streaming.wgsl.ts';

export interface LatticeBoltzmann {
  /** A step of time; dt must be 1, as the lattice has it. */
  readonly step: Step<LatticeBoltzmannState, LatticeBoltzmannParams>;
  /** A state of a density and a velocity. Differentiable. */
  start(flow?: Start): LatticeBoltzmannState;
  /** Density and velocity of a state. Differentiable. @param force As in the step's parameters. */
  flow(state: LatticeBoltzmannState, force?: Tensor): Flow;
  /** A body from the signed distance of each cell's middle to its surface, in cells, negative inside. A mask is ±1: walls half-way. */
  body(distance: Tensor): Body;
  /** Force of the flow on the body, [D], in the step that follows, by what populations lose there. Differentiable. */
  bodyForce(state: LatticeBoltzmannState, params: LatticeBoltzmannParams): Tensor;
}

const kernelOf = kernelsByKey();

/** The kind of text that a step's parameters ask for. */
const kindOf = (
  { lattice, sides }: Domain,
  { sides: given = {}, body, surface }: LatticeBoltzmannParams,
): StreamingKind => ({
  lattice,
  sides,
  given: (Object.keys(given) as SideName[]).filter(side => given[side]).sort(),
  body: body !== undefined,
  moving: surface !== undefined,
});

/** What the bindings of a kind are given. */
function streamingArguments(
  domain: Domain,
  kind: StreamingKind,
  { f }: LatticeBoltzmannState,
  { sides = {}, body, surface }: LatticeBoltzmannParams,
): Record<string, Tensor | number> {
  const parts = kind.given.map(side => {
    const x = sides[side] as Tensor;
    const one = kind.sides[side] === 'pressure' ? 1 : kind.lattice.axes.length;
    return { [`${side}Value`]: x, [`${side}Stride`]: x.size > one ? 1 : 0 };
  });
  const spread = surface !== undefined && surface.size > kind.lattice.axes.length;
  return {
    f,
    ...sizesOf(domain),
    stride: f.size / kind.lattice.velocities.length,
    ...Object.assign({}, ...parts),
    ...(body && { cut: body.cut, near: body.near, distance: body.distance }),
    ...(surface && { surface, surfaceStride: spread ? 1 : 0, surfaceStep: spread ? domain.size : 1 }),
  };
}

/** A step's kernel. @param tau Whether each cell has its own: one τ for all costs nothing within the loop over cells. */
function stepKernel(domain: Domain, kind: StreamingKind, force: boolean, tau: boolean): Kernel {
  const { collision, magic } = domain;
  const key = JSON.stringify([kind, kind.lattice.name, collision, magic, force, tau]);
  return kernelOf(
    key,
    () => `
  ${streamingBindings(kind)}
  var<storage, read> tau: array<f32>;
  ${force ? 'var<storage, read> force: array<f32>;\n  var<uniform> forceStride: u32;\n  var<uniform> forceStep: u32;' : ''}
  @unique var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn latticeBoltzmann(@builtin(global_invocation_id) id: vec3u) {
    ${streamingText(kind)}
    let omega = 1.0 / tau[${tau ? 'i' : '0'}];
    ${force ? kind.lattice.axes.map((a, k) => `let g${a} = force[${k}u * forceStep + forceStride * i];`).join('\n    ') : ''}
    ${collisionText(kind.lattice, { collision, magic, force }, kind.body)}
  }`,
  );
}

/**
 * Builds a simulator of flow on a lattice.
 *
 * @param shape Cells, [ny, nx] (D2Q9) or [nz, ny, nx] (D3Q19).
 * @param options.collision 'trt' (default), 'bgk' or 'regularised'.
 * @param options.magic Λ of TRT; 3/16 puts walls half-way between cells for any τ. Default 3/16.
 * @param options.sides For each axis one kind for both sides, or [low, high]: 'periodic' (default), 'wall', 'velocity', 'pressure', 'open'.
 * @throws RangeError if τ ≤ ½ or speeds are near that of sound: at once on a CPU, by the next read on a GPU.
 * @example
 *   const channel = latticeBoltzmann([18, 4], { sides: { y: 'wall' } });
 *   const params = { tau: tensor([0.8]), force: tensor([1e-5, 0]) };
 *   const { f } = rollout(state => channel.step(state, params, 1), channel.start(), 2000);
 *   const { u } = channel.flow({ f }, params.force);
 */
export function latticeBoltzmann(shape: readonly number[], options: LatticeBoltzmannOptions = {}): LatticeBoltzmann {
  const domain = checkDomain(shape, options);
  const { lattice, size, axes } = domain;
  const count = [...shape].reverse();
  return {
    step(state, params, dt) {
      checkParams(domain, state, params, dt);
      checkOmega(params.tau);
      for (const [side, u] of Object.entries(params.sides ?? {}))
        if (domain.sides[side as SideName] !== 'pressure') checkSpeed(`the velocity of side ${side}`, u);
      const { tau, force } = params;
      const kind = kindOf(domain, params);
      const spread = force !== undefined && force.size > axes;
      const { next } = stepKernel(
        domain,
        kind,
        force !== undefined,
        tau.size > 1,
      )(
        {
          ...streamingArguments(domain, kind, state, params),
          tau,
          ...(force && { force, forceStride: spread ? 1 : 0, forceStep: spread ? size : 1 }),
        },
        { count, out: { next: state.f.shape } },
      );
      return { f: next };
    },
    start(from = {}) {
      if (from.u) checkSpeed('u', from.u);
      if (from.rho) checkDensity(from.rho);
      return { f: populations(domain, from) };
    },
    flow: ({ f }, force) => flow(domain, f, force),
    body(distance) {
      if (!(distance instanceof Tensor) || distance.shape.join() !== shape.join())
        throw new RangeError(
          `latticeBoltzmann: the body's distance ${distance instanceof Tensor ? `has shape [${distance.shape.join(', ')}]` : 'is no tensor'}; give one number for each cell, [${shape.join(', ')}].`,
        );
      return bodyOf(lattice, domain.sides, sizesOf(domain), distance);
    },
    bodyForce(state, params) {
      checkParams(domain, state, params, 1);
      if (!params.body) return zeros([axes], { device: state.f.device });
      const kind = kindOf(domain, params);
      return momentumExchange(domain, kind, streamingArguments(domain, kind, state, params));
    },
  };
}
