/**
 * Worker threads that help the calling thread with one job at a time. A job is a range cut into chunks, which the caller and
 * whichever workers are awake claim one by one. The caller waits for finished chunks, never for threads, so a worker that
 * is late, asleep or gone costs nothing, unless it dies in the middle of a chunk: then the job is lost, and said to be.
 *
 * There is one pool for all devices, made when first needed. The words shared with the workers: worker.ts.
 */

import { type Helper, type Mail, mostThreads, startWorker, word, wordCount } from './worker.ts';

export type Run = (begin: number, end: number, frame: number, scratch: number) => void;

/** Code that workers can run too. */
export interface Code {
  /** The kernel, for errors. */
  readonly name: string;
  readonly run: Run;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Functions to import, of those in worker.ts; undefined if there are others, which workers do not have. */
  readonly imports: readonly string[] | undefined;
}

/** Chunk k is size·k ≤ n < size·(k + 1), cut at total; it has its own frame, each thread its own scratch memory. */
export interface Job<C extends Code = Code> {
  code: C;
  total: number;
  size: number;
  /** At most mostChunks. */
  chunks: number;
  /** Chunks that a thread claims at once, at most. */
  most: number;
  frame: number;
  frameStep: number;
  scratch: number;
  scratchStep: number;
  /** Threads that may take part, with the caller. */
  threads: number;
  /** Whether sleeping workers are to be woken. */
  wake: boolean;
}

/** Polls before the caller lets go of its core, some 50 μs, and milliseconds after which it looks whether the workers live. */
const polls = 5000;
const patience = 5;
/** Workers that died before new ones are no longer tried. */
const mostDeaths = 8;

const { load, store, and, notify, wait } = Atomics;

/** The first of the open chunks and some of its neighbours: more while there are many (worker.ts). */
function neighbours(open: number, threads: number, most: number): number {
  let left = 0;
  for (let rest = open; rest !== 0; rest &= rest - 1) left++;
  const low = open & -open;
  return open & ((low << Math.max(1, Math.min(most, Math.floor(left / (2 * threads))))) - low);
}

class Pool {
  private readonly words = new Int32Array(new SharedArrayBuffer(4 * wordCount));
  private readonly helpers: Helper[] = [];
  /** Number of each piece of code, and the workers that have it. */
  private readonly sent = new WeakMap<Code, { readonly id: number; helpers: number }>();
  private readonly collected = new FinalizationRegistry<number>(id => this.tell({ id }, this.helpers));
  private codes = 0;

  /** Starts workers until there are threads − 1. */
  grow(threads: number): void {
    for (let index = this.helpers.length + 1; index < threads; index++) {
      const helper = startWorker(why => died(this, why));
      this.helpers.push(helper);
      this.tell({ words: this.words, index }, [helper]);
    }
  }

  private tell(mail: Mail, helpers: readonly Helper[]): void {
    for (const helper of helpers) {
      // First the count, so that a worker knows of all that it has not seen.
      Atomics.add(this.words, word.worker + (this.helpers.indexOf(helper) + 1) * word.stride + word.mail, 1);
      helper.post(mail);
    }
    this.ring();
  }

  private ring(): void {
    Atomics.add(this.words, word.bell, 1);
    if (load(this.words, word.sleepers) > 0) notify(this.words, word.bell);
  }

  private idOf(code: Code): number {
    let sent = this.sent.get(code);
    if (!sent) {
      sent = { id: ++this.codes, helpers: 0 };
      this.sent.set(code, sent);
      this.collected.register(code, sent.id);
    }
    const { id } = sent;
    if (sent.helpers < this.helpers.length) {
      const { module, memory, imports: names = [] } = code;
      this.tell({ id, module, memory, names }, this.helpers.slice(sent.helpers));
      sent.helpers = this.helpers.length;
    }
    return id;
  }

  /** Returns how many invocations (or workgroups) the caller itself has run. */
  run(job: Job): number {
    const { words } = this;
    const { code, total, size, chunks, frame, frameStep, scratch } = job;
    const { run } = code;
    words[word.code] = this.idOf(code);
    words[word.threads] = job.threads;
    words[word.total] = total;
    words[word.size] = size;
    words[word.chunks] = chunks;
    words[word.most] = job.most;
    words[word.frame] = frame;
    words[word.frameStep] = frameStep;
    words[word.scratch] = scratch;
    words[word.scratchStep] = job.scratchStep;
    words[word.job]++;
    store(words, word.done, 0);
    store(words, word.open, chunks < 32 ? (1 << chunks) - 1 : -1);
    if (job.wake) this.ring();
    let own = 0;
    let taken = 0;
    let trap: { readonly error: unknown } | undefined;
    do {
      for (let open = load(words, word.open); open !== 0; open = load(words, word.open)) {
        const wanted = neighbours(open, job.threads, job.most);
        const mine = and(words, word.open, ~wanted) & wanted;
        for (let first = 0, next = 1; first < chunks; first = next++) {
          if (((mine >>> first) & 1) === 0) continue;
          while (frameStep === 0 && next < chunks && (mine >>> next) & 1) next++;
          own += next - first;
          if (trap) continue;
          const end = Math.min(total, size * next);
          try {
            run(size * first, end, frame + first * frameStep, scratch);
          } catch (error) {
            trap = { error };
          }
          taken += end - size * first;
        }
      }
    } while (!this.awaitChunks(chunks - own, code.name));
    const failure = load(words, word.failed) === 0 ? undefined : this.takeFailure(); // Taken in any case, so that no later job finds it.
    if (trap) throw trap.error;
    if (failure !== undefined) throw new Error(`${code.name}: a worker thread failed: ${failure}.`);
    return taken;
  }

  /** False if a worker has given a chunk back. */
  private awaitChunks(count: number, name: string): boolean {
    const { words } = this;
    for (let polled = 0; polled < polls; polled++) {
      if (load(words, word.done) === count) return true;
      if (load(words, word.open) !== 0) return false;
    }
    let looked = performance.now();
    for (;;) {
      const done = load(words, word.done);
      if (done === count) return true;
      if (load(words, word.open) !== 0) return false;
      if (mayWait) {
        store(words, word.waiting, 1);
        wait(words, word.done, done, 1);
        store(words, word.waiting, 0);
      }
      if (performance.now() - looked < patience) continue;
      looked = performance.now();
      if (this.helpers.every(helper => helper.lives())) continue;
      // What the dead one had not finished may have been finished in the meantime.
      if (load(words, word.done) === count) return true;
      died(this, 'it died');
      // The others stop as soon as they can; until then they may still write.
      if (mayWait) wait(words, word.bell, load(words, word.bell), 4 * patience);
      throw new Error(
        `${name}: a worker thread died in the middle of this kernel, whose results are lost; run it again, ` +
          'or open the device with { threads: 1 }.',
      );
    }
  }

  private takeFailure(): string {
    const { words } = this;
    store(words, word.failed, 0);
    const text = new Uint16Array(words.buffer, 4 * word.text, words[word.textLength]);
    return String.fromCharCode(...text);
  }

  /** Chunks that workers have run so far. */
  get helped(): number {
    let sum = 0;
    for (let k = 1; k <= this.helpers.length; k++) sum += load(this.words, word.worker + k * word.stride + word.helped);
    return sum;
  }
  /** Workers that have begun to listen. */
  get online(): number {
    return load(this.words, word.online);
  }

  end(): void {
    for (const helper of this.helpers) helper.end();
  }
}

let pool: Pool | undefined;
let deaths = 0;
let obstacle: string | undefined;

function died(of: Pool, why: string): void {
  if (pool !== of) return;
  deaths++;
  obstacle = why;
  endThreads();
}

const users = new Set<object>();

/** The pool, with workers enough for so many threads; undefined where none can be had. @param user Who keeps it alive. */
export function threadPool(threads: number, user?: object): Pool | undefined {
  if (user) users.add(user);
  if (deaths >= mostDeaths) return undefined;
  try {
    pool ??= new Pool();
    pool.grow(Math.min(threads, mostThreads));
    return pool;
  } catch (error) {
    died(pool as Pool, (error as Error).message);
    deaths = mostDeaths;
    return undefined;
  }
}

/** The pool as it is, for tests and timings. */
export const runningPool = (): Pick<Pool, 'helped' | 'online'> | undefined => pool;

/** Why there are no workers, if there are none where they were wanted. */
export const whyNoThreads = (): string | undefined => (deaths >= mostDeaths ? obstacle : undefined);

/** Ends the workers with their last user. */
export function leavePool(user: object): void {
  if (users.delete(user) && users.size === 0) endThreads();
}

/** Ends the workers; the next job that is worth it starts others. */
export function endThreads(): void {
  const ended = pool;
  pool = undefined;
  ended?.end();
}

/** False on the main thread of a page, which may not block. */
const mayWait = (() => {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  try {
    wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
})();
