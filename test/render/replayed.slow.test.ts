/** Frames that are replayed: the bits of frames that are not, picture and gradient, and no memory but their results. */

import { replayed, valueAndGrad } from 'retrograde/adjoint';
import { Triangles } from 'retrograde/geometry';
import { memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { antialias, interpolate, rasterize } from 'retrograde/render';
import { expect, it } from 'vitest';
import { cpu32, cpu64 } from '../util/devices.ts';

const corners = [0, 1, 2, 0, 2, 3, 0, 3, 1, 1, 3, 2];
const tetrahedron = [0, 0.9, 0.5, 0.8, -0.6, 0.4, -0.8, -0.5, 0.3, 0.1, 0.2, 0.9];

it.each([cpu64, cpu32])('frames of a turning tetrahedron, on $description', async device => {
  const mesh = new Triangles(4, corners);
  const size = [40, 30] as const;
  const colours = tensor([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0], [4, 3], { device });
  const loss = valueAndGrad(({ clip, colours }: { clip: Tensor; colours: Tensor }) => {
    const raster = rasterize(clip, mesh, { size });
    return antialias(interpolate(raster, clip, colours), raster, clip)
      .square()
      .sum();
  });
  const notes: string[] = [];
  const fast = replayed(loss, { explain: note => notes.push(note) });
  const used: number[] = [];
  for (let frame = 0; frame < 8; frame++) {
    const [c, s] = [Math.cos(0.3 * frame), Math.sin(0.3 * frame)];
    const turned = [0, 3, 6, 9].flatMap(k => {
      const [x, y, z] = tetrahedron.slice(k, k + 3);
      return [c * x - s * y, s * x + c * y, z, 1];
    });
    const clip = tensor(turned, [4, 4], { device });
    const [own, again] = [loss({ clip, colours }), fast({ clip, colours })];
    for (const [a, b] of [
      [own.value, again.value],
      [own.grad.clip, again.grad.clip],
      [own.grad.colours, again.grad.colours],
    ]) {
      expect(await b.read()).toEqual(await a.read());
      a.dispose();
      b.dispose();
    }
    clip.dispose();
    used.push(memoryInUse(device));
  }
  expect(notes).toEqual([expect.stringMatching(/^replayed: the function is replayed/)]);
  expect(new Set(used.slice(4)).size).toBe(1);
  fast.dispose();
});
