/**
 * Who runs a job: the calling thread alone, or the pool with it. Short jobs are not shared; what is short is judged by the time
 * that earlier jobs of the same code took, which never changes results.
 */

import { type Code, type Job, threadPool } from './pool.ts';

/** What is known of the time that code takes: microseconds per invocation, or per workgroup. */
export interface Pace {
  each: number;
  jobs: number;
}
export interface PacedCode extends Code {
  readonly pace: Pace;
}

/** @param work Units of work (cutting.ts); the guess is for code that is not vectorised. */
export const guessedPace = (work: number): Pace => ({ each: work * 3e-4, jobs: 0 });

/** Microseconds. Shorter jobs are not shared; shorter ones wake nobody; and so much must come up before workers are started. */
const worthSharing = 5;
const worthWaking = 40;
const worthStarting = 5000;

/** @param threads That may take part, with the caller. @param user Keeps the pool alive. @returns a function that performs jobs; it sets `chunks`, `threads` and `wake`. */
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
    const shared = threads > 1 && expected >= worthSharing && size < total && code.imports !== undefined;
    const pool = shared ? poolFor(expected) : undefined;
    const timed = (pace.jobs++ & 31) < 4;
    const start = timed ? performance.now() : 0;
    let done = total;
    if (pool) {
      job.chunks = Math.ceil(total / size);
      job.threads = threads;
      // Many short jobs are worth it too.
      job.wake = waited >= worthWaking;
      if (job.wake) waited = 0;
      done = pool.run(job);
    } else if (frameStep === 0) code.run(0, total, frame, scratch);
    else
      for (let begin = 0, at = frame; begin < total; begin += size, at += frameStep)
        code.run(begin, Math.min(total, begin + size), at, scratch);
    if (!timed || done === 0) return;
    const each = (1000 * (performance.now() - start)) / done;
    // The first time also compiles; later ones may have been interrupted.
    pace.each = pace.jobs <= 2 || each < pace.each ? each : pace.each + (each - pace.each) / 16;
  };
}
