/**
 * The worker threads' program, as text, so that it runs from sources, a build or a bundle alike, and what Node and browsers do
 * differently to start one.
 *
 * A worker is told of code by messages, and of work by 32-bit words that it shares with the caller (`word`): it watches those
 * for a while, then sleeps on `bell`. It leaves its loop for the event loop when it has been sent more messages than it has seen.
 *
 * `open` has a bit for each chunk of the job that nobody has claimed yet. Who clears a bit owns the chunk, of whatever job is then
 * open, and that job stays open until the chunk is done: its words are read after the claim. A worker that turns out not to be
 * meant sets the bits again. Each thread begins at its own share of the chunks, so that it mostly meets the memory it met
 * in the launch before, and then takes what others have left: several neighbours at once while there are many and they are short, since
 * each claim is a cache line fetched from another core. (Long ones one by one: lists with room for more are all work at their beginning, and none behind.)
 * Neighbours run as one, unless chunks have frames of their own.
 */

/** Places in the shared words, by cache lines of 32 words where several threads write. */
export const word = {
  open: 0, done: 32, bell: 64, sleepers: 65, waiting: 96, failed: 97, textLength: 98, online: 99,
  code: 128, threads: 129, total: 130, size: 131, chunks: 132, frame: 133, frameStep: 134, scratch: 135, scratchStep: 136, job: 137, most: 138,
  text: 160, worker: 416, stride: 32, mail: 0, helped: 1,
} as const; // biome-ignore format: a table
export const mostThreads = 32;
export const wordCount: number = word.worker + mostThreads * word.stride;
export const mostChunks = 32;
const textLimit = 2 * (word.worker - word.text);
/** Polls of an idle worker before it sleeps: some 150 μs, as being woken takes 20 to 50. */
const polls = 15000;

/** What a worker is told. Names of functions to import: those of Math, and a few more that are `known`. */
export type Mail =
  | { readonly words: Int32Array; readonly index: number }
  | {
      readonly id: number;
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
      readonly names: readonly string[];
    }
  | { readonly id: number };

const known = { exp2: 'x => 2 ** x', inverseSqrt: 'x => 1 / Math.sqrt(x)', rem: '(x, y) => x % y' };
export const isKnown = (name: string, run: unknown): boolean =>
  Object.hasOwn(known, name) || (Math as unknown as Record<string, unknown>)[name] === run;

const source = `'use strict';
const listen = typeof require === 'function' ? f => require('node:worker_threads').parentPort.on('message', f)
  : f => { self.onmessage = e => f(e.data); };
const known = { ${Object.entries(known).map(([name, run]) => `${name}: ${run}`)} };
const { load, add, sub, and, or, notify, wait } = Atomics;
const runs = new Map();
const neighbours = (open, low, threads, most) => {
  let left = 0;
  for (let rest = open; rest !== 0; rest &= rest - 1) left++;
  return open & ((low << Math.max(1, Math.min(most, left / (2 * threads) | 0))) - low);
};
let words, text, own, me, seen = 0;
function failed(error) {
  if (Atomics.compareExchange(words, ${word.failed}, 0, me) !== 0) return; // Another has failed: one is told of.
  const said = String(error && error.message || error).slice(0, ${textLimit});
  for (let k = 0; k < said.length; k++) text[k] = said.charCodeAt(k);
  words[${word.textLength}] = said.length;
}
function work() {
  for (let polled = 0, job = -1, next = 0;;) {
    const open = load(words, ${word.open});
    if (open !== 0 && me < words[${word.threads}] && runs.has(words[${word.code}])) {
      polled = 0;
      if (job !== words[${word.job}]) {
        job = words[${word.job}];
        next = words[${word.chunks}] * me / words[${word.threads}] | 0;
      }
      const ahead = next < 32 && open & (-1 << next) || open;
      const wanted = neighbours(open, ahead & -ahead, words[${word.threads}], words[${word.most}]);
      const mine = and(words, ${word.open}, ~wanted) & wanted;
      if (mine === 0) continue;
      const run = runs.get(words[${word.code}]);
      if (!run || me >= words[${word.threads}]) {
        or(words, ${word.open}, mine);
        continue;
      }
      const size = words[${word.size}] >>> 0, total = words[${word.total}] >>> 0, step = words[${word.frameStep}];
      const scratch = words[${word.scratch}] + me * words[${word.scratchStep}];
      let count = 0;
      for (let first = 0; first < 32; first = next) {
        next = first + 1;
        if (!(mine >>> first & 1)) continue;
        while (step === 0 && next < 32 && mine >>> next & 1) next++;
        count += next - first;
        try { run(first * size, Math.min(next * size, total), words[${word.frame}] + first * step, scratch); } catch (error) { failed(error); }
      }
      next = 32 - Math.clz32(mine);
      words[own + ${word.helped}] += count;
      add(words, ${word.done}, count);
      if (load(words, ${word.waiting})) notify(words, ${word.done});
      continue;
    }
    if (load(words, own + ${word.mail}) !== seen) return;
    if (++polled < ${polls}) continue;
    polled = 0;
    const bell = load(words, ${word.bell});
    add(words, ${word.sleepers}, 1);
    if (load(words, ${word.open}) === open && load(words, own + ${word.mail}) === seen) wait(words, ${word.bell}, bell);
    sub(words, ${word.sleepers}, 1);
  }
}
listen(mail => {
  seen++;
  if (mail.words) {
    words = mail.words;
    me = mail.index;
    text = new Uint16Array(words.buffer, ${4 * word.text});
    own = ${word.worker} + me * ${word.stride};
    add(words, ${word.online}, 1);
  } else if (!mail.module) runs.delete(mail.id);
  else {
    const env = { memory: mail.memory };
    for (const name of mail.names) env[name] = known[name] || Math[name];
    try { runs.set(mail.id, new WebAssembly.Instance(mail.module, { env }).exports.run); } catch {}
  }
  if (seen === load(words, own + ${word.mail})) work();
});`;

export interface Helper {
  post(mail: Mail): void;
  /** Whether the thread still runs, as far as can be told without waiting. */
  lives(): boolean;
  end(): void;
}

type NodeThreads = typeof import('node:worker_threads');
const builtin = <T>(name: string): T | undefined =>
  globalThis.process?.getBuiltinModule?.(name as 'fs') as unknown as T | undefined;

/** Whether memory and code can be shared with workers here: in Node, and in pages that are cross-origin isolated. */
export const canShare = (): boolean =>
  typeof SharedArrayBuffer !== 'undefined' &&
  globalThis.crossOriginIsolated !== false &&
  (globalThis.process?.getBuiltinModule !== undefined || typeof Worker !== 'undefined');

/** Threads that this machine runs at once. */
export function availableThreads(): number {
  const os = builtin<typeof import('node:os')>('node:os');
  const cores = os ? os.availableParallelism() : (globalThis.navigator?.hardwareConcurrency ?? 1);
  return Math.max(1, Math.min(mostThreads, cores));
}

/** Starts a thread that does not keep the process alive. @param ended Called, later, with what ended it. */
export function startWorker(ended: (why: string) => void): Helper {
  const node = builtin<NodeThreads>('node:worker_threads');
  return node ? startInNode(node, ended) : startInBrowser(ended);
}

function startInNode({ Worker, MessageChannel }: NodeThreads, ended: (why: string) => void): Helper {
  // A port's postMessage says false once the thread at the other end has gone.
  const { port1, port2 } = new MessageChannel();
  const options = { eval: true, execArgv: [], env: {}, workerData: port2, transferList: [port2] };
  const worker = new Worker(source, options);
  worker.on('error', error => ended(error.message));
  worker.on('exit', () => ended('it was ended'));
  worker.unref();
  port1.unref();
  return {
    post: mail => worker.postMessage(mail),
    lives: () => (port1.postMessage(0) as unknown) !== false,
    end: () => void worker.terminate(),
  };
}

let address: string | undefined;

function startInBrowser(ended: (why: string) => void): Helper {
  address ??= URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(address);
  worker.onerror = event => {
    event.preventDefault();
    ended(event.message || 'the page does not allow workers from blob: addresses');
  };
  return { post: mail => worker.postMessage(mail), lives: () => true, end: () => worker.terminate() };
}
