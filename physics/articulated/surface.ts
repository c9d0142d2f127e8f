/** What a robot looks like: the triangles of its shapes, where its links are. */

import { type FormOptions, polyhedron, shapeForm } from '../../geometry/index.ts';
import { checkOptions, onDevice, type Tensor } from '../../kernel/index.ts';
import { type BodySurface, bodySurface } from '../body-surface.ts';
import type { ConstraintParams } from './constraint/numbers.ts';
import { constraintParams } from './constraint/params.ts';
import type { ArticulatedParams, ArticulatedState, Model } from './model.ts';
import { pointMotions } from './points.ts';

/** Numbers of `corners` are those of `model.geoms`. */
export interface RobotSurface extends BodySurface {
  /**
   * Where the corners are, [envs, vertices, 3], m; differentiable in all.
   *
   * @param constraints Where shapes are on their links, and their sizes. Default: the model's.
   */
  vertices(params: ArticulatedParams, state: ArticulatedState, constraints?: ConstraintParams): Tensor;
}

/**
 * The shapes of a robot, and of the world around it, as one mesh to be drawn or measured: those that touch and those that do not.
 *
 * @param options.around Corners around what is round. Default 24.
 * @param options.reach Half the side of the square that is shown of a plane, m. Default 10.
 * @throws RangeError if the model has no shapes.
 * @example
 * const robot = mjcf(`<mujoco><worldbody>
 *   <body><joint axis="0 1 0"/><geom type="capsule" fromto="0 0 0 0 0 -0.5" size="0.05"/></body>
 * </worldbody></mujoco>`);
 * const surface = robotSurface(robot);
 * const lowest = (state: ArticulatedState) => amin(surface.vertices(articulatedParams(robot), state).reshape([-1, 3]).transpose(), 1);
 */
export function robotSurface(model: Model, options: FormOptions = {}): RobotSurface {
  checkOptions('robotSurface', options, ['around', 'reach', 'device']);
  const { geoms } = model;
  if (geoms.length === 0)
    throw new RangeError('robotSurface: the model has no shapes; give its links geoms, or draw what you know of them.');
  const forms = geoms.map(({ kind, vertices, field, distances, size: [x, y] }) => {
    const table = distances ?? (field ? { ...field, halfSize: [x, y] as const } : vertices && polyhedron(vertices));
    return shapeForm(kind, table, options);
  });
  const { triangles, corners, at } = bodySurface(forms, geoms.map((_, g) => g), options.device); // biome-ignore format: one call
  const usual = onDevice(device => constraintParams(model, device).geoms!);
  const links = geoms.map(({ link }) => link);
  const vertices = (params: ArticulatedParams, state: ArticulatedState, constraints?: ConstraintParams): Tensor => {
    const { size, position, orientation } = constraints?.geoms ?? usual(state.q.device);
    const points = { links, offsets: position, orientations: orientation };
    const poses = pointMotions(model, params, state, points);
    return at({ position: poses.position, rotation: poses.orientation, size });
  };
  return { triangles, corners, vertices };
}
