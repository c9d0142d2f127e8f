/**
 * Compressed sparse row (CSR) adjacency of an undirected graph: who is joined to a node, and by which edge.
 *
 * Neighbours of node i are rows `start[i] … start[i + 1] − 1` of `adjacent`, in the order of the edges, so a force that is
 * gathered over them is summed in the same order on every run.
 */

import { type Device, inWords, type Tensor, tensor } from '../kernel/index.ts';

/** Two nodes joined. */
export type Edge = readonly [number, number];

export interface Adjacency {
  /** First neighbour of each node, and the end: [nodes + 1], u32. */
  readonly start: Tensor;
  /** (neighbour, edge): [2 edges, 2], u32. At least one row, so that a graph without edges can be bound. */
  readonly adjacent: Tensor;
}

/**
 * Refuses a network that names nodes that are not there.
 *
 * @param who Function to blame.
 * @throws RangeError if an edge leaves `0 … nodes − 1` or joins a node to itself.
 */
export function checkEdges(who: string, nodes: number, edges: readonly Edge[]): void {
  if (!(Number.isInteger(nodes) && nodes > 0))
    throw new RangeError(`${who}: a network has at least 1 node, got ${nodes}.`);
  if (!Array.isArray(edges))
    throw new TypeError(`${who}: the springs are ${inWords(edges)}; give a list of pairs of nodes, [[0, 1], …].`);
  edges.forEach(([a, b], spring) => {
    for (const node of [a, b]) {
      if (Number.isInteger(node) && node >= 0 && node < nodes) continue;
      throw new RangeError(`${who}: spring ${spring} joins node ${node}, but nodes are 0 … ${nodes - 1}.`);
    }
    if (a === b)
      throw new RangeError(`${who}: spring ${spring} joins node ${a} to itself; a spring has two different ends.`);
  });
}

/** Refuses a pinned node that is not there. */
export function checkPinned(who: string, nodes: number, pinned: readonly number[]): void {
  for (const node of pinned) {
    if (Number.isInteger(node) && node >= 0 && node < nodes) continue;
    throw new RangeError(`${who}: node ${node} is pinned, but nodes are 0 … ${nodes - 1}.`);
  }
}

/** One word per node: 1 where it moves, 0 where it is pinned. */
export function freedom(nodes: number, pinned: readonly number[], options: { readonly device?: Device } = {}): Tensor {
  const free = new Uint32Array(nodes).fill(1);
  for (const node of pinned) free[node] = 0;
  return tensor(free, [nodes], options);
}

/** Builds the adjacency of `nodes` nodes; the edges are taken to be checked. */
export function adjacency(nodes: number, edges: readonly Edge[]): Adjacency {
  const lists: number[][] = Array.from({ length: nodes }, () => []);
  edges.forEach(([a, b], edge) => {
    lists[a]?.push(b, edge);
    lists[b]?.push(a, edge);
  });
  const start = [0];
  for (const list of lists) start.push((start.at(-1) ?? 0) + list.length / 2);
  const rows = edges.length ? lists.flat() : [0, 0];
  return {
    start: tensor(Uint32Array.from(start), [nodes + 1]),
    adjacent: tensor(Uint32Array.from(rows), [rows.length / 2, 2]),
  };
}
