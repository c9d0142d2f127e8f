// Random kernels that add to y and z where invocations mostly own the words: in branches, loops, with −0 among the terms.

import { mulberry32 } from './random.ts';

export interface RandomOwnSums {
  readonly source: string;
  readonly count: readonly [number, number, number];
  /** Of y and of z. */
  readonly length: number;
}

/** A kernel that reads x (100 floats) and k (100 integers below 3) and adds to y and z. */
export function randomOwnSums(seed: number): RandomOwnSums {
  const random = mulberry32(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const conditions = [
    'x[X] > 0.3',
    'x[X] > 0.3',
    'x[2u * X] < x[X] && x[X + 1u] > 0.0',
    'x[X] > 0.0 || X < 4u',
    'X < 7u',
    'X == 3u',
    'Y == 1u',
    'k[X] == 1u',
    'X % 3u == 1u',
  ];
  let loops = 0;
  function sum(): string {
    const e = loops > 0 ? `e${loops}` : '1u';
    const index = pick(['X', 'X', 'X', 'X + 20u', '2u * X', '2u * X + 1u', `2u * X + ${e}`, `3u * X + ${e}`, 'X + 20u * Y', 'X / 2u', '3u', 'k[X]', `X + ${e}`]); // biome-ignore format: a list
    const value = pick(['x[X]', `x[X + ${e}]`, '-0.0 * f32(X)', 'x[X + Y] * 2.5', 'x[2u * X] * x[X]', '-0.0']);
    return `${pick(['y', 'y', 'z'])}[${index}] += ${value};`;
  }
  function statement(depth: number): string {
    const what = random();
    if (depth > 2 || what < 0.45) return sum();
    if (what < 0.55) return `${sum()} ${sum()}`;
    if (what < 0.8) {
      const otherwise = random() < 0.6 ? ` else { ${statement(depth + 1)} }` : '';
      return `if (${pick(conditions)}) { ${statement(depth + 1)} }${otherwise}`;
    }
    loops++;
    const e = `e${loops}`;
    const body = statement(depth + 1);
    loops--;
    return `for (var ${e} = 0u; ${e} < ${pick(['2u', '3u', 'k[X] + 1u'])}; ${e}++) { ${body} }`;
  }
  const guard = pick(['', '', 'if (X >= 9u) { return; }', 'if (x[X] < -0.5) { return; }']);
  const statements = Array.from({ length: 1 + Math.floor(random() * 2.5) }, () => `  ${statement(0)}`);
  const source = `var<storage, read> x: array<f32>; var<storage, read> k: array<u32>;
var<storage, read_write> y: array<f32>; var<storage, read_write> z: array<f32>;
@compute @workgroup_size(64) fn sums(@builtin(global_invocation_id) id: vec3u) {
  let X = id.x; let Y = id.y;
  ${guard}
${statements.join('\n')}
}`;
  return { source, count: [pick([1, 5, 12, 20]), pick([1, 1, 1, 2]), 1], length: pick([7, 20, 41, 64]) };
}
