/** The first designs of the scene mbb-beam. */

import { designBeam } from '../../scenes/mbb-beam/mbb-beam.ts';
import type { Contest } from '../contest.ts';
import type { Beam } from '../problems/solvers.ts';
import { numbers, on64 } from './solver-contest.ts';

export function design({ constants: { nx, ny, radius, iterations } }: Beam): Contest {
  const beam = { nx, ny, radius, volume: 0.5, power: 3, filter: 'sensitivity' } as const;
  return numbers(async () => {
    let compliance = Number.NaN;
    for await (const step of designBeam(beam, on64, iterations)) compliance = step.compliance;
    return [compliance];
  }, iterations);
}
