// Specification of render/loss/mesh.ts and geometry/incidence.ts.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { icosphere, mesh } from 'retrograde/geometry';
import { stack, type Tensor } from 'retrograde/kernel';
import { edgeLengthLoss, flatteningLoss, laplacianLoss } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { numbers, on64 } from '../../util/numbers.ts';

/** Two triangles at right angles, hinged at the z axis from 0 to 1. */
const hinge = (angle: number) =>
  mesh(on64([0, 0, 0, 0, 0, 1, 1, 0, 0, Math.cos(angle), Math.sin(angle), 0], [4, 3]), [
    [0, 1, 2],
    [1, 0, 3],
  ]);
const sphere = icosphere(2, 1, { device: cpu64 });

describe('flatteningLoss', () => {
  it.each([Math.PI, Math.PI / 2, 2])('of a hinge at %f rad: (1 − cos of the angle between normals)²', async angle => {
    const { vertices, triangles } = hinge(angle);
    expect(await flatteningLoss(vertices, triangles).item()).toBeCloseTo((1 + Math.cos(angle)) ** 2, 12);
  });
  it('counts triangles without area as upright, and stays finite there', async () => {
    const { triangles } = hinge(1);
    const { value, grad } = valueAndGrad((x: Tensor) => flatteningLoss(x, triangles))(
      on64(new Float64Array(12), [4, 3]),
    );
    expect(await value.item()).toBe(1);
    expect((await grad.read()).every(Number.isFinite)).toBe(true);
  });
});

describe('laplacianLoss', () => {
  it('measures how far vertices are from the middle of their neighbours', async () => {
    // A hexagon in the plane; only its middle is surrounded, the rim has two neighbours on the rim and the middle.
    const rim = Array.from({ length: 6 }, (_, k) => [Math.cos((k * Math.PI) / 3), Math.sin((k * Math.PI) / 3), 0]);
    const flat = mesh(
      on64([0, 0, 0, ...rim.flat()], [7, 3]),
      Array.from({ length: 6 }, (_, k) => [0, 1 + k, 1 + ((k + 1) % 6)] as const),
    );
    // A rim vertex is a third of (its two neighbours and the middle) away: |δ| = |(½ + ½ + 0)/3 − 1| = ⅔.
    expect(await laplacianLoss(flat.vertices, flat.triangles).item()).toBeCloseTo((6 * (2 / 3) ** 2) / 7, 12);
  });
  it.each(['uniform', 'cotangent'] as const)(
    'of an icosahedron is (R (1 − 1 / √5))² with %s weights',
    async weights => {
      const { vertices, triangles } = icosphere(2, 0, { device: cpu64 });
      expect(await laplacianLoss(vertices, triangles, { weights }).item()).toBeCloseTo(
        (2 * (1 - 1 / Math.sqrt(5))) ** 2,
        12,
      );
    },
  );
  it('with cotangents leaves a vertex in a plane alone, however it is cut up', async () => {
    // A square with a vertex off its middle. Where that goes, only the corners of the square feel it to first order.
    const square = [0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0];
    const { vertices, triangles } = mesh(on64([...square, 0.3, 0.6, 0], [5, 3]), [
      [0, 1, 4],
      [1, 2, 4],
      [2, 3, 4],
      [3, 0, 4],
    ]);
    const words = Array.from({ length: 5 }, (_, i) => [...square, 0.3, 0.6, 0].slice(3 * i, 3 * i + 3));
    const cot = (o: number, p: number, q: number): number => {
      const [u, v] = [p, q].map(k => words[k].map((z, c) => z - words[o][c]));
      return (u[0] * v[0] + u[1] * v[1]) / Math.abs(u[0] * v[1] - u[1] * v[0]);
    };
    // By edges: a corner has a side, which one angle faces, to each of its neighbours, and a spoke, which two face.
    const delta = [0, 1, 2, 3].map(i => {
      const [next, last] = [(i + 1) % 4, (i + 3) % 4];
      const weights = [cot(4, i, next), cot(4, i, last), cot(next, i, 4) + cot(last, i, 4)];
      const sum = [next, last, 4].map((j, k) => words[j].map((z, c) => weights[k] * (z - words[i][c])));
      const total = weights.reduce((x, w) => x + w);
      return sum[0].map((_, c) => (sum[0][c] + sum[1][c] + sum[2][c]) / total);
    });
    const expected = delta.flat().reduce((x, z) => x + z * z, 0) / 5;
    expect(await laplacianLoss(vertices, triangles, { weights: 'cotangent' }).item()).toBeCloseTo(expected, 12);
  });
});

describe('losses on meshes', () => {
  const { triangles } = sphere;
  const x = sphere.vertices.add(on64(numbers(3 * triangles.vertices, 1), [triangles.vertices, 3]).mul(0.2));
  const losses: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    uniform: v => laplacianLoss(v, triangles),
    cotangent: v => laplacianLoss(v, triangles, { weights: 'cotangent' }),
    flattening: v => flatteningLoss(v, triangles),
    edges: v => edgeLengthLoss(v, triangles, { rest: 0.7 }),
  };
  it('measure edges', async () => {
    const { vertices, triangles: two } = hinge(Math.PI / 2);
    const each = (1 + 1 + 2 + 1 + 2) / 5; // |e|²
    expect(await edgeLengthLoss(vertices, two).item()).toBeCloseTo(each, 12);
  });
  it('are differentiated, both ways', async () => {
    for (const loss of Object.values(losses)) await checkGradient(loss, x);
    await checkGradient((rest: Tensor) => edgeLengthLoss(x, triangles, { rest }), on64([0.7], [1]));
  });
  it('take means over batches', async () => {
    for (const loss of Object.values(losses)) {
      const [one, two] = [await loss(x).item(), await loss(sphere.vertices).item()];
      expect(await loss(stack([x, sphere.vertices])).item()).toBeCloseTo((one + two) / 2, 10);
    }
  });
  it('are nothing without triangles', async () => {
    const none = mesh(on64([0, 0, 0], [1, 3]), []);
    for (const loss of [laplacianLoss, flatteningLoss, edgeLengthLoss])
      expect(await loss(none.vertices, none.triangles).item()).toBe(0);
  });
  it('say what is wrong', () => {
    expect(() => laplacianLoss(x, triangles, { weights: 'mean' } as never)).toThrow(
      "laplacianLoss: weights is 'mean'; give 'uniform' or 'cotangent'.",
    );
    expect(() => flatteningLoss(on64([1, 2, 3], [1, 3]), triangles)).toThrow(
      'flatteningLoss: the vertices are a tensor of shape [1, 3]; the triangles are of 42: give [42, 3], or a batch of them.',
    );
    expect(() => edgeLengthLoss(x, triangles, { rest: on64([1, 2], [2]) })).toThrow(
      'edgeLengthLoss: rest has 2 lengths, but there are 120 edges; give one for each, or one.',
    );
  });
});
