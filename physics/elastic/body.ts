/**
 * How deformable bodies move, whatever holds them together.
 *
 *   f = Σ over couplings of the forces at their corners, collected at nodes, + forces on nodes
 *   v⁺ = v + dt f(x, v) / m,   x⁺ = x + dt v⁺                                                    symplectic Euler      (1)
 *   m (x⁺ − x − dt v) / dt² = f(x⁺, (x⁺ − x) / dt)                                               implicit Euler        (2)
 *   0 = f(x, 0)                                                                                  rest                  (3)
 *
 * (1) is stable while dt ω < 2 with ω the stiffest mode, about a sound's time through the smallest element (longest-step.ts). (2) and (3) are solved by
 * Newton's method (newton.ts) and differentiated by the implicit function theorem. (2) is stable for any dt, and damps: by about ½ dt ω² in
 * every second. (3) is a state without forces, which past a load of buckling need not be stable, and Newton's method finds it from nearby:
 * let bodies that turn far, and cloth, come down first by steps with drag.
 */

import { checkRecord, inWords, kernel, onDevice, Tensor, tensor } from '../../kernel/index.ts';
import { type RootOptions, rootFind } from '../../solvers/index.ts';
import { freedom } from '../adjacency.ts';
import { symplecticEuler } from '../mass-spring.ts';
import { checkTime, type Step } from '../simulator.ts';
import type { Equation } from './jacobian.ts';
import { longestStep } from './longest-step.ts';
import { assembledNewton } from './newton.ts';
import { type NodalParams, nodalForces } from './nodal.ts';
import type { Body } from './structure.ts';

/** Nodes that move; n nodes, d = 2 or 3. */
export interface BodyState {
  /** Position, [n, d], m. */
  readonly x: Tensor;
  /** Velocity, [n, d], m/s. */
  readonly v: Tensor;
}

/** How the equations of a step are solved. */
export type SolveOptions = Pick<RootOptions, 'rtol' | 'atol' | 'maxSteps' | 'onSolved' | 'method'>;

export interface Motion<P> {
  /** Sum of all forces on nodes, pinned ones too, [n, d], N. */
  forces(state: BodyState, params: P): Tensor;
  /** (1) */
  readonly step: Step<BodyState, P>;
  /** The longest dt, s, with which `step` is stable about a state. What touches an obstacle, or is stretched far, needs shorter ones. */
  longestStep(state: BodyState, params: P): Promise<number>;
  /** (2). Not recorded by rollouts, which run it as it is written. */
  implicitStep(state: BodyState, params: P, dt: number, options?: SolveOptions): BodyState;
  /** (3), searched for from x0; pinned nodes stay where they are there. Differentiable in params. */
  rest(params: P, x0: Tensor, options?: SolveOptions): Tensor;
}

const acceleration = (d: number): string => /* wgsl */ `
  var<storage, read> f: array<vec${d}f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> free: array<u32>;
  var<storage, read_write> a: array<vec${d}f>;
  @compute @workgroup_size(64)
  fn bodyAcceleration(@builtin(global_invocation_id) id: vec3u) {
    if (free[id.x] == 1u) { a[id.x] = f[id.x] / mass[id.x]; }
  }
`;

export function motion<P extends NodalParams>(body: Body<P>): Motion<P> {
  const { nodes, dimension: d, couplings, pinned } = body;
  const freeOn = onDevice(device => freedom(nodes, pinned, { device }));
  /** 1 where a node moves, else 0, and the other way round: [n, 1]. */
  const shares = onDevice(device => {
    const held = new Float64Array(nodes);
    for (const i of pinned) held[i] = 1;
    const on = (numbers: Float64Array): Tensor => tensor(numbers, [nodes, 1], { device });
    return { moves: on(held.map(h => 1 - h)), stays: on(held) };
  });
  const accelerate = kernel(acceleration(d));
  const advance = kernel(symplecticEuler(`vec${d}f`));
  const count = { count: nodes };
  const own = (x: Tensor, v: Tensor, params: P): Tensor => nodalForces(x, v, body.mass(params), params);
  const forces = ({ x, v }: BodyState, params: P): Tensor =>
    couplings.reduce(
      (sum, { corners, forces }) => sum.add(corners.collect(forces(corners.spread(x), corners.spread(v), params))),
      own(x, v, params),
    );
  const step: Step<BodyState, P> = (state, params, dt) => {
    checkState(state);
    checkParams(params);
    checkTime('step of an elastic body', dt);
    const { x, v } = state;
    const free = freeOn(x.device);
    const { a } = accelerate({ f: forces(state, params), mass: body.mass(params), free }, count);
    const { xNext, vNext } = advance({ x, v, a: a as Tensor, free, dt }, count); // (1)
    return { x: xNext as Tensor, v: vNext as Tensor };
  };
  const checkState = (state: BodyState): void => checkRecord(body.name, 'the state', state, ['x', 'v']);
  const checkParams = (params: P): void =>
    checkRecord(body.name, 'params', params, ['rest', 'density', 'gravity', 'load', 'drag']);
  const solve = <Q>(equation: Equation<P, Q>, x0: Tensor, params: Q, options: SolveOptions = {}): Tensor => {
    const method = options.method ?? (x0.device.kind === 'cpu' ? assembledNewton(body, equation) : undefined);
    const residual = (y: Tensor, p: Q): Tensor => {
      const at = equation.at(y, p);
      const pull = couplings
        .map(({ corners, forces }) => corners.collect(forces(corners.spread(at.x), corners.spread(at.v), at.params)))
        .reduce((sum, f) => sum.add(f));
      return equation.own(y, p).sub(pull.mul(shares(y.device).moves));
    };
    return rootFind(residual, x0, params, { ...options, ...(method && { method }) });
  };
  /** Forces on nodes, where they move; else how far they are from where they belong, in units that suit. */
  const held = (y: Tensor, to: Tensor, f: Tensor, unit: Tensor): Tensor => {
    const { moves, stays } = shares(y.device);
    return f.mul(moves).add(y.sub(to).mul(stays).mul(unit));
  };
  const column = (x: Tensor): Tensor => x.reshape([nodes, 1]);
  /** y where nodes move, x where they do not. */
  const between = (y: Tensor, x: Tensor): Tensor => {
    const { moves, stays } = shares(y.device);
    return y.mul(moves).add(x.mul(stays));
  };
  const implicitStep: Motion<P>['implicitStep'] = (state, params, dt, options) => {
    checkState(state);
    checkParams(params);
    const { x, v } = state;
    checkTime('implicitStep', dt);
    const equation: Equation<P, { readonly state: BodyState; readonly params: P }> = {
      rate: 1 / dt,
      at: (y, { state, params }) => {
        const to = between(y, state.x);
        return { x: to, v: to.sub(state.x).mul(1 / dt), params };
      },
      own(y, p) {
        const at = equation.at(y, p);
        const inertia = column(body.mass(p.params)).mul(1 / dt ** 2);
        const excess = y.sub(p.state.x).sub(p.state.v.mul(dt)).mul(inertia); // (2)
        return held(y, p.state.x, excess.sub(own(at.x, at.v, p.params)), inertia);
      },
    };
    const guess = between(x.add(v.mul(dt)), x).detach();
    const y = solve(equation, guess, { state: { x, v }, params }, options);
    return { x: y, v: between(y.sub(x).mul(1 / dt), v) };
  };
  return {
    forces,
    step,
    longestStep: (state, params) =>
      longestStep(to => forces(to, params), state, shares(state.x.device).moves.div(column(body.mass(params)))),
    implicitStep,
    rest(params, x0, options) {
      checkParams(params);
      if (!(x0 instanceof Tensor))
        throw new TypeError(`${body.name}: x0 is ${inWords(x0)}; give where nodes start, a tensor.`);
      const start = x0.detach();
      const still = start.mul(0);
      const equation: Equation<P, { readonly params: P; readonly x0: Tensor }> = {
        rate: 0,
        at: (y, p) => ({ x: between(y, p.x0), v: still, params: p.params }),
        own(y, p) {
          const at = equation.at(y, p);
          return held(y, p.x0, own(at.x, still, p.params).neg(), tensor([1], [1], { device: y.device })); // (3)
        },
      };
      return solve(equation, start, { params, x0 }, options);
    },
  };
}
