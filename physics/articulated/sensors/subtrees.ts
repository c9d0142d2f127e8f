/**
 * Centres of mass, velocities and angular momenta of a link and all that hangs on it.
 *
 *   c = Σ m x / Σ m        ċ = Σ p / Σ m        L_c = Σ L − c × Σ p                    about the centre of mass      (1)
 */

import { lazyKernel, type Tensor, tensor } from '../../../kernel/index.ts';
import { frameMomenta } from '../dynamics/energy.ts';
import type { Sensor } from '../parts.ts';
import type { Moved } from '../points.ts';
import { tablesOf } from '../tables-of.ts';
import { integers } from './tables.ts';

const momenta = lazyKernel(/* wgsl */ `
  override sensors: u32 = 1;
  var<storage, read> momentum: array<f32>;
  var<storage, read> moment: array<vec3f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> kinds: array<u32>;
  var<storage, read_write> measured: array<vec3f>;
  @compute @workgroup_size(64)
  fn subtreeMomenta(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let kind = kinds[i % sensors];
    let com = moment[i] / mass[i];                                                                               // (1)
    let L = vec3f(momentum[6u * i], momentum[6u * i + 1u], momentum[6u * i + 2u]);
    let p = vec3f(momentum[6u * i + 3u], momentum[6u * i + 4u], momentum[6u * i + 5u]);
    var y = com;
    if (kind == 1u) { y = p / mass[i]; }
    if (kind == 2u) { y = L - cross(com, p); }
    measured[i] = y;
  }
`);

const kinds = ['subtreecom', 'subtreelinvel', 'subtreeangmom'];

/** Of each sensor, the frames and links that it is of. */
const tables = tablesOf((list: readonly Sensor[], model, device) => {
  const { frames, frameOf } = model.tables;
  const isBehind = (f: number, top: number): boolean =>
    f === top || (frames[f].before > 0 && isBehind(frames[f].before - 1, top));
  const isIn = (f: number, { on }: Sensor): number => (on < 0 || isBehind(f, frameOf[on]) ? 1 : 0);
  const masks = (of: readonly number[], shape: readonly number[]): Tensor =>
    tensor(
      list.flatMap(sensor => of.map(f => isIn(f, sensor))),
      [1, list.length, ...shape],
      { device },
    );
  return {
    mask: masks([...frames.keys()], [frames.length, 1]),
    links: masks(frameOf, [frameOf.length]),
    numbers: integers(
      list.map(({ kind }) => kinds.indexOf(kind)),
      device,
    ),
  };
});

/** [envs, 3 per sensor]. */
export function subtreeMomenta({ prepared, kinematics, velocity }: Moved, list: readonly Sensor[]): Tensor {
  const { model, envs, sizes, params } = prepared;
  const { momentum, moment } = frameMomenta(prepared, kinematics, velocity);
  const { mask, links, numbers } = tables(list, model, velocity.device);
  const n = list.length;
  const summed = (x: Tensor, width: number): Tensor => x.reshape([envs, 1, sizes.frames, width]).mul(mask).sum(2);
  const masses = params.mass.reshape([-1, 1, sizes.links]).mul(links).sum(2);
  const given = {
    momentum: summed(momentum, 6),
    moment: summed(moment, 3),
    mass: masses.broadcastTo([envs, n]),
    kinds: numbers,
  };
  return momenta(given, { count: envs * n, overrides: { sensors: n }, out: { measured: [envs, n] } }).measured.reshape([
    envs,
    3 * n,
  ]);
}
