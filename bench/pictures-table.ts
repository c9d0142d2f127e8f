/** Splats, volumes and shadows, and their gradients, as a Markdown table; each in processes of its own. */

import { bundle, threads } from './contenders.ts';
import { answerOf } from './own-process.ts';
import { pictureCases } from './pictures/cases.ts';
import type { PictureTimes } from './pictures/serve.ts';
import { layout } from './table.ts';

export interface PictureRow {
  readonly name: string;
  /** On one thread, and on all. */
  readonly one: PictureTimes;
  readonly all: PictureTimes;
}

/** @param names Which; default all. */
export async function pictureRows(names: readonly string[] = Object.keys(pictureCases)): Promise<PictureRow[]> {
  const file = await bundle(
    'pictures.ts',
    `import { servePicture } from './pictures/serve.ts';
     console.log(JSON.stringify(await servePicture(process.argv[2], Number(process.argv[3]))));`,
  );
  const run = (name: string, count: number): PictureTimes => answerOf([file, name, String(count)]);
  return names.map(name => ({ name, one: run(name, 1), all: run(name, threads) }));
}

export const picturesTable = (rows: readonly PictureRow[]): string =>
  layout(
    ['', 'picture, 1 thread', 'and gradient', 'backward / forward', `picture, ${threads} threads`, 'and gradient'],
    rows.map(({ name, one, all }) => [
      name,
      ...[one.forwardCpu, one.bothCpu].map(ms => ms.toFixed(1)),
      ((one.bothCpu - one.forwardCpu) / one.forwardCpu).toFixed(2),
      ...[all.forward, all.both].map(ms => ms.toFixed(1)),
    ]),
  );
