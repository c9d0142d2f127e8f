// A box that slides to a stop on a plane, against MuJoCo's own run of the same file (reference/sliding_block.json).

import { readFileSync } from 'node:fs';
import { rollout } from 'retrograde/adjoint';
import {
  type ArticulatedState,
  articulated,
  articulatedParams,
  articulatedState,
  constraintParams,
  convex,
  mjcf,
} from 'retrograde/physics';
import { expect, it } from 'vitest';
import { cpu64 } from '../../../util/devices.ts';
import { on64 } from '../../../util/numbers.ts';

interface Slide {
  readonly mu: number;
  readonly v0: number;
  /** Where it is at t, when its speed falls below 1 mm/s; v₀² / 2μg. */
  readonly stop: number;
  readonly t: number;
  readonly analytic: number;
}

it('a box slides as far as with MuJoCo, and nearly as Coulomb says', async () => {
  const { xml, out } = JSON.parse(
    readFileSync(new URL('../reference/sliding_block.json', import.meta.url), 'utf8'),
  ) as {
    readonly xml: string;
    readonly out: readonly Slide[];
  };
  const model = mjcf(xml);
  const dt = model.timestep as number;
  const step = articulated(model, { contact: convex() });
  const params = articulatedParams(model, cpu64);
  const usual = constraintParams(model, cpu64);
  const rub = (slides: readonly Slide[]) => {
    const friction = on64(
      slides.flatMap(({ mu }) => [mu, mu, 0.005, 1e-4, 1e-4]),
      [slides.length, 1, 5],
    );
    return { ...usual, pairs: { ...(usual.pairs as NonNullable<typeof usual.pairs>), friction } };
  };
  const after = (start: ArticulatedState, slides: readonly Slide[], steps: number): ArticulatedState => {
    const constraints = rub(slides);
    return rollout(s => step(s, { params, constraints }, dt), start, steps);
  };
  const lies = after(articulatedState(model, { device: cpu64 }), out.slice(0, 1), 1000); // it has sunk in
  const count = out.length;
  const pushed = on64(
    out.flatMap(({ v0 }) => [v0, 0, 0, 0, 0, 0]),
    [count, 6],
  );
  let state: ArticulatedState = { q: lies.q.broadcastTo([count, 7]), v: pushed };
  let done = 0;
  for (const slide of [...out].sort((a, b) => a.t - b.t)) {
    const steps = Math.round(slide.t / dt);
    state = after(state, out, steps - done);
    done = steps;
    const e = out.indexOf(slide);
    const [x, v] = [(await state.q.read())[7 * e], (await state.v.read())[6 * e]];
    expect(Math.abs(x - slide.stop)).toBeLessThan(1e-11);
    expect(v).toBeLessThan(1e-3);
    expect(Math.abs(x / slide.analytic - 1)).toBeLessThan(1e-3);
  }
});
