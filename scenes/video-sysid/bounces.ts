/**
 * Things that fall and bounce: a ball in a plane, whose impacts are events, and a box in space, of which a known push tells the mass.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Balls, balls } from '../../events/index.ts';
import { concat, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { box, plane, rigidBodies } from '../../physics/index.ts';
import { allPixels, figure } from '../../render/index.ts';
import { drawCube, facedCube, studio } from '../mesh-fit/coloured-cube.ts';
import { type Clips, one } from './clip.ts';

const fps = 25;

/** A ball of 8 cm that flies to the right and bounces on the floor: 2 m of width are seen. */
export const bounce: Clips = (size, device) => {
  const on = { device };
  const [radius, scale] = [0.08, size / 2];
  const step = balls({ count: 1, walls: 1, maxEvents: 4 });
  const draw = figure({ points: 3, segments: [[0, 1]] }, on);
  const style = { radius: tensor([0, 0, radius * scale], [3], on), width: tensor(0.02 * size, [], on) };
  const floor = tensor([-size, 0.93 * size, 2 * size, 0.93 * size], [1, 2, 2], on);
  const towards = tensor([1, 0], [1, 1, 2], on);
  const down = tensor([0, -1], [1, 2], on);
  const wall = { wallNormal: tensor([0, 1], [1, 2], on), wallOffset: tensor([0], [1], on) };
  const start = tensor([0.2, 1.2], [1, 1, 2], on);
  return {
    name: 'bouncing ball',
    fps,
    unknowns: [
      { name: 'speed', unit: 'm/s', truth: 1, guess: 3, allowed: 0.05 },
      { name: 'gravity of the ball', unit: 'm/s²', truth: 9, guess: 10, allowed: 0.05 },
      { name: 'restitution of the ball', unit: '', truth: 0.8, guess: 0.6, allowed: 0.008 },
    ],
    film(values, frames) {
      const [speed, gravity, restitution] = [0, 1, 2].map(k => one(values, k));
      const params = { radius, acceleration: down.mul(gravity), wallRestitution: restitution.reshape([]), ...wall };
      const { saved } = rollout(
        (state: Balls) => step(state, params, 1 / fps).state,
        { x: start, v: towards.mul(speed) },
        frames,
        { save: state => state.x },
      );
      const x = (saved as Tensor).reshape([frames, 1, 2]);
      const at = x.mul(tensor([scale, -scale], [2], on)).add(tensor([0, 0.92 * size], [2], on));
      const points = concat([floor.broadcastTo([frames, 2, 2]), at], 1);
      return draw(points, style, allPixels(frames, size, size, on)).reshape([frames, size, size, 1]);
    },
  };
};

/** A box of half a metre that is pushed with 1.2 N s, turned with 0.05 N m s, and falls on a floor. */
export const pushedBox: Clips = (size, device) => {
  const on = { device };
  const [half, substeps] = [0.25, 4];
  const world = rigidBodies({
    bodies: [
      { shape: plane(), position: [0, -1.15, 0], friction: 0.3 },
      { shape: box([half, half, half]), mass: 1, position: [-0.8, 0.4, 0], friction: 0.3, restitution: 0.5 },
    ],
  });
  const params = world.params(device);
  const begun = world.start(device);
  const start = {
    ...begun,
    p: tensor([0, 0, 0, 1.2, 0, 0], [2, 3], on),
    L: tensor([0, 0, 0, 0.05, 0.03, -0.08], [2, 3], on),
  };
  const room = studio(device, [size]);
  const faced = facedCube(room);
  const cube = { vertices: faced.vertices.mul(2 * half), colours: faced.colours };
  const [fixed, none] = [tensor([1], [1], on), zeros([1], on)];
  return {
    name: 'box',
    fps,
    unknowns: [
      { name: 'mass', unit: 'kg', truth: 1, guess: 1.5, allowed: 0.01 },
      { name: 'restitution', unit: '', truth: 0.6, guess: 0.4, allowed: 0.006 },
    ],
    film(values, frames) {
      const mass = concat([fixed, one(values, 0)]);
      const own = {
        ...params,
        mass,
        inertia: params.inertia.mul(mass.reshape([2, 1])),
        restitution: concat([none, one(values, 1)]),
      };
      const { saved } = rollout(
        (state: typeof start) => {
          let next = state;
          for (let k = 0; k < substeps; k++) next = world.step(next, own, 1 / (fps * substeps)) as typeof start;
          return next;
        },
        start,
        frames,
        { save: ({ x, q }) => ({ x, q }) },
      );
      const at = saved.x.slice([0, 1, 0], [frames, 2, 3]).reshape([frames, 3]);
      const q = saved.q.slice([0, 1, 0], [frames, 2, 4]).reshape([frames, 4]); // w first
      const turn = concat([q.slice([0, 1], [frames, 4]), q.slice([0, 0], [frames, 1])], 1);
      return drawCube(room, cube, turn, size, at);
    },
  };
};
