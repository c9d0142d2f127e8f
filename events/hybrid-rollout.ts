/**
 * Many steps of systems that flow and jump, with a report of what happened.
 *
 * Events that accumulate faster than a step may hold, with nobody to take them to rest, would be lost in silence; they are an error.
 */

import { type Checkpoints, flatten, rollout } from '../adjoint/index.ts';
import { checkOptions, inWords, lazyKernel, type Tensor, tensor, zeros } from '../kernel/index.ts';
import { type Passed, systemsOf } from './hybrid.ts';
import { flags } from './pass-events.wgsl.ts';

export interface EventFailure {
  readonly system: number;
  readonly step: number;
  /** When that step began. */
  readonly t: number;
}

/** Events that could not be passed. */
export class EventError extends Error implements EventFailure {
  static override readonly name = 'EventError'; // in minified code, too
  override readonly name = 'EventError';
  readonly system: number;
  readonly step: number;
  readonly t: number;

  constructor(message: string, { system, step, t }: EventFailure) {
    super(message);
    this.system = system;
    this.step = step;
    this.t = t;
  }
}

export interface HybridRollout<S> {
  readonly state: S;
  /** Of all steps: counts are sums, flags are joined, and `last` is the time from the beginning of the first step. */
  readonly passed: Passed;
}

const joinKernel = lazyKernel(/* wgsl */ `
  struct Passed { count: u32, flags: u32, which: i32, last: f32 }
  var<storage, read> before: array<Passed>;
  var<storage, read> passed: array<Passed>;
  var<storage, read> firstCrowded: array<i32>;
  var<storage, read> firstLost: array<i32>;
  var<storage, read> t: f32;
  var<storage, read> step: f32;
  var<storage, read_write> joined: array<Passed>;
  var<storage, read_write> crowded: array<i32>;
  var<storage, read_write> lost: array<i32>;
  fn firstOf(before: i32, now: u32) -> i32 { return select(before, i32(step), before < 0i && now != 0u); }
  @compute @workgroup_size(64)
  fn join(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var all = before[i];
    let now = passed[i];
    if (now.count > 0u) {
      all.which = now.which;
      all.last = t + now.last;
    }
    all.count += now.count;
    all.flags |= now.flags;
    joined[i] = all;
    crowded[i] = firstOf(firstCrowded[i], now.flags & ${flags.crowded}u);
    lost[i] = firstOf(firstLost[i], now.flags & ${flags.lost}u);
  }
`);

/**
 * Steps of equal length, differentiable in the state and the parameters.
 *
 * @throws EventError, on a GPU by the next read, if a step has more events than `maxEvents` and no law of rest, or a gap is NaN.
 */
export function hybridRollout<S, P>(
  move: (state: S, params: P, dt: number) => { readonly state: S; readonly passed: Passed },
  state: S,
  params: P,
  options: { readonly dt: number; readonly steps: number; readonly checkpoints?: Checkpoints },
): HybridRollout<S> {
  checkOptions('hybridRollout', options, ['dt', 'steps', 'checkpoints']);
  const { dt, steps, checkpoints } = options;
  if (!(dt > 0 && Number.isFinite(dt)))
    throw new RangeError(`hybridRollout: dt is ${inWords(dt)}; give the length of a step, above 0.`);
  const [{ device }] = flatten(state).leaves;
  const systems = systemsOf(state, 'state');
  const nothing = zeros([systems], { type: 'u32', device });
  const never = tensor(new Int32Array(systems).fill(-1), [systems], { type: 'i32', device });
  const none: Passed = { count: nothing, flags: nothing, which: never, last: zeros([systems], { device }).sub(1) };
  const numbers = Array.from({ length: steps }, (_, i) => i);
  const made = rollout(
    ({ state, joined, crowded, lost }, { t, step }: { readonly t: Tensor; readonly step: Tensor }) => {
      const next = move(state, params, dt);
      const report = joinKernel(
        { before: joined, passed: { ...next.passed }, firstCrowded: crowded, firstLost: lost, t, step },
        { count: systems },
      );
      const { crowded: full, lost: gone } = report;
      return { state: next.state, joined: report.joined as unknown as Passed, crowded: full, lost: gone };
    },
    { state, joined: none, crowded: never, lost: never },
    steps,
    {
      inputs: {
        t: tensor(
          numbers.map(i => i * dt),
          undefined,
          { device },
        ),
        step: tensor(numbers, undefined, { device }),
      },
      ...(checkpoints !== undefined && { checkpoints }),
    },
  );
  const refuse = (first: Tensor, sentence: (system: number, where: string) => string): void =>
    device.check([first.memory.retain()], first => {
      const system = first.findIndex(step => step >= 0);
      if (system < 0) return;
      const [step, t] = [first[system], first[system] * dt];
      throw new EventError(`hybridRollout: ${sentence(system, `step ${step}, from t = ${t.toPrecision(4)}`)}`, {
        ...{ system, step, t },
      });
    });
  refuse(
    made.lost,
    (system, where) =>
      `the gap of a guard of system ${system} is NaN at the end of ${where}. A gap must be a number on both sides of zero; or the state is none already: look at it, at the parameters and the flow.`,
  );
  refuse(
    made.crowded,
    (system, where) =>
      `system ${system} has more events in ${where}, than its maxEvents: they accumulate, or chatter. Give the guard a law of rest, allow more events, or take shorter steps.`,
  );
  return { state: made.state, passed: made.joined };
}
