/**
 * Rapier as it is shipped for JavaScript, on the pile of the bench, bodies kept awake. One JSON line.
 *
 * Processor time of a step while the pile falls (steps 1 to 120), and when it lies (steps 600 to 720).
 */

const [simd, given, dt] = process.argv.slice(2);
const { default: RAPIER } =
  simd === 'simd' ? await import('@dimforge/rapier3d-simd-compat') : await import('@dimforge/rapier3d-compat');
await RAPIER.init();

const world = new RAPIER.World({ x: 0, y: -9.81, z: 0 });
world.timestep = Number(dt);
world.createCollider(RAPIER.ColliderDesc.cuboid(200, 1, 200).setTranslation(0, -1, 0).setFriction(0.5));
const boxes = JSON.parse(given).map(({ position: [x, y, z], orientation: [w, i, j, k] }) => {
  const body = world.createRigidBody(
    RAPIER.RigidBodyDesc.dynamic().setTranslation(x, y, z).setRotation({ x: i, y: j, z: k, w }).setCanSleep(false),
  );
  world.createCollider(RAPIER.ColliderDesc.cuboid(0.5, 0.5, 0.5).setFriction(0.5).setDensity(1000), body);
  return body;
});

function seconds(steps) {
  const begin = process.cpuUsage();
  for (let k = 0; k < steps; k++) world.step();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1e6 / steps;
}

const falling = seconds(120);
seconds(480);
const settled = seconds(120);
const speeds = boxes.map(body => body.linvel()).map(({ x, y, z }) => Math.hypot(x, y, z));
console.log(
  JSON.stringify({
    falling,
    settled,
    fastest: Math.max(...speeds),
    top: Math.max(...boxes.map(b => b.translation().y)),
  }),
);
