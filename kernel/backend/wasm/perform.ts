/**
 * Who runs a job: the calling thread alone, or the pool with it. Short jobs are not shared; nor, for a while, is code that took
 * longer with the pool than alone, as it does where other processes want the cores. All this goes by the time that earlier jobs
 * of the same code took, and never changes results.
 */

import { type Code, type Job, threadPool } from './pool.ts';

/** What is known of the time that code takes, in microseconds per invocation or workgroup. */
export interface Pace {
  /** On one thread, at its best so far. */
  each: number;
  /** On the average, from beginning to end: alone, and with the pool. Zero while not known. */
  alone: number;
  shared: number;
  jobs: number;
  /** Jobs to run alone from here, how many it was the last time, and jobs that workers have helped with since. */
  pause: number;
  lastPause: number;
  helped: number;
}
export interface PacedCode extends Code {
  readonly pace: Pace;
}

/** @param work Units of work (cutting.ts); the guess is for code that is not vectorised. */
export const guessedPace = (work: number): Pace => ({
  each: work * 3e-4,
  alone: 0,
  shared: 0,
  jobs: 0,
  pause: 0,
  lastPause: 0,
  helped: 0,
});

/** Microseconds. Shorter jobs are not shared; shorter ones wake nobody; and so much must come up before workers are started. */
const worthSharing = 5;
const worthWaking = 40;
const worthStarting = 5000;
/** What threads claim at once takes about so long. */
const claim = 5;
/** The job that is run alone to compare with. */
const trial = 3;
const longestPause = 64;
/** After a pause: jobs that may find workers asleep, and jobs before a verdict, unless one takes so many microseconds too long. */
const waking = 4;
const enough = 12;
const farTooLong = 300;

const averaged = (mean: number, sample: number): number =>
  mean === 0 ? sample : mean + (Math.min(sample, 8 * mean) - mean) / 8;

/** Takes note of a job that workers have helped with. */
function noteShared(pace: Pace, microseconds: number, total: number): void {
  pace.helped++;
  const tooLong = pace.alone > 0 && microseconds > pace.alone * total + farTooLong;
  if (pace.helped > waking || tooLong) pace.shared = averaged(pace.shared, microseconds / total);
  if (pace.helped < enough && !tooLong) return;
  if (pace.alone === 0 || pace.shared <= pace.alone) {
    pace.lastPause = 0;
    return;
  }
  pace.lastPause = Math.min(longestPause, 2 * pace.lastPause || 4);
  pace.pause = pace.lastPause;
  pace.helped = 0;
  pace.shared = 0;
}

/**
 * @param threads That may take part, with the caller.
 * @param user Keeps the pool alive.
 * @returns A function that performs jobs; it sets their `chunks`, `most`, `threads` and `wake`.
 */
export function performer(threads: number, user: object): (job: Job<PacedCode>) => void {
  let started = false;
  let waited = 0;

  function poolFor(expected: number) {
    waited += expected;
    if (!started && waited < worthStarting) return undefined;
    started = true;
    return threadPool(threads, user);
  }

  return job => {
    const { code, total, size, frame, frameStep, scratch } = job;
    const { pace } = code;
    const expected = pace.each * total;
    const worthy = threads > 1 && size < total && expected >= worthSharing && code.imports !== undefined;
    const count = pace.jobs++;
    const alone = !worthy || count === trial || (pace.pause > 0 && pace.pause-- > 0);
    const pool = alone ? undefined : poolFor(expected);
    const timed = worthy || (count & 31) < 4;
    const start = timed ? performance.now() : 0;
    let own = total;
    if (pool) {
      job.chunks = Math.ceil(total / size);
      job.most = Math.ceil((claim * job.chunks) / expected);
      job.threads = threads;
      // Many short jobs are worth it too.
      job.wake = waited >= worthWaking;
      if (job.wake) waited = 0;
      own = pool.run(job);
    } else if (frameStep === 0) code.run(0, total, frame, scratch);
    else
      for (let begin = 0, at = frame; begin < total; begin += size, at += frameStep)
        code.run(begin, Math.min(total, begin + size), at, scratch);
    if (!timed || total === 0) return;
    const microseconds = 1000 * (performance.now() - start);
    // The first job also compiles; later ones may have been interrupted.
    if (own > 0) {
      const each = microseconds / own;
      pace.each = count < 2 || each < pace.each ? each : pace.each + (each - pace.each) / 16;
    }
    if (pool) {
      if (own < total) noteShared(pace, microseconds, total);
    } else if (count > 0) pace.alone = averaged(pace.alone, microseconds / total);
  };
}
