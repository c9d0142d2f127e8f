/** What a world of rigid bodies looks like: the triangles of all parts, where bodies are. */

import { type FormOptions, shapeForm, shapeTables } from '../../geometry/index.ts';
import { checkOptions, inWords, lazyKernel, type Tensor, tensor } from '../../kernel/index.ts';
import { quaternions } from '../articulated/layout.ts';
import { type BodySurface, bodySurface } from '../body-surface.ts';
import type { FreeBodiesState } from './free-bodies.ts';
import { placeParts } from './parts.ts';
import type { RigidParams, RigidWorld } from './rigid-bodies.ts';

/** Numbers of `corners` are those of bodies. */
export interface WorldSurface extends BodySurface {
  /**
   * Where the corners are, [vertices, 3], m; differentiable in poses and in the sizes, places and vertices of parts.
   *
   * @throws RangeError unless there is a pose for each of the world's bodies and a size for each part.
   */
  vertices(params: Pick<RigidParams, 'size' | 'place' | 'vertices'>, state: Pick<FreeBodiesState, 'x' | 'q'>): Tensor;
}

const turnKernel = lazyKernel(/* wgsl */ `
  var<storage, read> q: array<vec4f>;
  var<storage, read_write> turned: array<mat3x3f>;
  ${quaternions}
  @compute @workgroup_size(64)
  fn rotations(@builtin(global_invocation_id) id: vec3u) { turned[id.x] = rotation(normalize(q[id.x])); }
`);

/**
 * The bodies of a world as one mesh to be drawn or measured.
 *
 * @param options.around Corners around what is round. Default 24.
 * @param options.reach Half the side of the square that is shown of a plane, m. Default 10.
 * @example
 * const world = rigidBodies({ bodies: [{ shape: box([0.5, 0.5, 0.5]), position: [0, 2, 0] }] });
 * const { triangles, vertices } = worldSurface(world);
 * const seen = vertices(world.params(), world.start()); // 8 corners
 */
export function worldSurface({ data }: RigidWorld, options: FormOptions = {}): WorldSurface {
  checkOptions('worldSurface', options, ['around', 'reach', 'device']);
  const { parts, names } = data;
  const forms = parts.map(({ kind, table }) => shapeForm(kind, table, options));
  const made = bodySurface(forms, parts.map(({ body }) => body), options.device); // biome-ignore format: one call
  const given = { device: made.fixed.device };
  const bodyOf = tensor(Uint32Array.from(parts, ({ body }) => body), [parts.length], given); // biome-ignore format: one call
  const count = made.fixed.shape[0];
  const rows = ownRows();
  const vertices: WorldSurface['vertices'] = ({ size, place, vertices }, { x, q }) => {
    const [bodies, sized] = [names.length, parts.length];
    for (const [
      name,
      value,
      wanted,
    ] of [['x', x, [bodies, 3]], ['q', q, [bodies, 4]], ['size', size, [sized, 3]]] as const) // biome-ignore format: a table
      if (value?.shape?.join() !== wanted.join())
        throw new RangeError(
          `worldSurface: '${name}' is ${inWords(value)}; give [${wanted.join(', ')}], a row for each of the world's ${name === 'size' ? 'parts' : 'bodies'}.`,
        );
    const { partX, partQ } = placeParts({ x, q }, place, bodyOf);
    const { turned } = turnKernel({ q: partQ }, { count: parts.length });
    const fixed = rows && made.fixed.mul(rows.others).add(vertices.gather(rows.own));
    return made.at({ position: partX, rotation: turned, size }, fixed);
  };
  return { triangles: made.triangles, corners: made.corners, vertices };

  /** Of polyhedra and height fields: which of the world's vertices each corner is, none beyond the last; and 1 for all other corners. */
  function ownRows() {
    const tables = parts.flatMap(({ table }) => (table ? [table] : []));
    if (!parts.some(({ table }) => table && !('distances' in table))) return undefined;
    const { first } = shapeTables(tables, options.device);
    const own = new Uint32Array(count).fill(0xffffffff);
    const others = new Float32Array(count).fill(1);
    let t = 0;
    parts.forEach(({ table }, s) => {
      if (!table) return;
      const from = first[t++];
      if ('distances' in table) return;
      for (let v = made.first[s]; v < (made.first[s + 1] ?? count); v++) {
        own[v] = from + v - made.first[s];
        others[v] = 0;
      }
    });
    return { own: tensor(own, [count], given), others: tensor(others, [count, 1], given) };
  }
}
