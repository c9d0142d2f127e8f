/** One scene run from the command line: device, progress, results folder, last words. */

import { access, constants, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { device } from '../../kernel/index.ts';
import { encodeGif, encodePng } from '../../render/index.ts';
import { type Scene, type SceneProgress, type SceneResult, scenes } from '../index.ts';
import { numbersOf, told } from './numbers.ts';
import type { ReportHead } from './report.ts';

export interface RunArguments {
  readonly preset: 'small' | 'full';
  readonly set: Readonly<Record<string, number>>;
  readonly iterations?: number;
  readonly seed: number;
  readonly device: 'auto' | 'cpu' | 'webgpu';
  readonly precision: 'f32' | 'f64';
  readonly out: string;
  readonly frames?: string;
  readonly json?: boolean;
}

interface Printer {
  update(progress: SceneProgress): void;
  /** Says a sentence without spoiling the bar. */
  say(sentence: string): void;
  stop(): void;
}

/** A bar where a person watches; else a line each time the note changes. All on stderr. */
function progressPrinter(): Printer {
  if (!process.stderr.isTTY) {
    let note = '';
    return {
      update(progress) {
        if (progress.note !== note)
          console.error(
            `${String(progress.iteration).padStart(5)}  loss ${progress.loss.toExponential(3)}  ${progress.note}`,
          );
        note = progress.note;
      },
      say: sentence => console.error(sentence),
      stop() {},
    };
  }
  const bar = new SingleBar({
    format: '{bar} {percentage}%  loss {loss}  {note}',
    stream: process.stderr,
    barsize: 10, // Notes tell more than the bar, and what does not fit the terminal is cut off.
  });
  bar.start(100, 0, { loss: '…', note: '' });
  return {
    update: ({ done, loss, note }) => bar.update(Math.round(100 * done), { loss: loss.toExponential(2), note }),
    say: sentence => console.error(`\n${sentence}`),
    stop: () => bar.stop(),
  };
}

/** The share of the pairs of neighbouring letters of `name` that are in `other` too. */
function likeness(name: string, other: string): number {
  const pairs = Array.from(name.toLowerCase().slice(1), (letter, k) => name[k].toLowerCase() + letter);
  return pairs.filter(pair => other.includes(pair)).length / (pairs.length || 1);
}

/** @throws RangeError, in the name of the command, if there is none. */
export function sceneCalled(command: string, name: string): Scene {
  if (Object.hasOwn(scenes, name)) return scenes[name];
  const near = Object.keys(scenes)
    .map(other => [likeness(name, other), other] as const)
    .filter(([share]) => share > 0.6)
    .sort(([a, one], [b, other]) => b - a || one.length - other.length)
    .slice(0, 3)
    .map(([, other]) => other);
  const meant = near.length > 0 ? ` do you mean ${near.join(' or ')}?` : '';
  throw new RangeError(`${command}: there is no scene '${name}';${meant} 'list' shows all of them.`);
}

/** Makes a folder and those above it: one by one, since `mkdir`'s own recursion never ends where a file system says that a folder that it has is missing, as /proc does. */
async function makeFolder(folder: string): Promise<void> {
  const unlessThere = async (error: NodeJS.ErrnoException): Promise<void> => {
    if (error.code !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error;
  };
  const above = dirname(folder);
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' || above === folder) return unlessThere(error as NodeJS.ErrnoException);
    await makeFolder(above);
    await mkdir(folder).catch(unlessThere);
  }
}

/** Makes the folder of results: before the run, which may take an hour. @throws RangeError where nothing can be written. */
async function openFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new RangeError(
      `run: results cannot be written to '${folder}' (${(error as Error).message}); give another folder: --out DIR.`,
    );
  }
}

/** Ctrl-C stops a run after its iteration, so that what was found is written; a second one ends the process. */
function interruptible(progress: Printer): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) {
      progress.stop(); // The bar leaves the terminal as it found it.
      process.exit(130);
    }
    progress.say('run: stopping after this iteration, to write what was found; again to stop at once.');
    controller.abort();
  };
  process.on('SIGINT', stop);
  return { signal: controller.signal, release: () => process.removeListener('SIGINT', stop) };
}

/** Runs a scene and writes its results. @returns The exit status: 0 goal met, 1 not met. */
export async function runScene(name: string, options: RunArguments): Promise<number> {
  const started = performance.now();
  const scene = sceneCalled('run', name);
  for (const key of Object.keys(options.set)) {
    if (Object.hasOwn(scene.settings, key)) continue;
    throw new RangeError(
      `run: scene '${name}' has no setting '${key}'; it has ${Object.keys(scene.settings).join(', ')}.`,
    );
  }
  if (options.frames !== undefined && !scene.takesFrames)
    throw new RangeError(
      `run: scene '${name}' has no input in files, so that --frames would be passed over; leave it out.`,
    );
  await openFolder(options.out);
  const opened = await device({ kind: options.device, precision: options.precision });
  const progress = progressPrinter();
  const { signal, release } = interruptible(progress);
  let result: SceneResult;
  try {
    result = await scene.run({
      preset: options.preset,
      settings: options.set,
      iterations: options.iterations,
      seed: options.seed,
      device: opened,
      frames: options.frames,
      onProgress: step => progress.update(step),
      signal,
    });
  } catch (error) {
    opened.destroy();
    throw error;
  } finally {
    release();
    progress.stop();
  }
  opened.destroy();
  const { goal, loss, iterations, device: where = opened.description } = result;
  const seconds = Math.round(performance.now() - started) / 1000;
  const head = { scene: name, goal, loss, iterations, seconds, device: where };
  const { out, json = false } = options;
  try {
    await writeResults(out, { ...head, summary: scene.summary }, result);
  } catch (error) {
    if (!json) console.log(found(result));
    throw new RangeError(
      `run: the scene has run, but its results cannot be written to '${out}' (${(error as Error).message}); make room, or give another folder: --out DIR.`,
    );
  }
  if (json) console.log(JSON.stringify(head));
  else
    console.log(
      `${found(result)}\n${iterations} iterations, ${seconds} s, ${where}; report: ${join(out, 'report.html')}`,
    );
  return goal.met ? 0 : 1;
}

async function writeResults(out: string, head: ReportHead, result: SceneResult): Promise<void> {
  const { reportHtml } = await import('./report.ts'); // only now: the plotting library takes a second to load
  const { summary: _, ...facts } = head;
  const intervals = Object.fromEntries(result.estimates.map(({ name, interval }) => [name, interval]));
  const { fitted } = result;
  await writeFile(join(out, 'result.json'), `${JSON.stringify({ ...facts, fitted, intervals }, undefined, 1)}\n`);
  const gif = result.film && encodeGif(result.film.images, { fps: result.film.fps });
  if (gif) await writeFile(join(out, 'film.gif'), gif);
  for (const [k, { image }] of result.pictures.entries())
    await writeFile(join(out, `picture-${k + 1}.png`), encodePng(image));
  await writeFile(join(out, 'report.html'), reportHtml(head, result, gif));
}

/** The estimates and the goal, a line each. */
function found({ goal, estimates }: SceneResult): string {
  const rows = estimates.map(estimate => {
    const { name, unit, fitted, interval, truth } = estimate;
    const number = numbersOf(estimate);
    const between = (interval > 0 ? ` ± ${number(interval)}` : '').padEnd(10);
    const true_ = truth === undefined ? '' : `   truth ${number(truth).padStart(10)}`;
    return `${name.padEnd(18)} ${number(fitted).padStart(10)}${between}${true_}   ${unit}`;
  });
  const verdict = `${goal.met ? 'met' : 'MISSED'}: ${goal.name} ${told(goal.value)}, bound ${told(goal.bound)}`;
  return [...rows, `goal ${verdict}`].join('\n');
}
