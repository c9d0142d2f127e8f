/** Whether all rows have arrived, and what to say of one that has not. */

import type { Memory } from '../../kernel/index.ts';
import { type Clock, failures } from './control.ts';
import { OdeError } from './error.ts';
import type { Problem } from './problem.ts';

/** @throws OdeError, on a GPU by the next read, unless all rows are at the end. */
export function checkArrival<Y, P, S>(
  { interval, method, clock: shape }: Problem<Y, P, S>,
  { clock }: { readonly clock: Clock },
  maxSteps: number,
): void {
  const { device } = interval;
  const { theta, reach, step, failure, accepted, rejected } = clock;
  const memories: Memory[] = [theta, reach, step, failure, accepted, rejected, interval.start, interval.length].map(x =>
    x.memory.retain(),
  );
  device.check(memories, (theta, reach, step, failure, accepted, rejected, [start], [length]) => {
    const row = reach.findIndex((v, r) => !(v >= 1) || failure[r] !== 0);
    if (row < 0) return;
    const t = start + theta[row] * length;
    const dt = step[row] * length;
    const where = `${shape.length > 0 ? `row ${row} ` : ''}`;
    const steps = accepted[row];
    const [now, end, by] = [t, start + length, dt].map(v => v.toPrecision(4));
    const stopped = `stopped after maxSteps = ${maxSteps} at t = ${now} of ${end} (dt = ${by}). ${method.kind === 'explicit' ? 'The problem may be stiff: take the method kvaerno5; else allow more maxSteps' : 'Allow more maxSteps, or give a larger rtol'}`;
    const reasons: Readonly<Record<number, string>> = {
      [failures.notFinite]: `cannot go on at t = ${now}: f, or the state, is not finite there. Look at f with debug(), or give a smaller firstStep`,
      [failures.short]: `would need steps below ${by} at t = ${now} of ${end}, shorter than ${device.precision} can tell times apart. The problem may be stiff or end in a singularity there: take the method kvaerno5, look at the solution up to that time, or give a larger rtol`,
      [failures.crowded]: `finds events ever closer to each other at t = ${now}. Stop at the first that is too weak, by an event without reset`,
      [failures.unsolved]: `cannot solve its stages at t = ${now} of ${end}, even for steps of ${by}. Newton's method needs an f that is smooth there; look at it with debug(), or give a larger rtol`,
      [failures.sunk]: `goes on through the guard of an event at t = ${now}, since its reset leaves the guard at rest on zero. Stop there, by an event without reset, and go on with what holds for the state at rest`,
      [failures.blind]: `finds that the guard of an event is NaN at t = ${now}. A guard must be a number on both sides of its crossing; look at it with debug()`,
    };
    const told = `${where}${reasons[failure[row]] ?? stopped}`;
    throw new OdeError(`odeSolve: ${method.name} ${told}.`, { t, dt, steps, rejected: rejected[row], row });
  });
}
