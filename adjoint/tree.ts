/** Trees: nested records and tuples whose leaves are tensors. Parameters, states and gradients are trees. */

import { inWords, Tensor, type Words } from '../kernel/index.ts';

/** For reading; functions take any record or tuple type whose leaves are tensors. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };

export interface Flat<T> {
  readonly leaves: readonly Tensor[];
  /** 'body.x', 'layers[0].w'; '' for a tree that is one tensor. */
  readonly names: readonly string[];
  /** The same tree around other leaves. */
  rebuild(leaves: readonly Tensor[]): T;
}

const join = (path: string, key: string, isIndex: boolean): string =>
  isIndex ? `${path}[${key}]` : path ? `${path}.${key}` : key;

/**
 * A tree's leaves in order, their names, and how to build the same tree of others.
 *
 * @param who Whose messages these are.
 * @param what The tree, for messages.
 * @throws TypeError naming the leaf that is not a tensor.
 */
export function flatten<T>(tree: T, who = 'tree', what?: string): Flat<T> {
  const leaves: Tensor[] = [];
  const names: string[] = [];
  type Build = (leaves: readonly Tensor[]) => unknown;
  const visit = (part: unknown, path: string): Build => {
    if (part instanceof Tensor) {
      const position = leaves.push(part) - 1;
      names.push(path);
      return all => all[position];
    }
    if (Array.isArray(part)) {
      const build = part.map((inner, k) => visit(inner, join(path, String(k), true)));
      return all => build.map(b => b(all));
    }
    if (typeof part === 'object' && part !== null && !ArrayBuffer.isView(part) && !('then' in part)) {
      const build = Object.entries(part).map(([key, inner]) => [key, visit(inner, join(path, key, false))] as const);
      return all => {
        const record: Record<string, unknown> = {}; // filled in one order, so that all of them share a hidden class
        for (const [key, b] of build) record[key] = b(all);
        return record;
      };
    }
    const place = path ? `'${path}'${what ? ` of ${what}` : ''}` : (what ?? 'what was given');
    throw new TypeError(`${who}: ${place} is ${inWords(part)}; leaves of a tree are tensors: tensor(…).`);
  };
  const build = visit(tree, '');
  return { leaves, names, rebuild: all => build(all) as T };
}

/** Applies a function to every leaf. */
export function mapTree<T>(tree: T, map: (leaf: Tensor, name: string) => Tensor): T {
  const { leaves, names, rebuild } = flatten(tree, 'mapTree');
  return rebuild(leaves.map((leaf, k) => map(leaf, names[k])));
}

/** Checks that b, `what` in messages, has the form of a: the same names and shapes. */
export function matching<T>(who: string, a: Flat<T>, b: Flat<unknown>, what: string): void {
  const missing = a.names.find(name => !b.names.includes(name));
  const extra = b.names.find(name => !a.names.includes(name));
  const wanted = a.names[0] === '' ? 'be one tensor' : `have ${a.names.map(name => `'${name}'`).join(', ')}`;
  if (extra) throw new TypeError(`${who}: ${what} has '${extra}'; it must ${wanted}.`);
  if (missing)
    throw new TypeError(`${who}: ${what} ${extra === '' ? 'is one tensor' : `lacks '${missing}'`}; it must ${wanted}.`);
  a.leaves.forEach((leaf, k) => {
    const other = b.leaves[b.names.indexOf(a.names[k])];
    if (leaf.shape.length !== other.shape.length || leaf.shape.some((n, d) => n !== other.shape[d]))
      throw new RangeError(
        `${who}: ${a.names[k] ? `'${a.names[k]}' of ` : ''}${what} has shape [${other.shape.join(', ')}]; it must be [${leaf.shape.join(', ')}].`,
      );
  });
}

/** The leaves of b in the order of a's names. */
export const inOrderOf = <T>(a: Flat<T>, b: Flat<unknown>): Tensor[] =>
  a.names.map(name => b.leaves[b.names.indexOf(name)]);

/** The tree with the values of its leaves in their places. */
export type Values<T> = T extends Tensor ? Words : { [K in keyof T]: Values<T[K]> };

/** Values of every leaf, in the same tree. */
export async function readTree<T>(tree: T): Promise<Values<T>> {
  const { leaves, rebuild } = flatten(tree, 'readTree');
  const words = await Promise.all(leaves.map(leaf => leaf.read()));
  return rebuild(words as never) as Values<T>;
}

/** Gives back the memory of every leaf. */
export function disposeTree(tree: unknown): void {
  for (const leaf of flatten(tree, 'disposeTree').leaves) leaf.dispose();
}
