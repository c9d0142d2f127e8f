/** What error of a step is allowed: rtol |y| + atol, where atol is one number for all of the state or a tree like it. */

import { type Flat, flatten, inOrderOf, matching } from '../../adjoint/index.ts';
import { type Device, isBeingRecorded, Tensor, tensor } from '../../kernel/index.ts';
import type { Leaves } from './runge-kutta.ts';

/** A number, or a tree like the state, of numbers and of tensors that broadcast to the state's. */
export type Atol<Y> = number | (Y extends Tensor ? Tensor : { readonly [K in keyof Y]: Atol<Y[K]> });

export interface Tolerances {
  readonly rtol: number;
  /** For each leaf of the state: one number, or as many as it has. */
  readonly atol: Leaves;
}

interface Given<Y> {
  readonly rtol?: number;
  readonly atol?: Atol<Y>;
}

const defaultRtol = ({ precision }: Device): number => (precision === 'f64' ? 1e-6 : 1e-4);

/** @throws TypeError or RangeError if atol has not the form of the state. */
export function tolerancesOf<Y>(form: Flat<Y>, given: Given<Y>): Tolerances {
  const { device } = form.leaves[0];
  const { rtol = defaultRtol(device), atol = rtol } = given;
  if (typeof atol !== 'number') return { rtol, atol: leavesLike(form, atol) };
  const same = tensor(atol, [], { device });
  return { rtol, atol: form.leaves.map(() => same) };
}

/** atol's leaves, broadcast, in the order of the state's. */
function leavesLike<Y>(form: Flat<Y>, atol: Atol<Y>): Leaves {
  const { device } = form.leaves[0];
  const tree = flatten(withTensors(atol, device), 'odeSolve', 'atol');
  const leaves = tree.leaves.map((leaf, k) => {
    const name = nameOf(tree.names[k]);
    if (leaf.type !== 'f32') throw new TypeError(`odeSolve: ${name} holds ${leaf.type}; tolerances are f32.`);
    if (leaf.device !== device)
      throw new TypeError(`odeSolve: ${name} is on another device than y0; move it: await x.to(device).`);
    const shape = form.leaves[form.names.indexOf(tree.names[k])]?.shape;
    if (!shape) return leaf;
    const before = shape.length - leaf.shape.length;
    if (before < 0 || leaf.shape.some((n, d) => n !== 1 && n !== shape[before + d]))
      throw new RangeError(
        `odeSolve: ${name} has shape [${leaf.shape.join(', ')}]; give a number, or a shape that broadcasts to the state's, [${shape.join(', ')}].`,
      );
    return leaf.detach().broadcastTo(shape);
  });
  matching('odeSolve', form, { ...tree, leaves }, 'atol');
  return inOrderOf(form, { ...tree, leaves });
}

/** The tree with tensors for its numbers. */
function withTensors(part: unknown, device: Device): unknown {
  if (typeof part === 'number') return tensor(part, [], { device });
  if (typeof part !== 'object' || part === null || part instanceof Tensor || ArrayBuffer.isView(part)) return part;
  if (Array.isArray(part)) return part.map(inner => withTensors(inner, device));
  return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, withTensors(inner, device)]));
}

const nameOf = (leaf: string): string => (leaf ? `'${leaf}' of atol` : 'atol');

/**
 * @throws RangeError if steps cannot be chosen by them: for what tensors hold at once on a CPU, by the next read on a GPU; in a step that
 * is recorded nobody looks.
 */
export function checkTolerances<Y>(form: Flat<Y>, { rtol, atol }: Tolerances, given: Given<Y>): void {
  const { device } = form.leaves[0];
  const one = typeof given.atol === 'number' || given.atol === undefined ? (given.atol ?? rtol) : undefined;
  if (!(rtol >= 0 && rtol < 1) || (one !== undefined && !(one > 0 && Number.isFinite(one))))
    throw new RangeError(
      `odeSolve: rtol is ${rtol}${one === undefined ? '' : ` and atol ${one}`}; rtol is below 1 and not negative, and atol is above 0.`,
    );
  const f64 = device.precision === 'f64';
  const least = f64 ? 1e-15 : 1e-6;
  const checkReach = (largest: number): void => {
    if (Math.max(rtol, largest) < least)
      throw new RangeError(
        `odeSolve: rtol is ${rtol}, which ${f64 ? 'f64' : 'f32'} cannot reach; ask for ${least} or more${f64 ? '' : ", or use an f64 device: { kind: 'cpu', precision: 'f64' }"}.`,
      );
  };
  if (one !== undefined) checkReach(one);
  else if (!isBeingRecorded(device))
    device.check(
      atol.map(leaf => leaf.memory.retain()),
      (...leaves) => {
        leaves.forEach((words, l) => {
          const wrong = words.find(v => !(v > 0 && Number.isFinite(v)));
          if (wrong !== undefined)
            throw new RangeError(
              `odeSolve: ${nameOf(form.names[l])} holds ${wrong}; what is allowed of each number is above 0 and finite.`,
            );
        });
        checkReach(leaves.flatMap(words => Array.from(words)).reduce((a, b) => Math.max(a, b), 0));
      },
    );
}
