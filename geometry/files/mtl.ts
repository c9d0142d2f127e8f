/**
 * MTL: materials of an OBJ, as text.
 *
 * Read are Kd, d or Tr, Ks, Ns, Ke, map_Kd, and Pr, Pm as programs that draw by roughness write them. Without Pr the roughness is that
 * of a highlight of exponent Ns; the later of the two lines wins:
 *
 *   α = √(2 / (Ns + 2)),   roughness = √α                                                     (1) Walter et al., EGSR 2007, §5.2
 */

import { checkRecord, inWords } from '../../kernel/index.ts';
import type { Material, TextureFile } from '../surface.ts';
import { type TextFile, textIn } from './input.ts';
import type { ReadOptions } from './loose.ts';

/** What has no description. */
export const plainMaterial = (name: string): Material => ({
  name,
  baseColour: [0.8, 0.8, 0.8, 1],
  roughness: 1,
  metallic: 0,
});

/** Options of textures, with how many words follow them at most: numbers, but for the first word. */
const textureOptions: Readonly<Record<string, number>> = {
  '-blendu': 1,
  '-blendv': 1,
  '-boost': 1,
  '-bm': 1,
  '-cc': 1,
  '-clamp': 1,
  '-imfchan': 1,
  '-mm': 2,
  '-o': 3,
  '-s': 3,
  '-t': 3,
  '-texres': 1,
  '-type': 1,
};

/**
 * Reads the materials of an OBJ.
 *
 * @throws SyntaxError with the line of what is wrong.
 */
export function readMtl(file: TextFile, explain?: ReadOptions['explain']): Material[] {
  const materials: Material[] = [];
  const over = new Map<string, number>();
  textIn('readMtl', file)
    .split(/\r\n|\n|\r/)
    .forEach((raw, i) => {
      const [word, ...rest] = raw.replace(/#.*/, '').trim().split(/\s+/);
      if (word === '') return;
      if (word === 'newmtl') {
        materials.push(plainMaterial(rest.join(' ')));
        return;
      }
      const last = materials.pop();
      if (!last) throw new SyntaxError(`readMtl: line ${i + 1} begins with '${word}' before any 'newmtl'.`);
      const next = said(last, word, rest, i + 1, option => over.set(option, (over.get(option) ?? 0) + 1));
      if (next === undefined) over.set(word, (over.get(word) ?? 0) + 1);
      materials.push(next ?? last);
    });
  const what = [...over].map(([word, count]) => `${count} × ${word}`).join(', ');
  if (what) explain?.(`readMtl: passed over ${what}.`);
  return materials;
}

/** The material with what a line says of it; undefined if that is not read. */
function said(
  material: Material,
  word: string,
  rest: readonly string[],
  line: number,
  passOver: (option: string) => void,
): Material | undefined {
  const number = (): number => numbersOf(word, rest, 1, line)[0];
  const colour = (): readonly [number, number, number] => {
    const [r, g = r, b = r] = numbersOf(word, rest, rest.length === 1 ? 1 : 3, line);
    return [r, g, b];
  };
  const [r, g, b, opacity] = material.baseColour;
  switch (word) {
    case 'Kd':
      return { ...material, baseColour: [...colour(), opacity] };
    case 'd':
      return { ...material, baseColour: [r, g, b, number()] };
    case 'Tr':
      return { ...material, baseColour: [r, g, b, 1 - number()] };
    case 'Ks':
      return { ...material, specular: colour() };
    case 'Ke':
      return { ...material, emission: colour() };
    case 'Ns': {
      const exponent = number();
      const alpha = Math.sqrt(2 / (exponent + 2)); // (1)
      return { ...material, exponent, roughness: Math.sqrt(alpha) };
    }
    case 'Pr':
      return { ...material, roughness: number() };
    case 'Pm':
      return { ...material, metallic: number() };
    case 'map_Kd':
      return { ...material, baseTexture: textureOf(rest, line, passOver) };
    default:
      return undefined;
  }
}

function numbersOf(word: string, words: readonly string[], count: number, line: number): number[] {
  const numbers = words.slice(0, count).map(Number);
  if (numbers.length === count && numbers.every(v => Number.isFinite(v) && v >= 0)) return numbers;
  throw new SyntaxError(
    `readMtl: line ${line} has '${word} ${words.join(' ')}'; '${word}' takes ${count === 1 ? 'a number' : 'three numbers'} from 0.`,
  );
}

/** The file's name, which may have blanks, after the options. */
function textureOf(words: readonly string[], line: number, passOver: (option: string) => void): TextureFile {
  let at = 0;
  while (words[at] in textureOptions) {
    const option = words[at++];
    passOver(`map_Kd ${option}`);
    const most = at + textureOptions[option];
    at++;
    while (at < most && Number.isFinite(Number(words[at]))) at++;
  }
  const name = words.slice(at).join(' ');
  if (name === '') throw new SyntaxError(`readMtl: line ${line} names no texture; 'map_Kd' ends in a file's name.`);
  return { name };
}

/** Materials as MTL; of pictures inside of them, the names alone. */
export function writeMtl(materials: readonly Material[]): string {
  if (!Array.isArray(materials))
    throw new TypeError(`writeMtl: the materials are ${inWords(materials)}; give a list of them.`);
  for (const [k, material] of materials.entries())
    checkRecord('writeMtl', `material ${k}`, material, ['name', 'baseColour', 'roughness', 'metallic']);
  const lines = materials.flatMap(
    ({ name, baseColour, baseTexture, roughness, metallic, emission, specular, exponent }) => [
      `newmtl ${name}`,
      `Kd ${baseColour.slice(0, 3).join(' ')}`,
      `d ${baseColour[3]}`,
      ...(specular ? [`Ks ${specular.join(' ')}`] : []),
      ...(exponent === undefined ? [] : [`Ns ${exponent}`]),
      ...(emission ? [`Ke ${emission.join(' ')}`] : []),
      `Pr ${roughness}`,
      `Pm ${metallic}`,
      ...(baseTexture?.name ? [`map_Kd ${baseTexture.name}`] : []),
    ],
  );
  return `${lines.join('\n')}\n`;
}
