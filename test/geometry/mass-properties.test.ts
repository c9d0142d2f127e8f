// Specification of mass properties: closed forms of solids, meshes that converge to them, bodies of parts, and derivatives of all.

import { checkGradient } from 'retrograde/adjoint';
import {
  boxMesh,
  capsuleMesh,
  cylinderMesh,
  icosphere,
  joined,
  type MassProperties,
  massOf,
  massOfMesh,
  mesh,
  placed,
  type Solid,
  torusMesh,
} from 'retrograde/geometry';
import { type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { numbers, on64 } from '../util/numbers.ts';

const values = async ({ mass, com, inertia }: MassProperties): Promise<number[]> =>
  (await Promise.all([mass, com, inertia].map(x => x.read()))).flatMap(words => Array.from(words));

const far = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((v, k) => Math.abs(v - b[k])));

/** R of a rotation by an angle around a unit axis (Rodrigues). */
function rotation([x, y, z]: readonly number[], angle: number): number[] {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const C = 1 - c;
  return [
    ...[x * x * C + c, x * y * C - z * s, x * z * C + y * s],
    ...[y * x * C + z * s, y * y * C + c, y * z * C - x * s],
    ...[z * x * C - y * s, z * y * C + x * s, z * z * C + c],
  ];
}

describe.each(devices)('solids on $description', device => {
  const one = (v: number): Tensor => tensor(v, [], { device });
  const digits = device.precision === 'f64' ? 12 : 5;
  it.each<[string, Solid, number, readonly number[]]>([
    ['a sphere', { kind: 'sphere', radius: one(0.3) }, 36e-3 * Math.PI, [0.036, 0.036, 0.036]],
    ['an ellipsoid', { kind: 'ellipsoid', semiAxes: [one(1), 2, 3] }, 8 * Math.PI, [13 / 5, 10 / 5, 1]],
    ['a box', { kind: 'box', halfSizes: [one(1), 2, 3] }, 48, [13 / 3, 10 / 3, 5 / 3]],
    ['a cylinder', { kind: 'cylinder', radius: one(2), halfLength: 3 }, 24 * Math.PI, [4, 4, 2]],
  ])('%s', async (_, solid, volume, gyration) => {
    const [mass, x, y, z, ...inertia] = await values(massOf(solid, one(5)));
    expect(mass / (5 * volume)).toBeCloseTo(1, digits);
    expect([x, y, z]).toEqual([0, 0, 0]);
    const wanted = inertia.map((_, k) => (k % 4 === 0 ? gyration[k / 4] : 0));
    expect(
      far(
        inertia.map(v => v / mass),
        wanted,
      ),
    ).toBeLessThan(10 ** (1 - digits));
  });

  it('a capsule is a cylinder and two half spheres', async () => {
    const [r, h] = [0.4, 0.7];
    const [mass, , , , xx, , , , yy, , , , zz] = await values(
      massOf({ kind: 'capsule', radius: one(r), halfLength: h }, 1),
    );
    const [tube, half] = [2 * Math.PI * r * r * h, (2 / 3) * Math.PI * r ** 3];
    expect(mass).toBeCloseTo(tube + 2 * half, digits);
    expect(zz).toBeCloseTo((tube * r * r) / 2 + 2 * half * 0.4 * r * r, digits);
    const across = tube * (r * r / 4 + h * h / 3) + 2 * half * ((83 / 320) * r * r + (h + (3 / 8) * r) ** 2); // biome-ignore format: one formula
    expect(xx).toBeCloseTo(across, digits);
    expect(yy).toBeCloseTo(across, digits);
  });

  it('is what a fine mesh encloses, to second order in the size of its triangles', async () => {
    const exact = await values(massOf({ kind: 'sphere', radius: one(1) }, 3));
    const errors = await Promise.all(
      [1, 2, 3].map(async times => far(await values(massOfMesh(icosphere(1, times, { device }), 3)), exact)),
    );
    for (const k of [0, 1]) expect(Math.log2(errors[k] / errors[k + 1])).toBeCloseTo(2, 0);
  });

  it('is exact for a box, wherever it is', async () => {
    const { vertices, triangles } = boxMesh([1, 2, 3], { device });
    const [mass, x, y, z, ...inertia] = await values(
      massOfMesh({ vertices: vertices.add(tensor([100, -50, 20], [3], { device })), triangles }, 2),
    );
    expect(mass).toBeCloseTo(96, device.precision === 'f64' ? 9 : 3);
    expect(far([x, y, z], [100, -50, 20])).toBeLessThan(1e-4);
    expect(
      far(
        inertia.map(v => v / mass),
        [13 / 3, 0, 0, 0, 10 / 3, 0, 0, 0, 5 / 3],
      ),
    ).toBeLessThan(1e-4);
  });
});

describe('meshes of solids', () => {
  it.each([
    ['cylinder', (n: number) => cylinderMesh(0.4, 0.7, n, { device: cpu64 }), { kind: 'cylinder', radius: 0.4, halfLength: 0.7 }],
    ['capsule', (n: number) => capsuleMesh(0.4, 0.7, n, { device: cpu64 }), { kind: 'capsule', radius: 0.4, halfLength: 0.7 }],
  ] as const)('of a %s have its mass, centre and inertia', async (_, make, solid) => {
    const exact = await values(massOf({ ...solid, radius: on64(0.4) }, 3));
    const errors = await Promise.all([32, 64].map(async n => far(await values(massOfMesh(make(n), 3)), exact)));
    expect(errors[1]).toBeLessThan(8e-3);
    expect(errors[0] / errors[1]).toBeCloseTo(4, 0);
  }); // biome-ignore format: a table

  it('of a torus have the volume 2 π² R r²', async () => {
    const { mass } = massOfMesh(torusMesh(1, 0.25, 128, 64, { device: cpu64 }), 1);
    expect((await mass.item()) / (2 * Math.PI ** 2 * 0.0625)).toBeCloseTo(1, 2);
  });
});

describe('bodies of parts', () => {
  it('are as one: a box cut in two, turned and moved', async () => {
    const R = on64(rotation([2 / 3, -1 / 3, 2 / 3], 0.8), [1, 3, 3]);
    const t = on64([0.3, -2, 1], [1, 3]);
    const wide = (p: MassProperties, n: number): MassProperties => ({
      mass: p.mass.reshape([n]),
      com: p.com.reshape([n, 3]),
      inertia: p.inertia.reshape([n, 3, 3]),
    });
    const whole = placed(wide(massOf({ kind: 'box', halfSizes: [on64(1), 2, 3] }, 7), 1), { rotation: R, position: t });
    const halves = massOf({ kind: 'box', halfSizes: [on64([0.4, 0.6]), 2, 3] }, 7);
    const inPlace = placed(halves, { position: on64([-0.6, 0, 0, 0.4, 0, 0], [2, 3]) });
    const both = placed(wide(joined(inPlace), 1), { rotation: R, position: t });
    expect(far(await values(both), await values(whole))).toBeLessThan(1e-12);
  });

  it('can be many at once', async () => {
    const spheres = placed(massOf({ kind: 'sphere', radius: on64([1, 2, 1]) }, 1), {
      position: on64([0, 0, -1, 5, 5, 5, 0, 0, 1], [3, 3]),
    });
    const { mass, com } = joined(spheres, [0, 1, 0]);
    const ball = (4 / 3) * Math.PI;
    expect(far(Array.from(await mass.read()), [2 * ball, 8 * ball])).toBeLessThan(1e-12);
    expect(far(Array.from(await com.read()), [0, 0, 0, 5, 5, 5])).toBeLessThan(1e-12);
  });

  it('are differentiable in sizes, densities, places and vertices', async () => {
    const weights = on64(numbers(13, 5));
    const told = ({ mass, com, inertia }: MassProperties): Tensor =>
      mass.reshape([1]).mul(weights.slice(0, 1)).sum()
        .add(com.reshape([3]).mul(weights.slice(1, 4)).sum())
        .add(inertia.reshape([9]).mul(weights.slice(4, 13)).sum()); // biome-ignore format: one sum
    const parts = await checkGradient(
      ({ radius, density, position }: Record<'radius' | 'density' | 'position', Tensor>) =>
        told(joined(placed(massOf({ kind: 'capsule', radius, halfLength: 0.3 }, density), { position }))),
      { radius: on64([0.2, 0.3]), density: on64([1, 2]), position: on64(numbers(6, 2), [2, 3]) },
    );
    expect(parts.dotProduct).toBeLessThan(1e-12);
    const { vertices, triangles } = icosphere(1, 0, { device: cpu64 });
    const bumpy = vertices.add(on64(numbers(36, 3), [12, 3]).mul(0.1));
    const corners = await checkGradient((v: Tensor) => told(massOfMesh({ vertices: v, triangles }, 2)), bumpy);
    expect(corners.dotProduct).toBeLessThan(1e-12);
  });
});

describe('what has no mass is refused', () => {
  const { vertices, triangles } = boxMesh([1, 1, 1], { device: cpu64 });
  it.each<[string, () => unknown, string]>([
    ['a mesh with a hole', () => massOfMesh(mesh(vertices, [[0, 4, 6]]), 1), 'not closed: 3 of its edges'],
    ['a mesh of nothing', () => massOfMesh(mesh(vertices, []), 1), 'the mesh has no triangles'],
    ['a density below 0', () => massOfMesh(mesh(vertices, [[0, 4, 6]]), -1), 'the density is -1; give a finite number'],
    ['a corner that is not there', () => mesh(vertices, [[0, 1, 8]]), 'triangle 0 has a corner 8; vertices are 0 to 7'],
    ['a triangle on one line', () => mesh(vertices, [[0, 1, 1]]), 'two of which are the same'],
    ['vertices in a plane', () => mesh(on64([0, 0], [1, 2]), []), 'give a tensor of f32, [n, 3]'],
    ['triangles of another mesh', () => mesh(on64([0, 0, 0], [1, 3]), triangles), 'of 8 vertices, but there are 1'],
    ['a radius of 0', () => massOf({ kind: 'sphere', radius: 0 }, 1), 'radius of a sphere is 0; give a number above 0'],
    ['sizes that do not fit', () => massOf({ kind: 'cylinder', radius: on64([1, 2]), halfLength: on64([1, 2, 3]) }, 1), '3 numbers where others are 2'],
    ['a body without parts', () => joined(massOf({ kind: 'sphere', radius: on64([1, 2]) }, 1), [0, 2]), 'body 1 of 3 has no part'],
    ['parts of no body', () => joined(massOf({ kind: 'sphere', radius: on64([1, 2]) }, 1), [0]), '1 parts are told their body, but there are 2'],
  ])('%s', (_, make, message) => expect(make).toThrow(message)); // biome-ignore format: a table

  it('a mesh turned inside out', async () => {
    const turned = Array.from({ length: triangles.size }, (_, t) => {
      const [a, b, c] = triangles.corners.slice(3 * t, 3 * t + 3);
      return [a, c, b] as const;
    });
    await expect(async () => massOfMesh(mesh(vertices, turned), 1).mass.item()).rejects.toThrow('turned inside out');
  });
});
