/**
 * The loops of a vector kernel over begin ≤ n < end: rows of the launch (x fastest), their segments (segment.ts), and in each
 * segment scalar code up to its start and vector code to its end.
 *
 *   rows { row code; segments { segment code → [start, stop); scalar loop x < start; vector loop x < stop } }
 *
 * A piece too short for a segment, or one whose segment is too short, runs as scalar code. The last vector of a segment may cover
 * lanes again that the one before it did, if the program allows (`overlap`); so may the second one of a long segment, after which
 * vectors lie at multiples of their size and are not split between cache lines. In the place of the vector loop may be a call of a
 * function (narrow.ts) that comes back before the end where scalar code must go on.
 */

import { type Emitter, params, pushFrameBuiltin } from '../emitter.ts';
import { type Code, I32 } from '../encode.ts';
import { advance, unflatten } from '../invocations.ts';
import * as map from '../memory-map.ts';
import * as op from '../opcodes.ts';
import type { Segment } from './segment.ts';

/** Distance of the probe from the start of a segment, and lanes until the next one. */
const probeDistance = 8;
const retryDistance = 16;
/** Lanes from which on it pays to go on from a multiple. */
const longSegment = 64;
const mostInvocations = 2 ** 31 - 64;

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Before the loop, from the x it starts at; one vector of invocations; and what then moves along with x. */
export interface VectorLoop {
  readonly entry: Code;
  readonly round: Code;
  readonly step: Code;
}

/** A call of a function that runs invocations from x to `stop`, a local, or until scalar code must go on, and returns the next x. */
export interface ApartLoop {
  readonly stop: number;
  readonly call: Code;
}

export interface Parts {
  readonly launch: Code;
  readonly row: Code;
  readonly segment: Code;
  /** One invocation. */
  readonly scalar: Code;
  readonly vector: VectorLoop | ApartLoop;
  /** What runs in its place where the condition, a local, holds. */
  readonly usual: (VectorLoop & { readonly condition: number }) | undefined;
  readonly lanes: number;
  readonly overlap: boolean;
  /** Shorter rows run as scalar code. */
  readonly shortestRow: number;
}

/** Puts the parts together. */
export function emitLoops(to: Emitter, { x, y, z }: Place, segment: Segment, parts: Parts): void {
  const { code } = to;
  const [end, start, stop] = [0, 1, 2].map(() => to.locals.fresh(I32).local);
  const left = 'call' in parts.vector ? to.locals.fresh(I32).local : undefined;
  code.append(parts.launch);
  code.block();
  code.get(params.begin);
  code.get(params.end);
  code.op(op.i32.geU);
  code.branchIf(0);
  unflatten(to, map.frame.count, [x, y, z]);
  code.loop();
  // end = x + min(countX − x, end − begin)
  pushFrameBuiltin(code, 'countX');
  code.get(x);
  code.op(op.i32.sub);
  code.tee(start);
  code.get(params.end);
  code.get(params.begin);
  code.op(op.i32.sub);
  code.tee(stop);
  code.get(start);
  code.get(stop);
  code.op(op.i32.ltU, op.select);
  code.tee(end);
  code.get(params.begin);
  code.op(op.i32.add);
  code.set(params.begin);
  code.get(end);
  code.get(x);
  code.op(op.i32.add);
  code.set(end);
  code.append(parts.row);
  code.loop();
  if (left === undefined) emitBounds(code, segment, parts, { x, end, start, stop });
  else {
    code.get(left);
    code.if();
    emitRetry(code, { x, end, start, stop });
    code.i32(0);
    code.set(left);
    code.else();
    emitBounds(code, segment, parts, { x, end, start, stop });
    code.end();
  }
  emitScalar(code, parts.scalar, x, start);
  emitVector(code, parts, { x, end, start, stop }, left);
  code.get(x);
  code.get(end);
  code.op(op.i32.ne);
  code.branchIf(0);
  code.end();
  // The next row.
  code.i32(0);
  code.set(x);
  advance(code, y, 1);
  code.get(y);
  pushFrameBuiltin(code, 'countY');
  code.op(op.i32.eq);
  code.if();
  code.i32(0);
  code.set(y);
  advance(code, z, 1);
  code.end();
  code.get(params.begin);
  code.get(params.end);
  code.op(op.i32.ne);
  code.branchIf(0);
  code.end();
  code.end();
}

/** Locals: where we are in the row, where it ends, and where the vector loop starts and stops. */
interface Bounds {
  readonly x: number;
  readonly end: number;
  readonly start: number;
  readonly stop: number;
}

/** start = stop = x + min(retry, end − x) */
function emitRetry(code: Code, { x, end, start, stop }: Bounds): void {
  const left = () => {
    code.get(end);
    code.get(x);
    code.op(op.i32.sub);
  };
  code.get(x);
  code.i32(retryDistance);
  left();
  code.i32(retryDistance);
  left();
  code.op(op.i32.ltU, op.select, op.i32.add);
  code.tee(start);
  code.set(stop);
}

/** start and stop of the vector loop; both the end of the row, or a little further on, where there is none. */
function emitBounds(
  code: Code,
  { probe, low, high }: Segment,
  { segment, lanes, shortestRow }: Parts,
  bounds: Bounds,
): void {
  const { x, end, start, stop } = bounds;
  const left = () => {
    code.get(end);
    code.get(x);
    code.op(op.i32.sub);
  };
  code.get(end);
  code.tee(start);
  code.set(stop);
  left();
  code.i32(shortestRow);
  code.op(op.i32.geU);
  code.get(end);
  code.i32(mostInvocations);
  code.op(op.i32.ltU, op.i32.and);
  code.if();
  // probe = x + min(distance, left / 2)
  code.get(x);
  code.i32(probeDistance);
  left();
  code.i32(1);
  code.op(op.i32.shrU);
  code.i32(probeDistance);
  left();
  code.i32(1);
  code.op(op.i32.shrU, op.i32.ltU, op.select, op.i32.add);
  code.set(probe);
  for (const [bound, from] of [
    [low, x],
    [high, end],
  ]) {
    code.get(from);
    code.get(probe);
    code.op(op.i32.sub, op.i64.extendI32S);
    code.set(bound);
  }
  code.append(segment);
  code.get(high);
  code.get(low);
  code.op(op.i64.sub);
  code.i64(lanes);
  code.op(op.i64.geS);
  code.if();
  for (const [bound, into] of [
    [low, start],
    [high, stop],
  ]) {
    code.get(bound);
    code.op(op.wrapI64);
    code.get(probe);
    code.op(op.i32.add);
    code.set(into);
  }
  code.else();
  emitRetry(code, bounds);
  code.end();
  code.end();
}

function emitScalar(code: Code, body: Code, x: number, start: number): void {
  code.get(x);
  code.get(start);
  code.op(op.i32.ne);
  code.if();
  code.loop();
  code.append(body);
  advance(code, x, 1);
  code.get(x);
  code.get(start);
  code.op(op.i32.ne);
  code.branchIf(0);
  code.end();
  code.end();
}

/** @param left Set if an apart loop did not reach the end. */
function emitVector(code: Code, parts: Parts, bounds: Bounds, left?: number): void {
  const { vector, usual, lanes } = parts;
  const { x, start, stop } = bounds;
  code.get(stop);
  code.get(start);
  code.op(op.i32.ne);
  code.if();
  // stop: the last x of a whole vector
  code.get(stop);
  code.i32(lanes);
  code.op(op.i32.sub);
  code.set(stop);
  if ('call' in vector) {
    code.get(stop);
    code.set(vector.stop);
    code.append(vector.call);
    code.tee(x);
    code.get(stop);
    code.op(op.i32.leU);
    code.set(left as number);
  } else if (usual) {
    code.get(usual.condition);
    code.if();
    emitRounds(code, usual, parts, bounds);
    code.else();
    emitRounds(code, vector, parts, bounds);
    code.end();
  } else emitRounds(code, vector, parts, bounds);
  code.end();
}

function emitRounds(code: Code, loop: VectorLoop, { lanes, overlap }: Parts, { x, start, stop }: Bounds): void {
  // The last x before `entry` runs again, for which `start` is free: stop, or at first x itself if it is no multiple.
  const last = overlap ? start : stop;
  if (overlap) {
    code.get(x);
    code.get(stop);
    code.get(x);
    code.i32(lanes - 1);
    code.op(op.i32.and);
    code.i32(0);
    code.op(op.i32.ne);
    code.get(stop);
    code.get(x);
    code.op(op.i32.sub);
    code.i32(longSegment);
    code.op(op.i32.geU, op.i32.and, op.select);
    code.set(last);
    code.loop();
  }
  code.append(loop.entry);
  code.loop();
  code.append(loop.round);
  advance(code, x, lanes);
  code.append(loop.step);
  code.get(x);
  code.get(last);
  code.op(op.i32.leU);
  code.branchIf(0);
  code.end();
  if (!overlap) return;
  code.get(x);
  code.get(stop);
  code.i32(lanes);
  code.op(op.i32.add, op.i32.ne);
  code.if();
  // x = min(the multiple up to x, stop)
  code.get(x);
  code.i32(-lanes);
  code.op(op.i32.and);
  code.tee(x);
  code.get(stop);
  code.get(x);
  code.get(stop);
  code.tee(last);
  code.op(op.i32.ltU, op.select);
  code.set(x);
  code.branch(1);
  code.end();
  code.end();
}
