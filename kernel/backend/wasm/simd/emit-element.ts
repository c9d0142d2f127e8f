/**
 * Elements of several words, as vectors and structs are: the components of one element are loaded, or stored, together.
 *
 * Four lanes load 16 bytes each from where their elements begin, and the 4 × 4 words are transposed; stores of two, three or
 * four neighbouring components go the other way. Buffers are padded, so that reading past the last word is allowed.
 * Sums: element-sums.ts.
 */

import type { Inst, Load, ScatterAdd, Store } from '../../../ir/ir.ts';
import type { Held } from '../emit-pure.ts';
import { I32, V128 } from '../encode.ts';
import { isDroppable } from '../uses.ts';
import { accessOf } from './access.ts';
import { mayShareAddress } from './element-sums.ts';
import { anyElements, type Elements, isNear, pushWords, rowElements } from './elements.ts';
import { sweptPlace } from './emit-sweep.ts';
import type { LaneEmitter } from './emitter.ts';
import { v128 } from './opcodes.ts';

export type ElementAccess = Load | Store | ScatterAdd;

/** Loads, stores and sums, by the one of their group in whose place all of them happen. */
export interface Groups {
  readonly first: ReadonlyMap<Inst, readonly ElementAccess[]>;
  readonly others: ReadonlySet<Inst>;
}

const keyOf = ({ kind, buffer, stride, index }: ElementAccess): string => `${kind} ${buffer} ${stride} ${index.id}`;

function mayGroup(inst: ElementAccess, to: LaneEmitter): boolean {
  if (inst.kind === 'scatterAdd') return mayShareAddress(inst, to);
  if (inst.stride === 1 || !isNear(inst.stride)) return false;
  if (inst.kind === 'load' && !to.isVector(inst.result)) return false;
  const sweep = to.sweepOf(inst);
  if (sweep) return inst.kind === 'load' && sweep.form.slope > 0;
  return accessOf(inst, to.rates, to.access(inst.buffer).wide).kind !== 'line';
}

/** Which accesses of a block go together: loads of inputs anywhere, stores or sums that nothing comes between. */
export function groupElements(insts: readonly Inst[], to: LaneEmitter): Groups {
  const loads = new Map<string, Load[]>();
  const groups: ElementAccess[][] = [];
  let writes: (Store | ScatterAdd)[] = [];
  const endWrites = () => {
    if (writes.length > 1) groups.push(writes);
    writes = [];
  };
  for (const inst of insts) {
    const isAccess = inst.kind === 'load' || inst.kind === 'store' || inst.kind === 'scatterAdd';
    if (isAccess && !mayGroup(inst, to)) {
      if (inst.kind !== 'load') endWrites();
      continue;
    }
    if (inst.kind === 'load') {
      const input = to.program.buffers[inst.buffer].access === 'read';
      if (!input) endWrites();
      if (!input || !to.isWanted(inst.result)) continue;
      const group = loads.get(keyOf(inst));
      if (group) group.push(inst);
      else loads.set(keyOf(inst), [inst]);
    } else if (isAccess) {
      if (writes.length > 0 && keyOf(writes[0]) !== keyOf(inst)) endWrites();
      if (writes.some(w => w.offset === inst.offset)) endWrites();
      writes.push(inst);
    } else if (!isDroppable(inst)) endWrites();
  }
  endWrites();
  groups.push(...[...loads.values()].filter(group => group.length > 1));
  // A store waits for the last of its group, when all values are there; a load is as early as the first.
  const leading = (group: readonly ElementAccess[]) =>
    group[0].kind === 'load' ? group[0] : (group.at(-1) as ElementAccess);
  return {
    first: new Map(groups.map(group => [leading(group), group])),
    others: new Set(groups.flatMap(group => group.filter(inst => inst !== leading(group)))),
  };
}

export function emitLoads(group: readonly Load[], to: LaneEmitter): void {
  const [first] = group;
  const { wide } = to.access(first.buffer);
  const access = accessOf(first, to.rates, wide);
  let elements: Elements;
  const sweep = to.sweepOf(first);
  if (sweep) {
    const { push, offset } = sweptPlace({ ...first, offset: 0 }, sweep, to);
    push();
    const address = to.keep(I32);
    // The counters are used once for each load.
    for (let k = 1; k < group.length; k++) for (const { counter } of sweep.counters) to.hold(counter.param).free();
    const bytes = to.wordBytes(first.buffer);
    elements = { push: address.get, offset: (word, lane) => offset(lane) + word * bytes, free: address.free };
  } else if (access.kind === 'row') elements = rowElements(first, access.form, to);
  else {
    const index = to.holdLanes(first.index);
    elements = anyElements(first, index, to);
    // The index is used once for each load.
    if (to.lives(first.index)) for (let k = 1; k < group.length; k++) index.free();
  }
  for (const part of to.lanes.count === 4 && !wide ? partsOf(group) : group.map(load => [load])) {
    if (part.length === 1) {
      pushWords(part[0], elements, part[0].offset, to);
      to.define(part[0].result);
      continue;
    }
    const low = part[0].offset;
    const components = loadTransposed(elements, low, (part.at(-1) as Load).offset - low + 1, to);
    for (const load of part) {
      components[load.offset - low].get();
      // Or it would be transposed again in each round of a loop.
      if (to.locals.openLoops === 1) to.segment.pin(to);
      to.define(load.result);
    }
    for (const each of components) each.free();
  }
  elements.free();
}

/** Words that are loaded together: at most four next to each other, in order. */
function partsOf(group: readonly Load[]): Load[][] {
  const parts: Load[][] = [];
  for (const load of [...group].sort((p, q) => p.offset - q.offset)) {
    const last = parts.at(-1);
    if (last && load.offset < last[0].offset + 4) last.push(load);
    else parts.push([load]);
  }
  return parts;
}

const lanes = (...picks: readonly number[]): number[] => picks.flatMap(p => [4 * p, 4 * p + 1, 4 * p + 2, 4 * p + 3]);
const lowPairs = lanes(0, 4, 1, 5);
const highPairs = lanes(2, 6, 3, 7);
const lowHalves = lanes(0, 1, 4, 5);
const highHalves = lanes(2, 3, 6, 7);
const evens = lanes(0, 2, 4, 6);
const odds = lanes(1, 3, 5, 7);

/** Components low … low + span − 1 of four elements. */
function loadTransposed(place: Elements, low: number, span: number, to: LaneEmitter): Held[] {
  const { code } = to;
  const join = (a: Held, b: Held, order: readonly number[]): Held => {
    a.get();
    b.get();
    code.shuffle(order);
    return to.keep(V128);
  };
  if (span <= 2) {
    const pair = (lane: number): Held => {
      place.push(lane);
      code.vectorAccess(v128.load64Zero, 2, place.offset(low, lane));
      const first = to.keep(V128);
      place.push(lane + 1);
      first.get();
      code.vectorAccess(v128.load64Lane, 2, place.offset(low, lane + 1), 1);
      first.free();
      return to.keep(V128);
    };
    const [a, b] = [pair(0), pair(2)];
    const result = [join(a, b, evens), join(a, b, odds)];
    a.free();
    b.free();
    return result;
  }
  const elements = [0, 1, 2, 3].map(lane => {
    place.push(lane);
    code.vectorAccess(v128.load, 2, place.offset(low, lane));
    return to.keep(V128);
  });
  const [a, b, c, d] = elements;
  const [ab, cd] = [join(a, b, lowPairs), join(c, d, lowPairs)];
  const [abHigh, cdHigh] = [join(a, b, highPairs), join(c, d, highPairs)];
  const result = [join(ab, cd, lowHalves), join(ab, cd, highHalves), join(abHigh, cdHigh, lowHalves)];
  if (span === 4) result.push(join(abHigh, cdHigh, highHalves));
  for (const each of [...elements, ab, cd, abHigh, cdHigh]) each.free();
  return result;
}

/** Whether the stores of a group make whole elements side by side; if so, stores them. */
export function emitStores(group: readonly Store[], to: LaneEmitter): boolean {
  const [{ buffer, stride }] = group;
  const access = accessOf(group[0], to.rates, to.access(buffer).wide);
  if (to.lanes.count !== 4 || to.mask || access.kind !== 'row' || group.length !== stride || stride > 4) return false;
  const { code } = to;
  const ordered = [...group].sort((p, q) => p.offset - q.offset);
  const values = ordered.map(store => to.holdLanes(store.value));
  const place = rowElements(ordered[0], access.form, to);
  const join = (p: Held, q: Held, order: readonly number[]): Held => {
    p.get();
    q.get();
    code.shuffle(order);
    return to.keep(V128);
  };
  const put = (part: number, vector: Held) => {
    place.push(0);
    vector.get();
    code.vectorAccess(v128.store, 2, place.offset(0, 0) + 16 * part);
  };
  const temporary: Held[] = [];
  const made = (p: Held, q: Held, order: readonly number[]): Held => {
    const held = join(p, q, order);
    temporary.push(held);
    return held;
  };
  const [x, y, z, w] = values;
  if (stride === 2) {
    put(0, made(x, y, lanes(0, 4, 1, 5)));
    put(1, made(x, y, lanes(2, 6, 3, 7)));
  } else if (stride === 3) {
    // x0 y0 z0 x1 | y1 z1 x2 y2 | z2 x3 y3 z3
    const xy = made(x, y, lanes(0, 4, 1, 5));
    const yz = made(y, z, lanes(1, 5, 2, 6));
    const zx = made(z, x, lanes(2, 7, 3, 0));
    put(0, made(xy, z, lanes(0, 1, 4, 2)));
    put(1, made(yz, x, lanes(0, 1, 6, 2)));
    put(2, made(zx, y, lanes(0, 1, 7, 2)));
  } else {
    const [xy, zw] = [made(x, y, lowPairs), made(z, w, lowPairs)];
    const [xyHigh, zwHigh] = [made(x, y, highPairs), made(z, w, highPairs)];
    put(0, made(xy, zw, lowHalves));
    put(1, made(xy, zw, highHalves));
    put(2, made(xyHigh, zwHigh, lowHalves));
    put(3, made(xyHigh, zwHigh, highHalves));
  }
  for (const each of [...values, ...temporary]) each.free();
  place.free();
  return true;
}
