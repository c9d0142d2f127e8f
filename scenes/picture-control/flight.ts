/**
 * A square of cloth that is thrown and flies through the air, and the last picture of it: what picture-control steers.
 *
 * The cloth is 3 m wide and as heavy as a carpet, and lets most of the air through; a camera 20 m away sees 24 m of height. It is coloured by its places, so that a picture tells
 * how it lies.
 */

import { rollout } from '../../adjoint/index.ts';
import { planeMesh } from '../../geometry/index.ts';
import { type Device, stack, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { cloth } from '../../physics/index.ts';
import { antialias, interpolate, lookAt, mask, perspective, project, rasterize } from '../../render/index.ts';

export interface FlightOptions {
  /** Squares of the cloth along a side. */
  readonly cells: number;
  /** Time steps, and how long the flight takes, s. */
  readonly steps: number;
  readonly time: number;
  /** Pixels of the picture along a side. */
  readonly size: number;
  readonly device: Device;
}

export interface Flight {
  /** Where the cloth is in the end, [n, 3], m, when it is thrown with a velocity [3], m/s. */
  end(velocity: Tensor): Tensor;
  /** Where it is at so many times on the way, [times, n, 3]. */
  course(velocity: Tensor, times: number): Tensor;
  /** [size, size, 3], of the cloth somewhere. */
  picture(x: Tensor, size?: number): Tensor;
}

const [half, distance, seen] = [1.5, 20, 24];
const ground = [0.93, 0.94, 0.96];

export function flight({ cells, steps, time, size, device }: FlightOptions): Flight {
  const on = { device };
  const sheet = planeMesh({ halfSize: [half, half], divisions: [cells, cells], device });
  const body = cloth(sheet, { air: true });
  const params = body.params({ stretch: [100, 100], bending: 1e-3, density: 1, air: [1.2, 0.2, 0.02] });
  const leaning = tensor([1, 0, 0, 0, 0.9, -0.43589, 0, 0.43589, 0.9], [3, 3], on); // it leans back
  const start = sheet.vertices.matmul(leaning);
  const still = zeros(start.shape, on);
  const dt = time / steps;
  const uv = sheet.vertices.mul(0.5 / half).add(0.5);
  const along = (a: number): Tensor => uv.slice([0, a], [body.vertices, a + 1]).reshape([body.vertices]);
  const colours = stack([along(0), along(1).mul(0.8), along(0).mul(-0.7).add(0.8)], 1);
  const pose = lookAt([0, 0, distance], [0, 0, 0], [0, 1, 0], on);
  const fovY = 2 * Math.atan(seen / 2 / distance);
  const behind = tensor(ground, [3], on);
  const fly = (velocity: Tensor, count: number) =>
    rollout(state => body.step(state, params, dt), { x: start, v: still.add(velocity) }, count);
  return {
    end: velocity => fly(velocity, steps).x,
    course: (velocity, times) =>
      rollout(
        state => {
          let next = state;
          for (let k = 0; k < steps / times; k++) next = body.step(next, params, dt);
          return next;
        },
        { x: start, v: still.add(velocity) },
        times,
        { save: state => state.x },
      ).saved as Tensor,
    picture(x, px = size) {
      const clip = project({ lens: perspective({ fovY, size: [px, px], near: 1, far: 100, device }), pose }, x);
      const raster = rasterize(clip.detach(), sheet.triangles, { size: [px, px] });
      const inside = mask(raster);
      const colour = interpolate(raster, clip, colours).mul(inside).add(inside.neg().add(1).mul(behind));
      return antialias(colour, raster, clip, { intersections: false });
    },
  };
}
