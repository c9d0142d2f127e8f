// What a recorded step is made into: launches that must run, on as little memory as they need.

import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { Recorder, withRecorder } from '../../kernel/device/recorder.ts';
import { planReplay, type ReplayPlan } from '../../kernel/replay/plan.ts';
import { cpu32 } from '../util/devices.ts';

const device: Device = cpu32;
const n = 100;

const shift = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn shift(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = x[(id.x + 1u) % arrayLength(&x)];
  }
`);
/** The same, told to be no part of another by its asking for its place in the workgroup. */
const turn = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn turn(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) at: u32) {
    y[id.x] = select(0.0, x[(id.x + 1u) % arrayLength(&x)], at < 64u);
  }
`);
const both = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> near: array<f32>;
  var<storage, read_write> far: array<f32>;
  @compute @workgroup_size(64) fn both(@builtin(global_invocation_id) id: vec3u) {
    near[id.x] = x[id.x] + 1.0;
    var sum = 0.0;
    for (var k = 0u; k < arrayLength(&x); k++) { sum += x[k]; }
    far[id.x] = sum;
  }
`);
const halve = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn halve(@builtin(global_invocation_id) id: vec3u) { y[id.x] = 0.5 * x[id.x]; }
`);
const halved = (x: Tensor): Tensor => halve({ x }, { count: n }).y;
const shifted = (x: Tensor): Tensor => shift({ x }, { count: n }).y;
const turned = (x: Tensor): Tensor => turn({ x }, { count: n }).y;

const x = tensor(new Float32Array(n), [n], { device });
const other = tensor(new Float32Array(n).fill(2), [n], { device });

/** The plan of a function of one tensor, recorded the third time, when programs have settled. */
function planOf(run: (x: Tensor) => readonly Tensor[], own: (k: number) => boolean = () => false): ReplayPlan {
  let plan: ReplayPlan | undefined;
  withRecorder(device, () => {
    const recorder = device.backend as Recorder;
    expect(recorder).toBeInstanceOf(Recorder);
    for (let k = 0; k < 3; k++) {
      device.flush();
      const { trace } = recorder.record(
        [x.memory.storage],
        () => {
          const made = run(x);
          device.flush();
          return made;
        },
        made => made.map(tensor => tensor.memory.storage),
      );
      expect(trace.refusal).toBe(undefined);
      plan = planReplay(trace, 1, 1, own, {
        compile: program => recorder.compile(program),
        mostBuffers: 8,
        atOnce: true,
      });
      recorder.discard(trace);
    }
  });
  return plan as ReplayPlan;
}

const launches = ({ ops }: ReplayPlan): string[] =>
  ops.map(op => (op.kind === 'run' ? op.executable.program.name : op.kind));

describe('a plan', () => {
  it('runs temporaries on two blocks in turn', () => {
    const plan = planOf(x => [shifted(shifted(shifted(shifted(shifted(x)))))]);
    expect(launches(plan)).toEqual(['shift', 'shift', 'shift', 'shift', 'shift']);
    expect(plan.blocks).toHaveLength(2);
    expect(plan.places).toHaveLength(4);
  });

  it('drops what nobody needs, and what depends on nothing that was given', () => {
    const plan = planOf(x => {
      turned(shifted(x));
      return [turned(x).add(turned(turned(other)))];
    });
    expect(launches(plan)).toEqual(['turn', 'add']);
    expect(plan.fixed).toHaveLength(1);
  });

  it('keeps what depends on nothing that was given out of what it could be fused with', () => {
    const plan = planOf(x => [halved(x).add(halved(halved(other).add(1)).mul(other))]);
    expect(launches(plan)).toEqual(['halve+add']);
    const [op] = plan.ops;
    expect(op.kind === 'run' && op.slots).toHaveLength(3);
    expect(plan.fixed).toHaveLength(1);
  });

  it('computes no outputs that nobody needs', () => {
    const plan = planOf(x => [both({ x }, { count: n }).near]);
    const [op] = plan.ops;
    expect(plan.ops).toHaveLength(1);
    expect(op.kind === 'run' && op.executable.program.buffers.filter(b => b.access === 'write')).toHaveLength(1);
    expect(op.kind === 'run' && JSON.stringify(op.executable.program.body).includes('"while"')).toBe(false);
  });

  it('joins launches that hand on their own words, but not those that read their neighbours', () => {
    const own = planOf(x => {
      const y = shifted(x);
      return [y.mul(2).add(y)];
    });
    expect(own.ops).toHaveLength(1);
    expect(own.blocks).toHaveLength(0);
    const across = planOf(x => [shifted(x.mul(2)).add(1)]);
    expect(across.ops).toHaveLength(2);
    expect(across.blocks).toHaveLength(1);
  });

  it('tells results that are given or fixed, and copies them where asked', () => {
    const run = (x: Tensor) => [x, other, turned(x), turned(x)];
    expect(planOf(run).results.map(result => result?.kind)).toEqual(['given', 'fixed', 'slot', 'slot']);
    const copied = planOf(run, () => true);
    expect(copied.results.map(result => result?.kind)).toEqual(['slot', 'slot', 'slot', 'slot']);
    expect(launches(copied).sort()).toEqual(['copy', 'copy', 'turn', 'turn']);
    const same = planOf(x => {
      const y = shifted(x);
      return [y, y];
    });
    expect(same.results).toEqual([
      { kind: 'slot', slot: 1, same: undefined },
      { kind: 'slot', slot: 1, same: 0 },
    ]);
  });
});
