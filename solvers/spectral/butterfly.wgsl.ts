/**
 * Fourier transforms of 2 … 8 numbers in registers, as WGSL: y_k = Σ_j x_j e^{−2πi jk / r}.
 *
 * Radices 4 and 8 are made of smaller ones; 3, 5 and 7 pair j with r − j, so that each product is of a real number:
 *
 *   y_k, y_{r−k} = x_0 + Σ_j cos(2πjk/r)(x_j + x_{r−j}) ∓ i Σ_j sin(2πjk/r)(x_j − x_{r−j})                            (1)
 */

import { floatText } from '../../kernel/index.ts';

/** Names of the two parts of a complex number. */
export type Pair = readonly [re: string, im: string];

interface Written {
  readonly lines: readonly string[];
  readonly out: readonly Pair[];
}

let unused = 0;
const fresh = (): Pair => {
  unused++;
  return [`r${unused}`, `i${unused}`];
};

const set = ([re, im]: Pair, [a, b]: Pair): string => `let ${re} = ${a}; let ${im} = ${b};`;

/** x e^{−2πi turn}. */
function turned([re, im]: Pair, turn: number): Pair {
  const quarters = Math.round(turn * 4);
  if (Math.abs(turn * 4 - quarters) < 1e-12) {
    const exact: readonly Pair[] = [[re, im], [im, `-${re}`], [`-${re}`, `-${im}`], [`-${im}`, re]]; // biome-ignore format: a table
    return exact[((quarters % 4) + 4) % 4];
  }
  const [c, s] = [Math.cos(2 * Math.PI * turn), Math.sin(2 * Math.PI * turn)].map(floatText);
  return [`(${c} * ${re} + ${s} * ${im})`, `(${c} * ${im} - ${s} * ${re})`];
}

function two([a, b]: readonly Pair[]): Written {
  const [sum, difference] = [fresh(), fresh()];
  const lines = [
    set(sum, [`${a[0]} + ${b[0]}`, `${a[1]} + ${b[1]}`]),
    set(difference, [`${a[0]} - ${b[0]}`, `${a[1]} - ${b[1]}`]),
  ];
  return { lines, out: [sum, difference] };
}

/** r = 2 h: two transforms of h numbers, even and odd, joined by pairs. */
function halved(x: readonly Pair[]): Written {
  const [even, odd] = [0, 1].map(from => butterfly(x.filter((_, j) => j % 2 === from)));
  const half = x.length / 2;
  const joined = even.out.map((e, k) => {
    const o = fresh();
    const { lines, out } = two([e, o]);
    return { lines: [set(o, turned(odd.out[k], k / x.length)), ...lines], out };
  });
  return {
    lines: [...even.lines, ...odd.lines, ...joined.flatMap(j => j.lines)],
    out: x.map((_, k) => joined[k % half].out[k < half ? 0 : 1]),
  };
}

/** (1), for an odd prime. */
function prime(x: readonly Pair[]): Written {
  const r = x.length;
  const rows = Array.from({ length: (r - 1) / 2 }, (_, k) => k + 1);
  const folded = rows.map(j => two([x[j], x[r - j]]));
  const first = fresh();
  const outs = rows.map(k => {
    const [level, slope] = [fresh(), fresh()];
    const part = (which: 0 | 1, of: 0 | 1, f: (turn: number) => number): string =>
      folded.map(({ out }, j) => `${floatText(f(((j + 1) * k * 2 * Math.PI) / r))} * ${out[of][which]}`).join(' + ');
    const lines = [
      set(level, [`${x[0][0]} + ${part(0, 0, Math.cos)}`, `${x[0][1]} + ${part(1, 0, Math.cos)}`]),
      set(slope, [part(1, 1, Math.sin), part(0, 1, Math.sin)]), // −i z = (im, −re)
    ];
    const [low, high] = [fresh(), fresh()];
    lines.push(set(low, [`${level[0]} + ${slope[0]}`, `${level[1]} - ${slope[1]}`]));
    lines.push(set(high, [`${level[0]} - ${slope[0]}`, `${level[1]} + ${slope[1]}`]));
    return { lines, low, high };
  });
  const sums = folded.map(({ out }) => out[0]);
  return {
    lines: [
      ...folded.flatMap(({ lines }) => lines),
      set(first, [[x[0][0], ...sums.map(s => s[0])].join(' + '), [x[0][1], ...sums.map(s => s[1])].join(' + ')]),
      ...outs.flatMap(({ lines }) => lines),
    ],
    out: [first, ...outs.map(o => o.low), ...outs.map(o => o.high).reverse()],
  };
}

/** @param x Names of what is transformed: 2, 4, 8, 3, 5 or 7 of them. */
export const butterfly = (x: readonly Pair[]): Written =>
  x.length === 1 ? { lines: [], out: x } : x.length === 2 ? two(x) : x.length % 2 === 0 ? halved(x) : prime(x);
