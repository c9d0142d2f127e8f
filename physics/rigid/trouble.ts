/**
 * What went wrong in a step, kept with the state: steps that are replayed are not looked at, so the first trouble is written down, and told
 * when somebody asks.
 *
 *   trouble = (steps done, step in which it began or 0, what it was, a number that belongs to it)
 */

import { lazyKernel, type Tensor, zeros } from '../../kernel/index.ts';
import type { Momenta } from './motion.ts';
import { roomier } from './near.ts';

const watch = lazyKernel(/* wgsl */ `
  var<storage, read> trouble: array<f32>;
  var<storage, read> p: array<vec3f>;
  var<storage, read> L: array<vec3f>;
  var<storage, read> report: array<f32>;
  var<storage, read> pairs: array<u32>;
  var<storage, read> contacts: array<u32>;
  var<uniform> pairRoom: u32;
  var<uniform> contactRoom: u32;
  var<uniform> tolerance: f32;
  @unique var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(1)
  fn watchStep() {
    let step = trouble[0] + 1.0;
    var kind = 0.0;
    var number = 0.0;
    if (pairs[0] > pairRoom) {
      kind = 2.0;
      number = f32(pairs[0]);
    } else if (contacts[0] > contactRoom) {
      kind = 3.0;
      number = f32(contacts[0]);
    } else {
      for (var i = arrayLength(&p); i > 0u; i--) {
        let size = dot(p[i - 1u], p[i - 1u]) + dot(L[i - 1u], L[i - 1u]);
        if (!(size < 3e38)) {
          kind = 1.0;
          number = f32(i - 1u);
        }
      }
      var square = 0.0;
      for (var i = 0u; i < arrayLength(&report); i += 3u) { square += report[i]; }
      if (kind == 0.0 && square > tolerance * tolerance) {
        kind = 4.0;
        number = sqrt(square);
      }
    }
    let known = trouble[1] > 0.0;
    next[0] = step;
    next[1] = select(select(0.0, step, kind > 0.0), trouble[1], known);
    next[2] = select(kind, trouble[2], known);
    next[3] = select(number, trouble[3], known);
  }
`);

export interface Watched {
  readonly end: Momenta;
  /** What the solver reported, all passes together. */
  readonly reports: Tensor;
  readonly pairs: Tensor | undefined;
  readonly contacts: Tensor | undefined;
  readonly pairRoom: number;
  readonly contactRoom: number;
  readonly tolerance: number;
}

/** The trouble after a step. */
export function watched(trouble: Tensor, { end, reports, pairs, contacts, ...room }: Watched): Tensor {
  const { device } = trouble;
  const none = pairs && contacts ? undefined : zeros([1], { device, type: 'u32' });
  const given = {
    trouble: trouble.detach(),
    p: end.p.detach(),
    L: end.L.detach(),
    report: reports,
    pairs: pairs ?? (none as Tensor),
    contacts: contacts ?? (none as Tensor),
    ...room,
  };
  return watch(given, { count: 1, out: { next: 4 } }).next;
}

/** @throws Error, RangeError if there was trouble. */
export async function tell(
  trouble: Tensor,
  names: readonly string[],
  { pairRoom, contactRoom }: { readonly pairRoom: number; readonly contactRoom: number },
): Promise<void> {
  const [, step, kind, number] = await trouble.read();
  if (step === 0) return;
  const when = `rigidBodies: in step ${step}`;
  if (kind === 1)
    throw new Error(
      `${when} body '${names[number]}' got a momentum that is not finite; look at what it was given, or take a smaller dt.`,
    );
  if (kind === 2)
    throw new RangeError(
      `${when} ${number} pairs of bodies were near each other, with room for ${pairRoom}; give ${roomier('pairs', number)}.`,
    );
  if (kind === 3)
    throw new RangeError(
      `${when} there were ${number} contacts, with room for ${contactRoom}; give ${roomier('contacts', number)}.`,
    );
  throw new Error(
    `${when} impulses were left with a residual of ${number.toPrecision(2)}; allow more 'maxSteps', a larger 'softness', or take a smaller dt.`,
  );
}
