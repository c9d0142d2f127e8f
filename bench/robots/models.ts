/**
 * Robots of the bench, as MJCF texts that MuJoCo and we read alike: what a control loop, an arm, a walker in the air and one on its feet cost.
 *
 * They are written for this bench; proportions of the last are those of the usual ant.
 */

export interface RobotCase {
  readonly name: string;
  readonly what: string;
  readonly xml: string;
  readonly contacts: boolean;
  /** Height at which it begins, where it is free; m. */
  readonly height?: number;
}

const option = (contents: string): string => `<option ${contents} tolerance="1e-8"/>`;
const inTheAir = option('timestep="0.002" integrator="Euler"').replace('/>', '><flag contact="disable"/></option>');
const onTheGround = option('timestep="0.005" integrator="Euler" cone="elliptic" iterations="50"');

const cartpole = `<mujoco model="cart-pole">${inTheAir}
  <worldbody>
    <body name="cart" pos="0 0 0.5">
      <joint name="slider" type="slide" axis="1 0 0" damping="0.05"/>
      <geom type="box" size="0.2 0.1 0.08" mass="1"/>
      <body name="pole" pos="0 0 0.05">
        <joint name="hinge" type="hinge" axis="0 1 0" damping="0.001"/>
        <geom type="capsule" fromto="0 0 0 0 0 0.6" size="0.03" mass="0.2"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="slider" gear="10"/></actuator>
</mujoco>`;

const armLink = (k: number, inner: string): string => `
  <body name="link ${k}" pos="0 0 ${k === 1 ? 0.1 : 0.28}">
    <joint name="joint ${k}" type="hinge" axis="${['0 0 1', '0 1 0', '1 0.2 0'][k % 3]}" damping="0.4" armature="0.02"/>
    <geom type="capsule" fromto="0 0 0 0.02 0 0.28" size="${0.05 - 0.004 * k}" mass="${2.2 - 0.25 * k}"/>${inner}
  </body>`;
const armed = [1, 2, 3, 4, 5, 6].reduceRight((inner, k) => armLink(k, inner), '');
const arm = `<mujoco model="arm">${inTheAir}
  <worldbody>${armed}</worldbody>
  <actuator>${[1, 2, 3, 4, 5, 6].map(k => `<motor joint="joint ${k}" gear="20"/>`).join('')}</actuator>
</mujoco>`;

const legs = [[1, 1], [-1, 1], [-1, -1], [1, -1]] as const; // biome-ignore format: one line

const quadruped = `<mujoco model="quadruped">${inTheAir}
  <worldbody>
    <body name="trunk" pos="0 0 0.5">
      <freejoint/>
      <geom type="box" size="0.25 0.12 0.06" mass="9"/>
      ${legs
        .map(
          ([x, y], k) => `<body name="thigh ${k}" pos="${0.2 * x} ${0.13 * y} 0">
        <joint name="hip ${k}" type="hinge" axis="0 1 0" damping="0.2" armature="0.01"/>
        <geom type="capsule" fromto="0 0 0 -0.06 0 -0.2" size="0.025" mass="1"/>
        <body name="shank ${k}" pos="-0.06 0 -0.2">
          <joint name="knee ${k}" type="hinge" axis="0 1 0" damping="0.2" armature="0.01"/>
          <geom type="capsule" fromto="0 0 0 0.08 0 -0.2" size="0.018" mass="0.3"/>
        </body>
      </body>`,
        )
        .join('\n      ')}
    </body>
  </worldbody>
  <actuator>${legs.map((_, k) => `<motor joint="hip ${k}" gear="20"/><motor joint="knee ${k}" gear="20"/>`).join('')}</actuator>
</mujoco>`;

const ant = `<mujoco model="ant">${onTheGround}
  <default>
    <joint damping="1" armature="1"/>
    <geom condim="3" friction="1 0.5 0.5" density="5" conaffinity="0"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 1" conaffinity="1" contype="0"/>
    <body name="torso" pos="0 0 0.75">
      <freejoint/>
      <geom type="sphere" size="0.25"/>
      ${legs
        .map(
          ([x, y], k) => `<body name="hip ${k}">
        <geom type="capsule" fromto="0 0 0 ${0.2 * x} ${0.2 * y} 0" size="0.08"/>
        <body name="thigh ${k}" pos="${0.2 * x} ${0.2 * y} 0">
          <joint name="hip ${k}" type="hinge" axis="0 0 1" range="-30 30"/>
          <geom type="capsule" fromto="0 0 0 ${0.2 * x} ${0.2 * y} 0" size="0.08"/>
          <body name="shank ${k}" pos="${0.2 * x} ${0.2 * y} 0">
            <joint name="ankle ${k}" type="hinge" axis="${-y} ${x} 0" range="30 70"/>
            <geom type="capsule" fromto="0 0 0 ${0.4 * x} ${0.4 * y} 0" size="0.08"/>
          </body>
        </body>
      </body>`,
        )
        .join('\n      ')}
    </body>
  </worldbody>
  <actuator>${legs.map((_, k) => `<motor joint="hip ${k}" gear="150"/><motor joint="ankle ${k}" gear="150"/>`).join('')}</actuator>
</mujoco>`;

export const robots: readonly RobotCase[] = [
  { name: 'cart-pole', what: 'Euler, 2 ms', xml: cartpole, contacts: false },
  { name: 'arm', what: '6 hinges, Euler, 2 ms', xml: arm, contacts: false },
  { name: 'quadruped', what: '14 velocities, in the air, Euler, 2 ms', xml: quadruped, contacts: false },
  { name: 'ant', what: '14 velocities, limits, on its feet, Euler 5 ms', xml: ant, contacts: true },
];
