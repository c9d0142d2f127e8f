/**
 * The derivative of every float op, one line per operand. Both modes read this table.
 *
 *   rule(s) = s · ∂op/∂operand                                              linear in s
 *   tangent:  ẏ = Σᵢ ruleᵢ(ẋᵢ)        adjoint:  x̄ᵢ += ruleᵢ(ȳ)
 *
 * Conventions at kinks and poles: a finite value has a finite derivative, and s = 0 gives 0, also beside a pole.
 * So a rule whose factor can be infinite tests s and the operand first, and replaces the denominator before dividing:
 * WGSL may assume that there are no infinities and NaNs, so a test after the fact proves nothing. Where the factor is finite the
 * test passes whatever s is: rules are differentiated in their turn, and a zero s need not have a zero derivative (y eˣ at y = 0).
 * Ties: the first operand of min and max wins; abs and sign have derivative 0 at 0; sqrt has 0 at 0; asin, acos, acosh
 * have 0 at the end of their range; atan2 has 0 at the origin; pow: ∂x is 0 at x = 0 unless the exponent is 1.
 * quantizeToF16 rounds to a format, so it counts as the identity; floor, ceil, round, trunc, detach have derivative 0.
 */

import type { Builder } from '../ir/builder.ts';
import type { PureOp, Value } from '../ir/ir.ts';

/** Emits s · ∂op/∂operand. `a`: the op's operands; `r`: its result. */
export type Rule = (b: Builder, s: Value, a: readonly Value[], r: Value) => Value;

const add = (b: Builder, x: Value, y: Value) => b.pure('add', [x, y]);
const sub = (b: Builder, x: Value, y: Value) => b.pure('sub', [x, y]);
const mul = (b: Builder, x: Value, y: Value) => b.pure('mul', [x, y]);
const div = (b: Builder, x: Value, y: Value) => b.pure('div', [x, y]);
const neg = (b: Builder, x: Value) => b.pure('neg', [x]);
const call = (b: Builder, op: PureOp, x: Value) => b.pure(op, [x]);
const select = (b: Builder, cond: Value, yes: Value, no: Value) => b.pure('select', [cond, yes, no]);
const nonzero = (b: Builder, x: Value) => b.pure('ne', [x, b.float(0)]);
const both = (b: Builder, p: Value, q: Value) => b.pure('and', [p, q]);
const either = (b: Builder, p: Value, q: Value) => b.pure('or', [p, q]);
/** Neither 0 nor NaN. */
const away = (b: Builder, x: Value) => b.pure('gt', [call(b, 'abs', x), b.float(0)]);
/** Neither infinite nor NaN, nor so large that a compiler could know that all numbers are smaller. */
const moderate = (b: Builder, x: Value) => b.pure('lt', [call(b, 'abs', x), b.float(1e38)]);
const kept = (b: Builder, p: Value, x: Value) => select(b, p, x, b.float(0));

/** s · x, and 0 where s is 0 even if x is infinite. */
const times = (b: Builder, s: Value, x: Value) => kept(b, either(b, moderate(b, x), nonzero(b, s)), mul(b, s, x));
/** s / x, and 0 where s is 0 even if x is; 0 where not `ok`. */
function over(b: Builder, s: Value, x: Value, ok?: Value): Value {
  const quotient = either(b, away(b, x), nonzero(b, s));
  const p = ok ? both(b, ok, quotient) : quotient;
  return kept(b, p, div(b, s, select(b, p, x, b.float(1))));
}
const oneMinusSquare = (b: Builder, x: Value) => mul(b, sub(b, b.float(1), x), add(b, b.float(1), x));

/** s / √((1 − x)(1 + x)), 0 at ±1. */
function overArc(b: Builder, s: Value, x: Value): Value {
  const d = oneMinusSquare(b, x);
  const inside = nonzero(b, d);
  return over(b, s, call(b, 'sqrt', select(b, inside, d, b.float(1))), inside);
}

/** s · p / (x² + y²), with both divided by the larger first, so that tiny and huge arguments neither under- nor overflow. */
function overRadius(b: Builder, s: Value, p: Value, y: Value, x: Value): Value {
  const m = b.pure('max', [call(b, 'abs', y), call(b, 'abs', x)]);
  const ok = nonzero(b, m);
  const scale = select(b, ok, m, b.float(1));
  const [u, v] = [div(b, y, scale), div(b, x, scale)];
  const square = select(b, ok, add(b, mul(b, u, u), mul(b, v, v)), b.float(1));
  return kept(b, ok, div(b, mul(b, s, div(b, div(b, p, scale), square)), scale));
}

function powBase(b: Builder, s: Value, [x, y]: readonly Value[]): Value {
  const regular = either(b, nonzero(b, x), b.pure('ge', [y, b.float(1)]));
  const slope = mul(b, y, b.pure('pow', [select(b, regular, x, b.float(1)), sub(b, y, b.float(1))]));
  return kept(b, regular, times(b, s, slope));
}

function powExponent(b: Builder, s: Value, [x]: readonly Value[], r: Value): Value {
  const positive = b.pure('gt', [x, b.float(0)]);
  return kept(b, positive, times(b, s, mul(b, r, call(b, 'log', select(b, positive, x, b.float(1))))));
}

/**
 * s · (½ / √x), 0 at 0. No root is so small or so large that its inverse is out of range, in f32 or f64, so that the quotient
 * need not wait for s.
 */
function overRoot(b: Builder, s: Value, _: readonly Value[], r: Value): Value {
  const ok = nonzero(b, r);
  return kept(b, ok, mul(b, s, div(b, b.float(0.5), select(b, ok, r, b.float(1)))));
}

const identity: Rule = (_, s) => s;
const ifFirst =
  (op: 'ge' | 'le', first: boolean): Rule =>
  (b, s, a) => {
    const wins = b.pure(op, [a[0], a[1]]);
    return first ? select(b, wins, s, b.float(0)) : select(b, wins, b.float(0), s);
  };

/** Rules by operand; `undefined`: no derivative with respect to that operand. Ops not listed have none at all. */
// biome-ignore format: a table
const derivatives: { readonly [op in PureOp]?: readonly (Rule | undefined)[] } = {
  add: [identity, identity],
  sub: [identity, (b, s) => neg(b, s)],
  mul: [(b, s, a) => mul(b, s, a[1]), (b, s, a) => mul(b, s, a[0])],
  div: [(b, s, a) => over(b, s, a[1]), (b, s, a, r) => neg(b, mul(b, over(b, s, a[1]), r))],
  rem: [identity, (b, s, a) => neg(b, mul(b, s, call(b, 'trunc', div(b, a[0], a[1]))))],
  min: [ifFirst('le', true), ifFirst('le', false)],
  max: [ifFirst('ge', true), ifFirst('ge', false)],
  pow: [powBase, powExponent],
  atan2: [(b, s, a) => overRadius(b, s, a[1], a[0], a[1]), (b, s, a) => neg(b, overRadius(b, s, a[0], a[0], a[1]))],
  neg: [(b, s) => neg(b, s)],
  abs: [(b, s, a) => mul(b, s, call(b, 'sign', a[0]))],
  fract: [identity],
  sqrt: [overRoot],
  inverseSqrt: [(b, s, _, r) => times(b, mul(b, b.float(-0.5), s), mul(b, r, mul(b, r, r)))],
  exp: [(b, s, _, r) => times(b, s, r)],
  exp2: [(b, s, _, r) => times(b, mul(b, s, b.float(Math.LN2)), r)],
  log: [(b, s, a) => over(b, s, a[0])],
  log2: [(b, s, a) => over(b, mul(b, s, b.float(Math.LOG2E)), a[0])],
  sin: [(b, s, a) => mul(b, s, call(b, 'cos', a[0]))],
  cos: [(b, s, a) => neg(b, mul(b, s, call(b, 'sin', a[0])))],
  tan: [(b, s, _, r) => times(b, s, add(b, b.float(1), mul(b, r, r)))],
  asin: [(b, s, a) => overArc(b, s, a[0])],
  acos: [(b, s, a) => neg(b, overArc(b, s, a[0]))],
  atan: [(b, s, a) => div(b, s, add(b, b.float(1), mul(b, a[0], a[0])))],
  sinh: [(b, s, a) => times(b, s, call(b, 'cosh', a[0]))],
  cosh: [(b, s, a) => times(b, s, call(b, 'sinh', a[0]))],
  tanh: [(b, s, _, r) => mul(b, s, oneMinusSquare(b, r))],
  asinh: [(b, s, a) => div(b, s, call(b, 'sqrt', add(b, b.float(1), mul(b, a[0], a[0]))))],
  acosh: [(b, s, a) => { const d = neg(b, oneMinusSquare(b, a[0])); const ok = nonzero(b, d); return over(b, s, call(b, 'sqrt', select(b, ok, d, b.float(1))), ok); }],
  atanh: [(b, s, a) => over(b, s, oneMinusSquare(b, a[0]))],
  quantizeToF16: [identity],
  convert: [identity], // f32 → f32; other conversions are not float to float
  frexpFract: [(b, s, a) => b.pure('ldexp', [s, b.pure('neg', [b.pure('frexpExp', [a[0]])])])],
  ldexp: [(b, s, a) => b.pure('ldexp', [s, a[1]]), undefined],
  select: [undefined, (b, s, a) => select(b, a[0], s, b.float(0)), (b, s, a) => select(b, a[0], b.float(0), s)],
};

/** The rule for one operand of an op, or undefined where no derivative passes. */
export function ruleOf(op: PureOp, operand: number, args: readonly Value[], result: Value): Rule | undefined {
  if (result.type !== 'f32' || args[operand].type !== 'f32') return undefined;
  return derivatives[op]?.[operand];
}
