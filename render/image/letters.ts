/**
 * A line of text as a picture, for labels: letters of 5 × 7 dots, black on white, that look the same wherever they are made.
 *
 * A letter is seven rows of five dots, each row a digit in base 32, the left dot its highest bit: A is e h h v h h h.
 */

import type { Image } from './image.ts';

const rows = 7;
const dots = 5;
const first = 32; // the space of ASCII

const font = (
  '0000000 4444404 aa00000 aavavaa 4fke5u4 op248j3 cik8lid 4400000 2488842 8422248 04lel40 044v440 0000c48 000v000 00000cc 01248g0 ' +
  'ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he 68guhhe v124888 ehhehhe ehhf12c 0cc0cc0 0cc0c48 248g842 00v0v00 8421248 eh12404 ' +
  'eh1dlle ehhvhhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e 72222ic hikokih ggggggv hrllhhh hhpljhh ehhhhhe ' +
  'uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 hhhllla hha4ahh hhha444 v1248gv e88888e 0g84210 e22222e 4ah0000 000000v ' +
  '8420000 00e1fhf ggmphhu 00egghe 11djhhf 00ehvge 698s888 0fhhf1e ggmphhh 40c444e 20622ic ggikoki c44444e 00qllhh 00mphhh 00ehhhe ' +
  '00uhugg 00djf11 00mpggg 00ege1u 88s8896 00hhhjd 00hhha4 00hhlla 00ha4ah 00hhf1e 00v248v 2448442 4444444 8442448 008l200'
).split(' ');
const others = new Map(
  Object.entries({ '×': '00ha4ah', '°': 'cic0000', '±': '44v440v', '²': 'c248e00', '−': '000v000', '·': '0004000' }),
);

const letter = (character: string): string =>
  others.get(character) ?? font[(character.codePointAt(0) ?? 0) - first] ?? font['?'.charCodeAt(0) - first];

/** A line of text, ASCII and × ° ± ² − ·; other letters are question marks. @param size Pixels of a dot. */
export function written(line: string, size = 2): Image {
  const letters = Array.from(line, letter);
  const width = Math.max(1, letters.length * (dots + 1) * size);
  const height = (rows + 1) * size;
  const data = new Float32Array(width * height).fill(1);
  letters.forEach((shape, k) => {
    for (let y = 0; y < rows * size; y++)
      for (let x = 0; x < dots * size; x++) {
        const row = Number.parseInt(shape[Math.floor(y / size)], 32);
        if ((row >> (dots - 1 - Math.floor(x / size))) & 1) data[y * width + k * (dots + 1) * size + x] = 0;
      }
  });
  return { width, height, channels: 1, data };
}
