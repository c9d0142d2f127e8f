/** Short cases in plain JavaScript. */

import type { Contest } from '../contest.ts';
import type { Particles } from '../problems/particles.ts';
import type { Keys, Picture, Small } from '../problems/small.ts';

type Floats = Float32Array<ArrayBuffer>;

export const lennardJones = ({ arrays, constants: { n, cutoff } }: Particles): Contest<Floats> => ({
  run() {
    const { x, start, neighbour } = arrays;
    const f = new Float32Array(3 * n);
    for (let i = 0; i < n; i++) {
      const [px, py, pz] = [x[3 * i]!, x[3 * i + 1]!, x[3 * i + 2]!];
      let [fx, fy, fz] = [0, 0, 0];
      for (let e = start[i]!; e < start[i + 1]!; e++) {
        const j = 3 * neighbour[e]!;
        const dx = px - x[j]!;
        const dy = py - x[j + 1]!;
        const dz = pz - x[j + 2]!;
        const square = dx * dx + dy * dy + dz * dz;
        if (square >= cutoff * cutoff) continue;
        const inverse = 1 / square;
        const sixth = inverse * inverse * inverse;
        const scale = 24 * inverse * sixth * (2 * sixth - 1);
        fx += scale * dx;
        fy += scale * dy;
        fz += scale * dz;
      }
      f.set([fx, fy, fz], 3 * i);
    }
    return f;
  },
  results: f => [f],
});

export const sum = ({ arrays: { x } }: Small<'x', 'n'>): Contest<number> => ({
  run() {
    let total = 0;
    for (let i = 0; i < x.length; i++) total += x[i]!;
    return total;
  },
  results: total => [[total]],
});

/** y = x + 1.5 z, with z = x from the other end. */
export const triad = ({ arrays: { x } }: Small<'x', 'n'>): Contest<Floats> => {
  const z = x.slice().reverse();
  const y = new Float32Array(x.length);
  return {
    run() {
      for (let i = 0; i < x.length; i++) y[i] = x[i]! + 1.5 * z[i]!;
      return y;
    },
    results: made => [made],
  };
};

/** Stable radix sort, eight bits a pass. */
export const sort = ({ arrays: { keys } }: Keys): Contest<Uint32Array> => ({
  run() {
    let [from, to] = [keys.slice(), new Uint32Array(keys.length)];
    const place = new Uint32Array(257);
    for (let shift = 0; shift < 32; shift += 8) {
      place.fill(0);
      for (let i = 0; i < from.length; i++) place[((from[i]! >>> shift) & 255) + 1]!++;
      for (let d = 0; d < 256; d++) place[d + 1]! += place[d]!;
      for (let i = 0; i < from.length; i++) to[place[(from[i]! >>> shift) & 255]!++] = from[i]!;
      [from, to] = [to, from];
    }
    return from;
  },
  results: sorted => [sorted],
});

export const mandelbrot = ({ constants: { n, limit } }: Picture): Contest<Int32Array> => ({
  run() {
    const counts = new Int32Array(n * n);
    const round = Math.fround;
    for (let i = 0; i < n * n; i++) {
      const cx = round(-2 + (3 * (i % n)) / n);
      const cy = round(-1.5 + (3 * Math.floor(i / n)) / n);
      let [x, y, count] = [0, 0, 0];
      while (count < limit && round(round(x * x) + round(y * y)) < 4) {
        const t = round(round(round(x * x) - round(y * y)) + cx);
        y = round(round(round(2 * x) * y) + cy);
        x = t;
        count++;
      }
      counts[i] = count;
    }
    return counts;
  },
  results: counts => [counts],
});

export const wavelet = ({ arrays: { x } }: Small<'x', 'n'>): Contest<Floats> => {
  const y = new Float32Array(x.length);
  return {
    run() {
      for (let i = 0; i < x.length; i++) y[i] = Math.sin(x[i]!) * x[i]! + Math.exp(-x[i]! * x[i]!);
      return y;
    },
    results: made => [made],
  };
};

export const waveletGradient = ({ arrays: { x } }: Small<'x', 'n'>): Contest<Floats> => {
  const y = new Float32Array(x.length);
  return {
    run() {
      for (let i = 0; i < x.length; i++) {
        const v = x[i]!;
        y[i] = Math.cos(v) * v + Math.sin(v) - 2 * v * Math.exp(-v * v);
      }
      return y;
    },
    results: made => [made],
  };
};

/** Row by row, in blocks of 64 × 64 of B. */
export const product = ({ arrays: { a, b }, constants: { n } }: Small<'a' | 'b', 'n'>): Contest<Floats> => ({
  run() {
    const c = new Float32Array(n * n);
    for (let block = 0; block < n; block += 64)
      for (let from = 0; from < n; from += 64)
        for (let i = 0; i < n; i++)
          for (let k = block; k < Math.min(block + 64, n); k++) {
            const factor = a[i * n + k]!;
            const end = Math.min(from + 64, n);
            for (let j = from; j < end; j++) c[i * n + j]! += factor * b[k * n + j]!;
          }
    return c;
  },
  results: c => [c],
});

function swing({ arrays, constants: { n, steps, dt } }: Small<'x', 'n' | 'steps' | 'dt'>): Floats {
  const x = new Float32Array(n * (steps + 1));
  const v = new Float32Array(n);
  x.set(arrays.x);
  for (let t = 0; t < steps; t++)
    for (let i = 0; i < n; i++) {
      const at = t * n + i;
      v[i] = v[i]! - dt * Math.sin(x[at]!);
      x[at + n] = x[at]! + dt * v[i]!;
    }
  return x;
}

export const pendulums = (problem: Small<'x', 'n' | 'steps' | 'dt'>): Contest<Floats> => ({
  run: () => swing(problem).slice(-problem.constants.n),
  results: x => [x],
});

export const pendulumsGradient = (problem: Small<'x', 'n' | 'steps' | 'dt'>): Contest<Floats> => ({
  run() {
    const { n, steps, dt } = problem.constants;
    const x = swing(problem);
    const [xBar, vBar] = [x.slice(-n), new Float32Array(n)];
    for (let t = steps - 1; t >= 0; t--)
      for (let i = 0; i < n; i++) {
        vBar[i] = vBar[i]! + dt * xBar[i]!;
        xBar[i] = xBar[i]! - dt * Math.cos(x[t * n + i]!) * vBar[i]!;
      }
    return xBar;
  },
  results: xBar => [xBar],
});
