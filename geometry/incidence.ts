/**
 * What meets in a vertex, as lists: its triangles, with the place of the vertex in them, and its neighbours. Made once for a surface;
 * what is summed over them is summed in the order of triangles, by whoever owns the vertex.
 */

import { type Device, type Tensor, tensor } from '../kernel/index.ts';
import { grouped, type Lists } from './grouped.ts';
import { nextCorner } from './half-edges.ts';
import type { Triangles } from './triangles.ts';

/** Items start[v] … start[v + 1] − 1 are those of vertex v. */
export interface Incidence {
  /** [vertices + 1], u32. */
  readonly start: Tensor;
  /** Corners: 3 · triangle + place, so that the next corner of a triangle is known; or neighbours: numbers of vertices. u32. */
  readonly items: Tensor;
}

const lists = { corners: new WeakMap<Triangles, Lists>(), neighbours: new WeakMap<Triangles, Lists>() };
const tensors = { corners: onDevices(), neighbours: onDevices() };

function onDevices(): WeakMap<Triangles, WeakMap<Device, Incidence>> {
  return new WeakMap();
}

/** The corners of triangles at each vertex: 3 for each triangle in all. */
export const cornersAround = (triangles: Triangles, device: Device): Incidence =>
  incidence('corners', triangles, device, ({ corners, vertices }) => grouped(vertices, corners));

/** The vertices at the other ends of each vertex's edges, each once. */
export const neighbours = (triangles: Triangles, device: Device): Incidence =>
  incidence('neighbours', triangles, device, ({ corners, vertices, halfEdges: { first } }) => {
    const from = new Uint32Array(2 * first.length);
    const to = new Uint32Array(2 * first.length);
    first.forEach((k, e) => {
      from[2 * e] = to[2 * e + 1] = corners[k];
      from[2 * e + 1] = to[2 * e] = corners[nextCorner(k)];
    });
    return eachOnce(grouped(vertices, from, to));
  });

/** Lists of numbers below their own count, without what a list has already. */
function eachOnce({ start, items }: Lists): Lists {
  const kept: Lists = { start: new Uint32Array(start.length), items: new Uint32Array(items.length) };
  /** The last list, counted from one, that has each number. */
  const lastOf = new Uint32Array(start.length - 1);
  let count = 0;
  for (let v = 0; v + 1 < start.length; v++) {
    for (let k = start[v]; k < start[v + 1]; k++) {
      if (lastOf[items[k]] === v + 1) continue;
      lastOf[items[k]] = v + 1;
      kept.items[count++] = items[k];
    }
    kept.start[v + 1] = count;
  }
  return { start: kept.start, items: kept.items.slice(0, count) };
}

function incidence(
  kind: keyof typeof lists,
  triangles: Triangles,
  device: Device,
  make: (triangles: Triangles) => Lists,
): Incidence {
  const made = lists[kind].get(triangles) ?? make(triangles);
  lists[kind].set(triangles, made);
  const devices = tensors[kind].get(triangles) ?? new WeakMap<Device, Incidence>();
  tensors[kind].set(triangles, devices);
  const known = devices.get(device) ?? {
    start: tensor(made.start, [made.start.length], { device }),
    items: tensor(made.items, [made.items.length], { device }),
  };
  devices.set(device, known);
  return known;
}
