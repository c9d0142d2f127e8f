// Specification of the scene that finds parameters of motions from films of them.

import { jvp, vjp } from 'retrograde/adjoint';
import { videoSysid } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { bounce } from '../../scenes/video-sysid/bounces.ts';
import { cpu64 } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

describe('video-sysid', () => {
  it('finds length and gravity of a pendulum from twelve frames', async () => {
    const { goal, estimates, pictures, plots, film } = await smallRun(videoSysid)({ clips: 1, frames: 12, scan: 2 });
    expect(goal.met).toBe(true);
    for (const { fitted, truth, interval } of estimates) {
      expect(interval).toBeGreaterThan(0);
      expect(Math.abs(fitted - truth!)).toBeLessThan(2 * interval); // 95 % of draws are within one
    }
    expect([pictures.length, plots?.length, film?.images.length]).toEqual([1, 1, 12]);
  });

  it('has derivatives through impacts and pictures', async () => {
    const clip = bounce(16, cpu64);
    const film = (values: ReturnType<typeof on64>) => clip.film(values, 14); // the ball bounces in the eleventh frame
    const at = [1.03, 9.1, 0.77];
    const x = on64(at);
    const { tangent } = jvp(film)(x, on64([0, 0, 1]));
    const h = 1e-6;
    const [more, less] = [h, -h].map(d => film(on64([at[0]!, at[1]!, at[2]! + d])));
    const quotient = await more!
      .sub(less!)
      .div(2 * h)
      .read();
    near(await tangent.read(), quotient, 1e-6);
    expect(Math.max(...quotient)).toBeGreaterThan(0.1);
    const { value, pullback } = vjp(film)(x);
    const bar = value.mul(value).add(1);
    const [, , byRestitution] = await pullback(bar).read();
    expect(byRestitution).toBeCloseTo(await tangent.mul(bar).sum().item(), 9);
  });

  it('says what it cannot take', async () => {
    await expect(smallRun(videoSysid)({ frames: 2 })).rejects.toThrow(
      "video-sysid: 'frames' is 2; it must be a whole number from 8.",
    );
  });
});
