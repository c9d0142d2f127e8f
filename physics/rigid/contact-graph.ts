/**
 * The graph of what touches: bodies, and links between two of them, which are pairs with contacts, or joints. Its islands are solved one by
 * one.
 *
 * On a CPU the bodies of an island are put in an order in which the one with the fewest links to those that are left goes next. The solver's
 * factors follow it: they are exact where the graph is a forest, as it is for stacks and chains. On a GPU all bodies have the same rank,
 * and so can be worked on at once.
 *
 * Matula & Beck: Smallest-last ordering and clustering and graph coloring algorithms, J. ACM 30 (1983).
 */

import { type Kernel, kernelsByKey, type Tensor } from '../../kernel/index.ts';

/** Lengths of a world. */
export interface GraphSizes {
  readonly bodies: number;
  readonly pairs: number;
  readonly contacts: number;
  readonly joints: number;
}

/** Tables of u32. */
export interface ContactGraph {
  /**
   * Words of each link: its bodies, its joint (none: `noJoint`), where its contacts begin and end in `active`, and which of its bodies goes
   * first, 0 or 1; one that can move before one that cannot.
   */
  readonly links: Tensor;
  /** Slots of contacts. */
  readonly active: Tensor;
  /** Where the ends of each body begin. */
  readonly first: Tensor;
  /** 8 link + 2 relation + [whether the body is the link's second one]; relations of the other body: 0 none, 1 goes before, 2 goes after. */
  readonly ends: Tensor;
  /** Bodies that can move, island by island. */
  readonly order: Tensor;
  /** Where the bodies and where the links of each island begin. */
  readonly islands: Tensor;
  /** Islands, links, contacts. */
  readonly counts: Tensor;
}

export const linkSize = 6;
export const noJoint = 0xffffffff;

export const mostLinks = ({ pairs, contacts, joints }: GraphSizes): number =>
  Math.max(1, Math.min(pairs, contacts) + joints);

const kernels = kernelsByKey();
/** In `scratch`, for each body: the root's way up, the island, links left, next and last of those with as many. In `found`: pair or joint, contacts. */
const text = (ordered: boolean): string => /* wgsl */ `
  var<storage, read> pairs: array<u32>;
  var<storage, read> pairOf: array<u32>;        // of each contact; those of a pair follow each other
  var<storage, read> gap: array<f32>;           // 1e9 and more where there is no contact
  var<storage, read> jointBodies: array<u32>;
  var<storage, read> freedom: array<u32>;
  var<uniform> pairCount: u32;
  var<uniform> contactCount: u32;
  var<uniform> jointCount: u32;
  @unique var<storage, read_write> links: array<u32>;
  @unique var<storage, read_write> active: array<u32>;
  @unique var<storage, read_write> first: array<u32>;
  @unique var<storage, read_write> ends: array<u32>;
  @unique var<storage, read_write> order: array<u32>;
  @unique var<storage, read_write> islands: array<u32>;
  @unique var<storage, read_write> counts: array<u32>;
  @unique var<storage, read_write> scratch: array<u32>;
  @unique var<storage, read_write> found: array<u32>;
  const none = 0xffffffffu;
  const buckets = 16u;

  fn bodyOf(k: u32, side: u32) -> u32 {
    if (k < pairCount) { return pairs[2u * k + side]; }
    return jointBodies[2u * (k - pairCount) + side];
  }
  fn rootOf(body: u32) -> u32 {
    var i = body;
    while (scratch[5u * i] != i) {
      scratch[5u * i] = scratch[5u * scratch[5u * i]];
      i = scratch[5u * i];
    }
    return i;
  }
  fn begun(k: u32, count: u32, contacts: u32) -> bool {
    let a = bodyOf(k, 0u);
    let b = bodyOf(k, 1u);
    if (freedom[a] == 0u && freedom[b] == 0u) { return false; }
    found[3u * count] = k;
    found[3u * count + 1u] = contacts;
    found[3u * count + 2u] = contacts;
    if (freedom[a] != 0u && freedom[b] != 0u) {
      let ra = rootOf(a);
      let rb = rootOf(b);
      scratch[5u * max(ra, rb)] = min(ra, rb);
    }
    return true;
  }

  @compute @workgroup_size(1)
  fn contactGraph() {
    let bodies = arrayLength(&freedom);
    for (var i = 0u; i < bodies; i++) { scratch[5u * i] = i; }
    var linkCount = 0u;
    var contacts = 0u;
    var last = none;
    var taken = false;
    for (var c = 0u; c < contactCount; c++) {
      if (gap[c] < 1e9) {
        let k = pairOf[c];
        if (k != last) {
          last = k;
          taken = begun(k, linkCount, contacts);
          linkCount += select(0u, 1u, taken);
        }
        if (taken) {
          active[contacts] = c;
          contacts++;
          found[3u * linkCount - 1u] = contacts;
        }
      }
    }
    for (var j = 0u; j < jointCount; j++) { linkCount += select(0u, 1u, begun(pairCount + j, linkCount, contacts)); }

    // Islands in the order of their first bodies, which are their roots.
    var islandCount = 0u;
    for (var i = 0u; i < bodies; i++) {
      if (freedom[i] != 0u) {
        let r = rootOf(i);
        if (r == i) {
          scratch[5u * i + 1u] = islandCount;
          islandCount++;
        }
        scratch[5u * i + 1u] = scratch[5u * r + 1u];
        islands[2u * scratch[5u * i + 1u] + 2u]++;
      }
    }
    for (var l = 0u; l < linkCount; l++) {
      let a = bodyOf(found[3u * l], 0u);
      let i = select(a, bodyOf(found[3u * l], 1u), freedom[a] == 0u);
      islands[2u * scratch[5u * i + 1u] + 3u]++;
    }
    // A list begins where that before it ends; while lists are filled, the entry after an island's own is where its next one goes.
    var sum = vec2u(0u);
    for (var k = 0u; k < islandCount; k++) {
      let one = vec2u(islands[2u * k + 2u], islands[2u * k + 3u]);
      islands[2u * k + 2u] = sum.x;
      islands[2u * k + 3u] = sum.y;
      sum += one;
    }
    for (var l = 0u; l < linkCount; l++) {
      let k = found[3u * l];
      let a = bodyOf(k, 0u);
      let b = bodyOf(k, 1u);
      let island = scratch[5u * select(a, b, freedom[a] == 0u) + 1u];
      let at = islands[2u * island + 3u];
      islands[2u * island + 3u]++;
      links[${linkSize}u * at] = a;
      links[${linkSize}u * at + 1u] = b;
      links[${linkSize}u * at + 2u] = select(none, k - pairCount, k >= pairCount);
      links[${linkSize}u * at + 3u] = found[3u * l + 1u];
      links[${linkSize}u * at + 4u] = found[3u * l + 2u];
      links[${linkSize}u * at + 5u] = select(1u, 0u, freedom[b] == 0u);
      first[a + 1u]++;
      first[b + 1u]++;
    }
    var entries = 0u;
    for (var i = 0u; i < bodies; i++) {
      let count = first[i + 1u];
      scratch[5u * i + 2u] = count;
      first[i + 1u] = entries;
      entries += count;
    }
    for (var end = 0u; end < 2u * linkCount; end++) {
      let i = links[${linkSize}u * (end / 2u) + (end & 1u)] + 1u;
      ends[first[i]] = 8u * (end / 2u) + (end & 1u);
      first[i]++;
    }
    ${ordered ? peeled : 'for (var i = 0u; i < bodies; i++) { if (freedom[i] != 0u) { placed(i); } }'}
    counts[0] = islandCount;
    counts[1] = linkCount;
    counts[2] = contacts;
  }
  fn placed(i: u32) {
    let island = scratch[5u * i + 1u];
    order[islands[2u * island + 2u]] = i;
    islands[2u * island + 2u]++;
  }
`;

/** Bodies with fewest links left first. Those with as many are in a list with both ways; 0 is none, and a body its number and one. */
const peeled = /* wgsl */ `
    var heads: array<u32, 16>;
    var left = 0u;
    for (var i = bodies; i > 0u; i--) {
      if (freedom[i - 1u] != 0u) {
        let d = min(scratch[5u * i - 3u], buckets - 1u);
        scratch[5u * i - 2u] = heads[d];
        scratch[5u * i - 1u] = 0u;
        if (heads[d] > 0u) { scratch[5u * heads[d] - 1u] = i; }
        heads[d] = i;
        left++;
      }
    }
    while (left > 0u) {
      var d = 0u;
      while (heads[d] == 0u) { d++; }
      let i = heads[d];
      let next = scratch[5u * i - 2u];
      heads[d] = next;
      if (next > 0u) { scratch[5u * next - 1u] = 0u; }
      left--;
      scratch[5u * i - 3u] = none;
      placed(i - 1u);
      for (var e = first[i - 1u]; e < first[i]; e++) {
        let link = ends[e] / 8u;
        let other = links[${linkSize}u * link + 1u - (ends[e] & 1u)];
        if (freedom[other] != 0u) {
          let o = other + 1u;
          let degree = scratch[5u * o - 3u];
          if (degree == none) { ends[e] += 2u; } else {
            ends[e] += 4u;
            links[${linkSize}u * link + 5u] = ends[e] & 1u;
            scratch[5u * o - 3u] = degree - 1u;
            if (degree < buckets) { // to the list of those with one less
              let before = scratch[5u * o - 1u];
              let after = scratch[5u * o - 2u];
              if (before > 0u) { scratch[5u * before - 2u] = after; } else { heads[degree] = after; }
              if (after > 0u) { scratch[5u * after - 1u] = before; }
              scratch[5u * o - 2u] = heads[degree - 1u];
              scratch[5u * o - 1u] = 0u;
              if (heads[degree - 1u] > 0u) { scratch[5u * heads[degree - 1u] - 1u] = o; }
              heads[degree - 1u] = o;
            }
          }
        }
      }
    }
`;

export interface Touching {
  readonly pairs: Tensor;
  readonly pairOf: Tensor;
  readonly gap: Tensor;
  readonly jointBodies: Tensor;
  readonly freedom: Tensor;
}

export function contactGraph(sizes: GraphSizes, touching: Touching): ContactGraph {
  const { bodies, pairs, contacts, joints } = sizes;
  const ordered = touching.freedom.device.kind === 'cpu';
  const run: Kernel = kernels(`${ordered}`, () => text(ordered));
  const most = mostLinks(sizes);
  const {
    scratch: _,
    found: __,
    ...graph
  } = run(
    { ...touching, pairCount: pairs, contactCount: contacts, jointCount: joints },
    {
      count: 1,
      out: {
        links: linkSize * most,
        active: Math.max(1, contacts),
        first: bodies + 1,
        ends: 2 * most,
        order: bodies,
        islands: 2 * bodies + 2,
        counts: 3,
        scratch: 5 * bodies,
        found: 3 * most,
      },
    },
  ) as Record<string, Tensor>;
  return graph as unknown as ContactGraph;
}
