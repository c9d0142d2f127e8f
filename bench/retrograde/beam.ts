/** The scene mbb-beam, some iterations a run: what is prepared is part of the first run alone, as it is for others. */

import { type BeamStep, designBeam } from '../../scenes/mbb-beam/mbb-beam.ts';
import type { Contest } from '../contest.ts';
import type { Beam } from '../problems/solvers.ts';
import { numbers, on64 } from './solver-contest.ts';

export function design({ constants: { nx, ny, radius, iterations } }: Beam): Contest {
  const beam = { nx, ny, radius, volume: 0.5, power: 3, filter: 'sensitivity' } as const;
  const begin = (): AsyncGenerator<BeamStep> => designBeam(beam, on64, 1000);
  let steps = begin();
  return numbers(async () => {
    let compliance = Number.NaN;
    for (let k = 0; k < iterations; k++) {
      const { value, done } = await steps.next();
      if (done)
        steps = begin(); // it has come to rest
      else compliance = value.compliance;
    }
    return [compliance];
  }, iterations);
}
