// Specification of contacts: MuJoCo's numbers for shapes at random, closed forms where something is parallel, flush or concentric, derivatives
// within frozen features, and worlds that are swapped or turned.

import { readFileSync } from 'node:fs';
import { checkGradient, hvp } from 'retrograde/adjoint';
import { type Contacts, contacts, type ShapeKind } from 'retrograde/geometry';
import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { contactSlots, contactText, inOrder } from '../../geometry/index.ts';
import { cpu32, cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';
import { movedTogether, type Placed, randomQuaternion, randomShapes, shapesOf, turned } from './placed-shapes.ts';

interface Contact {
  readonly gap: number;
  readonly normal: readonly number[];
  readonly point: readonly number[];
}
interface Case {
  readonly a: Placed;
  readonly b: Placed;
  readonly contacts: readonly Contact[];
}
interface Reference {
  readonly a: ShapeKind;
  readonly b: ShapeKind;
  readonly cases: readonly Case[];
}
const reference: { readonly pairs: readonly Reference[] } = JSON.parse(
  readFileSync(new URL('reference/contacts.json', import.meta.url), 'utf8'),
);
const kinds: readonly (readonly [ShapeKind, ShapeKind])[] = reference.pairs.map(({ a, b }) => [a, b]);

/** Of each pair, the contacts in its slots. */
async function listed({ gap, normal, point }: Contacts): Promise<Contact[][]> {
  const [g, n, p] = await Promise.all([gap.read(), normal.read(), point.read()]);
  const [count, slots] = gap.shape;
  const three = (words: ArrayLike<number>, k: number) => [0, 1, 2].map(c => words[3 * k + c]);
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: slots }, (_, s) => i * slots + s)
      .map(k => ({ gap: g[k], normal: three(n, k), point: three(p, k) }))
      .filter(contact => contact.gap < 1e9),
  );
}

const apart = (a: Contact, b: Contact): number =>
  Math.max(
    Math.abs(a.gap - b.gap),
    ...a.normal.map((v, k) => Math.abs(v - b.normal[k])),
    ...a.point.map((v, k) => Math.abs(v - b.point[k])),
  );

/** How far contacts of one list are from the nearest of another, at most. */
const farthest = (list: readonly Contact[], from: readonly Contact[]): number =>
  Math.max(0, ...list.map(c => Math.min(...from.map(d => apart(c, d)))));

const found = (a: ShapeKind, b: ShapeKind, listA: readonly Placed[], listB: readonly Placed[], device: Device) =>
  contacts(shapesOf(a, listA, device), shapesOf(b, listB, device));

const level = [1, 0, 0, 0];
const one = (size: readonly number[], position: readonly number[], quaternion: readonly number[] = level): Placed[] => [
  { size, position, quaternion },
];

describe.each(reference.pairs)('$a and $b', ({ a, b, cases }) => {
  const listA = cases.map(c => c.a);
  const listB = cases.map(c => c.b);

  it.each([
    [cpu64, 1e-9],
    [cpu32, 2e-5],
  ])('touch as in MuJoCo, %#', async (device, bound) => {
    const lists = await listed(found(a, b, listA, listB, device));
    cases.forEach(({ contacts: theirs }, k) => {
      const ours = lists[k].filter(({ gap }) => gap < 0.9999);
      expect(farthest(theirs, ours)).toBeLessThan(bound);
      expect(farthest(ours, theirs)).toBeLessThan(bound);
    });
  });
});

describe.each(kinds)('%s and %s', (a, b) => {
  const many = 6;
  const listA = randomShapes(many, 11);
  const listB = randomShapes(many, 12);

  it('swapped, the normal points the other way', async () => {
    const lists = await listed(found(a, b, listA, listB, cpu64));
    const swapped = await listed(found(b, a, listB, listA, cpu64));
    if (a === b) {
      // which of two boxes has the reference face may change; what overlaps most may not
      const deepest = (list: readonly Contact[]) => Math.min(...list.map(({ gap }) => gap));
      swapped.forEach((list, k) => void expect(deepest(list)).toBeCloseTo(deepest(lists[k]), 1));
      return;
    }
    swapped.forEach((list, k) => {
      const back = list.map(c => ({ ...c, normal: c.normal.map(v => -v) }));
      expect(farthest(lists[k], back)).toBe(0);
    });
  });

  it('turned and moved, contacts turn and move', async () => {
    const q = randomQuaternion(mulberry32(5));
    const by = [3, -2, 1];
    const lists = await listed(found(a, b, listA, listB, cpu64));
    const moved = await listed(found(a, b, movedTogether(listA, q, by), movedTogether(listB, q, by), cpu64));
    lists.forEach((list, k) => {
      const expected = list.map(({ gap, normal, point }) => ({
        gap,
        normal: turned(q, normal),
        point: turned(q, point).map((v, c) => v + by[c]),
      }));
      expect(farthest(expected, moved[k])).toBeLessThan(1e-12);
    });
  });

  it('derivatives are those of the features that touch', async () => {
    const [A, B] = [shapesOf(a, listA, cpu64), shapesOf(b, listB, cpu64)];
    const { features } = contacts(A, B);
    const words = await features.read();
    const used = tensor(
      Float64Array.from({ length: words.length / 2 }, (_, k) => (words[2 * k] ? 1 : 0)),
      [many, features.shape[1]],
      { device: cpu64 },
    );
    const f = ({ a: p, b: q }: Readonly<Record<'a' | 'b', Omit<typeof A, 'kind'>>>) => {
      const { gap, normal, point } = contacts({ ...p, kind: a }, { ...q, kind: b }, { features });
      return { gap: gap.mul(used), normal, point };
    };
    const at = ({ size, position, rotation }: typeof A) => ({ size, position, rotation });
    await checkGradient(f, { a: at(A), b: at(B) });
  });
});

describe('special places', () => {
  const listOf = async (a: ShapeKind, b: ShapeKind, A: readonly Placed[], B: readonly Placed[]) =>
    (await listed(found(a, b, A, B, cpu64)))[0];
  const corners = (x: number, y: number, z: number) =>
    [x, -x].flatMap(u => [y, -y].map(v => ({ gap: -0.01, normal: [0, 0, 1], point: [u, v, z] })));
  const quarter = [Math.SQRT1_2, 0, Math.SQRT1_2, 0]; // z becomes x

  it('equal boxes, flush on each other, touch with four corners', async () => {
    const cube = [0.5, 0.5, 0.5];
    const list = await listOf('box', 'box', one(cube, [0, 0, 0]), one(cube, [0, 0, 0.99]));
    expect(list.length).toBe(4);
    expect(farthest(corners(0.5, 0.5, 0.495), list)).toBeLessThan(1e-15);
  });

  it('also when one is turned by a hair', async () => {
    const cube = [0.5, 0.5, 0.5];
    const hair = [1, 0, 0, 1e-5];
    const list = await listOf('box', 'box', one(cube, [0, 0, 0]), one(cube, [0, 0, 0.99], hair));
    expect(list.length).toBe(4);
    expect(farthest(corners(0.5, 0.5, 0.495), list)).toBeLessThan(2e-5);
  });

  it('a plank across a cube touches where edges cross', async () => {
    const list = await listOf('box', 'box', one([0.5, 0.5, 0.5], [0, 0, 0]), one([0.2, 2, 0.5], [0, 0, 0.99]));
    expect(list.length).toBe(4);
    expect(farthest(corners(0.2, 0.5, 0.495), list)).toBeLessThan(1e-15);
  });

  it('a cube turned by 45° touches with eight points', async () => {
    const cube = [0.5, 0.5, 0.5];
    const eighth = [Math.cos(Math.PI / 8), 0, 0, Math.sin(Math.PI / 8)];
    const list = await listOf('box', 'box', one(cube, [0, 0, 0]), one(cube, [0, 0, 0.99], eighth));
    const x = Math.SQRT1_2 - 0.5;
    expect(list.length).toBe(8);
    expect(farthest([...corners(0.5, x, 0.495), ...corners(x, 0.5, 0.495)], list)).toBeLessThan(1e-15);
  });

  it('crossed edges touch with one point', async () => {
    const a = one([1, 0.1, 0.1], [0, 0, 0], [Math.cos(Math.PI / 8), Math.sin(Math.PI / 8), 0, 0]);
    const b = one([0.1, 1, 0.1], [0, 0, 0.28], [Math.cos(Math.PI / 8), 0, Math.sin(Math.PI / 8), 0]);
    const gap = 0.28 - 0.2 * Math.SQRT2;
    const list = await listOf('box', 'box', a, b);
    expect(list.length).toBe(1);
    expect(farthest([{ gap, normal: [0, 0, 1], point: [0, 0, 0.14] }], list)).toBeLessThan(1e-15);
  });

  it('boxes farther apart than the margin have no contacts', async () => {
    const [A, B] = [0, 1.2].map(z => shapesOf('box', one([0.5, 0.5, 0.5], [0, 0, z]), cpu64));
    const count = async (margin: number) => (await listed(contacts(A, B, { margin })))[0].length;
    expect([await count(0.1), await count(0.3)]).toEqual([0, 4]);
  });

  it('parallel capsules touch at both ends of where they are beside each other', async () => {
    const list = await listOf('capsule', 'capsule', one([0.1, 1], [0, 0, 0]), one([0.1, 1], [0.15, 0, 1.5]));
    const at = (z: number) => ({ gap: 0.15 - 0.2, normal: [1, 0, 0], point: [0.075, 0, z] });
    expect(list.length).toBe(2);
    expect(farthest([at(0.5), at(1)], list)).toBeLessThan(1e-15);
  });

  it('capsules in one line touch once', async () => {
    const list = await listOf('capsule', 'capsule', one([0.1, 1], [0, 0, 0]), one([0.1, 1], [0, 0, 2.1]));
    expect(list.length).toBe(1);
    expect(apart(list[0], { gap: 0.1 - 0.2, normal: [0, 0, 1], point: [0, 0, 1.05] })).toBeLessThan(1e-15);
  });

  it('spheres with one centre are pushed apart along z', async () => {
    const list = await listOf('sphere', 'sphere', one([0.1], [1, 2, 3]), one([0.2], [1, 2, 3]));
    expect(apart(list[0], { gap: 0.1 * -3, normal: [0, 0, 1], point: [1, 2, 2.95] })).toBeLessThan(1e-15);
  });

  it('a sphere within a box goes to the nearest face', async () => {
    const list = await listOf('sphere', 'box', one([0.1], [0, 0.35, 0.1]), one([0.5, 0.4, 0.3], [0, 0, 0]));
    expect(apart(list[0], { gap: -0.15, normal: [0, -1, 0], point: [0, 0.375 - 0.05, 0.1] })).toBeLessThan(1e-15);
  });

  it('a cylinder stands on three points, whose gaps change as those of its body do', async () => {
    const [ground] = one([], [0, 0, 0]);
    const list = await listOf('plane', 'cylinder', [ground], one([0.2, 0.5], [0, 0, 0.49]));
    expect(list.map(({ gap }) => Number(gap.toFixed(12)))).toEqual([-0.01, 0.99, -0.01, -0.01]);
    const tilt = [Math.cos(5e-5), Math.sin(5e-5), 0, 0]; // by 1e-4
    const A = shapesOf('plane', [ground], cpu64);
    const B = shapesOf('cylinder', one([0.2, 0.5], [0, 0, 0.5], tilt), cpu64);
    const f = ({ rotation }: { readonly rotation: typeof B.rotation }) =>
      contacts(A, { ...B, rotation })
        .gap.reshape([4])
        .slice(0, 1);
    await checkGradient(f, { rotation: B.rotation }, { h: 1e-8 });
  });

  it('a cylinder on its side touches along a line, whatever its turn about it', async () => {
    const [ground] = one([], [0, 0, 0]);
    const list = await listOf('plane', 'cylinder', [ground], one([0.2, 0.5], [0, 0, 0.19], quarter));
    const at = (x: number) => ({ gap: -0.01, normal: [0, 0, 1], point: [x, 0, -0.005] });
    expect(farthest([at(0.5), at(-0.5)], list)).toBeLessThan(1e-12);
  });
});

it('second derivatives: of the gap of two spheres they are (1 − n nᵀ) / |d|', async () => {
  const d = [0.3, -0.4, 1.2]; // |d| = 1.3
  const A = shapesOf('sphere', one([0.5], [0, 0, 0]), cpu64);
  const B = shapesOf('sphere', one([0.4], d), cpu64);
  const gap = (position: Tensor) => contacts(A, { ...B, position }).gap.sum();
  const u = [0.2, 0.5, -0.7];
  const along = u.reduce((sum, v, k) => sum + (v * d[k]) / 1.3, 0);
  const found = await hvp(gap)(B.position, tensor([u], [1, 3], { device: cpu64 })).read();
  u.forEach((v, k) => void expect(found[k]).toBeCloseTo((v - (along * d[k]) / 1.3) / 1.3, 12));
});

const everyKind = contactText(kinds);
const slots = Math.max(...kinds.map(([a, b]) => contactSlots(a, b)));
const gaps = kernel(/* wgsl */ `
  var<storage, read> size: array<vec3f>;
  var<storage, read> position: array<vec3f>;
  var<storage, read> pairs: array<u32>;
  var<storage, read_write> gap: array<f32>;
  ${everyKind}
  @compute @workgroup_size(64)
  fn gapsOfPairs(@builtin(global_invocation_id) id: vec3u) {
    let level = mat3x3f(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0);
    let a = Shape(size[2u * id.x], level, position[2u * id.x], 0u);
    let b = Shape(size[2u * id.x + 1u], level, position[2u * id.x + 1u], 0u);
    var found: Features;
    findFeatures(pairs[id.x], a, b, 1.0, &found);
    var least = 1e10;
    for (var k = 0u; k < ${slots}u; k++) { least = min(least, findContact(pairs[id.x], a, b, found[k]).gap); }
    gap[id.x] = least;
  }
`);

it.each(devices)('the texts work in a kernel of one’s own, for several pairs at once: %#', async device => {
  const list: [ShapeKind, ShapeKind, number][] = [
    ['plane', 'box', 0.7 - 0.3],
    ['plane', 'capsule', 0.7 - 0.3],
    ['sphere', 'box', 0.7 - 0.4],
    ['capsule', 'capsule', 0.7 - 0.4],
    ['box', 'box', 0.7 - 0.6],
  ];
  const sizes: Partial<Record<ShapeKind, number[]>> = { capsule: [0.2, 0.1, 0], sphere: [0.1, 0, 0] };
  const size = list.flatMap(pair => pair.slice(0, 2).flatMap(kind => sizes[kind as ShapeKind] ?? [0.1, 0.2, 0.3]));
  const numberOf = (a: ShapeKind, b: ShapeKind) => kinds.findIndex(pair => pair[0] === a && pair[1] === b);
  const expected = list.map(([, , gap]) => gap).map((gap, k) => (list[k][0] === 'capsule' ? 0.7 - 0.6 : gap));
  const { gap } = gaps(
    {
      size: tensor(Float64Array.from(size), [2 * list.length, 3], { device }),
      position: tensor(
        list.flatMap(() => [0, 0, 0, 0, 0, 0.7]),
        [2 * list.length, 3],
        { device },
      ),
      pairs: tensor(
        Uint32Array.from(list, ([a, b]) => numberOf(a, b)),
        [list.length],
        { device },
      ),
    },
    { count: list.length },
  );
  (await gap.read()).forEach((v: number, k: number) => void expect(v).toBeCloseTo(expected[k], 5));
});

describe('what is wrong is said', () => {
  const sphere = shapesOf('sphere', one([1], [0, 0, 0]), cpu64);

  it('kinds that cannot touch', () => {
    expect(() => contactSlots('plane', 'plane')).toThrow(
      /there is no contact between 'plane' and 'plane'; there is for /,
    );
    expect(inOrder('box', 'sphere')).toBe(false);
  });

  it('numbers of shapes that differ', () => {
    const two = shapesOf('sphere', [...one([1], [0, 0, 0]), ...one([1], [0, 0, 0])], cpu64);
    expect(() => contacts(sphere, two)).toThrow("contacts: size of 'b' has shape [2, 3]; of 1 shapes it is [1, 3].");
  });

  it('a negative margin', () => {
    expect(() => contacts(sphere, sphere, { margin: -1 })).toThrow(
      'contacts: margin is -1; give a length of at least 0 m.',
    );
  });
});
