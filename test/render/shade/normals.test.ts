// Specification of render/shade/normals.ts.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { boxMesh, icosphere } from 'retrograde/geometry';
import { stack, type Tensor } from 'retrograde/kernel';
import { faceNormals, flatNormals, vertexNormals } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const on = { device: cpu64 };
const sphere = icosphere(1.7, 1, on);

describe('normals', () => {
  it('of a box are its axes, and at its corners the diagonals, however its faces are cut', async () => {
    const { vertices, triangles } = boxMesh([1, 2, 3], on);
    const faces = await faceNormals(vertices, triangles).read();
    for (let t = 0; t < 12; t++) expect([...faces.slice(3 * t, 3 * t + 3)].map(Math.abs).sort()).toEqual([0, 0, 1]);
    const signs = Array.from(await vertices.read(), x => Math.sign(x) / Math.sqrt(3));
    near(await vertexNormals(vertices, triangles).read(), signs, 1e-12);
  });

  it('of a sphere point away from its middle', async () => {
    const { vertices, triangles } = sphere;
    const away = await vertices.div(1.7).read();
    near(await vertexNormals(vertices, triangles).read(), away, 1e-3);
    near(await vertexNormals(vertices, triangles, { weights: 'area' }).read(), away, 3e-2);
  });

  it('are differentiated, both ways, of batches too', async () => {
    const { vertices, triangles } = sphere;
    const x = vertices.add(on64(numbers(vertices.size, 1), vertices.shape).mul(0.1));
    const both = stack([x, vertices]);
    for (const f of [
      (v: Tensor) => faceNormals(v, triangles),
      (v: Tensor) => vertexNormals(v, triangles),
      (v: Tensor) => vertexNormals(v, triangles, { weights: 'area' }),
    ])
      await checkGradient(f, both);
    near(await vertexNormals(both, triangles).slice(0, 1).read(), await vertexNormals(x, triangles).read(), 1e-15);
  });

  it('are nothing where there is no area, with derivative zero', async () => {
    const { triangles } = sphere;
    const none = on64(new Float64Array(3 * triangles.vertices), [triangles.vertices, 3]);
    for (const f of [faceNormals, vertexNormals]) {
      const { value, grad } = valueAndGrad((x: Tensor) => f(x, triangles).sum())(none);
      expect(await value.item()).toBe(0);
      expect((await grad.read()).every(g => g === 0)).toBe(true);
    }
  });

  it('are an attribute of corners for flat shading', async () => {
    const { values, corners } = flatNormals(sphere.vertices, sphere.triangles);
    expect(values.shape).toEqual([80, 3]);
    expect([...(await corners.slice(0, 2).read())]).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it('say what is wrong', () => {
    expect(() => vertexNormals(on64([1, 2, 3], [1, 3]), sphere.triangles)).toThrow(
      'vertexNormals: the vertices are a tensor of shape [1, 3]; the triangles are of 42: give [42, 3], or a batch of them.',
    );
    expect(() => vertexNormals(sphere.vertices, sphere.triangles, { weights: 'mean' } as never)).toThrow(
      "vertexNormals: weights is 'mean'; give 'area' or 'angle'.",
    );
  });
});
