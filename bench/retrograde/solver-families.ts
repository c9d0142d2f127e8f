/** The cases of the solvers, through the public interface. */

import type { Families } from '../contest.ts';
import * as algebra from './algebra.ts';
import { design } from './beam.ts';
import * as fits from './fits.ts';
import * as plate from './plate.ts';
import * as stiff from './stiff.ts';
import * as trajectories from './trajectories.ts';

export const families: Families = { algebra, beam: { design }, fits, stiff: { ...stiff, ...plate }, trajectories };
