// Specification of the film scene: what it recovers, what it refuses, and when it may look at the truth.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { device } from 'retrograde/kernel';
import { decodePng, encodePng, grey } from 'retrograde/render';
import { film, readFilm, type SceneResult } from 'retrograde/scenes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mulberry32 } from '../util/random.ts';

const fixture = new URL('../../scenes/film/chain/', import.meta.url).pathname;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retrograde-film-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the fixture, for spoiling. */
async function copy(name: string): Promise<string> {
  const to = join(folder, name);
  await cp(fixture, to, { recursive: true });
  return to;
}

async function run(frames: string, settings = {}, iterations?: number): Promise<SceneResult> {
  const options = { preset: 'small', settings, iterations, seed: 0, frames, onProgress: () => {} } as const;
  return film.run({ ...options, device: await device('cpu') });
}

describe('film', () => {
  let whole: SceneResult;
  beforeAll(async () => {
    whole = await run(fixture);
  });

  it('recovers the dynamics from 16 frames', () => {
    const { goal, fitted, estimates, pictures, film: animation } = whole;
    expect(goal).toMatchObject({ bound: 1, met: true });
    expect(goal.value).toBeLessThan(1);
    expect(Object.keys(fitted)).toEqual(['stiffness', 'springDamping', 'gravity', 'drag', 'velocity0']);
    expect(Math.abs((fitted.stiffness as number) / 42 - 1)).toBeLessThan(0.003);
    expect(estimates).toHaveLength(10);
    for (const { interval } of estimates) expect(interval).toBeGreaterThan(0);
    expect(pictures).toHaveLength(4);
    expect(animation?.images).toHaveLength(40);
  });

  it('fits the same without the truth, and then judges by pixels and convergence', async () => {
    const blind = await copy('blind');
    await rm(join(blind, 'truth.json'));
    const without = await run(blind);
    expect(without.fitted).toEqual(whole.fitted);
    expect(without.goal).toMatchObject({ name: 'pixel residual (root mean square)', met: true });
  });

  it('asks no more than the noise allows that frame 0 shows', async () => {
    const noisy = await copy('noisy');
    await rm(join(noisy, 'truth.json'));
    const random = mulberry32(1);
    for (let k = 0; k < 40; k++) {
      const file = join(noisy, `${String(k).padStart(3, '0')}.png`);
      const image = grey(decodePng(await readFile(file)));
      await writeFile(file, encodePng({ ...image, data: image.data.map(value => value + 0.1 * (random() - 0.5)) }));
    }
    const { goal } = await run(noisy, { length: 3 });
    expect(goal.value).toBeGreaterThan(1 / 255);
    expect(goal.met).toBe(true);
  });

  it('fits only what scene.json calls unknown', async () => {
    const known = await copy('known');
    const scene = JSON.parse(await readFile(join(known, 'scene.json'), 'utf8'));
    const { springDamping: _, drag: __, ...unknown } = scene.unknown;
    await writeFile(join(known, 'scene.json'), JSON.stringify({ ...scene, unknown, springDamping: 0.35, drag: 0.06 }));
    const { fitted, goal } = await run(known);
    expect(Object.keys(fitted)).toEqual(['stiffness', 'gravity', 'velocity0']);
    expect(goal.met).toBe(true);
  });

  it('says so where it was cut short', async () => {
    const blind = await copy('short');
    await rm(join(blind, 'truth.json'));
    const { goal, iterations } = await run(blind, {}, 3);
    expect(iterations).toBe(3);
    expect(goal.met).toBe(false);
  });

  it('is the film that came with the task', async () => {
    const { frames, mass, unknown } = await readFilm(fixture);
    expect([frames.length, mass.length, unknown.length]).toEqual([40, 3, 5]);
    expect((await readdir(fixture)).filter(name => name.endsWith('.png'))).toHaveLength(40);
  });
});

type Spoil = (folder: string) => Promise<void>;
const edit =
  (change: (scene: Record<string, unknown>) => unknown): Spoil =>
  async at => {
    const scene = JSON.parse(await readFile(join(at, 'scene.json'), 'utf8'));
    change(scene);
    await writeFile(join(at, 'scene.json'), JSON.stringify(scene));
  };
const spoiled: [string, Spoil, RegExp][] = [
  ['no scene.json', at => rm(join(at, 'scene.json')), /^film: there is no scene\.json in '.*'; give a folder/],
  ['no JSON', at => writeFile(join(at, 'scene.json'), '{'), /^film: scene\.json is not JSON: .*\.$/],
  ['a list', at => writeFile(join(at, 'scene.json'), '[]'), /^film: scene\.json holds no JSON object;/],
  [
    'a missing frame',
    at => rm(join(at, '007.png')),
    /^film: frame 007\.png is missing in '.*'; scene\.json promises 40/,
  ],
  [
    'half a frame',
    at => writeFile(join(at, '003.png'), Uint8Array.of(137, 80, 78)),
    /^film: frame 003\.png is not a whole PNG/,
  ],
  [
    'a cut frame',
    async at => writeFile(join(at, '003.png'), (await readFile(join(at, '003.png'))).subarray(0, 200)),
    /^film: frame 003\.png is not a whole PNG/,
  ],
  [
    'a frame of another kind',
    at => writeFile(join(at, '003.png'), Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)),
    /^film: frame 003\.png cannot be read as PNG \(decodePng: the file is JPEG/,
  ],
  [
    'a spring without length',
    edit(s => Object.assign(s, { position0: Array(3).fill([0, -1]) })),
    /^film: 'position0' in scene\.json is .*; it must be places of which none is that of the mass before it\.$/,
  ],
  [
    'another size',
    edit(s => Object.assign(s, { camera: { size: [64, 64], pixelsPerMetre: 40, origin: [32, 20] } })),
    /^film: frame 000\.png is 128 × 128, but 'camera\.size' in scene\.json is 64 × 64; they must agree\.$/,
  ],
  [
    'a missing field',
    edit(s => {
      delete s.fps;
    }),
    /^film: scene\.json has no 'fps'; it must be a positive number\.$/,
  ],
  [
    'a number that is not finite',
    async at => {
      const text = await readFile(join(at, 'scene.json'), 'utf8');
      await writeFile(join(at, 'scene.json'), text.replace(/"fps":\s*30/, '"fps": 1e999'));
    },
    /^film: 'fps' in scene\.json is .*; it must be a positive number\.$/,
  ],
  ['a negative mass', edit(s => Object.assign(s, { mass: [1, -1, 1] })), /^film: 'mass' in scene\.json is \[1,-1,1\]/],
  [
    'too few lengths',
    edit(s => Object.assign(s, { restLength: [1, 1] })),
    /^film: 'restLength' in scene\.json is \[1,1\]; it must be 3 positive numbers\.$/,
  ],
  [
    'an unknown that it does not know',
    edit(s => Object.assign(s, { unknown: { colour: '' } })),
    /^film: scene\.json calls 'colour' unknown; what can be fitted is stiffness, /,
  ],
  [
    'a guess that is missing',
    edit(s => Object.assign(s, { guess: {} })),
    /^film: scene\.json has no 'guess\.stiffness'; it must be a positive number\.$/,
  ],
  [
    'half a frame number',
    edit(s => Object.assign(s, { frames: 2.5 })),
    /^film: 'frames' in scene\.json is 2\.5; it must be a whole number of at least 3\.$/,
  ],
];

describe('film, given broken input', () => {
  it.each(spoiled)('refuses %s in one sentence', async (name, spoil, message) => {
    const at = await copy(name.replaceAll(' ', '-'));
    await spoil(at);
    const error = await readFilm(at).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });

  /** Every frame's values, by a function of the value, pixel and frame. */
  const redraw =
    (of: (value: number, pixel: number, frame: number) => number): Spoil =>
    async at => {
      for (let k = 0; k < 40; k++) {
        const file = join(at, `${String(k).padStart(3, '0')}.png`);
        const image = grey(decodePng(await readFile(file)));
        await writeFile(file, encodePng({ ...image, data: image.data.map((value, q) => of(value, q, k)) }));
      }
    };
  const drawing = (massRadius: number, springWidth: number): Spoil =>
    edit(s => Object.assign(s, { drawing: { massRadius, springWidth } }));

  it.each<[string, Spoil, RegExp]>([
    ['white on black', redraw(value => 1 - value), /^film: frame 000\.png is light on dark; invert the frames/],
    ['grey on grey', redraw(value => 0.2 + 0.5 * value), /^film: frame 000\.png has ink at 0\.20 and paper at 0\.70;/],
    ['blank frames', redraw((value, _, frame) => (frame === 7 ? 1 : value)), /^film: frame 007\.png is blank \(1\.00/],
    [
      'noise and smaller masses',
      async at => {
        await redraw((value, q, frame) => value - 0.1 * ((((q + frame) * 2654435761) % 4294967296) / 4294967296))(at);
        await drawing(0.16, 0.03)(at);
      },
      /^film: frame 000\.png is drawn with a massRadius of about 0\.11 m, not the 0\.16 m of 'drawing'/,
    ],
    [
      'thinner springs',
      drawing(0.11, 0.06),
      /^film: frame 000\.png is drawn with a springWidth of about 0\.030 m, not/,
    ],
    [
      'another place',
      edit(s => Object.assign(s, { camera: { size: [128, 128], pixelsPerMetre: 40, origin: [34, 100] } })),
      /^film: frame 000\.png does not show the chain where 'position0', 'anchor' and 'camera' in scene\.json place it/,
    ],
    [
      'frames by other names',
      async at => {
        await cp(join(at, '000.png'), join(at, 'frame-000.jpg'));
        await rm(join(at, '000.png'));
      },
      /^film: frame 000\.png is missing in '.*'; .*There is 'frame-000\.jpg': frames are PNG/,
    ],
  ])('refuses %s before a fit', async (name, spoil, message) => {
    const at = await copy(name.replaceAll(' ', '-'));
    await spoil(at);
    await expect(run(at)).rejects.toThrow(message);
  });

  it('refuses a broken truth.json, once the fit is done', async () => {
    const at = await copy('broken-truth');
    await writeFile(join(at, 'truth.json'), '{}');
    await expect(run(at, {}, 1)).rejects.toThrow("film: truth.json has no 'stiffness'; it must be a positive number.");
  });
});
