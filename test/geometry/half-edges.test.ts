// Specification of what hangs together: edges by their rule, written down plainly; meshes of typed arrays; many triangles at a vertex.

import { icosphere, mesh, neighbours, Triangles, weld } from 'retrograde/geometry';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

/** Each side joins the last that waits in the opposite direction, or waits. */
function plainly(corners: readonly number[]): unknown[] {
  const edges: { a: number; b: number; triangles: number[] }[] = [];
  const waiting = new Map<string, number>();
  corners.forEach((a, k) => {
    const b = corners[k % 3 === 2 ? k - 2 : k + 1];
    const other = waiting.get(`${b} ${a}`);
    if (other === undefined) waiting.set(`${a} ${b}`, edges.push({ a, b, triangles: [Math.floor(k / 3)] }) - 1);
    else {
      edges[other].triangles.push(Math.floor(k / 3));
      waiting.delete(`${b} ${a}`);
    }
  });
  return edges;
}

describe('edges of triangles', () => {
  it.each([5, 8, 40])('are those of the rule, of triangles at random between %d vertices', count => {
    const next = mulberry32(count);
    const triangles = Array.from({ length: 80 }, () => [0, 0, 0].map(() => Math.floor(count * next())));
    const corners = triangles.filter(t => new Set(t).size === 3).flat();
    const made = new Triangles(count, corners);
    expect(made.edges).toEqual(plainly(corners));
    expect(made.isClosed).toBe(made.edges.every(({ triangles }) => triangles.length === 2));
  });

  it('are found where a hundred thousand triangles share a vertex', async () => {
    const count = 1e5;
    const corners = new Uint32Array(3 * count);
    for (let t = 0; t < count; t++) corners.set([0, t + 1, ((t + 1) % count) + 1], 3 * t);
    const fan = new Triangles(count + 1, corners);
    expect(fan.halfEdges.first.length).toBe(2 * count);
    expect((await neighbours(fan, cpu64).start.read())[1]).toBe(count);
  });

  it('are quartered with the sphere, and welded again from loose triangles', async () => {
    const { vertices, triangles } = icosphere(1, 5, { device: cpu64 });
    expect([vertices.shape[0], triangles.size, triangles.isClosed]).toEqual([10242, 20480, true]);
    const points = await vertices.read();
    const all = new Float64Array(9 * triangles.size).map(
      (_, k) => points[3 * triangles.corners[Math.floor(k / 3)] + (k % 3)],
    );
    const { kept, corners, lost } = weld(
      all,
      new Uint32Array(3 * triangles.size).map((_, k) => k),
    );
    expect([kept.length, lost]).toEqual([10242, 0]);
    expect(new Triangles(kept.length, corners).isClosed).toBe(true);
  });
});

describe('mesh', () => {
  it('takes coordinates and corners one after another', async () => {
    const made = mesh(Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0), Uint16Array.of(0, 1, 2), { device: cpu64 });
    expect([made.vertices.shape, [...made.triangles.corners]]).toEqual([
      [3, 3],
      [0, 1, 2],
    ]);
    expect(() => mesh(new Float32Array(4), new Uint16Array(0))).toThrow(
      'mesh: 4 coordinates do not make points; give three for each.',
    );
  });
});
