/** The raster bench through the public interface, in ms: which triangle each pixel shows, the picture, and its gradient. */

import { writeFileSync } from 'node:fs';
import { replayed, valueAndGrad } from 'retrograde/adjoint';
import { Triangles } from 'retrograde/geometry';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import { antialias, interpolate, rasterize } from 'retrograde/render';
import { rasterScene } from './scene.ts';

export interface RasterTimes {
  /** Least times, ms: ids alone; ids, colours and antialiasing; these and the gradient in clip positions and colours. */
  readonly ids: number;
  readonly forward: number;
  readonly both: number;
  /** Picture and gradient, recorded once and replayed. */
  readonly replay: number;
}

/** @param file Where the ids go. */
export async function serveRaster(side: number, rings: number, threads: number, file: string): Promise<RasterTimes> {
  const on = await device({ kind: 'cpu', threads });
  const scene = rasterScene(side, rings);
  const vertices = scene.clip.length / 4;
  const mesh = new Triangles(vertices, scene.corners);
  const clip = tensor(scene.clip, [vertices, 4]);
  const colours = tensor(scene.colours, [vertices, 3]);
  const size = [side, side] as const;
  const picture = (clip: Tensor, colours: Tensor): Tensor => {
    const raster = rasterize(clip, mesh, { size });
    return antialias(interpolate(raster, clip, colours), raster, clip);
  };
  const loss = valueAndGrad((x: { clip: Tensor; colours: Tensor }) => picture(x.clip, x.colours).square().sum());
  const least = async (run: () => { dispose(): void }): Promise<number> => {
    let best = Number.POSITIVE_INFINITY;
    const begin = performance.now();
    for (let k = 0; k < 5 || (k < 60 && performance.now() - begin < 1500); k++) {
      const start = performance.now();
      const made = run();
      await on.finish();
      best = Math.min(best, performance.now() - start);
      made.dispose();
      await new Promise(resolve => setImmediate(resolve)); // for what is collected
    }
    return best;
  };
  const ids = await least(() => rasterize(clip, mesh, { size }).ids);
  const forward = await least(() => picture(clip, colours));
  const both = await least(() => loss({ clip, colours }).grad.clip);
  const again = replayed(loss);
  const replay = await least(() => again({ clip, colours }).grad.clip);
  writeFileSync(file, new Uint32Array((await rasterize(clip, mesh, { size }).ids.read()) as Uint32Array));
  return { ids, forward, both, replay };
}
