/** Number and bool literals. */

import type { Expression } from './ast.ts';
import { represent } from './const-eval.ts';
import { evaluate } from './operators.ts';
import { type Context, literal } from './scope.ts';
import type { RawExpression } from './syntax.ts';
import { abstractFloat, abstractInt, bool, f32, i32, u32 } from './types.ts';

/** A number or bool, of abstract type unless it has a suffix (WGSL §3.5). */
export function literalExpression(
  ctx: Context,
  raw: RawExpression & { readonly kind: 'literal' },
): Expression | undefined {
  const { text, start } = raw;
  if (text === 'true' || text === 'false') return literal(bool, text === 'true', raw);
  const hex = /^0[xX]/.test(text);
  const isHexFloat = hex && /[.pP]/.test(text);
  const suffix = /[iuh]$/.exec(text)?.[0] ?? ((!hex || isHexFloat) && text.endsWith('f') ? 'f' : '');
  const digits = suffix ? text.slice(0, -1) : text;
  if (suffix === 'h') return ctx.report(start, `kernels have no f16, but '${text}' is one.`, 'Use f32.');
  const x = isHexFloat ? hexFloat(digits) : Number(digits);
  if (isHexFloat && suffix === 'f' && Math.fround(x) !== x && Math.abs(x) < 2 ** 128)
    return ctx.report(start, `'${text}' is not exactly an f32.`, 'Write fewer digits, or a decimal number.');
  const isFloat = suffix === 'f' || isHexFloat || (!hex && /[.eE]/.test(digits));
  const type = isFloat
    ? suffix === 'f'
      ? f32
      : abstractFloat
    : suffix === 'i'
      ? i32
      : suffix === 'u'
        ? u32
        : abstractInt;
  const value = evaluate(ctx, start, () => represent(type.name, x, `'${text}'`));
  return value === undefined ? undefined : literal(type, value, raw);
}

/** 0x1.8p3 = 1.5 · 2³. */
function hexFloat(text: string): number {
  const [, whole = '', fraction = '', exponent = '0'] =
    /^0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)(?:[pP]([+-]?\d+))?$/.exec(text) ?? [];
  const mantissa = Number(BigInt(`0x${whole}${fraction || ''}` === '0x' ? '0x0' : `0x${whole}${fraction}`));
  return mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
}
