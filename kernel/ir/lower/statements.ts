/**
 * Statements: jumps become structure. A statement list is a sequence of items in which `end` marks where the jumps to a label go
 *
 *   function  body, end(return)          loop body  body, end(continue), update, end(break)          switch  arms, end(switch)
 *
 * After `if (c) { …; jump L }` the items up to end(L) belong to the other arm: no flag is needed. Where both arms may fall through
 * and one may jump, the jump clears flags (label.alive) and what it skips runs under `if (alive)`. A loop's own flag is
 * part of its condition; a return inside a loop clears the flags of all loops around it.
 */

import type { Expression, Statement } from '../../wgsl/ast.ts';
import type { Value } from '../ir.ts';
import { assignment, declaration } from './assign.ts';
import type { Slot } from './emitter.ts';
import { type Behaviour, behaviourOf, hasEffects, isCheap } from './jumps.ts';
import { shortCircuit } from './operators.ts';
import { store } from './places.ts';
import { type Lowering, only, type Place } from './values.ts';

export interface Label {
  readonly kind: 'return' | 'break' | 'continue' | 'switch';
  /** Nesting; inner labels have larger depths. */
  readonly depth: number;
  /** False once a jump to this label, or past it, has been taken. */
  readonly alive: Slot;
}

/** Where jumps go. labels: all of the function, innermost first. */
export interface Context {
  readonly labels: readonly Label[];
  readonly break: Label | undefined;
  readonly continue: Label | undefined;
  readonly result: Place | undefined;
}

export type Item =
  | { readonly kind: 'statement'; readonly statement: Statement; readonly context: Context }
  | {
      readonly kind: 'branch';
      readonly at: number;
      readonly cond: () => Value;
      readonly then: readonly Item[];
      readonly else: readonly Item[];
    }
  | { readonly kind: 'jump'; readonly jump: 'break'; readonly context: Context }
  | { readonly kind: 'run'; readonly run: () => void }
  | { readonly kind: 'end'; readonly label: Label };

interface Flow {
  /** Labels that may be jumped to from inside. */
  readonly labels: ReadonlySet<Label>;
  readonly falls: boolean;
}

export function enterLabel(lo: Lowering, context: Context | undefined, kind: Label['kind']): Label {
  return { kind, depth: context?.labels.length ?? 0, alive: lo.emit.slot(lo.emit.bool(true)) };
}

/** The label a return goes to within the current while body or function body. */
const returnLabel = ({ labels }: Context): Label | undefined =>
  labels.find(l => l.kind === 'break' || l.kind === 'return');

function flowOf(items: readonly Item[]): Flow {
  const labels = new Set<Label>();
  let falls = true;
  for (const item of items) {
    if (item.kind === 'end') falls = labels.delete(item.label) || falls;
    else if (falls) {
      const flow = itemFlow(item);
      for (const label of flow.labels) labels.add(label);
      falls = flow.falls;
    }
  }
  return { labels, falls };
}

function itemFlow(item: Item): Flow {
  if (item.kind === 'branch') {
    const [a, b] = [flowOf(item.then), flowOf(item.else)];
    return { labels: new Set([...a.labels, ...b.labels]), falls: a.falls || b.falls };
  }
  if (item.kind === 'jump') return { labels: new Set(item.context.break ? [item.context.break] : []), falls: false };
  if (item.kind !== 'statement') return { labels: new Set(), falls: true };
  const behaviour: Behaviour = behaviourOf(item.statement);
  const { context } = item;
  const targets = [
    behaviour.break ? context.break : undefined,
    behaviour.continue ? context.continue : undefined,
    behaviour.return ? returnLabel(context) : undefined,
  ];
  return { labels: new Set(targets.filter(label => label !== undefined)), falls: behaviour.falls };
}

const innermost = (labels: Iterable<Label>): Label => [...labels].reduce((a, b) => (b.depth > a.depth ? b : a));

/** Lowers items; natural: the labels at whose end control arrives after the last item. */
export function sequence(lo: Lowering, list: readonly Item[], natural: ReadonlySet<Label>): void {
  const { emit } = lo;
  let items = list;
  let p = 0;
  const pending = new Set<Label>();
  const endOf = (label: Label): number => {
    const k = items.findIndex((item, n) => n >= p && item.kind === 'end' && item.label === label);
    return k < 0 ? items.length : k;
  };
  const naturalAt = (from: number): ReadonlySet<Label> => {
    const labels = new Set<Label>();
    for (let k = from; ; k++) {
      const item = items[k];
      if (item?.kind === 'end') labels.add(item.label);
      else return item ? labels : new Set([...labels, ...natural]);
    }
  };
  const arm = (part: readonly Item[], labels: ReadonlySet<Label>) => (): void => sequence(lo, part, labels);
  const expect = (labels: Iterable<Label>): void => {
    for (const label of labels) pending.add(label);
  };

  while (p < items.length) {
    const item = items[p];
    emit.spend(1);
    if (item.kind === 'end') {
      pending.delete(item.label);
      p++;
    } else if (pending.size) {
      const label = innermost(pending);
      const end = endOf(label);
      const guarded = items.slice(p, end);
      emit.branch(label.alive.current, arm(guarded, naturalAt(end)), () => {});
      expect(flowOf(guarded).labels);
      p = end;
    } else if (item.kind === 'run') {
      item.run();
      p++;
    } else if (item.kind === 'jump') {
      leave(lo, item.context, item.context.break, naturalAt(p + 1));
      p = item.context.break ? endOf(item.context.break) : items.length;
    } else if (item.kind === 'branch') {
      emit.at = item.at;
      const cond = item.cond();
      const known = emit.constantOf(cond);
      if (known !== undefined) {
        items = [...(known ? item.then : item.else), ...items.slice(p + 1)];
        p = 0;
        continue;
      }
      const then = flowOf(item.then);
      const otherwise = flowOf(item.else);
      const all = new Set([...then.labels, ...otherwise.labels]);
      const stuck = then.falls ? otherwise : then;
      if (all.size && !then.falls && !otherwise.falls) {
        p = endOf(innermost(all));
        const after = naturalAt(p);
        emit.branch(cond, arm(item.then, after), arm(item.else, after));
        expect(all);
      } else if (!stuck.falls && stuck.labels.size === 1) {
        const end = endOf(innermost(stuck.labels));
        const rest = items.slice(p + 1, end);
        const after = naturalAt(end);
        const [a, b] = then.falls ? [[...item.then, ...rest], item.else] : [item.then, [...item.else, ...rest]];
        emit.branch(cond, arm(a, after), arm(b, after));
        expect([...flowOf(a).labels, ...flowOf(b).labels]);
        p = end;
      } else {
        const after = naturalAt(p + 1);
        emit.branch(cond, arm(item.then, after), arm(item.else, after));
        expect(all);
        p++;
      }
    } else {
      const expanded = expand(lo, item.statement, item.context);
      if (expanded) {
        items = [...expanded, ...items.slice(p + 1)];
        p = 0;
        continue;
      }
      const { statement: s, context } = item;
      emit.at = s.start;
      const { labels, falls } = itemFlow(item);
      if (s.kind === 'break' || s.kind === 'continue' || s.kind === 'return') {
        if (s.kind === 'return' && s.value && context.result) store(lo, context.result, lo.expression(s.value));
        const target = s.kind === 'return' ? returnLabel(context) : context[s.kind];
        leave(lo, context, target, naturalAt(p + 1), s.kind === 'return');
      } else {
        simple(lo, s, context);
        expect(labels);
      }
      p = falls ? p + 1 : labels.size ? endOf(innermost(labels)) : items.length;
    }
  }
}

/** A jump: nothing to do where control arrives at the target anyway; but a loop must learn that it has ended. */
function leave(
  lo: Lowering,
  context: Context,
  target: Label | undefined,
  natural: ReadonlySet<Label>,
  returns = false,
): void {
  if (!target) return;
  const { emit } = lo;
  const dead = emit.bool(false);
  for (const label of context.labels) {
    const within = label.depth >= target.depth;
    if (within ? !natural.has(target) || (label === target && label.kind === 'break') : returns) {
      emit.assign(label.alive, dead);
    }
  }
}

interface Arm {
  readonly at: number;
  readonly selectors: readonly number[];
  readonly items: readonly Item[];
}

/** A tree of tests, so that switches with many cases are not nested deeply; fallback undefined: one of the arms is taken. */
function decisions(
  lo: Lowering,
  selector: Value,
  arms: readonly Arm[],
  fallback: readonly Item[] | undefined,
): readonly Item[] {
  const [first, ...others] = arms;
  if (!first) return fallback ?? [];
  if (!others.length && !fallback) return first.items;
  const head = arms.length > 4 ? arms.slice(0, arms.length >> 1) : [first];
  const cond = (): Value =>
    head
      .flatMap(arm => arm.selectors)
      .map(n => lo.emit.pure('eq', [selector, lo.emit.const(selector.type, n)]))
      .reduce((a, b) => lo.emit.pure('or', [a, b]));
  const then = decisions(lo, selector, head, undefined);
  const otherwise = decisions(lo, selector, arms.slice(head.length), fallback);
  return [{ kind: 'branch', at: first.at, cond, then, else: otherwise }];
}

/** Statements that are made of items. */
function expand(lo: Lowering, s: Statement, context: Context): readonly Item[] | undefined {
  const items = (body: Statement | undefined, inner = context): readonly Item[] =>
    body ? [{ kind: 'statement', statement: body, context: inner }] : [];
  switch (s.kind) {
    case 'block':
      return s.body.map(statement => ({ kind: 'statement', statement, context }));
    case 'if':
      return [
        {
          kind: 'branch',
          at: s.start,
          cond: () => only(lo.emit, lo.expression(s.cond)),
          then: items(s.then),
          else: items(s.else),
        },
      ];
    case 'switch': {
      lo.emit.at = s.start;
      const selector = only(lo.emit, lo.expression(s.selector));
      const label = enterLabel(lo, context, 'switch');
      const inner = { ...context, labels: [label, ...context.labels], break: label };
      const arms = s.cases
        .filter(c => !c.isDefault)
        .map(c => ({ at: c.body.start, selectors: c.selectors, items: items(c.body, inner) }));
      const fallback = s.cases.find(c => c.isDefault);
      return [...decisions(lo, selector, arms, items(fallback?.body, inner)), { kind: 'end', label }];
    }
    case 'loop':
      return s.init && [...items(s.init), ...items({ ...s, init: undefined })];
    default:
      return undefined;
  }
}

function simple(lo: Lowering, s: Statement, context: Context): void {
  switch (s.kind) {
    case 'declare':
      declaration(lo, s.variable, s.init);
      return;
    case 'assign':
      assignment(lo, s.place, s.op, s.value);
      return;
    case 'call':
      lo.expression(s.call);
      return;
    case 'loop':
      loop(lo, s, context);
      return;
    default:
      throw new TypeError(`simple: ${s.kind}`);
  }
}

type Loop = Extract<Statement, { kind: 'loop' }>;

/** `if (c) { break; }` at the head of a loop without a condition is its condition. */
function headBreak(s: Loop): { cond: Expression; rest: Statement } | undefined {
  const [first, ...rest] = s.body.kind === 'block' ? s.body.body : [s.body];
  if (s.cond || first?.kind !== 'if' || first.else || hasEffects(first.cond)) return undefined;
  const { then } = first;
  const jump = then.kind === 'block' && then.body.length === 1 ? then.body[0] : then;
  return jump.kind === 'break' ? { cond: first.cond, rest: { ...s.body, kind: 'block', body: rest } } : undefined;
}

function loop(lo: Lowering, s: Loop, outer: Context): void {
  const { emit } = lo;
  const head = headBreak(s);
  const always = s.cond?.value === true;
  const condInBody = s.cond !== undefined && hasEffects(s.cond);
  const cond = always || condInBody ? undefined : (head?.cond ?? s.cond);
  const body = head?.rest ?? s.body;
  const behaviour = behaviourOf(body);
  const flagged = behaviour.break || behaviour.return || s.breakIf !== undefined || condInBody;
  const evaluate = (): Value => {
    const value = cond ? only(emit, lo.expression(cond)) : emit.bool(true);
    return head ? emit.pure('not', [value]) : value;
  };
  emit.scope(() => {
    const ends = enterLabel(lo, outer, 'break');
    const around = { ...outer, labels: [ends, ...outer.labels], break: ends };
    emit.loop(
      () => {
        emit.at = s.start;
        if (!flagged) return evaluate();
        if (!cond) return ends.alive.current;
        return shortCircuit(emit, '&&', ends.alive.current, isCheap(cond), evaluate);
      },
      () => {
        const next = enterLabel(lo, around, 'continue');
        const context = { ...around, labels: [next, ...around.labels], continue: next };
        const items: Item[] = [];
        if (condInBody && s.cond) {
          const test = s.cond;
          const stop: Item = { kind: 'jump', jump: 'break', context: around };
          items.push({
            kind: 'branch',
            at: test.start,
            cond: () => only(emit, lo.expression(test)),
            then: [],
            else: [stop],
          });
        }
        items.push({ kind: 'statement', statement: body, context }, { kind: 'end', label: next });
        if (s.update) items.push({ kind: 'statement', statement: s.update, context: around });
        const { breakIf } = s;
        if (breakIf) {
          const run = (): void => {
            emit.at = breakIf.start;
            emit.assign(ends.alive, emit.pure('not', [only(emit, lo.expression(breakIf))]));
          };
          items.push({ kind: 'run', run });
        }
        items.push({ kind: 'end', label: ends });
        sequence(lo, items, new Set());
      },
    );
  });
}
