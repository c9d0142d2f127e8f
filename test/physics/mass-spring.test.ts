// Specification of physics/mass-spring.ts and physics/ensemble.ts.

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { device, type Tensor, tensor, zeros } from 'retrograde/kernel';
import { type Integrator, type MassSpringParams, massSpring, massSpringEnsemble } from 'retrograde/physics';
import { afterEach, describe, expect, it } from 'vitest';

// Gradient checks are made in double precision, where differences tell more.
const inDouble = () => device({ kind: 'cpu', precision: 'f64' });
afterEach(async () => {
  await device('cpu');
});

// Two unit masses on a 1 m spring, k = 4 N/m, stretched by A = 0.1 m and let go.
// The stretch is A cos ωt with ω = √(k / μ), and the reduced mass μ = ½ kg.
// With damping c it is A e^(−γt) (cos Ωt + γ/Ω sin Ωt), with γ = c / 2μ and Ω = √(ω² − γ²).
const A = 0.1;
const omega = Math.sqrt(8);
const material = (k = 4, c = 0, b = 0): MassSpringParams => ({
  mass: tensor([1, 1]),
  spring: tensor([k, 1, c], [1, 3]),
  drag: tensor(b, []),
  gravity: tensor([0, 0]),
});
const released = () => ({ x: tensor([-0.55, 0, 0.55, 0], [2, 2]), v: zeros([2, 2]) });

function simulate(integrator: Integrator, time: number, steps: number, params = material()) {
  const step = massSpring(2, [[0, 1]], { integrator });
  let state = released();
  for (let i = 0; i < steps; i++) state = step(state, params, time / steps);
  return state;
}

const lengthOf = (x: Tensor): Tensor => x.mul(tensor([-1, 0, 1, 0], [2, 2])).sum(); // both stay on the x axis

async function stretch(integrator: Integrator, time: number, steps: number, params?: MassSpringParams) {
  return (await lengthOf(simulate(integrator, time, steps, params).x).item()) - 1;
}

describe.each<[Integrator, number]>([
  ['symplecticEuler', 1],
  ['velocityVerlet', 2],
])('mass-spring by %s', (integrator, order) => {
  it('stays at rest at rest length', async () => {
    const rest = { x: tensor([0, 0, 1, 0], [2, 2]), v: zeros([2, 2]) };
    expect([...(await massSpring(2, [[0, 1]], { integrator })(rest, material(), 0.1).x.read())]).toEqual([0, 0, 1, 0]);
  });

  it('oscillates at ω = √(k / μ)', async () => {
    const halfPeriod = Math.PI / omega;
    expect(await stretch(integrator, halfPeriod, 400)).toBeCloseTo(-A, 3);
  });

  it('dies away as a damped oscillation does', async () => {
    const [gamma, t] = [0.5, 0.7];
    const Omega = Math.sqrt(omega ** 2 - gamma ** 2);
    const exact = A * Math.exp(-gamma * t) * (Math.cos(Omega * t) + (gamma / Omega) * Math.sin(Omega * t));
    expect(await stretch(integrator, t, 400, material(4, 0.5))).toBeCloseTo(exact, 3); // by the spring's damping
    expect(await stretch(integrator, t, 400, material(4, 0, 1))).toBeCloseTo(exact, 3); // by drag: γ = b / 2m
  });

  it(`converges with order ${order} in dt, damping included`, async () => {
    const [gamma, t] = [0.5, 0.5];
    const Omega = Math.sqrt(omega ** 2 - gamma ** 2);
    const exact = A * Math.exp(-gamma * t) * (Math.cos(Omega * t) + (gamma / Omega) * Math.sin(Omega * t));
    const error = async (steps: number) => Math.abs((await stretch(integrator, t, steps, material(4, 0.5))) - exact);
    const coarse = order === 1 ? 16 : 4; // f32 cannot see an error of order 2 at many steps
    const measured = Math.log2((await error(coarse)) / (await error(2 * coarse)));
    expect(Math.abs(measured - order)).toBeLessThan(0.2);
  });

  it('conserves momentum', async () => {
    const v = await simulate(integrator, 1, 100, material(4, 0.3)).v.read();
    expect(v[0] + v[2]).toBeCloseTo(0, 6);
  });

  it('falls by ½ g t² in space, and holds what is pinned', async () => {
    const step = massSpring(3, [[0, 1]], { dimension: 3, pinned: [0], integrator });
    const params = {
      mass: tensor([1, 1, 2]),
      spring: tensor([0, 1, 0], [1, 3]),
      drag: tensor(0, []),
      gravity: tensor([0, 0, -9.81]),
    };
    let state = { x: tensor([0, 0, 0, 1, 0, 0, 0, 3, 0], [3, 3]), v: zeros([3, 3]) };
    for (let i = 0; i < 100; i++) state = step(state, params, 0.005);
    const x = await state.x.read();
    expect([...x.subarray(0, 3)]).toEqual([0, 0, 0]);
    const late = order === 1 ? 0.5 * 9.81 * 0.5 * 0.005 : 0; // symplectic Euler is half a step ahead
    for (const node of [1, 2]) expect(x[3 * node + 2]).toBeCloseTo(-0.5 * 9.81 * 0.25 - late, 4);
  });

  it('agrees with central differences in every input', async () => {
    await inDouble();
    const step = massSpring(3, [[0, 1], [1, 2]], { integrator, pinned: [0] }); // biome-ignore format: one line
    const weights = tensor([0.3, -0.7, 1.1, 0.5, -0.2, 0.9], [3, 2]);
    const inputs = {
      x: tensor([0, 0, 0.9, -0.4, 1.5, -1.3], [3, 2]),
      v: tensor([0, 0, 0.5, 1, -0.8, 0.2], [3, 2]),
      mass: tensor([1, 0.5, 2]),
      spring: tensor([40, 0.8, 0.3, 30, 0.9, 0.2], [2, 3]),
      drag: tensor(0.2, []),
      gravity: tensor([0.1, -9.81]),
    };
    await checkGradient(({ x, v, ...params }: typeof inputs) => {
      const next = step({ x, v }, params, 0.05);
      return next.x.mul(weights).sum().add(next.v.mul(weights).sum());
    }, inputs);
  });
});

describe('mass-spring', () => {
  it('differentiates the stretch by k: −A t sin ωt · ω / 2k', async () => {
    const t = 0.5;
    const loss = (spring: Tensor) => lengthOf(simulate('velocityVerlet', t, 64, { ...material(), spring }).x);
    const { grad } = valueAndGrad(loss)(tensor([4, 1, 0], [1, 3]));
    expect((await grad.read())[0]).toBeCloseTo((-A * t * Math.sin(omega * t) * omega) / (2 * 4), 3);
  });

  it('names the spring and the node when the network is wrong', () => {
    expect(() => massSpring(2, [[0, 2]])).toThrow('massSpring: spring 0 joins node 2, but nodes are 0 … 1.');
    expect(() => massSpring(2, [[1, 1]])).toThrow(
      'massSpring: spring 0 joins node 1 to itself; a spring has two different ends.',
    );
    expect(() => massSpring(2, [[0, 1]], { pinned: [5] })).toThrow(
      'massSpring: node 5 is pinned, but nodes are 0 … 1.',
    );
    expect(() => massSpring(0, [])).toThrow('massSpring: a network has at least 1 node, got 0.');
  });
});

describe('an ensemble', () => {
  const chain = { edges: [[0, 1], [1, 2]] as const, mass: [1, 0.3, 0.5], restLength: [0.7, 0.6], pinned: [0] }; // biome-ignore format: one line
  const start = [0, 0, 0.5, -0.5, 0.9, -1.1];
  const speed = [0, 0, 1, 0.5, -0.5, 0.3];

  it('does in one launch what the simulator does step by step', async () => {
    const copies = { stiffness: [40, 25], damping: [0.3, 0.1], drag: [0.05, 0.2], gravity: [9.81, 5] };
    const ensemble = massSpringEnsemble(chain);
    const state = { x: tensor([...start, ...start], [6, 2]), v: tensor([...speed, ...speed], [6, 2]) };
    const drawn = Object.fromEntries(Object.entries(copies).map(([name, values]) => [name, tensor(values)]));
    const end = await ensemble(state, drawn as never, 0.01, 20).x.read();
    const step = massSpring(3, chain.edges, { pinned: [0], integrator: 'velocityVerlet' });
    for (const copy of [0, 1]) {
      const { stiffness, damping, drag, gravity } = copies;
      const params = {
        mass: tensor(chain.mass),
        spring: tensor([stiffness[copy], 0.7, damping[copy], stiffness[copy], 0.6, damping[copy]], [2, 3]),
        drag: tensor(drag[copy], []),
        gravity: tensor([0, -gravity[copy]]),
      };
      let one = { x: tensor(start, [3, 2]), v: tensor(speed, [3, 2]) };
      for (let i = 0; i < 20; i++) one = step(one, params, 0.01);
      const expected = await one.x.read();
      expected.forEach((value, i) => {
        expect(Math.abs(end[6 * copy + i] - value)).toBeLessThan(1e-5);
      });
    }
  });

  it('agrees with central differences in every input', async () => {
    await inDouble();
    const ensemble = massSpringEnsemble(chain);
    const inputs = {
      x: tensor(start, [3, 2]),
      v: tensor(speed, [3, 2]),
      stiffness: tensor([40]),
      damping: tensor([0.3]),
      drag: tensor([0.1]),
      gravity: tensor([9.81]),
    };
    await checkGradient(({ x, v, ...material }: typeof inputs) => {
      const end = ensemble({ x, v }, material, 0.01, 7);
      return end.x.sum().add(end.v.square().sum());
    }, inputs);
  });

  it('says what is wrong with its network', () => {
    expect(() => massSpringEnsemble({ ...chain, restLength: [1] })).toThrow(
      'massSpringEnsemble: 2 springs have 1 rest lengths; give one to each spring.',
    );
  });
});

it('masses of nodes that may move are positive; what is pinned needs none', async () => {
  const params = (mass: readonly number[]) => ({
    mass: tensor(mass),
    spring: tensor([[10, 1, 0]]),
    gravity: tensor([0, -1]),
    drag: tensor(0),
  });
  const start = {
    x: tensor([
      [0, 0],
      [1, 0],
    ]),
    v: tensor([
      [0, 0],
      [0, 0],
    ]),
  };
  const step = massSpring(2, [[0, 1]], { pinned: [0] });
  const { v } = step(start, params([0, 1e-9]), 0.1);
  expect((await v.read()).every(Number.isFinite)).toBe(true);
  for (const wrong of [0, -2, Number.NaN])
    expect(() => step(start, params([0, wrong]), 0.1)).toThrow(`massSpring: a mass is ${wrong}; it must be positive`);
});
