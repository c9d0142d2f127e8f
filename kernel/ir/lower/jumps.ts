/** How statements end, read off the syntax: which jumps leave them, whether control can reach what follows. */

import type { Expression, Statement, UserFunction } from '../../wgsl/ast.ts';
import { isPlace } from './usage.ts';

export interface Behaviour {
  readonly break: boolean;
  readonly continue: boolean;
  readonly return: boolean;
  /** Control can fall through to the next statement. */
  readonly falls: boolean;
}

const plain: Behaviour = { break: false, continue: false, return: false, falls: true };
const known = new WeakMap<Statement, Behaviour>();

export function behaviourOf(s: Statement): Behaviour {
  let behaviour = known.get(s);
  if (!behaviour) {
    behaviour = compute(s);
    known.set(s, behaviour);
  }
  return behaviour;
}

const either = (a: Behaviour, b: Behaviour): Behaviour => ({
  break: a.break || b.break,
  continue: a.continue || b.continue,
  return: a.return || b.return,
  falls: a.falls || b.falls,
});

function compute(s: Statement): Behaviour {
  switch (s.kind) {
    case 'break':
    case 'continue':
    case 'return':
      return { ...plain, [s.kind]: true, falls: false };
    case 'block': {
      let all: Behaviour = plain;
      for (const inner of s.body) {
        const next = behaviourOf(inner);
        all = { ...either(all, next), falls: next.falls };
        if (!next.falls) break;
      }
      return all;
    }
    case 'if':
      return either(behaviourOf(s.then), s.else ? behaviourOf(s.else) : plain);
    case 'switch': {
      const bodies = s.cases.map(c => behaviourOf(c.body));
      const all = bodies.reduce(either, { ...plain, falls: !s.cases.some(c => c.isDefault) });
      return { ...all, break: false, falls: all.falls || all.break };
    }
    case 'loop': {
      const body = behaviourOf(s.body);
      const ends = s.cond !== undefined || s.breakIf !== undefined || body.break;
      return { break: false, continue: false, return: body.return, falls: ends };
    }
    default:
      return plain;
  }
}

const effects = new WeakMap<UserFunction, boolean>();

/** Whether evaluating an expression can change anything but its own local variables. */
export function hasEffects(e: Expression): boolean {
  if (e.value !== undefined) return false;
  switch (e.kind) {
    case 'unary':
      return hasEffects(e.operand);
    case 'binary':
      return hasEffects(e.left) || hasEffects(e.right);
    case 'index':
      return hasEffects(e.base) || hasEffects(e.index);
    case 'member':
    case 'swizzle':
      return hasEffects(e.base);
    case 'deref':
      return hasEffects(e.pointer);
    case 'address':
      return hasEffects(e.place);
    case 'construct':
      return e.args.some(hasEffects);
    case 'builtin':
      return /^atomic|Barrier$|^workgroupUniformLoad$/.test(e.name) || e.args.some(hasEffects);
    case 'call':
      return e.args.some(hasEffects) || functionHasEffects(e.fn);
    default:
      return false;
  }
}

function functionHasEffects(fn: UserFunction): boolean {
  let found = effects.get(fn);
  if (found === undefined) {
    found = statementHasEffects(fn.body);
    effects.set(fn, found);
  }
  return found;
}

function statementHasEffects(s: Statement | undefined): boolean {
  switch (s?.kind) {
    case 'block':
      return s.body.some(statementHasEffects);
    case 'declare':
      return s.init !== undefined && hasEffects(s.init);
    case 'assign':
      return (s.place !== undefined && (isShared(s.place) || hasEffects(s.place))) || hasEffects(s.value);
    case 'if':
      return hasEffects(s.cond) || statementHasEffects(s.then) || statementHasEffects(s.else);
    case 'switch':
      return hasEffects(s.selector) || s.cases.some(c => statementHasEffects(c.body));
    case 'loop':
      return (
        [s.init, s.body, s.update].some(statementHasEffects) ||
        [s.cond, s.breakIf].some(e => e !== undefined && hasEffects(e))
      );
    case 'return':
      return s.value !== undefined && hasEffects(s.value);
    case 'call':
      return hasEffects(s.call);
    default:
      return false;
  }
}

/** A place that may lie outside the function's own variables. */
function isShared(place: Expression): boolean {
  switch (place.kind) {
    case 'name':
      return place.variable.role !== 'var';
    case 'index':
    case 'member':
    case 'swizzle':
      return isShared(place.base);
    default:
      return true;
  }
}

/**
 * Cheap enough, and safe, to evaluate where WGSL would not (the right side of && and ||): a few ops on local scalars,
 * no loads that a condition could guard, no calls. Division is defined for every operand.
 */
export function isCheap(e: Expression): boolean {
  return costOf(e) <= 8;
}

function costOf(e: Expression): number {
  if (e.value !== undefined) return 0;
  switch (e.kind) {
    case 'literal':
      return 0;
    case 'name':
      return e.type.kind !== 'scalar' && e.type.kind !== 'vector' ? 100 : isLocal(e) ? 0 : 100;
    case 'member':
    case 'swizzle':
      return isPlace(e) && !isLocal(e) ? 100 : costOfBase(e.base);
    case 'index':
      return e.index.value === undefined || (isPlace(e) && !isLocal(e)) ? 100 : costOfBase(e.base);
    case 'unary':
      return 1 + costOf(e.operand);
    case 'binary':
      return (e.op === '/' || e.op === '%' ? 4 : 1) + costOf(e.left) + costOf(e.right);
    case 'construct':
      return e.args.reduce((sum, arg) => sum + 1 + costOf(arg), 0);
    case 'builtin':
      return cheapBuiltins.has(e.name) ? e.args.reduce((sum, arg) => sum + 1 + costOf(arg), 0) : 100;
    default:
      return 100;
  }
}

const cheapBuiltins = new Set([
  'abs',
  'min',
  'max',
  'clamp',
  'floor',
  'ceil',
  'sign',
  'select',
  'saturate',
  'any',
  'all',
]);

/** Selecting a part of a local value costs nothing, whatever the size of the whole. */
function costOfBase(e: Expression): number {
  return e.kind === 'name' || e.kind === 'literal' ? 0 : costOf(e);
}

/** A let or parameter, a variable of the function, a uniform: reading it cannot be out of range. */
function isLocal(e: Expression): boolean {
  switch (e.kind) {
    case 'name':
      return e.variable.role !== 'workgroup' && e.variable.role !== 'private' && e.variable.space !== 'storage';
    case 'index':
      return e.index.value !== undefined && isLocal(e.base);
    case 'member':
    case 'swizzle':
      return isLocal(e.base);
    default:
      return false;
  }
}
