/**
 * Two robots that have to learn to move: a leg that hops in a plane, and a body on four legs. The classic proportions, with numbers of our own.
 *
 * Everything touches the ground alone. Angles are in degrees, z is up.
 */

/** Torso, thigh, shank and foot; slides along x and z and a hinge make the plane. q: x, z, pitch, hip, knee, ankle. */
export const hopperHeight = 1.24;
export const hopperXml: string = `
<mujoco model="hopper">
  <compiler angle="degree" inertiafromgeom="true" autolimits="true"/>
  <option timestep="0.002" gravity="0 0 -9.81"/>
  <default>
    <geom type="capsule" contype="0" conaffinity="1" condim="3" friction="1.2 0.005 0.0001" density="1000"/>
    <default class="leg">
      <joint type="hinge" axis="0 -1 0" damping="1" armature="0.8"/>
    </default>
    <motor ctrllimited="true" ctrlrange="-1 1"/>
  </default>
  <worldbody>
    <geom name="ground" type="plane" size="50 50 0.1" contype="1" conaffinity="0"/>
    <body name="torso" pos="0 0 ${hopperHeight}">
      <joint name="x" type="slide" axis="1 0 0"/>
      <joint name="z" type="slide" axis="0 0 1"/>
      <joint name="pitch" type="hinge" axis="0 1 0"/>
      <geom name="torso" fromto="0 0 0.2 0 0 -0.2" size="0.05"/>
      <body name="thigh" pos="0 0 -0.2" childclass="leg">
        <joint name="hip" range="-140 10"/>
        <geom name="thigh" fromto="0 0 0 0 0 -0.44" size="0.05"/>
        <body name="shank" pos="0 0 -0.44">
          <joint name="knee" range="-140 5"/>
          <geom name="shank" fromto="0 0 0 0 0 -0.5" size="0.04"/>
          <body name="foot" pos="0 0 -0.5">
            <joint name="ankle" range="-45 45"/>
            <geom name="foot" fromto="-0.13 0 -0.04 0.25 0 -0.04" size="0.055"/>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor name="hip" joint="hip" gear="180"/>
    <motor name="knee" joint="knee" gear="180"/>
    <motor name="ankle" joint="ankle" gear="90"/>
  </actuator>
</mujoco>`;

/** One of the ant's legs, at the corner (x, y) of the torso: a hip that turns about z, and a knee. */
const leg = (name: string, x: number, y: number, knee: string, range: string): string => `
      <body name="${name} hip" pos="${0.2 * x} ${0.2 * y} 0">
        <joint name="${name} hip" axis="0 0 1" range="-35 35"/>
        <geom fromto="0 0 0 ${0.2 * x} ${0.2 * y} 0" size="0.07"/>
        <body name="${name} shank" pos="${0.2 * x} ${0.2 * y} 0">
          <joint name="${name} knee" axis="${knee} 0" range="${range}"/>
          <geom name="${name} foot" fromto="0 0 0 ${0.38 * x} ${0.38 * y} 0" size="0.07" conaffinity="1"/>
        </body>
      </body>`;

/** q: place and orientation of the torso, then hip and knee of each leg. */
export const antXml: string = `
<mujoco model="ant">
  <compiler angle="degree" inertiafromgeom="true" autolimits="true"/>
  <option timestep="0.002" gravity="0 0 -9.81"/>
  <default>
    <joint type="hinge" damping="1" armature="1"/>
    <geom type="capsule" contype="0" conaffinity="0" condim="3" friction="1 0.005 0.0001" density="100"/>
    <motor ctrllimited="true" ctrlrange="-1 1" gear="150"/>
  </default>
  <worldbody>
    <geom name="ground" type="plane" size="50 50 0.1" contype="1" conaffinity="0"/>
    <body name="torso" pos="0 0 0.55">
      <freejoint name="root"/>
      <geom name="torso" type="sphere" size="0.25" conaffinity="1"/>
${leg('front left', 1, 1, '-1 1', '30 100')}
${leg('front right', 1, -1, '1 1', '30 100')}
${leg('back right', -1, -1, '1 -1', '30 100')}
${leg('back left', -1, 1, '-1 -1', '30 100')}
    </body>
  </worldbody>
  <actuator>
${['front left', 'front right', 'back right', 'back left'].flatMap(name => ['hip', 'knee'].map(joint => `    <motor joint="${name} ${joint}"/>`)).join('\n')}
  </actuator>
</mujoco>`;
