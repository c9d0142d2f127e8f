/**
 * Approximate minimum degree: an order of elimination that keeps the factors of a sparse matrix sparse.
 *
 * Eliminating a vertex joins its neighbours to a clique. Cliques are kept as elements, so that the graph never grows (the quotient
 * graph): a variable i is next to variables A(i) and elements E(i), an element e to variables L(e). When p is eliminated,
 *
 *   L(p) = A(p) ∪ ⋃_{e ∈ E(p)} L(e) \ {p},   which absorbs the elements of E(p)                                    (1)
 *   d(i) = min( n − k,  d(i) + |L(p) \ i|,  |A(i) \ i| + |L(p) \ i| + Σ_{e ∈ E(i) \ p} |L(e) \ L(p)| )             (2)
 *
 * bounds the degree of each i in L(p) from above; the next to go is one whose bound is least. Variables that have become alike are
 * merged into one that weighs as much as all; those next to p alone go with it; elements within L(p) are absorbed.
 *
 * Amestoy, Davis & Duff: An approximate minimum degree ordering algorithm, SIAM J. Matrix Anal. Appl. 17 (1996) 886.
 */

import type { Graph } from './graph.ts';

/** Vertices with more than this many times √n neighbours go last: cliques with them would slow down all others. */
const denseFactor = 10;

/** order[k] is the vertex to be eliminated k-th. */
export function approximateMinimumDegree(graph: Graph): Uint32Array {
  return new Elimination(graph).run();
}

class Elimination {
  private readonly n: number;
  /** Of variable i: first its elements, then its variables; of element e: its variables. All in one array. */
  private list: Int32Array;
  private readonly start: Int32Array;
  private readonly length: Int32Array;
  private readonly elements: Int32Array;
  /** How many vertices a variable stands for; negative while it is in L(p); 0 once it is merged or eliminated. */
  private readonly weight: Int32Array;
  /** d(i), or |L(e)|. */
  private readonly degree: Int32Array;
  private readonly isElement: Uint8Array;
  /** mark[e] − tag = |L(e) \ L(p)| if that is not negative. */
  private readonly mark: Float64Array;
  private tag = 1;
  private end: number;
  /** Vertices that a variable stands for, as a chain: the one after it, and the last. */
  private readonly chain: Int32Array;
  private readonly last: Int32Array;
  private readonly queue: DegreeLists;
  /** Hash chains for finding variables that are alike. */
  private readonly bucket: Int32Array;
  private readonly nextInBucket: Int32Array;
  private readonly hash: Int32Array;
  private eliminated = 0;

  constructor({ start, neighbour }: Graph) {
    const n = start.length - 1;
    this.n = n;
    this.list = new Int32Array(Math.ceil(1.2 * neighbour.length) + 2 * n);
    this.list.set(neighbour);
    this.end = neighbour.length;
    this.start = Int32Array.from(start.subarray(0, n));
    this.length = Int32Array.from({ length: n }, (_, v) => start[v + 1] - start[v]);
    this.elements = new Int32Array(n);
    this.weight = new Int32Array(n).fill(1);
    this.degree = this.length.slice();
    this.isElement = new Uint8Array(n);
    this.mark = new Float64Array(n);
    this.chain = new Int32Array(n).fill(-1);
    this.last = Int32Array.from({ length: n }, (_, v) => v);
    this.queue = new DegreeLists(n);
    this.bucket = new Int32Array(n).fill(-1);
    this.nextInBucket = new Int32Array(n);
    this.hash = new Int32Array(n);
  }

  run(): Uint32Array {
    const { n, degree, weight, chain, queue } = this;
    const limit = Math.max(16, denseFactor * Math.sqrt(n));
    const dense: number[] = [];
    for (let i = 0; i < n; i++)
      if (degree[i] > limit) {
        dense.push(i);
        weight[i] = 0;
        this.eliminated++;
      } else queue.add(i, degree[i]);
    const order = new Uint32Array(n);
    let k = 0;
    while (this.eliminated < n) {
      const p = queue.takeLeast();
      this.eliminate(p);
      for (let v = p; v >= 0; v = chain[v]) order[k++] = v;
    }
    for (const i of dense) order[k++] = i;
    return order;
  }

  private eliminate(p: number): void {
    const { weight } = this;
    const own = weight[p];
    this.eliminated += own;
    weight[p] = -own;
    this.join(p); // (1)
    const from = this.start[p];
    const to = from + this.length[p];
    this.measureElements(from, to);
    this.boundDegrees(p, from, to);
    this.tag += this.n + 1;
    this.mergeAlike(from, to);
    this.queueAgain(p, from, to);
    weight[p] = 0;
  }

  /** Makes p an element: (1). What is in L(p) gets negative weights, and leaves the queue. */
  private join(p: number): void {
    const { length, elements, start, weight, isElement, queue } = this;
    let room = 0;
    for (let k = 0; k < length[p]; k++) {
      const e = this.list[start[p] + k];
      room += k < elements[p] ? length[e] : 1;
    }
    if (this.end + room > this.list.length) this.compact(room);
    const { list } = this;
    const first = this.end;
    let degree = 0;
    const take = (i: number): void => {
      if (weight[i] <= 0) return;
      degree += weight[i];
      weight[i] = -weight[i];
      list[this.end++] = i;
      queue.remove(i, this.degree[i]);
    };
    for (let k = start[p]; k < start[p] + elements[p]; k++) {
      const e = list[k];
      for (let q = start[e]; q < start[e] + length[e]; q++) take(list[q]);
      length[e] = 0;
      isElement[e] = 2;
    }
    for (let k = start[p] + elements[p]; k < start[p] + length[p]; k++) take(list[k]);
    start[p] = first;
    length[p] = this.end - first;
    elements[p] = 0;
    isElement[p] = 1;
    this.degree[p] = degree;
  }

  /** |L(e) \ L(p)| for each element e next to a variable in L(p). */
  private measureElements(from: number, to: number): void {
    const { list, start, elements, weight, mark, degree, tag, isElement } = this;
    for (let at = from; at < to; at++) {
      const i = list[at];
      for (let k = start[i]; k < start[i] + elements[i]; k++) {
        const e = list[k];
        if (isElement[e] !== 1) continue;
        mark[e] = (mark[e] >= tag ? mark[e] : degree[e] + tag) + weight[i];
      }
    }
  }

  /** (2), short of what concerns L(p); lists are rid of what is gone, and hashed. */
  private boundDegrees(p: number, from: number, to: number): void {
    const { n, list, start, length, elements, weight, mark, degree, tag, isElement, chain, last } = this;
    for (let at = from; at < to; at++) {
      const i = list[at];
      let write = start[i];
      let bound = 0;
      let hash = 0;
      const firstVariable = start[i] + elements[i];
      const end = start[i] + length[i];
      for (let k = start[i]; k < firstVariable; k++) {
        const e = list[k];
        if (isElement[e] !== 1) continue;
        const outside = mark[e] - tag;
        if (outside > 0) {
          bound += outside;
          hash += e;
          list[write++] = e;
        } else {
          isElement[e] = 2;
          length[e] = 0;
        }
      }
      // p becomes an element of i; there is room, since it was a variable of i, or an element of i was absorbed.
      const slot = write;
      const kept: number = slot - start[i];
      let variables = slot;
      let moved = -1;
      for (let k = firstVariable; k < end; k++) {
        const j = list[k];
        if (weight[j] <= 0) continue;
        bound += weight[j];
        hash += j;
        if (moved < 0) moved = j;
        else list[++variables] = j;
      }
      if (bound === 0) {
        // Next to p alone: it goes with p.
        this.degree[p] += weight[i];
        this.eliminated -= weight[i];
        weight[i] = 0;
        length[i] = 0;
        chain[last[p]] = i;
        last[p] = last[i];
        continue;
      }
      list[slot] = p;
      let size = kept + 1;
      if (moved >= 0) {
        // Variables were written from slot + 1 on, but for the first, which closes the list.
        list[++variables] = moved;
        size = variables - start[i] + 1;
      }
      elements[i] = kept + 1;
      length[i] = size;
      degree[i] = Math.min(degree[i], bound);
      this.putInBucket(i, (hash + p) % n);
    }
  }

  private putInBucket(i: number, hash: number): void {
    this.hash[i] = hash;
    this.nextInBucket[i] = this.bucket[hash];
    this.bucket[hash] = i;
  }

  /** Variables of L(p) with the same neighbours become one. */
  private mergeAlike(from: number, to: number): void {
    const { list, weight, bucket, hash, nextInBucket, length, elements, start, mark } = this;
    for (let at = from; at < to; at++) {
      if (weight[list[at]] === 0) continue;
      const h = hash[list[at]];
      let i = bucket[h];
      bucket[h] = -1;
      for (; i >= 0 && nextInBucket[i] >= 0; i = nextInBucket[i]) {
        if (weight[i] === 0) continue;
        this.tag++;
        for (let k = start[i]; k < start[i] + length[i]; k++) mark[list[k]] = this.tag;
        for (let j = nextInBucket[i]; j >= 0; j = nextInBucket[j])
          if (weight[j] !== 0 && length[j] === length[i] && elements[j] === elements[i] && this.marked(j))
            this.merge(j, i);
      }
    }
    this.tag += this.n + 1;
  }

  private marked(j: number): boolean {
    const { list, start, length, mark, tag } = this;
    for (let k = start[j]; k < start[j] + length[j]; k++) if (mark[list[k]] !== tag) return false;
    return true;
  }

  private merge(j: number, into: number): void {
    const { weight, chain, last, length } = this;
    weight[into] += weight[j];
    weight[j] = 0;
    length[j] = 0;
    chain[last[into]] = j;
    last[into] = last[j];
  }

  /** The rest of (2), and what is left of L(p) waits for its turn. */
  private queueAgain(p: number, from: number, to: number): void {
    const { list, weight, degree, queue, n } = this;
    let size = from;
    for (let at = from; at < to; at++) {
      const i = list[at];
      if (weight[i] === 0) continue;
      weight[i] = -weight[i];
      const others = this.degree[p] - weight[i];
      degree[i] = Math.max(0, Math.min(degree[i] + others, n - this.eliminated - weight[i]));
      queue.add(i, degree[i]);
      list[size++] = i;
    }
    this.length[p] = size - from;
    this.end = size;
  }

  /** Moves live lists together. */
  private compact(room: number): void {
    const { start, length, n } = this;
    let live = 0;
    for (let v = 0; v < n; v++) live += length[v];
    const packed = new Int32Array(Math.max(this.list.length, live + room + n));
    let end = 0;
    for (let v = 0; v < n; v++) {
      packed.set(this.list.subarray(start[v], start[v] + length[v]), end);
      start[v] = end;
      end += length[v];
    }
    this.list = packed;
    this.end = end;
  }
}

/** Variables by degree; of equals, the last to come goes first. */
class DegreeLists {
  private readonly head: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private least = 0;

  constructor(n: number) {
    this.head = new Int32Array(n + 1).fill(-1);
    this.next = new Int32Array(n).fill(-1);
    this.previous = new Int32Array(n).fill(-1);
  }

  add(i: number, degree: number): void {
    const { head, next, previous } = this;
    next[i] = head[degree];
    previous[i] = -1;
    if (next[i] >= 0) previous[next[i]] = i;
    head[degree] = i;
    if (degree < this.least) this.least = degree;
  }

  remove(i: number, degree: number): void {
    const { head, next, previous } = this;
    if (previous[i] >= 0) next[previous[i]] = next[i];
    else head[degree] = next[i];
    if (next[i] >= 0) previous[next[i]] = previous[i];
  }

  takeLeast(): number {
    while (this.head[this.least] < 0) this.least++;
    const i = this.head[this.least];
    this.remove(i, this.least);
    return i;
  }
}
