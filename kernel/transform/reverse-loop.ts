/**
 * Reverse mode for a loop of T iterations, T unknown at compile time and unbounded.
 *
 *   c(t+1) = B(c(t)),  c(0) = init    ⇒    c̄(t) = Bᵀ(c(t)) c̄(t+1),  t = T−1 … 0            (1)
 *
 * The adjoint of the body is emitted first, with the carries c(t) as unknowns. Those that its live part reads, and
 * what is needed to advance them, are recorded as snapshots; carries with a closed form are computed from t.
 * Where none is left, nothing is recorded and the reverse loop runs directly (sums, dot products, linear recurrences).
 * Where, besides, every c̄ passes through unchanged (sums), no iteration depends on another: they run from t = 0 on, so that
 * neighbouring invocations with different T are at the same t, and read side by side what they read so going forward.
 * Adjoints of values from outside accumulate in carries of the reverse loop.
 * A nested loop's snapshots live inside the outer body, so the memory of nested loops adds and does not multiply.
 */

import { type Block, type LocalArray, resultsOf, type Value, type While } from '../ir/ir.ts';
import { contains, definitions } from '../ir/traverse.ts';
import { Adjoints } from './adjoints.ts';
import { closedForms, tripCount } from './induction.ts';
import { live, startsAfresh, touched } from './liveness.ts';
import { extend, replayBlock, replayInst, type Substitution, substituted } from './replay.ts';
import type { Reverse } from './reverse.ts';
import { goBack, type Recording, record, type Snapshots, snapshots, startRecording } from './snapshots.ts';

/** The reverse of the body, with unknowns for the carries and for the adjoints of their next values. */
interface Body {
  readonly carries: readonly Value[];
  readonly block: Block;
  /** Positions of the carries that have adjoints; their adjoints after and before the iteration. */
  readonly active: readonly number[];
  readonly after: readonly Value[];
  readonly before: readonly (Value | undefined)[];
  /** Values from outside that the body contributes to, and the contributions. */
  readonly outside: readonly Value[];
  readonly contributions: readonly Value[];
}

/** What must be recorded: positions of carries, and local arrays. */
interface Needed {
  readonly carries: readonly number[];
  readonly arrays: readonly LocalArray[];
}

/**
 * Emits the reverse sweep of a loop into the current block.
 *
 * @param sub Already maps the loop's results to fresh values, which the returned block defines.
 * @returns The forward replay of the loop, recording and counting; it belongs before the reverse sweep.
 */
export function reverseWhile(c: Reverse, w: While, sub: Substitution, adj: Adjoints): Block {
  const { b } = c;
  const body = reverseBody(c, w, sub);
  const needed = findNeeded(c, w, body);
  const recorded = needed.carries.length + needed.arrays.length > 0;
  const slots = recorded
    ? snapshots(
        b,
        needed.carries.map(k => w.params[k]),
        needed.arrays,
      )
    : undefined;
  const known = tripCount(w, c.constants);
  c.rules.push({
    at: w.at,
    rule: recorded ? 'snapshots' : 'direct',
    countKnown: known !== undefined,
    words: slots?.words ?? 0,
    slots: slots?.total ?? 0,
  });
  const trips = b.value('u32');
  const used = b.value('u32');
  const forward = b.block(() => {
    b.at = w.at;
    if (slots) replayRecording(c, w, sub, slots, needed.carries, trips, used);
    else replayCounting(c, w, sub, trips);
    return [];
  });
  const count = !slots && known ? known(b, sub) : trips;
  sweep(c, w, sub, adj, body, needed, slots, count, used);
  return forward;
}

function reverseBody(c: Reverse, w: While, sub: Substitution): Body {
  const { b } = c;
  const inner = extend(sub);
  const carries = w.params.map(p => {
    const unknown = b.value(p.type);
    inner.set(p, unknown);
    return unknown;
  });
  const active = [...w.params.keys()].filter(k => c.active.values.has(w.params[k]));
  const after = active.map(() => b.value('f32'));
  const own = new Adjoints(c.active);
  const block = b.block(() => {
    c.block(c, w.body, inner, own, () =>
      active.forEach((k, j) => {
        own.add(b, w.body.yields[k], after[j]);
      }),
    );
    return [];
  });
  const local = new Set([...w.params, ...w.body.body.flatMap(resultsOf)]);
  const outside = own.outside(local);
  return {
    carries,
    block,
    active,
    after,
    before: active.map(k => own.get(w.params[k])),
    outside,
    contributions: outside.map(v => own.get(v) as Value),
  };
}

function findNeeded(c: Reverse, w: While, body: Body): Needed {
  const forms = closedForms(w, c.constants);
  const { changed } = touched(w.body.body);
  const carriedArray = (a: LocalArray) => changed.has(a) && !startsAfresh(w.body, a) && !isShadow(c, a);
  const roots = [...body.before.filter(v => v !== undefined), ...body.contributions];
  const inReverse = live(body.block, roots, c.shadow.values(), true);
  const carries = new Set([...w.params.keys()].filter(k => !forms.has(k) && inReverse.values.has(body.carries[k])));
  const arrays = new Set([...inReverse.arrays].filter(carriedArray));
  let before: number;
  do {
    before = carries.size + arrays.size;
    const toAdvance = live(
      w.body,
      [...carries].map(k => w.body.yields[k]),
      arrays,
      false,
    );
    w.params.forEach((p, k) => {
      if (!forms.has(k) && toAdvance.values.has(p)) carries.add(k);
    });
    for (const a of toAdvance.arrays) if (carriedArray(a)) arrays.add(a);
  } while (carries.size + arrays.size > before);
  return { carries: [...carries].sort((x, y) => x - y), arrays: [...arrays] };
}

const isShadow = (c: Reverse, array: LocalArray) => [...c.shadow.values()].includes(array);

/** The loop again, with its trip count. */
function replayCounting(c: Reverse, w: While, sub: Substitution, trips: Value): void {
  replayWith(c, w, sub, [c.b.u32(0)], [trips], ([t]) => [c.b.pure('add', [t, c.b.u32(1)])]);
}

/** The loop again, with its trip count and snapshots. */
function replayRecording(
  c: Reverse,
  w: While,
  sub: Substitution,
  slots: Snapshots,
  carries: readonly number[],
  trips: Value,
  used: Value,
): void {
  const { b } = c;
  const init = [b.u32(0), ...startRecording(b)];
  const results = [trips, used, b.value('u32'), b.value('u32')];
  replayWith(c, w, sub, init, results, ([t, ...state], params) => {
    const recording: Recording = [state[0], state[1], state[2]];
    const next = record(
      b,
      slots,
      t,
      recording,
      carries.map(k => params[k]),
    );
    return [b.pure('add', [t, b.u32(1)]), ...next];
  });
}

/** Replays a loop with further carries, which `step` updates at the start of each iteration. */
function replayWith(
  c: Reverse,
  w: While,
  sub: Substitution,
  init: readonly Value[],
  results: readonly Value[],
  step: (own: readonly Value[], params: readonly Value[]) => readonly Value[],
): void {
  const { b } = c;
  const inner = extend(sub);
  const own = init.map(v => b.value(v.type));
  const params = w.params.map(p => {
    const copy = b.value(p.type);
    inner.set(p, copy);
    return copy;
  });
  const cond = replayBlock(b, w.cond, extend(inner));
  const body = b.block(() => {
    const next = step(own, params);
    for (const inst of w.body.body) replayInst(b, inst, inner);
    return [...next, ...w.body.yields.map(v => substituted(inner, v))];
  });
  b.push({
    kind: 'while',
    init: [...init, ...w.init.map(v => substituted(sub, v))],
    params: [...own, ...params],
    cond,
    body,
    results: [...results, ...w.results.map(v => substituted(sub, v))],
    at: w.at,
  });
}

/** Whether iterations do not depend on each other: adjoints of carries pass through, and nothing else is handed on. */
function isFree({ block, after, before }: Body): boolean {
  const definition = definitions(block);
  /** What a value is whichever way branches go, if that is one value. */
  function whichever(v: Value): Value {
    const inst = definition.get(v);
    if (inst?.kind !== 'if') return v;
    const k = inst.results.indexOf(v);
    const [then, otherwise] = [inst.then, inst.else].map(arm => whichever(arm.yields[k]));
    return then === otherwise ? then : v;
  }
  if (contains(block, inst => 'array' in inst || inst.kind === 'arrayCopy')) return false;
  return before.every((v, k) => v !== undefined && whichever(v) === after[k]);
}

/** The loop t = T − 1 … 0, or in any order, and the adjoints it leaves. */
function sweep(
  c: Reverse,
  w: While,
  sub: Substitution,
  adj: Adjoints,
  body: Body,
  needed: Needed,
  slots: Snapshots | undefined,
  trips: Value,
  usedAtEnd: Value,
): void {
  const { b } = c;
  const zero = b.float(0);
  const free = !slots && isFree(body);
  const init = [
    free ? b.u32(0) : trips,
    slots ? usedAtEnd : b.u32(0),
    ...body.active.map(k => adj.get(w.results[k]) ?? zero),
    ...body.outside.map(v => adj.get(v) ?? zero),
  ];
  const adjointParams = [...body.after, ...body.outside.map(() => b.value('f32'))];
  const [counter, used] = [b.value('u32'), b.value('u32')];
  const cond = b.block(() => [free ? b.pure('lt', [counter, trips]) : b.pure('gt', [counter, b.u32(0)])]);
  const block = b.block(() => {
    const t = free ? counter : b.pure('sub', [counter, b.u32(1)]);
    const usedNow = slots ? goBackTo(c, w, sub, body, needed, slots, t, used) : used;
    emitClosedForms(c, w, sub, t, body.carries, needed);
    for (const inst of body.block.body) b.push(inst);
    const before = body.before.map(v => v ?? b.float(0)); // (1)
    const sums = body.contributions.map((v, k) => b.pure('add', [adjointParams[body.after.length + k], v]));
    return [free ? b.pure('add', [t, b.u32(1)]) : t, usedNow, ...before, ...sums];
  });
  const results = init.map(v => b.value(v.type));
  b.push({ kind: 'while', init, params: [counter, used, ...adjointParams], cond, body: block, results });
  const adjoints = results.slice(2);
  body.outside.forEach((v, k) => {
    adj.set(v, adjoints[body.active.length + k]);
  });
  body.active.forEach((k, j) => {
    adj.add(b, w.init[k], adjoints[j]);
  });
}

/** Defines the unknown carries that were recorded, by going back to iteration t. */
function goBackTo(
  c: Reverse,
  w: While,
  sub: Substitution,
  body: Body,
  needed: Needed,
  slots: Snapshots,
  t: Value,
  used: Value,
): Value {
  const { b } = c;
  const results = needed.carries.map(k => body.carries[k]);
  return goBack(b, slots, t, used, results, (p, values) => {
    const inner = extend(sub);
    needed.carries.forEach((k, j) => {
      inner.set(w.params[k], values[j]);
    });
    for (const [k, form] of closedForms(w, c.constants)) inner.set(w.params[k], form(b, p, sub));
    for (const k of w.params.keys()) if (!inner.has(w.params[k])) inner.set(w.params[k], unread(c, w.params[k]));
    for (const inst of w.body.body) replayInst(b, inst, inner);
    return needed.carries.map(k => substituted(inner, w.body.yields[k]));
  });
}

/** Defines the unknown carries that have closed forms; the rest are read by dead code only. */
function emitClosedForms(
  c: Reverse,
  w: While,
  sub: Substitution,
  t: Value,
  carries: readonly Value[],
  needed: Needed,
): void {
  const { b } = c;
  const forms = closedForms(w, c.constants);
  const recorded = new Set(needed.carries);
  w.params.forEach((p, k) => {
    if (recorded.has(k)) return;
    const form = forms.get(k);
    const value = form ? form(b, t, sub) : unread(c, p);
    b.push({ kind: 'pure', op: 'select', args: [b.bool(true), value, value], result: carries[k] });
  });
}

/** Stands for a carry that only dead code reads. */
const unread = (c: Reverse, p: Value): Value => c.b.const(p.type, 0);
