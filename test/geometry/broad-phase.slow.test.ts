// Specification of the broad phase: every pair of boxes that overlap, each once, in the same order each time, on every device.

import { rollout } from 'retrograde/adjoint';
import { candidates, type ShapeKind, shapeKinds } from 'retrograde/geometry';
import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { boundsText, contactText } from '../../geometry/index.ts';
import { cpu32, cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';
import { randomShapes, turned } from './placed-shapes.ts';

interface Boxes {
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

/** n boxes in a cube in which each has some neighbours; one in ten is three times as large. */
function boxes(n: number, seed: number, flat = false): Boxes {
  const random = mulberry32(seed);
  const side = (flat ? Math.sqrt : Math.cbrt)(n);
  const lower = Array.from({ length: 3 * n }, (_, k) => (flat && k % 3 === 2 ? 0 : side * random()));
  return { lower, upper: lower.map((v, k) => v + (Math.floor(k / 3) % 10 ? 1 : 3) * (0.3 + 0.5 * random())) };
}

const on = (device: Device, words: readonly number[]): Tensor =>
  tensor(Float64Array.from(words), [words.length / 3, 3], { device });

function overlapping({ lower, upper }: Boxes, may = (_i: number, _j: number) => true): string[] {
  const n = lower.length / 3;
  const near = (i: number, j: number) =>
    [0, 1, 2].every(c => lower[3 * i + c] <= upper[3 * j + c] && lower[3 * j + c] <= upper[3 * i + c]);
  const found: string[] = [];
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) if (near(i, j) && may(i, j)) found.push(`${i} ${j}`);
  return found.sort();
}

async function listed(pairs: Tensor, count: Tensor): Promise<string[]> {
  const words = await pairs.read();
  return Array.from({ length: await count.item() }, (_, k) => `${words[2 * k]} ${words[2 * k + 1]}`);
}

describe.each(devices)('candidates on $description', device => {
  const sizes = device.kind === 'cpu' ? [1, 2, 3, 31, 32, 33, 300] : [33];
  it.each(sizes)('of %i boxes', async n => {
    const given = boxes(n, n);
    const capacity = 12 * n;
    const { pairs, count } = candidates(on(device, given.lower), on(device, given.upper), { capacity });
    expect(pairs.shape).toEqual([capacity, 2]);
    expect((await listed(pairs, count)).sort()).toEqual(overlapping(given));
    const last = (await pairs.read()).slice(2 * (await count.item()));
    expect(last.every((v: number) => v === 0)).toBe(true);
  });
});

it('candidates in a plane', async () => {
  const given = boxes(100, 5, true);
  const { pairs, count } = candidates(on(cpu64, given.lower), on(cpu64, given.upper), { capacity: 2000 });
  expect((await listed(pairs, count)).sort()).toEqual(overlapping(given));
});

it('candidates in one place', async () => {
  const [lower, upper] = [0, 1].map(v => Array.from({ length: 15 }, () => v));
  const { pairs, count } = candidates(on(cpu32, lower), on(cpu32, upper), { capacity: 10 });
  expect((await listed(pairs, count)).length).toBe(10);
  expect((await listed(pairs, count)).sort()).toEqual(overlapping({ lower, upper }));
});

it('candidates of classes: what stands does not touch what stands', async () => {
  const given = boxes(60, 8);
  const moves = (i: number) => i % 3 === 0;
  const classes = tensor(
    Uint32Array.from({ length: 120 }, (_, k) => {
      const object = Math.floor(k / 2);
      if (k % 2 === 0) return moves(object) ? 1 : 2;
      return moves(object) ? 3 : 0;
    }),
    [60, 2],
    { device: cpu64 },
  );
  const { pairs, count } = candidates(on(cpu64, given.lower), on(cpu64, given.upper), { capacity: 600, classes });
  expect((await listed(pairs, count)).sort()).toEqual(overlapping(given, (i, j) => moves(i) || moves(j)));
});

it('the order is the same each time, on f32 and f64 devices alike', async () => {
  const given = boxes(200, 9);
  const rounded = { lower: given.lower.map(Math.fround), upper: given.upper.map(Math.fround) };
  const order = async (device: Device) => {
    const { pairs, count } = candidates(on(device, rounded.lower), on(device, rounded.upper), { capacity: 2000 });
    return (await listed(pairs, count)).join();
  };
  const first = await order(cpu32);
  expect(await order(cpu32)).toBe(first);
  expect((await order(cpu64)).split(',').sort()).toEqual(first.split(',').sort());
});

it('is part of a step that is recorded and replayed', async () => {
  const given = boxes(60, 10);
  const start = { lower: on(cpu64, given.lower), upper: on(cpu64, given.upper) };
  const found = ({ lower, upper }: typeof start) => candidates(lower, upper, { capacity: 600 });
  const step = ({ lower, upper }: typeof start) => {
    const next = { lower: lower.mul(0.97), upper: upper.mul(1.01) };
    return { ...next, ...found(next) };
  };
  const said: string[] = [];
  const end = rollout(step, { ...start, ...found(start) }, 8, { explain: text => void said.push(text) });
  let state: ReturnType<typeof step> = { ...start, ...found(start) };
  for (let k = 0; k < 8; k++) state = step(state);
  expect(said[0]).toContain('the loop is replayed');
  expect(await listed(end.pairs, end.count)).toEqual(await listed(state.pairs, state.count));
});

describe('what is wrong is said', () => {
  const [lower, upper] = [0, 1].map(v => on(cpu64, [v, v, v, v, v, v, v, v, v]));

  it('more pairs than there is room for', () => {
    expect(() => candidates(lower, upper, { capacity: 2 })).toThrow(
      'candidates: 3 pairs of boxes overlap, but there is room for 2; give a capacity of at least 3.',
    );
  });

  it('no room', () => {
    expect(() => candidates(lower, upper, { capacity: 0.5 })).toThrow(
      'candidates: capacity is 0.5; give a whole number from 1.',
    );
  });

  it('corners of other boxes', () => {
    expect(() => candidates(lower, on(cpu64, [1, 1, 1]), { capacity: 2 })).toThrow(
      "candidates: 'upper' has shape [1, 3]; for 3 boxes give [3, 3].",
    );
  });

  it('classes of other objects', () => {
    const classes = tensor([1, 2], [1, 2], { device: cpu64 });
    expect(() => candidates(lower, upper, { capacity: 2, classes })).toThrow(
      "candidates: 'classes' are f32 of shape [1, 2]; for 3 objects give u32, [3, 2].",
    );
  });

  it('shapes without bounds', () => {
    expect(() => boundsText(['plane'])).toThrow(
      'boundsText: a plane has no bounds; give kinds among sphere, capsule, cylinder, ellipsoid, convex, box, sdf, and pair it with all others.',
    );
  });
});

describe('boxes around shapes', () => {
  const kinds: readonly ShapeKind[] = ['sphere', 'capsule', 'ellipsoid', 'cylinder', 'box'];
  const widths = kernel(/* wgsl */ `
    var<storage, read> size: array<vec3f>;
    var<storage, read> columns: array<vec3f>;
    var<storage, read> kind: array<u32>;
    var<storage, read_write> width: array<vec3f>;
    ${contactText([])}
    ${boundsText(kinds)}
    @compute @workgroup_size(64)
    fn widthsOfShapes(@builtin(global_invocation_id) id: vec3u) {
      let i = id.x;
      let R = mat3x3f(columns[3u * i], columns[3u * i + 1u], columns[3u * i + 2u]);
      width[i] = widthOf(kind[i], Shape(size[i], R, vec3f(0.0), 0u));
    }
  `);

  /** Point of a shape that is farthest along a direction of its own axes. */
  const farthest: Partial<Record<ShapeKind, (size: readonly number[], d: readonly number[]) => number>> = {
    sphere: ([r]) => r,
    capsule: ([r, h], d) => r + h * Math.abs(d[2]),
    ellipsoid: (size, d) => Math.hypot(...size.map((s, k) => s * d[k])),
    cylinder: ([r, h], d) => r * Math.hypot(d[0], d[1]) + h * Math.abs(d[2]),
    box: (size, d) => size.reduce((sum, s, k) => sum + s * Math.abs(d[k]), 0),
  };

  it('reach as far as the shapes', async () => {
    const list = randomShapes(kinds.length, 21);
    const unit = (k: number) => [0, 1, 2].map(c => (c === k ? 1 : 0));
    const { width } = widths(
      {
        size: on(
          cpu64,
          list.flatMap(({ size }) => [...size]),
        ),
        columns: on(
          cpu64,
          list.flatMap(({ quaternion }) => [0, 1, 2].flatMap(k => turned(quaternion, unit(k)))),
        ),
        kind: tensor(
          Uint32Array.from(kinds, kind => shapeKinds.indexOf(kind)),
          [kinds.length],
          { device: cpu64 },
        ),
      },
      { count: kinds.length },
    );
    const found = await width.read();
    kinds.forEach((kind, i) => {
      const { size, quaternion } = list[i];
      const back = quaternion.map((v, k) => (k ? -v : v));
      [0, 1, 2].forEach(k => {
        expect(found[3 * i + k]).toBeCloseTo(farthest[kind]!(size, turned(back, unit(k))), 12);
      });
    });
  });
});
