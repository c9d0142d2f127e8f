// Specification of impacts of robots: closed forms and cases V2, V4, V17 and V21 of the notes on contacts, derivatives over several bounces,
// contacts that close together, rest, and what is refused.

import { grad, hvp, rollout, valueAndGrad } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  type ArticulatedState,
  articulated,
  articulatedParams,
  constraintParams,
  type GeomSpec,
  type ImpactOptions,
  impact,
  type JointSpec,
  type Model,
  tree,
} from 'retrograde/physics';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const floor: GeomSpec = { name: 'floor', kind: 'plane', friction: [0] };
const slideX: JointSpec = { kind: 'slide', name: 'x', axis: [1, 0, 0] };
const slideZ: JointSpec = { kind: 'slide', name: 'z', axis: [0, 0, 1] };
const pitch: JointSpec = { kind: 'hinge', name: 'pitch', axis: [0, -1, 0] };

/** One link of 1 kg, and what it may touch. */
const body = (joints: readonly JointSpec[], shape: GeomSpec, more: Partial<Parameters<typeof tree>[0]> = {}): Model =>
  tree({
    gravity: [0, 0, -9.81],
    links: [{ name: 'body', mass: 1, inertia: [0.05, 1 / 12, 0.06], joints }],
    geoms: [floor, { friction: [0], ...shape, link: 'body' }],
    ...more,
  });
const ball: GeomSpec = { name: 'ball', kind: 'sphere', size: [0.1] };
const dropped = body([slideZ], ball);

interface Given {
  readonly q: Tensor;
  readonly v: Tensor;
  /** Times the model's. */
  readonly gravity?: Tensor;
  readonly friction?: Tensor;
}

function run(model: Model, { q, v, gravity, friction }: Given, options: ImpactOptions, dt: number, steps: number) {
  const step = articulated(model, { contact: impact(options) });
  const params = articulatedParams(model, q.device);
  const constraints = constraintParams(model, q.device);
  const pairs = constraints.pairs as NonNullable<typeof constraints.pairs>;
  const driving = {
    params: gravity ? { ...params, gravity: params.gravity.mul(gravity) } : params,
    constraints: friction
      ? { ...constraints, pairs: { ...pairs, friction: pairs.friction.mul(friction) } }
      : constraints,
  };
  return rollout((s: ArticulatedState) => step(s, driving, dt), { q, v }, steps);
}

const row = (values: readonly number[], device: Device = cpu64): Tensor =>
  tensor(values, [1, values.length], { device });

describe('impact', () => {
  const start = () => ({ q: row([1.1]), v: row([0]), gravity: on64([1]), e: on64([0.8]) });
  const height = ({ e, ...given }: ReturnType<typeof start>, seconds: number, steps: number): Tensor =>
    run(dropped, given, { restitution: e, impacts: 2, rest: 0.01 }, seconds / steps, steps)
      .q.sub(0.1)
      .sum();

  it('bounces once, with the derivatives of the motion at any length of step (V2)', async () => {
    for (const steps of [1, 3]) {
      const found = grad((x: ReturnType<typeof start>) => height(x, 0.8, steps))(start());
      near([await height(start(), 0.8, steps).item()], [0.639203562021], 1e-9);
      const of = [found.q, found.v, found.gravity.div(9.81), found.e];
      const numbers = await Promise.all(of.map(x => x.item()));
      near(numbers, [0.589201781, -0.0127425538, 0.0050970215, 1.5435575345], 1e-9);
    }
  });

  it('bounces three times (V4)', async () => {
    const found = grad((x: ReturnType<typeof start>) => height(x, 2, 4))(start());
    near([await height(start(), 2, 4).item()], [0.260741728327], 1e-8);
    near(
      [await found.q.item(), await found.v.item(), await found.e.item()],
      [0.4266108642, 0.0169081688, 2.4993241133],
      1e-8,
    );
  });

  it('has second derivatives of where an impact moves to', async () => {
    const t = Math.sqrt(2 / 9.81); // of the impact: dy/dy₀ = (1 + e) (T − t) / t − e
    const second = (-1.8 * 0.8) / (9.81 * t ** 3);
    const bent = hvp((q: Tensor) => height({ ...start(), q }, 0.8, 2))(row([1.1]), row([1]));
    near([await bent.item()], [second], 1e-7);
  });

  it('bounces what is too deep and closing at once: its time does not depend on where it is', async () => {
    const next = (q: Tensor) => run(dropped, { q, v: row([-1]) }, { restitution: 0.5 }, 0.01, 1).q.sum();
    near([await next(row([0.0999])).item()], [0.0999 + 0.005 - 0.5 * 9.81e-4], 1e-8);
    near([await grad(next)(row([0.0999])).item()], [1], 1e-9);
  });

  it('meets a rod at its end with the impulse of a rod (V21)', async () => {
    const rod = body(
      [slideX, slideZ, pitch],
      { name: 'rod', kind: 'box', size: [0.5, 0.1, 1e-9] },
      { gravity: [0, 0, 0] },
    );
    const given = { q: row([0, 0.5 * Math.SQRT1_2 + 0.002, -Math.PI / 4]), v: row([0, -2, 0]) };
    const struck = ({ friction: e }: { friction: Tensor }): Tensor =>
      run(rod, given, { restitution: e, impacts: 1 }, 0.002, 1).v;
    const e = on64([0.5]);
    const found = await struck({ friction: e }).read();
    near(found, [0, -0.8, 5.091168825], 1e-7);
    const slope = grad((x: { friction: Tensor }) => struck(x).slice([0, 1], [1, 2]).sum())({ friction: e });
    near([await slope.friction.item()], [0.8], 1e-8);
  });

  it('has the derivatives of a box that tumbles, with friction, over several bounces', async () => {
    const box = body([{ kind: 'free' }], { name: 'box', kind: 'box', size: [0.1, 0.15, 0.2], friction: [0.4] });
    const given = {
      q: row([0, 0, 0.4, 0.9, 0.3, 0.2, 0.1]),
      v: row([1, 0.5, -1, 1, 2, 3]),
      friction: on64([1]),
      e: on64([0.6]),
    };
    const weights = on64([0.3, -0.2, 1, 0.5, 0.4, -0.7, 0.2]);
    const f = ({ e, ...given }: typeof given_): Tensor => {
      const { q, v } = run(box, given, { restitution: e, impacts: 2 }, 0.12, 4);
      return q.mul(weights).sum().add(v.sum().mul(0.1));
    };
    const given_ = given;
    const found = grad(f)(given);
    for (const [name, along] of [
      ['q', [0.1, 0, 1, 0, 0.3, 0, -0.2]],
      ['v', [0.4, 0, 1, -0.3, 0, 0.2]],
      ['friction', [1]],
      ['e', [1]],
    ] as const) {
      const [x, way] = [given[name], tensor(along, given[name].shape, { device: cpu64 })];
      const at = (h: number) => f({ ...given, [name]: x.add(way.mul(h)) }).item();
      const difference = ((await at(1e-5)) - (await at(-1e-5))) / 2e-5;
      near([await found[name].mul(way).sum().item()], [difference], 2e-5);
    }
  });

  it('is not met by what is still closed as it opens', async () => {
    const link = (name: string) => ({ name, mass: 1, inertia: [1, 1, 1] as const, joints: [{ ...slideZ, name }] });
    const shape = (name: string, x: number): GeomSpec => ({ ...ball, name, link: name, position: [x, 0, 0] });
    const both = tree({
      gravity: [0, 0, 0],
      links: [link('deep'), link('high')],
      geoms: [{ ...floor, contype: 1, conaffinity: 0 }, ...[shape('deep', 0), shape('high', 1)].map(s => ({ ...s, contype: 0 }))], // biome-ignore format: a line
    });
    const given = { q: row([0.0998, 0.102]), v: row([0.06, -0.1]) };
    const soon = run(both, given, { restitution: 0.5, rest: 0.01 }, 0.001, 1);
    near(await soon.v.read(), [0.06, -0.1], 1e-12);
    const later = run(both, given, { restitution: 0.5, rest: 0.01 }, 0.1, 1); // the first is open when the second bounces
    near([...(await later.v.read()), ...(await later.q.read())], [0.06, 0.05, 0.1058, 0.1 + 0.08 * 0.05], 1e-9);
  });

  it('resolves the corners of a box that lands flat together', async () => {
    const box = body([{ kind: 'free' }], { name: 'box', kind: 'box', size: [0.1, 0.15, 0.2], friction: [0.5] });
    const { v } = run(
      box,
      { q: row([0, 0, 0.21, 1, 0, 0, 0]), v: row([0, 0, -2, 0, 0, 0]), gravity: on64([0]) },
      { restitution: 0.5, impacts: 1 },
      0.01,
      1,
    );
    near(await v.read(), [0, 0, 1, 0, 0, 0], 1e-9);
  });

  it('comes to rest where bounces get slow, and stays; without `rest` that is an error', async () => {
    const given = { q: row([0.11]), v: row([0]) };
    const { q, v } = run(dropped, given, { restitution: 0.5, impacts: 2 }, 0.01, 60);
    near([await q.item(), await v.item()], [0.1, 0], 1e-6);
    const zeno = async () => run(dropped, given, { restitution: 0.5, impacts: 1, rest: 0 }, 0.3, 1).q.item();
    await expect(zeno()).rejects.toThrow(
      "impact: environment 0 has more impacts in one step than 'impacts' allows: they accumulate (Zeno), or chatter. Give 'rest', a speed below which contacts rest, allow more impacts, or take shorter steps.",
    );
  });

  it('brings boxes that tumble in space to rest on a face', async () => {
    const halves = [0.2, 0.15, 0.1];
    const boxes = tree({
      gravity: [0, 0, -9.81],
      links: [{ name: 'body', mass: 1, inertia: [0.0325 / 3, 0.05 / 3, 0.0625 / 3], joints: [{ kind: 'free' }] }],
      geoms: [
        { kind: 'plane', friction: [0.4] },
        { kind: 'box', size: halves, friction: [0.4], link: 'body' },
      ],
    });
    const turns = [
      [0.95, 0.1, 0.25, 0.15],
      [1, 0, 0, 0],
      [0.3, -0.8, 0.4, 0.2],
      [0.5, 0.4, -0.2, 0.7],
    ];
    const q = on64(
      turns.flatMap(turn => [0, 0, 0.4, ...turn.map(x => x / Math.hypot(...turn))]),
      [4, 7],
    );
    const v = on64(
      turns.flatMap(() => [2, 0.5, 0, 1, 0, -1]),
      [4, 6],
    );
    const end = run(boxes, { q, v }, { restitution: 0.3 }, 0.01, 150);
    near(await end.v.read(), new Array(24).fill(0), 1e-3);
    const heights = await end.q.slice([0, 2], [4, 3]).read();
    for (const z of heights) expect(Math.min(...halves.map(half => Math.abs(z - half)))).toBeLessThan(1e-3);
    // Derivatives pass through landing, sliding and coming to rest, where four corners hold together what three could.
    const rests = (v: Tensor): Tensor => run(boxes, { q, v }, { restitution: 0.3 }, 0.01, 60).q.square().sum(1);
    const d = on64(numbers(24, 5), [4, 6]);
    const slopes = await grad((v: Tensor) => rests(v).sum())(v)
      .mul(d)
      .sum(1)
      .read();
    const [more, less] = await Promise.all([1e-6, -1e-6].map(h => rests(v.add(d.mul(h))).read()));
    for (const [k, slope] of slopes.entries()) {
      const byDifferences = (more[k] - less[k]) / 2e-6;
      expect(Math.abs(slope - byDifferences)).toBeLessThan(5e-3 * (1 + Math.abs(byDifferences)));
    }
  });

  it('slides to a halt by Coulomb’s friction (V17)', async () => {
    const shape: GeomSpec = { name: 'block', kind: 'box', size: [0.2, 0.2, 0.1], friction: [0.5], link: 'body' };
    const block = body([slideX, slideZ, pitch], shape, { geoms: [{ ...floor, friction: [0.5] }, shape] });
    const slid = ({ v, friction }: { v: Tensor; friction: Tensor }): Tensor =>
      run(block, { q: row([0, 0.1, 0]), v, friction }, { impacts: 1 }, 0.005, 85)
        .q.slice([0, 0], [1, 1])
        .sum();
    const given = { v: row([2, 0, 0]), friction: on64([1]) };
    const found = grad(slid)(given);
    near([await slid(given).item()], [0.407747197], 1e-3);
    near([(await found.v.read())[0], (await found.friction.item()) / 0.5], [0.407747197, -0.815494393], 1e-2);
  });

  it('passes each environment’s own events', async () => {
    const [heights, speeds] = [
      [1.1, 0.3, 0.1, 2],
      [0, -1, 0, 3],
    ];
    const end = async (q: readonly number[], v: readonly number[]) => {
      const [at, rate] = [q, v].map(x => tensor(x, [x.length, 1], { device: cpu64 }));
      const state = run(dropped, { q: at, v: rate }, { restitution: 0.8, impacts: 2, rest: 0.01 }, 0.2, 2);
      return [await state.q.read(), await state.v.read()].map(x => Array.from(x));
    };
    const [q, v] = await end(heights, speeds);
    for (const [e, height] of heights.entries()) {
      const [own, rate] = await end([height], [speeds[e]]);
      near([q[e], v[e]], [own[0], rate[0]], 1e-14);
    }
    near([q[2], v[2]], [0.1, 0], 1e-10);
    near([q[3]], [2 + 3 * 0.4 - 0.5 * 9.81 * 0.16], 1e-12);
  });

  it.each([cpu32, gpu])('is the same in single precision, with its derivatives (V2), on $description', async device => {
    const given = { q: row([1.1], device), v: row([0], device) };
    const height = (x: typeof given) => run(dropped, x, { restitution: 0.8, impacts: 1, rest: 0.01 }, 0.8, 1).q.sum();
    const { value, grad } = valueAndGrad(height)(given);
    near(
      [(await value.item()) - 0.1, await grad.q.item(), await grad.v.item()],
      [0.639203562021, 0.589201781, -0.0127425538],
      1e-4,
    );
  });

  describe('bounds of joints', () => {
    const alone = (range: readonly [number, number]) =>
      tree({
        gravity: [0, 0, -9.81],
        links: [{ name: 'body', mass: 1, inertia: [1, 1, 1], joints: [{ ...slideZ, range }] }],
      });
    /** As `run`, of a model that nothing touches. */
    const fall = (range: Tensor, q: Tensor, dt: number, steps: number, options: ImpactOptions) => {
      const model = alone([0, 3]);
      const step = articulated(model, { contact: impact(options) });
      const given = constraintParams(model, cpu64);
      const driving = {
        params: articulatedParams(model, cpu64),
        constraints: { ...given, limits: { ...(given.limits as NonNullable<typeof given.limits>), range } },
      };
      return rollout((s: ArticulatedState) => step(s, driving, dt), { q, v: row([0]) }, steps);
    };

    it('bounce as floors do (V2), with derivatives in where they are', async () => {
      const range = on64([0, 3]).reshape([1, 2]);
      const end = (q: Tensor, bounds: Tensor) => fall(bounds, q, 0.8, 1, { bounds: 0.8, rest: 0.01 }).q.sum();
      near([await end(row([1]), range).item()], [0.639203562021], 1e-9);
      near([await grad((q: Tensor) => end(q, range))(row([1])).item()], [0.589201781], 1e-9);
      near(await grad((b: Tensor) => end(row([1]), b))(range).read(), [1 - 0.589201781, 0], 1e-9);
    });

    it('hold what rests on them', async () => {
      const { q, v } = fall(on64([0, 3]).reshape([1, 2]), row([0.1]), 0.01, 60, {});
      near([await q.item(), await v.item()], [0, 0], 1e-5);
    });

    it('of a pendulum between walls: it keeps its energy, and swings back and forth', async () => {
      const model = tree({
        gravity: [0, 0, 0],
        links: [
          {
            name: 'arm',
            mass: 1,
            com: [0, 0, -1],
            inertia: [0.1, 0.1, 0.1],
            joints: [{ ...pitch, range: [-0.5, 0.3] }],
          },
        ],
      });
      const step = articulated(model, { contact: impact({ bounds: 1 }) });
      const end = rollout(
        (s: ArticulatedState) => step(s, { params: articulatedParams(model, cpu64) }, 0.25),
        {
          q: row([0]),
          v: row([1]),
        },
        8,
      );
      near([await end.q.item(), await end.v.item()], [0.2, -1], 1e-6); // 0.3, then 0.8 and 0.8 more, and 0.1
    });
  });

  it('says what it cannot do', () => {
    expect(() => impact({ restitution: 2 })).toThrow(
      'impact: restitution is 2; give a number from 0 to 1, or a tensor.',
    );
    expect(() => impact({ impacts: 0 })).toThrow('impact: impacts is 0; give a whole number from 1 to 64.');
    expect(() => impact({ rest: -1 })).toThrow('impact: rest is -1; give a number from 0.');
    expect(() => articulated(dropped, { contact: impact(), integrator: 'rungeKutta4' })).toThrow(
      "articulated: integrator is 'rungeKutta4', but 'impact' has paths of its own, parabolas; leave it out, or say 'trapezoidal'.",
    );
    expect(() => impact({ bounds: 2 })).toThrow('impact: bounds is 2; give a number from 0 to 1: how joints bounce.');
    const rubbing = body([{ ...slideZ, frictionLoss: 1 }], ball);
    expect(() => run(rubbing, { q: row([1]), v: row([0]) }, {}, 0.1, 1)).toThrow(
      'has dry friction of joints; the law has contacts and bounds alone. Leave them out, or take convex() or compliant().',
    );
    const shoulder = body([{ kind: 'ball', range: [0, 1], name: 'shoulder' }], ball);
    expect(() => run(shoulder, { q: row([1, 0, 0, 0]), v: row([0, 0, 0]) }, {}, 0.1, 1)).toThrow(
      "impact: joint 'shoulder' is a ball with a range; the law bounds hinges and slides alone.",
    );
    expect(() => run(dropped, { q: row([1]), v: row([0]) }, { restitution: on64([1, 1]) }, 0.1, 1)).toThrow(
      'impact: restitution has 2 numbers; give one, or one for each of the 1 pairs.',
    );
  });
});
