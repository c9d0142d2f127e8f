/**
 * MuJoCo as it is shipped for JavaScript (WebAssembly, one thread), on the robots of the bench. One JSON line.
 *
 * A Jacobian is mjd_transitionFD's: of the next state in state and controls, by one-sided differences of step 1e-6.
 */

import loadMujoco from '@mujoco/mujoco';

const robots = JSON.parse(process.argv[2]);
const mujoco = await loadMujoco({ print: () => {}, printErr: () => {} });

/** Least processor time of one call in five rounds of at least 200 ms, s. */
function best(f) {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const begin = process.cpuUsage();
    let calls = 0;
    let spent = 0;
    while (spent < 2e5) {
      f();
      calls++;
      const { user, system } = process.cpuUsage(begin);
      spent = user + system;
    }
    least = Math.min(least, spent / calls / 1e6);
  }
  return least;
}

for (const { name, xml } of robots) {
  const model = mujoco.MjModel.from_xml_string(xml);
  const data = new mujoco.MjData(model);
  const rows = 2 * model.nv + model.na;
  const A = new mujoco.DoubleBuffer(rows * rows);
  const B = new mujoco.DoubleBuffer(rows * model.nu);
  const control = Array.from({ length: model.nu }, (_, k) => 0.2 * Math.sin(k + 1));
  data.ctrl.set(control);
  for (let k = 0; k < 400; k++) mujoco.mj_step(model, data); // until it stands, if it can
  const [q, v] = [Array.from(data.qpos), Array.from(data.qvel)];
  const contacts = data.ncon;
  const again = () => {
    data.qpos.set(q);
    data.qvel.set(v);
  };
  const step = best(() => {
    again();
    for (let k = 0; k < 50; k++) mujoco.mj_step(model, data);
  });
  again();
  const jacobian = best(() => mujoco.mjd_transitionFD(model, data, 1e-6, 0, A, B, null, null));
  console.log(JSON.stringify({ name, step: step / 50, jacobian, contacts, q, v }));
}
