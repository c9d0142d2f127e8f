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
  var<storage, read> t: f32;
  var<storage, read> step: f32;
  var<storage, read_write> joined: array<Passed>;
  var<storage, read_write> crowded: array<i32>;
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
    var first = firstCrowded[i];
    if (first < 0i && (now.flags & ${flags.crowded}u) != 0u) { first = i32(step); }
    crowded[i] = first;
  }
`);

/**
 * Steps of equal length, differentiable in the state and the parameters.
 *
 * @throws EventError, on a GPU by the next read, if a step has more events than `maxEvents` and no law of rest.
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
    ({ state, joined, crowded }, { t, step }: { readonly t: Tensor; readonly step: Tensor }) => {
      const next = move(state, params, dt);
      const report = joinKernel(
        { before: joined, passed: { ...next.passed }, firstCrowded: crowded, t, step },
        { count: systems },
      );
      return { state: next.state, joined: report.joined as unknown as Passed, crowded: report.crowded };
    },
    { state, joined: none, crowded: never },
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
  device.check([made.crowded.memory.retain()], crowded => {
    const system = crowded.findIndex(step => step >= 0);
    if (system < 0) return;
    const step = crowded[system];
    throw new EventError(
      `hybridRollout: system ${system} has more events in step ${step}, from t = ${(step * dt).toPrecision(4)}, than its maxEvents: they accumulate, or chatter. Give the guard a law of rest, allow more events, or take shorter steps.`,
      { system, step, t: step * dt },
    );
  });
  return { state: made.state, passed: made.joined };
}
