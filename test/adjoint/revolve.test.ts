// Specification of the checkpoint schedule: as many steps, stores and restores as the original program, and never too many slots.

import { describe, expect, it } from 'vitest';
import { advances, revolve } from '../../adjoint/rollout/revolve.ts';
import { advanced, runs } from '../fixtures/revolve-counts.ts';

function count(steps: number, slots: number) {
  const tally = { advance: 0, store: 0, restore: 0, turns: [] as number[], slots: 0 };
  for (const action of revolve(steps, slots)) {
    if (action.kind === 'advance') tally.advance += action.to - action.from;
    else if (action.kind === 'turn') tally.turns.push(action.step);
    else tally[action.kind]++;
    if (action.kind === 'store') tally.slots = Math.max(tally.slots, action.slot + 1);
  }
  return tally;
}

describe('revolve', () => {
  it.each(advanced.filter(([steps, slots]) => steps <= 1024 || slots >= 3))(
    '%i steps with %i checkpoints: %i advances',
    (steps, slots, want) => {
      const { advance, turns, slots: used } = count(steps, slots);
      expect(advance).toBe(want);
      expect(turns).toEqual(Array.from({ length: steps }, (_, k) => steps - 1 - k));
      expect(used).toBeLessThanOrEqual(slots);
    },
  );

  it.each(runs)(
    '$steps steps with $slots checkpoints: $store stores, $restore restores',
    ({ steps, slots, advance, store, restore }) => {
      expect(count(steps, slots)).toMatchObject({ advance, store, restore });
    },
  );

  it('starts every advance where the state is', () => {
    let at = 0;
    const kept: number[] = [];
    for (const action of revolve(57, 4)) {
      if (action.kind === 'advance') {
        expect(action.from).toBe(at);
        at = action.to;
      } else if (action.kind === 'store') kept[action.slot] = at;
      else if (action.kind === 'restore') {
        expect(kept[action.slot]).toBe(action.step);
        at = action.step;
      } else expect(action.step).toBe(at);
    }
  });
});

it('advances is the closed form of the same count', () => {
  for (const [steps, slots, want] of advanced) expect(advances(steps, slots)).toBe(want);
});
