/** Solves along implicit steps whose lengths are given, and notes their stages for what is to be differentiated (follow.ts). */

import { iterate, unrecorded } from '../../adjoint/index.ts';
import { lazyKernel, peek, type Tensor, type Words, zeros } from '../../kernel/index.ts';
import type { Course } from './course.ts';
import { OdeError } from './error.ts';
import type { Problem } from './problem.ts';
import type { Leaves } from './runge-kutta.ts';
import { StageNotes } from './stage-notes.ts';

interface Walked {
  /** With stages, if they were noted. */
  readonly course: Course;
  /** The end, if that is all that is wanted. */
  readonly y: Leaves | undefined;
}

interface State {
  readonly y: Leaves;
  readonly solved: readonly Tensor[];
  /** Number of the first step whose stages were not found, or −1; [rows]. */
  readonly failure: Tensor;
  readonly done: Tensor;
}

const firstFailureKernel = lazyKernel(/* wgsl */ `
  var<storage, read> failed: array<f32>;
  var<storage, read> failure: array<f32>;
  var<storage, read> done: f32;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn firstFailure(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (failure[i] < 0.0 && failed[i] != 0.0) { next[i] = done; } else { next[i] = failure[i]; }
  }
`);

/**
 * Runs an implicit method along a course; anything else is left to who follows it.
 *
 * @throws OdeError if the stages of a step are not found: at once on a CPU, by the next read on a GPU.
 */
export function foundStages<Y, P, S>(problem: Problem<Y, P, S>, course: Course, follows: boolean): Walked {
  const { given, stages, start, clock, interval, method } = problem;
  if (!given || !stages) return { course, y: undefined };
  const { device } = interval;
  const rows = clock[0] ?? 1;
  const notes = follows && device.backend.readSync ? new StageNotes(stages) : undefined;
  const [steps] = course.t.shape;
  const forRows = (x: Tensor): Tensor => (x.shape.length === clock.length ? x : x.broadcastTo(clock));
  const step = ({ y, failure, done }: State, row: { t: Tensor; dt: Tensor }): State => {
    const made = given(y, forRows(row.t), forRows(row.dt));
    const { next } = firstFailureKernel({ failed: made.failed, failure, done }, { count: rows });
    return { y: made.y, solved: notes ? made.solved : [], failure: next, done: done.add(1) };
  };
  const look = (line: readonly Words[]): boolean => {
    notes?.add(line.slice(1));
    return line[0].some(v => v >= 0);
  };
  return unrecorded(() => {
    const first: State = {
      y: start.map(leaf => leaf.detach()),
      solved: notes ? notes.blank(device) : [],
      failure: zeros([rows], { device }).sub(1),
      done: zeros([], { device }),
    };
    const { state } = iterate(step, first, {
      maxSteps: steps,
      inputs: { t: course.t.detach(), dt: course.dt.detach() },
      watch: ['failure', ...first.solved.map((_, i) => `solved[${i}]`)],
      every: notes ? 1 : 8,
      stop: (line, done) => done > 0 && look(line),
    });
    if (notes) look([state.failure, ...state.solved].map(peek) as Words[]);
    device.check(
      [state.failure.memory.retain(), course.t.memory.retain(), course.dt.memory.retain()],
      (failure, t, dt) => {
        const row = failure.findIndex(v => v >= 0);
        if (row < 0) return;
        const at = failure[row];
        throw new OdeError(
          `odeSolve: ${method.name} cannot solve the stages of step ${at}, from t = ${t[at].toPrecision(4)} (dt = ${dt[at].toPrecision(4)}): Newton's method did not converge. Take more steps, or leave out steps and dt, so that steps are chosen by their error.`,
          { t: t[at], dt: dt[at], steps: at, rejected: 0, row },
        );
      },
    );
    const noted = notes?.read(device);
    return {
      course: noted ? { ...course, stages: noted } : course,
      y: follows ? undefined : state.y,
    };
  });
}
