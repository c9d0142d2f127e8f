/**
 * The input of the film scene: a folder with scene.json and the frames 000.png, 001.png, …
 *
 * Everything is checked here, with one sentence for what is wrong; behind this file the input is trusted. truth.json has a
 * function of its own, so that a reader can see who calls it, and when.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodePng, grey, type Image } from '../../render/index.ts';

/** The numbers a film can leave unknown; velocity0 is flat, (x, y) of each mass. */
export interface Dynamics {
  readonly stiffness: number;
  readonly springDamping: number;
  readonly gravity: number;
  readonly drag: number;
  readonly velocity0: readonly number[];
}
export const dynamicsNames = ['stiffness', 'springDamping', 'gravity', 'drag', 'velocity0'] as const;
export type DynamicsName = (typeof dynamicsNames)[number];

export interface Film {
  readonly width: number;
  readonly height: number;
  readonly pixelsPerMetre: number;
  /** Pixel position of the world's origin. */
  readonly origin: readonly [number, number];
  /** m */
  readonly massRadius: number;
  /** m */
  readonly springWidth: number;
  readonly fps: number;
  readonly anchor: readonly [number, number];
  readonly mass: readonly number[];
  readonly restLength: readonly number[];
  readonly position0: readonly (readonly [number, number])[];
  /** Which numbers to fit, in the order of scene.json. */
  readonly unknown: readonly DynamicsName[];
  /** The guess for what is unknown, the value of what is known. */
  readonly start: Dynamics;
  readonly frames: readonly Image[];
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads fields of one JSON file, blaming by file and path. */
class Fields {
  readonly file: string;
  readonly json: Json;
  constructor(file: string, json: Json) {
    this.file = file;
    this.json = json;
  }

  has(path: string): boolean {
    return this.get(path) !== undefined;
  }

  get(path: string): unknown {
    return path.split('.').reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), this.json);
  }

  refuse(path: string, wanted: string): never {
    const found = this.get(path);
    if (found === undefined) throw new RangeError(`film: ${this.file} has no '${path}'; it must be ${wanted}.`);
    const shown = JSON.stringify(found);
    throw new RangeError(
      `film: '${path}' in ${this.file} is ${shown.length > 60 ? `${shown.slice(0, 57)}…` : shown}; it must be ${wanted}.`,
    );
  }

  number(path: string, sign: 'positive' | 'any' = 'any'): number {
    const value = this.get(path);
    const wanted = sign === 'positive' ? 'a positive number' : 'a finite number';
    if (typeof value !== 'number' || !Number.isFinite(value) || (sign === 'positive' && value <= 0))
      this.refuse(path, wanted);
    return value;
  }

  count(path: string, least: number): number {
    const value = this.get(path);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least)
      this.refuse(path, `a whole number of at least ${least}`);
    return value;
  }

  numbers(path: string, length: number | undefined, sign: 'positive' | 'any' = 'any'): number[] {
    const value = this.get(path);
    const wanted = `${length === undefined ? 'a list of at least one' : `${length}`} ${sign === 'positive' ? 'positive' : 'finite'} number${length === 1 ? '' : 's'}`;
    const fits = (x: unknown): boolean => typeof x === 'number' && Number.isFinite(x) && (sign === 'any' || x > 0);
    if (
      !Array.isArray(value) ||
      value.length === 0 ||
      (length !== undefined && value.length !== length) ||
      !value.every(fits)
    )
      this.refuse(path, wanted);
    return value as number[];
  }

  pairs(path: string, length: number): [number, number][] {
    const value = this.get(path);
    const fits = (x: unknown): boolean => Array.isArray(x) && x.length === 2 && x.every(Number.isFinite);
    if (!Array.isArray(value) || value.length !== length || !value.every(fits))
      this.refuse(path, `${length} pair${length === 1 ? '' : 's'} of finite numbers, one for each mass`);
    return value as [number, number][];
  }
}

async function readJson(folder: string, file: string): Promise<Fields> {
  let text: string;
  try {
    text = await readFile(join(folder, file), 'utf8');
  } catch {
    throw new RangeError(
      `film: there is no ${file} in '${folder}'; give a folder with ${file} and frames by --frames.`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new RangeError(`film: ${file} is not JSON: ${(error as Error).message}.`);
  }
  if (!isObject(json))
    throw new RangeError(`film: ${file} holds no JSON object; it must be one, with the fields of a scene.`);
  return new Fields(file, json);
}

/** The dynamics under a path of a file: 'guess.', or '' for the top level. */
function dynamicsOf(fields: Fields, masses: number, where: (name: DynamicsName) => string): Dynamics {
  const number = (name: DynamicsName): number => fields.number(where(name), name === 'stiffness' ? 'positive' : 'any');
  return {
    stiffness: number('stiffness'),
    springDamping: number('springDamping'),
    gravity: number('gravity'),
    drag: number('drag'),
    velocity0: fields.pairs(where('velocity0'), masses).flat(),
  };
}

const picture = /\.(png|jpe?g|gif|bmp|tiff?|webp|avif|ppm|pgm|exr)$/i;

async function readFrame(folder: string, index: number, frames: number, width: number, height: number): Promise<Image> {
  const file = `${String(index).padStart(3, '0')}.png`;
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(folder, file));
  } catch {
    const other = (await readdir(folder)).sort().find(name => picture.test(name) && !/^\d{3}\.png$/.test(name));
    throw new RangeError(
      `film: frame ${file} is missing in '${folder}'; scene.json promises ${frames} frames` +
        `${other ? `. There is '${other}': frames are PNG, by the names 000.png, 001.png, …` : '.'}`,
    );
  }
  let image: Image;
  try {
    image = grey(decodePng(bytes));
  } catch (error) {
    const { message, cause } = error as Error;
    throw new RangeError(
      cause instanceof Error
        ? `film: frame ${file} is not a whole PNG (${cause.message}); write it again.`
        : `film: frame ${file} cannot be read as PNG (${message}); write it as a PNG.`,
    );
  }
  if (image.width !== width || image.height !== height) {
    throw new RangeError(
      `film: frame ${file} is ${image.width} × ${image.height}, but 'camera.size' in scene.json is ${width} × ${height}; they must agree.`,
    );
  }
  return image;
}

/** Reads and checks a film. @throws RangeError for whatever is missing or wrong. */
export async function readFilm(folder: string): Promise<Film> {
  const fields = await readJson(folder, 'scene.json');
  const frames = fields.count('frames', 3);
  const [width = 0, height = 0] = fields.numbers('camera.size', 2, 'positive');
  if (!Number.isInteger(width) || !Number.isInteger(height)) fields.refuse('camera.size', '2 whole numbers');
  const mass = fields.numbers('mass', undefined, 'positive');
  const masses = mass.length;
  const declared = fields.get('unknown');
  if (!isObject(declared) || Object.keys(declared).length === 0)
    fields.refuse('unknown', 'an object that names what to fit');
  const unknown = Object.keys(declared as Json).map(name => {
    if ((dynamicsNames as readonly string[]).includes(name)) return name as DynamicsName;
    throw new RangeError(
      `film: scene.json calls '${name}' unknown; what can be fitted is ${dynamicsNames.join(', ')}.`,
    );
  });
  const start = dynamicsOf(fields, masses, name => (unknown.includes(name) ? `guess.${name}` : name));
  const film = {
    width,
    height,
    pixelsPerMetre: fields.number('camera.pixelsPerMetre', 'positive'),
    origin: fields.numbers('camera.origin', 2) as [number, number],
    massRadius: fields.number('drawing.massRadius', 'positive'),
    springWidth: fields.number('drawing.springWidth', 'positive'),
    fps: fields.number('fps', 'positive'),
    anchor: fields.numbers('anchor', 2) as [number, number],
    mass,
    restLength: fields.numbers('restLength', masses, 'positive'),
    position0: fields.pairs('position0', masses),
    unknown,
    start,
  };
  for (const [k, [x, y]] of film.position0.entries()) {
    const [x0, y0] = k === 0 ? film.anchor : film.position0[k - 1];
    if (x === x0 && y === y0)
      fields.refuse('position0', `places of which none is that of ${k === 0 ? 'the anchor' : 'the mass before it'}`);
  }
  const images: Image[] = [];
  for (let i = 0; i < frames; i++) images.push(await readFrame(folder, i, frames, width, height));
  return { ...film, frames: images };
}

/** The truth, where the film's maker left it; undefined where there is no truth.json. Call it when the fit is done. */
export async function readTruth(folder: string, masses: number): Promise<Dynamics | undefined> {
  try {
    await readFile(join(folder, 'truth.json'));
  } catch {
    return undefined;
  }
  return dynamicsOf(await readJson(folder, 'truth.json'), masses, name => name);
}
