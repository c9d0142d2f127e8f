// Specification of the scene that plays billiards by gradients through collisions. Numbers from notes/contacts.md §3 (V9b, V24) and
// reference/billiards.json: DiffTaichi's losses in double precision, computed by another program.

import { billiards } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { costOf, drive, tasks } from '../../scenes/billiards/control.ts';
import { descend } from '../../scenes/billiards/rack.ts';
import { cpu64 } from '../util/devices.ts';
import { near } from '../util/near.ts';
import { on64 } from '../util/numbers.ts';
import { smallRun } from '../util/small-run.ts';

describe('the break', () => {
  it.each([
    ['position', [0.0454166227585681, 0.005636721968346546, 0.0005713922195009955]],
    ['none', [0.045754131148355734, 0.025737946734161875]],
  ] as const)('is DiffTaichi’s, %s (V24)', async (timing, expected) => {
    const { losses } = await descend(timing, timing === 'none' ? 21 : 51, cpu64, () => true);
    near([losses[0], losses[20]], expected.slice(0, 2), 1e-8);
    if (timing === 'position') expect(Math.abs(losses[50] / expected[2] - 1)).toBeLessThan(0.01);
  });
});

describe('driven balls', () => {
  it.each(tasks)('come within 1 % of the optimum by events, in 25 evaluations: $name (V9b)', async task => {
    const event = await drive(task, 'event', 17, cpu64, () => {});
    const spent = event.curve.find(([, cost]) => cost <= 1.01 * task.optimum)?.[0];
    expect(spent).toBeLessThanOrEqual(25);
    expect(event.cost).toBe(event.value);
    expect(event.cost).toBeGreaterThan(task.optimum);
  });

  it('do not where the gradient does not know when they collide', async () => {
    const none = await drive(tasks[0], 'none', 17, cpu64, () => {});
    expect(none.cost).toBeGreaterThan(1.12 * tasks[0].optimum);
  });

  it('cost much the same by each law', async () => {
    for (const task of tasks) {
      const u = on64(Array.from({ length: 960 }, (_, k) => task.u[k % 2]), [480, 1, 2]); // biome-ignore format: a line
      const [position, event] = [await costOf(task, 'position', cpu64)(u).item(), await costOf(task, 'event', cpu64)(u).item()]; // biome-ignore format: a line
      expect(Math.abs(position / event - 1)).toBeLessThan(0.03);
    }
  });
});

describe('the scene', () => {
  const run = smallRun(billiards);

  it('shows its tables and costs, and says when it was cut short', async () => {
    const { goal, pictures, plots, notes, device } = await run({ descent: 2, drives: 2 });
    expect(goal.met).toBe(false);
    expect(pictures).toHaveLength(2);
    expect(plots).toHaveLength(2);
    expect(notes[1]).toContain('optimum 0.31141687');
    expect(device).toContain('f64');
  });

  it('says what it cannot take', async () => {
    await expect(run({ descent: 0 })).rejects.toThrow("billiards: 'descent' is 0; it must be a whole number from 1.");
  });
});
