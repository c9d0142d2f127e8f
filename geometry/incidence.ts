/**
 * What meets in a vertex, as lists: its triangles, with the place of the vertex in them, and its neighbours. Made once for a surface;
 * what is summed over them is summed in the order of triangles, by whoever owns the vertex.
 */

import { type Device, type Tensor, tensor } from '../kernel/index.ts';
import type { Triangles } from './triangles.ts';

/** Items start[v] … start[v + 1] − 1 are those of vertex v. */
export interface Incidence {
  /** [vertices + 1], u32. */
  readonly start: Tensor;
  /** Corners: 3 · triangle + place, so that the next corner of a triangle is known; or neighbours: numbers of vertices. u32. */
  readonly items: Tensor;
}

export interface Lists {
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

const lists = { corners: new WeakMap<Triangles, Lists>(), neighbours: new WeakMap<Triangles, Lists>() };
const tensors = { corners: onDevices(), neighbours: onDevices() };

function onDevices(): WeakMap<Triangles, WeakMap<Device, Incidence>> {
  return new WeakMap();
}

/** The corners of triangles at each vertex: 3 for each triangle in all. */
export const cornersAround = (triangles: Triangles, device: Device): Incidence =>
  incidence('corners', triangles, device, ({ corners, vertices }) =>
    grouped(
      vertices,
      corners,
      Uint32Array.from(corners, (_, k) => k),
    ),
  );

/** The vertices at the other ends of each vertex's edges, each once. */
export const neighbours = (triangles: Triangles, device: Device): Incidence =>
  incidence('neighbours', triangles, device, ({ edges, vertices }) => {
    const seen = new Set<number>();
    const [from, to]: number[][] = [[], []];
    for (const { a, b } of edges) {
      const key = Math.min(a, b) * vertices + Math.max(a, b);
      if (seen.has(key)) continue;
      seen.add(key);
      from.push(a, b);
      to.push(b, a);
    }
    return grouped(vertices, from, to);
  });

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

/** Items by group, in the order given: a counting sort. */
export function grouped(groups: number, group: ArrayLike<number>, item: ArrayLike<number>): Lists {
  const start = new Uint32Array(groups + 1);
  for (let k = 0; k < group.length; k++) start[group[k] + 1]++;
  for (let g = 0; g < groups; g++) start[g + 1] += start[g];
  const next = start.slice();
  const items = new Uint32Array(item.length);
  for (let k = 0; k < group.length; k++) items[next[group[k]]++] = item[k];
  return { start, items };
}
