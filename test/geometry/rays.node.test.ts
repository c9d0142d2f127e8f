// Specification of rays: MuJoCo's distances, from outside, from within and past, and derivatives.

import { readFileSync } from 'node:fs';
import { checkGradient } from 'retrograde/adjoint';
import { polyhedron, rayDistance, rayText, type ShapeKind, shapeTables } from 'retrograde/geometry';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, gpu } from '../util/devices.ts';
import { type Placed, shapesOf } from './placed-shapes.ts';

interface Case extends Placed {
  readonly origin: readonly number[];
  readonly direction: readonly number[];
  /** −1 for a miss. */
  readonly distance: number;
}
const reference: { readonly kinds: readonly { readonly kind: ShapeKind; readonly cases: readonly Case[] }[] } =
  JSON.parse(readFileSync(new URL('reference/rays.json', import.meta.url), 'utf8'));

const rays = (cases: readonly Case[], device: Device): { origin: Tensor; direction: Tensor } => {
  const three = (name: 'origin' | 'direction') =>
    tensor(Float64Array.from(cases.flatMap(c => c[name])), [cases.length, 3], { device });
  return { origin: three('origin'), direction: three('direction') };
};

describe.each(reference.kinds)('rays and a $kind', ({ kind, cases }) => {
  it('meet as in MuJoCo', async () => {
    const { origin, direction } = rays(cases, cpu64);
    const found = await rayDistance(origin, direction, shapesOf(kind, cases, cpu64)).read();
    cases.forEach(({ distance }, k) => {
      expect(found[k]).toBeCloseTo(distance < 0 ? 1e10 : distance, 10);
    });
  });

  it('are differentiable', async () => {
    const hits = cases.filter(({ distance }) => distance > 0);
    const shapes = shapesOf(kind, hits, cpu64);
    const { size, position, rotation } = shapes;
    await checkGradient(given => rayDistance(given.origin, given.direction, { kind, ...given.shapes }), {
      ...rays(hits, cpu64),
      shapes: { size, position, rotation },
    });
  });
});

it('rays and capsules on a GPU', async () => {
  const { kind, cases } = reference.kinds.find(({ kind }) => kind === 'capsule')!;
  const { origin, direction } = rays(cases, gpu);
  const found = await rayDistance(origin, direction, shapesOf(kind, cases, gpu)).read();
  cases.forEach(({ distance }, k) => {
    expect(Math.min(found[k], 100)).toBeCloseTo(distance < 0 ? 100 : distance, 4);
  });
});

it('rays meet a box made of vertices as they meet a box, and miss it as they do', async () => {
  const { cases } = reference.kinds.find(({ kind }) => kind === 'box')!;
  const sides = [-1, 1];
  const bodies = cases.map(({ size: [a, b, c] }) =>
    polyhedron(
      sides.flatMap(x => sides.flatMap(y => sides.map((z): [number, number, number] => [a * x, b * y, c * z]))),
    ),
  );
  const tables = shapeTables(bodies, cpu64);
  const table = tensor(Uint32Array.from(tables.at), [cases.length], { device: cpu64 });
  const { origin, direction } = rays(cases, cpu64);
  const shapes = { ...shapesOf('convex', cases, cpu64), tables, table };
  const found = await rayDistance(origin, direction, shapes).read();
  cases.forEach(({ distance }, k) => void expect(found[k]).toBeCloseTo(distance, 10));
  const away = await rayDistance(origin.mul(10), direction.mul(0).add(1), shapes).read();
  const box = await rayDistance(origin.mul(10), direction.mul(0).add(1), shapesOf('box', cases, cpu64)).read();
  Array.from(box).forEach((v, k) => void expect(away[k]).toBeCloseTo(v, 8));
  await checkGradient(
    vertices => rayDistance(origin, direction, { ...shapes, tables: { ...tables, vertices } }),
    tables.vertices,
    { h: 1e-7 },
  );
});

describe('what is wrong is said', () => {
  it('kinds that rays do not meet', () => {
    expect(() => rayText(['heightField'])).toThrow(
      "rayText: rays do not meet shapes of kind 'heightField'; give kinds among plane, sphere, ellipsoid, capsule, cylinder, convex, box.",
    );
  });

  it('numbers that differ', () => {
    const { kind, cases } = reference.kinds[1];
    const { origin, direction } = rays(cases, cpu64);
    const shapes = shapesOf(kind, cases, cpu64);
    expect(() => rayDistance(origin.slice(0, 2), direction, shapes)).toThrow(
      "rayDistance: size of 'shapes' has shape [8, 3]; of 2 shapes it is [2, 3].",
    );
    expect(() => rayDistance(origin, direction.slice(0, 2), shapes)).toThrow(
      "rayDistance: 'direction' has shape [2, 3]; for 8 rays give [8, 3].",
    );
  });
});
