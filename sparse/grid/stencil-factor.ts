/**
 * Stencils that stay the same through a step that is recorded, as those of flow around a body that does not move: factorised once, so that each solve is
 * two sweeps through the factor.
 *
 * Factorising takes as long as some ten solves by iteration, so it must be known that as many follow: while a step is recorded, and what the stencil is
 * made of is fixed in it. Nothing else decides, so what a run gives does not depend on what was run before it.
 */

import { unrecorded } from '../../adjoint/index.ts';
import {
  areFixedNow,
  aside,
  collecting,
  type Device,
  onDevice,
  peek,
  releaseWhenCollected,
  type Tensor,
  type Words,
} from '../../kernel/index.ts';
import { analyse } from '../direct/analysis.ts';
import { FactorizationError } from '../direct/error.ts';
import { factorise } from '../direct/multifrontal.ts';
import { definite } from '../direct/symmetric.ts';
import { onDevice as factorsOn } from '../direct/triangular.ts';
import type { Preconditioner } from '../preconditioner.ts';
import { unknowns } from './layout.ts';
import type { Stencil } from './stencil.ts';
import { entriesOf } from './stencil-entries.ts';

/** Unknowns up to which sweeps through a factor take less time than cycles of multigrid, on a line, in the plane, in space. */
const most = [65536, 65536, 8192];

interface Known {
  readonly form: string;
  readonly numbers: readonly Words[];
  /** Undefined if it cannot be factorised. */
  readonly factor: Preconditioner | undefined;
}

const mostKnown = 8;
const knownOn = onDevice((): Known[] => []);

/** A⁻¹, while a step is recorded in which A is fixed; undefined elsewhere, and where iteration takes less time or A has no inverse. */
export function recordedFactor(A: Stencil): Preconditioner | undefined {
  const { device, layout, params } = A;
  if (device.kind !== 'cpu' || unknowns(layout) > most[layout.axes.length - 1]) return undefined;
  const { conductivity, reaction } = params;
  const fields =
    'device' in conductivity ? [conductivity as Tensor] : layout.axes.map(({ name }) => conductivity[name]);
  const leaves = [...fields, reaction].filter(leaf => leaf !== undefined);
  if (!areFixedNow(device, leaves)) return undefined;
  return aside(device, () =>
    found(
      A,
      leaves.map(leaf => peek(leaf) as Words),
      device,
    ),
  );
}

const sameWords = (a: Words, b: Words): boolean => a.length === b.length && a.every((v, k) => v === b[k]);

function found(A: Stencil, numbers: readonly Words[], device: Device): Preconditioner | undefined {
  const known = knownOn(device);
  const form = JSON.stringify([A.layout, A.params.reaction === undefined]);
  const before = known.find(
    one =>
      one.form === form &&
      one.numbers.length === numbers.length &&
      one.numbers.every((w, k) => sameWords(w, numbers[k])),
  );
  if (before) return before.factor;
  const made = { form, numbers: numbers.map(words => words.slice()), factor: factorOf(A, numbers) };
  known.unshift(made);
  if (known.length > mostKnown) known.pop();
  return made.factor;
}

function factorOf(
  { layout, params, isSingular, device }: Stencil,
  numbers: readonly Words[],
): Preconditioner | undefined {
  const { axes } = layout;
  const one = 'device' in params.conductivity;
  const conductivity = one ? numbers[0] : Object.fromEntries(axes.map(({ name }, k) => [name, numbers[k]]));
  const { pattern, values, loose } = entriesOf(layout, { conductivity, reaction: numbers[one ? 1 : axes.length] });
  if (loose > (isSingular ? 1 : 0)) return undefined;
  const analysis = analyse('stencil', pattern, 1, 'symmetric', 'amd');
  const fail = (row: number, pivot = 0): never => {
    throw new FactorizationError('stencil: it is not positive definite.', { row, pivot });
  };
  try {
    const elimination = definite(new Float64Array(pattern.rows), fail);
    const factors = factorise(analysis, values, elimination, fail);
    const tables: Tensor[] = [];
    const prepared = unrecorded(() => collecting(tables, () => factorsOn(factors, device)));
    for (const table of tables) releaseWhenCollected(table);
    return { name: 'cholesky', exact: true, prepare: () => prepared };
  } catch (error) {
    if (error instanceof FactorizationError) return undefined;
    throw error;
  }
}
