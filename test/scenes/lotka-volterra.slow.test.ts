// Specification of the scene that fits the rates of prey and predators.
// Numbers from reference/cases.json: lotka_volterra.

import { valueAndGrad } from 'retrograde/adjoint';
import { tensor } from 'retrograde/kernel';
import { lotkaVolterra } from 'retrograde/scenes';
import { describe, expect, it } from 'vitest';
import { populations } from '../../scenes/lotka-volterra/model.ts';
import { cpu64 } from '../util/devices.ts';
import { smallRun } from '../util/small-run.ts';

const one = (v: number) => tensor([v], undefined, { device: cpu64 });

it('the model has the values and derivatives of twenty digits', async () => {
  const at = {
    rates: { growth: one(1.5), predation: one(1), death: one(3), conversion: one(1) },
    start: { prey: one(1), predators: one(1) },
  };
  const { value, grad } = valueAndGrad(({ rates, start }: typeof at) => {
    const { prey, predators } = populations(rates, start, [10], 1e-9);
    return prey.sub(1).square().sum().add(predators.sub(1).square().sum()).mul(0.5);
  })(at);
  const [x, y] = [1.0263447675750894, 0.9096910781360417];
  expect(await value.item()).toBeCloseTo(((x - 1) ** 2 + (y - 1) ** 2) / 2, 8);
  const { rates, start } = grad;
  for (const [found, expected] of [
    [rates.growth, 0.6219615855513],
    [rates.predation, 0.0680014041509],
    [rates.death, 0.1691764639959],
    [rates.conversion, 0.27256069395],
    [start.prey, 0.2995995083037],
    [start.predators, -0.0141518163449],
  ] as const)
    expect(Math.abs((await found.item()) - expected)).toBeLessThan(2e-6);
});

describe('the scene', () => {
  const run = smallRun(lotkaVolterra);

  it('finds the rates inside their intervals', { timeout: 120_000 }, async () => {
    const { goal, estimates, loss } = await run({});
    expect(goal.met).toBe(true);
    expect(loss).toBeGreaterThan(0.7);
    expect(loss).toBeLessThan(1.3);
    for (const { interval, truth = 0 } of estimates) expect(interval).toBeLessThan(0.1 * truth);
  });

  it('says what it cannot take', async () => {
    await expect(run({ counts: 2 })).rejects.toThrow("'counts' is 2; six unknowns take a whole number of at least 4.");
    await expect(run({ years: 0 })).rejects.toThrow("lotka-volterra: 'years' is 0; it must be positive.");
  });
});
