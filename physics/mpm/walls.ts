/**
 * Velocities of nodes: momentum over mass, gravity, and what walls and bodies allow.
 *
 *   u = (m v)_i / m_i + dt g                                                                          (1)
 *   sticky:    u = w                                                                                  (2) where a wall is, w its velocity
 *   slip:      u − w loses its part along the normal n                                                (3)
 *   separate:  so does it where it goes into the wall, u_n = (u − w) · n < 0, and the rest u_t becomes
 *              u_t max(0, 1 + f u_n / |u_t|)                                                          (4) Coulomb's friction f
 *
 * The outermost `wall` nodes at each side of the grid are its wall. A body is where its signed distance at nodes is below 0; its normal is the slope
 * of that. Differentiable but where a node begins to touch, and where friction begins to hold.
 */

import { type Kernel, kernel, type Tensor, tensor } from '../../kernel/index.ts';
import { nodeCount, type Space, words } from './splines.wgsl.ts';

/** What a wall does to what touches it. */
export type Wall = 'sticky' | 'slip' | 'separate';

export interface WallSpec extends Space {
  /** Nodes that belong to the wall at each side. */
  readonly thickness: number;
  /** Along each axis, at its lower and upper side. */
  readonly walls: readonly (readonly [Wall, Wall])[];
  /** Of bodies given by their distance; undefined where there are none. */
  readonly body: Wall | undefined;
}

/** All differentiable. Shapes: d dimensions. */
export interface Surroundings {
  /** [d], m/s². */
  readonly gravity: Tensor;
  /** Friction at walls and bodies that separate, one number. */
  readonly friction?: Tensor;
  /** Of bodies, at the nodes, as many numbers as there are, the first axis fastest; m, negative within. */
  readonly distance?: Tensor;
  /** How bodies move, [d], m/s. Default at rest. */
  readonly bodyVelocity?: Tensor;
}

const touch = (kind: Wall, normal: string, velocity?: string): string => {
  const relative = velocity ? `u - ${velocity}` : 'u';
  const back = velocity ? ` + ${velocity}` : '';
  if (kind === 'sticky') return `u = ${velocity ?? '0.0 * u'};`; // (2)
  if (kind === 'slip') return `{ let n = ${normal}; let r = ${relative}; u = r - dot(r, n) * n${back}; }`; // (3)
  return `{
      let n = ${normal};
      let r = ${relative};
      let into = dot(r, n);
      if (into < 0.0) {
        let along = r - into * n;
        let size = length(along);
        var left = 0.0;
        if (size > -friction * into) { left = 1.0 + friction * into / size; }
        u = left * along${back};                                                                       // (4)
      }
    }`;
};

const wallsText = (spec: WallSpec): string => {
  const { d, axes, vec } = words(spec);
  const { nodes, thickness, walls, body } = spec;
  const strides = nodes.map((_, axis) => nodes.slice(0, axis).reduce((a, b) => a * b, 1));
  const unit = (axis: number, sign: number): string =>
    `${vec}(${axes.map((_, a) => (a === axis ? `${sign}.0` : '0.0')).join(', ')})`;
  const sides = axes.map(
    (a, axis) => `
    if (at.${a} < ${thickness}u) ${`{ ${touch(walls[axis][0], unit(axis, 1))} }`}
    if (at.${a} >= ${nodes[axis] - thickness}u) ${`{ ${touch(walls[axis][1], unit(axis, -1))} }`}`,
  );
  const slope = axes.map(
    (a, axis) =>
      `distance[i + select(0u, ${strides[axis]}u, at.${a} < ${nodes[axis] - 1}u)] - distance[i - select(0u, ${strides[axis]}u, at.${a} > 0u)]`,
  );
  return /* wgsl */ `
  var<storage, read> momentum: array<f32>;
  var<storage, read> gravity: ${vec};
  var<storage, read> friction: f32;
  ${body ? `var<storage, read> distance: array<f32>; var<storage, read> bodyVelocity: ${vec};` : ''}
  var<uniform> dt: f32;
  var<storage, read_write> velocity: array<f32>;
  @compute @workgroup_size(64)
  fn nodeVelocities(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let mass = momentum[i * ${d + 1}u + ${d}u];
    var u = ${vec}();
    if (mass > 0.0) {
      u = ${vec}(${axes.map((_, k) => `momentum[i * ${d + 1}u + ${k}u]`).join(', ')}) / mass + dt * gravity;   // (1)
      let at = vec${d}u(${strides.map((s, k) => `i / ${s}u % ${nodes[k]}u`).join(', ')});
      ${
        body
          ? `if (distance[i] < 0.0) {
        let steep = ${vec}(${slope.join(', ')});
        ${touch(body, 'steep / max(length(steep), 1e-20)', 'bodyVelocity')}
      }`
          : ''
      }
      ${sides.join('')}
    }
    ${axes.map((a, k) => `velocity[i * ${d}u + ${k}u] = u.${a};`).join(' ')}
  }`;
};

/** Velocities after a step, [nodes, d], from momenta and masses, [nodes, d + 1]. */
export type Walls = (momentum: Tensor, surroundings: Surroundings, dt: number) => Tensor;

export function nodeVelocities(spec: WallSpec): Walls {
  const run = kernel(wallsText(spec)) as Kernel;
  const count = nodeCount(spec);
  const d = spec.nodes.length;
  return (momentum, { gravity, friction, distance, bodyVelocity }, dt) => {
    const given = {
      momentum,
      gravity,
      friction: friction ?? tensor([0], [1], { device: momentum.device }),
      dt,
      ...(spec.body && { distance, bodyVelocity: bodyVelocity ?? gravity.mul(0) }),
    };
    return run(given as Parameters<Kernel>[0], { count, out: { velocity: [count, d] } }).velocity as Tensor;
  };
}
