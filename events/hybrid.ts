/**
 * Systems that flow and jump, many of them side by side: an invocation each, a kernel a step.
 *
 *   ṡ = f(s, p) while all gaps are open;   s ← jump(s, p) where one closes
 *
 * The flow is given as it is, exactly or by an integrator of any kind, as a function of the time it takes; so events are found on the
 * flow itself, and are differentiated right at any length of step (pass-events.wgsl.ts). What a common correction of positions alone
 * misses is what forces do in the time won or lost.
 */

import { flatten } from '../adjoint/index.ts';
import { type Argument, checkOptions, inWords, type Kernel, kernel, type Tensor } from '../kernel/index.ts';
import { type PassOptions, passEvents } from './pass-events.wgsl.ts';

/** Of each system, [systems]. */
export interface Passed {
  /** How many events there were. */
  readonly count: Tensor;
  /** Sums of `flags`. */
  readonly flags: Tensor;
  /** Number of the last event's guard, or −1. */
  readonly which: Tensor;
  /** When in the step it was, differentiable, or −1. */
  readonly last: Tensor;
}

/**
 * A step of length dt, from 0: tensors of State's fields, [systems, …], and of Params', for each system or one for all. Of what swings a step is to
 * be shorter than half a period: what closes and opens again unseen is no event. A tensor's dt is not looked at; events are not passed backwards.
 *
 * @throws RangeError if dt is a number below 0, or none; if tensors do not fit.
 */
export type HybridStep = <S, P>(
  state: S,
  params: P,
  dt: number | Tensor,
) => { readonly state: S; readonly passed: Passed };

/**
 * A step of systems that flow and jump.
 *
 * @param text WGSL that defines the structs State and Params, flow(s: State, p: Params, dt: f32) -> State, and what guards need.
 * @throws TypeError or RangeError if something is missing.
 * @example
 * const ball = hybrid(`
 *   struct State { y: f32, v: f32 }
 *   struct Params { g: f32, e: f32 }
 *   fn flow(s: State, p: Params, dt: f32) -> State { return State(s.y + dt * s.v - 0.5 * dt * dt * p.g, s.v - dt * p.g); }
 *   fn floorGap(s: State, p: Params) -> vec2f { return vec2f(s.y, s.v); }
 *   fn floorJump(s: State, p: Params) -> State { return State(s.y, -p.e * s.v); }
 * `, { guards: ['floor'] });
 */
export function hybrid(text: string, options: PassOptions = { guards: [] }): HybridStep {
  check(text, options);
  const source: string = `${text}
  ${passEvents(text, options)}
  var<storage, read> state: array<State>;
  var<storage, read> params: array<Params>;
  var<uniform> dt: f32;
  var<uniform> own: u32; // 1 where each system has parameters of its own
  var<storage, read_write> next: array<State>;
  var<storage, read_write> count: array<u32>;
  var<storage, read_write> flags: array<u32>;
  var<storage, read_write> which: array<i32>;
  var<storage, read_write> last: array<f32>;
  @compute @workgroup_size(64)
  fn hybridStep(@builtin(global_invocation_id) id: vec3u) {
    let made = passEvents(state[id.x], params[id.x * own], dt);
    next[id.x] = made.state;
    count[id.x] = made.count;
    flags[id.x] = made.flags;
    which[id.x] = made.which;
    last[id.x] = made.last;
  }
`;
  const step: Kernel = kernel(source);
  return <S, P>(state: S, params: P, dt: number | Tensor) => {
    if (typeof dt === 'number' && !(dt >= 0 && Number.isFinite(dt)))
      throw new RangeError(`hybrid: dt is ${inWords(dt)}; give the length of a step, 0 or above.`);
    const systems = systemsOf(state, 'state');
    const sets = systemsOf(params, 'params');
    if (sets !== systems && sets !== 1)
      throw new RangeError(
        `hybrid: params are of ${sets} systems, and state of ${systems}; give parameters for each, or one set for all.`,
      );
    const given = { state: state as Argument, params: params as Argument, dt, own: sets > 1 ? 1 : 0 };
    const { next, ...passed } = step(given, { count: systems });
    return { state: next as S, passed: passed as unknown as Passed };
  };
}

/** The first dimension of all leaves. */
export function systemsOf(tree: unknown, what: string): number {
  const { leaves, names } = flatten(tree, 'hybrid', what);
  const [systems] = leaves[0]?.shape ?? [];
  leaves.forEach(({ shape }, k) => {
    if (systems === undefined || shape[0] !== systems)
      throw new RangeError(
        `hybrid: '${names[k]}' of ${what} has shape [${shape.join(', ')}]; the first axis of all counts the systems${systems === undefined ? '' : `, ${systems} of them`}.`,
      );
  });
  if (leaves.length === 0)
    throw new RangeError(`hybrid: ${what} holds no tensors; give one for each field of its struct.`);
  return systems;
}

function check(text: string, options: PassOptions): void {
  checkOptions('hybrid', options, ['guards', 'maxEvents', 'rest', 'grazing']);
  const { guards, maxEvents = 8, rest = 0, grazing = 0 } = options;
  if (typeof text !== 'string')
    throw new TypeError(
      `hybrid: the system is ${inWords(text)}; give WGSL that defines State, Params, flow and guards.`,
    );
  if (!Array.isArray(guards) || guards.length === 0)
    throw new TypeError("hybrid: guards are missing; name them: { guards: ['floor'] } for floorGap and floorJump.");
  for (const guard of guards)
    if (typeof guard !== 'string' && !(Number.isInteger(guard?.count) && guard.count >= 1))
      throw new RangeError(
        `hybrid: there are ${inWords(guard?.count)} guards '${guard?.name}'; give a whole number from 1, or a name alone.`,
      );
  if (!Number.isInteger(maxEvents) || maxEvents < 1 || maxEvents > 1000)
    throw new RangeError(`hybrid: maxEvents is ${inWords(maxEvents)}; give a whole number from 1 to 1000.`);
  for (const [name, speed] of Object.entries({ rest, grazing }))
    if (!(speed >= 0 && Number.isFinite(speed)))
      throw new RangeError(`hybrid: ${name} is ${inWords(speed)}; give a speed of a gap, 0 or above.`);
  const defines = (what: string): boolean => new RegExp(`\\b${what}\\b`).test(text);
  const needs = [
    'struct State',
    'struct Params',
    'fn flow',
    ...guards
      .map(guard => (typeof guard === 'string' ? guard : guard.name))
      .flatMap(name => [`fn ${name}Gap`, `fn ${name}Jump`]),
  ];
  const missing = needs.find(what => !defines(what.replace(' ', '\\s+')));
  if (missing)
    throw new TypeError(
      `hybrid: the text has no '${missing}'; it defines State, Params, flow(s, p, dt) and, of each guard, its gap(s, p) and jump(s, p).`,
    );
}
