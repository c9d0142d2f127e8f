/** What the functions of a differential equation are given, and what they return. */

import type { Tensor } from '../../kernel/index.ts';
import type { LinearPart } from './implicit/linear-part.ts';

/** What a right-hand side is given besides the state. */
export interface At<P> {
  /** One number; [rows] in a batch. */
  readonly t: Tensor;
  readonly params: P;
}

/** ẏ = f(y, { t, params }), a tree of y's form; made of tensor functions and kernels. */
export type RightHandSide<Y, P> = (y: Y, at: At<P>) => Y;

/** q̇ = dq(p), ṗ = dp(q): what symplectic methods take. */
export interface Partitioned<Q, V, P> {
  readonly dq: (p: V, at: At<P>) => Q;
  readonly dp: (q: Q, at: At<P>) => V;
}

/** ẏ in two parts: what additive methods take. */
export interface Split<Y, P> {
  readonly explicit: RightHandSide<Y, P>;
  /** The stiff part: a function, or −A y. */
  readonly implicit: RightHandSide<Y, P> | LinearPart;
}
