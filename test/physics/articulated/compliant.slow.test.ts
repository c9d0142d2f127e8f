// Specification of compliant contacts: closed forms, cases V18 and V19 of the notes on contacts, derivatives, and what is refused.

import { checkGradient, grad, hvp, jvp, rollout } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  type ArticulatedState,
  articulated,
  articulatedParams,
  articulatedState,
  type CompliantOptions,
  compliant,
  compliantForces,
  compliantParams,
  energies,
  type GeomSpec,
  type JointSpec,
  type Model,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';

type Vec3 = readonly [number, number, number];
const g = 9.81;
const ground: GeomSpec = { name: 'ground', kind: 'plane', friction: [0] };

/** One link above the plane z = 0. */
const body = (
  joints: readonly JointSpec[],
  shape: GeomSpec,
  more: {
    readonly gravity?: readonly [number, number, number];
    readonly inertia?: number;
    readonly friction?: number;
    readonly on?: GeomSpec;
  } = {},
): Model =>
  tree({
    gravity: more.gravity ?? [0, 0, -g],
    links: [
      { name: 'body', mass: 1, inertia: new Array(3).fill(more.inertia ?? 0.1) as [number, number, number], joints },
    ],
    geoms: [more.on ?? ground, { friction: [more.friction ?? 1], ...shape, link: 'body' }],
  });

const slideX: JointSpec = { kind: 'slide', name: 'x', axis: [1, 0, 0] };
const slideZ: JointSpec = { kind: 'slide', name: 'z', axis: [0, 0, 1] };
const hingeY: JointSpec = { kind: 'hinge', name: 'pitch', axis: [0, 1, 0] };
const one = (x: number, device: Device): Tensor => tensor([x], undefined, { device });
const state = (q: readonly number[], v: readonly number[], device = cpu64): ArticulatedState => ({
  q: tensor(q, [1, q.length], { device }),
  v: tensor(v, [1, v.length], { device }),
});

function run(
  model: Model,
  from: ArticulatedState,
  options: CompliantOptions,
  { dt, steps, tau }: { readonly dt: number; readonly steps: number; readonly tau?: Tensor },
): ArticulatedState {
  const step = articulated(model, { contact: compliant(options) });
  const params = articulatedParams(model, from.q.device);
  return rollout((s: ArticulatedState) => step(s, { params, ...(tau && { tau }) }, dt), from, steps);
}

/** The gap at which a contact carries a force: the inverse of (1). */
const gapFor = (force: number, stiffness: number, width: number): number =>
  -width * Math.log(Math.expm1(force / stiffness / width));

const radius = 0.1;
const cornersOf = (a: number, b: number, c: number): Vec3[] =>
  [-a, a].flatMap(x => [-b, b].flatMap(y => [-c, c].map((z): Vec3 => [x, y, z])));
const ball: GeomSpec = { name: 'ball', kind: 'sphere', size: [radius] };

describe('at rest', () => {
  it('sinks in until the force is the weight, whatever stands on the ground', async () => {
    const shapes: readonly (readonly [GeomSpec, number])[] = [
      [ball, 1],
      [{ kind: 'capsule', size: [radius, 0.3], orientation: [Math.SQRT1_2, 0, Math.SQRT1_2, 0] }, 2],
      [{ kind: 'box', size: [0.2, 0.3, radius] }, 4],
      [{ kind: 'convex', vertices: cornersOf(0.2, 0.3, radius) }, 4],
    ];
    const level: GeomSpec = {
      ...{ name: 'level', kind: 'heightField', size: [2, 2, 0.1] },
      ...{ position: [1.2, 0.2, 0], friction: [0], field: { rows: 2, columns: 2, heights: [0, 0, 0, 0] } },
    };
    const cases = shapes.map(shape => [...shape, ground] as const);
    for (const [shape, points, on] of [...cases, [ball, 1, level] as const]) {
      const model = body([slideX, slideZ], shape, { on });
      const height = radius + gapFor(g / points, 2e4, 0.002);
      const options = { stiffness: 2e4, width: 0.002 };
      const end = run(model, state([0, height], [0, 0]), options, { dt: 1e-3, steps: 20 });
      near(await end.q.read(), [0, height], 1e-12);
      near(await compliantForces(model, articulatedParams(model, cpu64), end, options).read(), [g], 1e-9);
    }
  });

  it.each(devices)('creeps at s ρ/√(1 − ρ²) where friction holds: V18, on $description', async device => {
    const exact = device === cpu64;
    const model = body([slideX, slideZ], ball, { friction: 0.5 });
    const start = state([0, radius + gapFor(g, 1e4, 0.002)], [0, 0], device);
    const speed = (force: Tensor): Tensor => {
      const tau = force.mul(tensor([1, 0], [1, 2], { device }));
      return run(model, start, { slip: 1e-3 }, { dt: 1e-4, steps: 200, tau }).v.slice([0, 0], [1, 1]).sum();
    };
    const { value, tangent } = jvp(speed)(one(4, device), one(1, device));
    expect(Math.abs((await value.item()) / 0.001409025 - 1)).toBeLessThan(exact ? 1e-6 : 1e-3);
    expect(Math.abs((await tangent.item()) / 0.001051609 - 1)).toBeLessThan(exact ? 1e-3 : 2e-3);
  });
});

describe('V19', () => {
  const sloping: [number, number, number] = [g / 2, 0, (-g * Math.sqrt(3)) / 2];
  const resting = radius + gapFor((g * Math.sqrt(3)) / 2, 1e4, 0.002);

  it.each(devices)('a block slides down at g (sin θ − μ cos θ); in μ, −g cos θ: on $description', async device => {
    const model = body([slideX, slideZ], ball, { gravity: sloping });
    const gained = (friction: Tensor): Tensor => {
      const end = run(model, state([0, resting], [1, 0], device), { friction, slip: 0.01 }, { dt: 2e-3, steps: 100 });
      return end.v.slice([0, 0], [1, 1]).sum().sub(1).div(0.2);
    };
    const { value, tangent } = jvp(gained)(one(0.3, device), one(1, device));
    expect(Math.abs((await value.item()) / 2.356287237 - 1)).toBeLessThan(1e-2);
    expect(Math.abs((await tangent.item()) / -8.495709211 - 1)).toBeLessThan(1e-2);
  });

  it.each(devices)('a sphere rolls down at 5/7 g sin θ: on $description', async device => {
    const model = body([slideX, slideZ, hingeY], ball, { gravity: sloping, inertia: 0.4 * radius ** 2, friction: 0.5 });
    const on = (from: ArticulatedState) => run(model, from, { slip: 0.01 }, { dt: 1e-3, steps: 100 });
    const rolling = on(state([0, resting, 0], [1, 0, 10], device));
    const [[before], [after]] = [await rolling.v.read(), await on(rolling).v.read()];
    expect(Math.abs((after - before) / 0.1 / 3.503571429 - 1)).toBeLessThan(1e-2);
  });

  it.each(devices)('a cue ball slides until it rolls, v, t and d: on $description', async device => {
    const model = body([slideX, slideZ, hingeY], ball, { inertia: 0.4 * radius ** 2, friction: 0.2 });
    const start = state([0, radius + gapFor(g, 1e4, 0.002), 0], [2, 0, 0], device);
    const dt = 1e-3;
    const end = run(model, start, { slip: 0.005 }, { dt, steps: 400 });
    const [v, , spin] = await end.v.read();
    const [x] = await end.q.read();
    expect(Math.abs(v / 1.428571429 - 1)).toBeLessThan(1e-2);
    expect(Math.abs((spin * radius) / v - 1)).toBeLessThan(1e-2);
    const rolled = (400 * dt - 0.291247998) * 1.428571429;
    expect(Math.abs((x - rolled) / 0.499282282 - 1)).toBeLessThan(1e-2);
  });
});

describe('energy', () => {
  const model = body([slideZ], ball, { gravity: [0, 0, 0] });
  /** Speed away after touching at 1 m/s. */
  const back = async (damping: number, dt: number): Promise<number> => {
    const end = run(model, state([0.13], [-1]), { damping, width: 5e-4 }, { dt, steps: Math.round(0.1 / dt) });
    return (await end.v.read())[0];
  };

  it('is kept by a contact without damping, to order 1 in dt', async () => {
    const [coarse, fine] = [Math.abs((await back(0, 1e-3)) - 1), Math.abs((await back(0, 2.5e-4)) - 1)];
    expect(fine).toBeLessThan(2e-3);
    expect(fine).toBeLessThan(0.5 * coarse);
  });

  it('is lost as by a restitution of 1 − ⅔ d v at low speeds', async () => {
    expect(Math.abs((await back(0.1, 1e-4)) - (1 - 0.2 / 3))).toBeLessThan(5e-3);
  });

  it('never grows, and contacts never pull', async () => {
    const soft = body([slideX, slideZ, hingeY], { kind: 'box', size: [0.2, 0.2, 0.1] }, { friction: 0.7 });
    const params = articulatedParams(soft, cpu64);
    const options = { damping: 2, slip: 0.05, width: 0.005 };
    let now = state([0, 0.3, 0.4], [0.5, 0, 1]);
    const total = async () => {
      const { kinetic, potential } = energies(soft, params, now);
      return (await kinetic.item()) + (await potential.item());
    };
    let before = await total();
    for (let k = 0; k < 8; k++) {
      now = run(soft, now, options, { dt: 1e-3, steps: 100 });
      const after = await total();
      expect(after).toBeLessThan(before + 0.05); // springs of contacts hold the rest
      expect((await compliantForces(soft, params, now, options).read())[0]).toBeGreaterThanOrEqual(0);
      before = after;
    }
  });
});

describe('bounds of joints and dry friction', () => {
  const hinged = (more: Partial<JointSpec>): Model =>
    tree({
      gravity: [0, 0, 0],
      links: [{ name: 'rod', mass: 1, inertia: [0.5, 0.5, 0.5], joints: [{ ...hingeY, ...more }] }],
    });

  it('hold a torque at an angle beyond the bound', async () => {
    const model = hinged({ range: [-1, 0.5] });
    const bounds = { stiffness: 200, width: 0.01 };
    for (const [torque, at] of [
      [20, 0.5 - gapFor(20, 200, 0.01)],
      [-20, -1 + gapFor(20, 200, 0.01)],
    ]) {
      const tau = on64([torque], [1, 1]);
      const end = run(model, state([at], [0]), { bounds }, { dt: 1e-3, steps: 20, tau });
      near(await end.q.read(), [at], 1e-12);
    }
  });

  it('dry friction creeps like a contact', async () => {
    const model = hinged({ frictionLoss: 2 });
    const end = run(model, state([0], [0]), { slip: 0.02 }, { dt: 1e-3, steps: 400, tau: on64([1.2], [1, 1]) });
    near(await end.v.read(), [(0.02 * 0.6) / 0.8], 1e-8);
  });
});

const two: readonly (readonly [GeomSpec, GeomSpec])[] = [
  [
    { kind: 'sphere', size: [0.1] },
    { kind: 'sphere', size: [0.1] },
  ],
  [
    { kind: 'capsule', size: [0.08, 0.2] },
    { kind: 'sphere', size: [0.1] },
  ],
  [
    { kind: 'box', size: [0.1, 0.1, 0.1] },
    { kind: 'box', size: [0.1, 0.1, 0.1] },
  ],
];

describe('bodies that meet', () => {
  it.each(two)('keep their momentum and angular momentum: $kind', async (a, b) => {
    const free = (name: string, x: number) => ({
      name,
      mass: 1,
      inertia: [0.01, 0.01, 0.01] as [number, number, number],
      position: [x, 0, 0] as [number, number, number],
      joints: [{ kind: 'free' as const }],
    });
    const model = tree({
      gravity: [0, 0, 0],
      links: [free('a', 0), free('b', 0.21)],
      geoms: [
        { ...a, link: 'a' },
        { ...b, link: 'b' },
      ],
    });
    const [v1, v2] = [
      [1, 0.2, 0.1, 0.3, 0.1, -0.2],
      [-1, 0, 0, 0, 0.2, 0.5],
    ];
    const start = { ...articulatedState(model, { device: cpu64 }), v: on64([...v1, ...v2], [1, 12]) };
    const end = run(model, start, { friction: 0.5 }, { dt: 1e-3, steps: 60 });
    const momenta = async ({ q, v }: ArticulatedState) => {
      const [x, u] = [Array.from(await q.read()), Array.from(await v.read())];
      const sums = [0, 0, 0, 0, 0, 0];
      for (const k of [0, 1]) {
        const at = x.slice(7 * k, 7 * k + 3);
        const p = u.slice(6 * k, 6 * k + 3);
        const L = turned(
          x.slice(7 * k + 3, 7 * k + 7),
          u.slice(6 * k + 3, 6 * k + 6).map(w => 0.01 * w),
        );
        for (let c = 0; c < 3; c++) {
          const [i, j] = [(c + 1) % 3, (c + 2) % 3];
          sums[c] += p[c];
          sums[c + 3] += at[i] * p[j] - at[j] * p[i] + L[c];
        }
      }
      return sums;
    };
    const [before, after] = [await momenta(start), await momenta(end)];
    near(after.slice(0, 3), before.slice(0, 3), 1e-12);
    near(after.slice(3), before.slice(3), 1e-3); // the step turns bodies to order 1
    expect((await end.v.read())[0]).toBeLessThan(0.5);
  });
});

/** A vector of a link's axes in the world's. */
function turned([w, x, y, z]: readonly number[], [a, b, c]: readonly number[]): number[] {
  const t = [2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)];
  return [a + w * t[0] + y * t[2] - z * t[1], b + w * t[1] + z * t[0] - x * t[2], c + w * t[2] + x * t[1] - y * t[0]];
}

describe('derivatives', () => {
  const model = body([{ kind: 'free' }], { kind: 'box', size: [0.1, 0.15, 0.1], friction: [0.8] }, { inertia: 0.02 });
  const params = articulatedParams(model, cpu64);
  const unit = { ...compliantParams(model, cpu64) };
  const x = {
    k: on64([1]),
    d: on64([1]),
    mu: on64([0.8]),
    w: on64([1]),
    s: on64([1]),
    size: unit.geoms.size,
    v: on64([0.3, 0.2, -0.5, 1, 2, 0.4], [1, 6]),
    q: on64([0, 0, 0.1, 1, 0.02, 0.05, 0.1], [1, 7]),
  };
  const loss = ({ k, d, mu, w, s, size, q, v }: typeof x): Tensor => {
    const contact = compliant({
      ...{ stiffness: k.mul(1e4), damping: d, friction: mu, width: w.mul(0.005), slip: s.mul(0.05) },
      geoms: { ...unit.geoms, size },
    });
    const step = articulated(model, { contact });
    const end = rollout((now: ArticulatedState) => step(now, { params }, 1e-3), { q, v }, 12);
    return end.q.square().sum().add(end.v.square().sum());
  };

  it('are those of differences, in all numbers of the law, shapes and states', async () => {
    const { difference, dotProduct } = await checkGradient(loss, x);
    expect(difference).toBeLessThan(1e-6);
    expect(dotProduct).toBeLessThan(1e-10);
  });

  it('second ones are differences of first ones', async () => {
    const flat = body([slideX, slideZ], ball);
    const bounced = (k: Tensor): Tensor => {
      const contact = compliant({ stiffness: k.mul(1e4), width: 0.005 });
      const step = articulated(flat, { contact });
      let now = state([0, 0.1], [0.3, -0.5]);
      for (let i = 0; i < 3; i++) now = step(now, { params: articulatedParams(flat, cpu64) }, 1e-3);
      return now.v.square().sum();
    };
    const second = await hvp(bounced)(on64([1]), on64([1])).item();
    const slope = async (by: number) => await grad(bounced)(on64([1 + by])).item();
    const difference = ((await slope(1e-5)) - (await slope(-1e-5))) / 2e-5;
    expect(Math.abs(second / difference - 1)).toBeLessThan(1e-5);
  });

  it('do not depend on dt where it resolves the contact, and do where it does not: a ball that bounces', async () => {
    const drop = body([slideZ], { ...ball, size: [1e-3] });
    const slope = async (options: CompliantOptions, dt: number): Promise<number> => {
      const height = (y: Tensor): Tensor => {
        const from = { q: y.reshape([1, 1]), v: on64([0], [1, 1]) };
        return run(drop, from, { damping: 0.07, ...options }, { dt, steps: Math.round(0.8 / dt) }).q.sum();
      };
      return jvp(height)(on64([1]), on64([1])).tangent.item();
    };
    const soft = { stiffness: 1e4, width: 0.002 };
    const [coarse, fine] = [await slope(soft, 1e-3), await slope(soft, 5e-4)];
    expect(Math.abs(coarse / fine - 1)).toBeLessThan(0.02);
    expect(fine).toBeGreaterThan(0.3); // 0.589 for a ball that bounces in no time, with the same restitution of 0.8
    expect(fine).toBeLessThan(0.45);
    const stiff = { stiffness: 1e6, width: 1e-5 };
    expect(Math.abs(await slope(stiff, 1e-3))).toBeGreaterThan(20);
  });
});

describe('devices', () => {
  const model = body([{ kind: 'free' }], { kind: 'capsule', size: [0.1, 0.2], friction: [0.8] }, { inertia: 0.02 });
  const moved = async (device: Device): Promise<ArrayLike<number>> => {
    const q = tensor([0, 0, 0.28, 0.9, 0.1, 0.4, 0.1], [1, 7], { device });
    const v = tensor([0.3, 0.2, -0.5, 1, 2, 0.4], [1, 6], { device });
    return run(model, { q, v }, { width: 0.005, slip: 0.05 }, { dt: 2e-3, steps: 8 }).q.read();
  };

  it('agree, and repeat their bits', async () => {
    const exact = await moved(cpu64);
    const single = await moved(cpu32);
    near(single, exact, 1e-5);
    expect(Array.from(await moved(cpu32))).toEqual(Array.from(single));
    near(await moved(gpu), exact, 1e-5);
  });
});

describe('says what it cannot take', () => {
  const stepOf = (model: Model) => () =>
    articulated(model, { contact: compliant() })(
      articulatedState(model, { device: cpu64 }),
      { params: articulatedParams(model, cpu64) },
      1e-3,
    );

  it('numbers', () => {
    expect(() => compliant({ stiffness: 0 })).toThrow(
      'compliant: stiffness is 0; it must be positive, or a tensor of one number.',
    );
    expect(() => compliant({ damping: -1 })).toThrow(
      'compliant: damping is -1; it must not be negative, or a tensor of one number.',
    );
    expect(() => compliant({ bounds: { width: -1 } })).toThrow(
      'compliant: bounds: width is -1; it must be positive, or a tensor of one number.',
    );
    expect(() => compliant({ friction: -0.1 })).toThrow('compliant: friction is -0.1; it must not be negative.');
    expect(() => compliant({ stifness: 1 } as never)).toThrow('compliant');
  });

  it('models', () => {
    expect(stepOf(body([slideZ], { ...ball, condim: 6 }))).toThrow(
      "compliant: 'ground' and 'ball' touch with condim 6; the law has friction of sliding alone: condim 1 or 3.",
    );
    expect(stepOf(body([{ kind: 'ball', range: [0, 1] }], ball))).toThrow(
      "compliant: joint 'body' is a ball with a range; the law bounds hinges and slides alone.",
    );
    const bare = tree({ links: [{ name: 'rod', mass: 1, inertia: [1, 1, 1], joints: [hingeY] }] });
    expect(() => compliantForces(bare, articulatedParams(bare, cpu64), state([0], [0]))).toThrow(
      "compliantForces: nothing can touch in 'tree'; give it geoms.",
    );
  });
});
