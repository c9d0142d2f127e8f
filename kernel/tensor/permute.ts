/**
 * Rows moved one to one, by a tensor of row numbers p that never names a row twice: pick and put, each other's adjoint.
 *
 *   pick   y[i] = x[p[i]]         put   y[p[i]] = x[i], other rows zero
 *
 * Numbers out of range give rows of zeros and put nothing. Unlike gather's, the adjoint has nothing to add up.
 */

import type { Builder } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { cached, input, output } from '../program.ts';
import type { Rule } from './graph.ts';
import { differentiable, run, sizeOf } from './launch.ts';
import type { Tensor } from './tensor.ts';

/** Rows p of x. */
export function pick(x: Tensor, p: Tensor): Tensor {
  const [rows] = x.shape;
  const rule: Rule = {
    name: 'pick',
    reads: [1],
    vjp: ([, p], [bar]) => [bar && put(bar, p, rows)],
    jvp: ([, p], [dot]) => [dot && pick(dot, p)],
  };
  return differentiable(rule, [x, p], () => move(x, p, p.size, 'pick'))[0];
}

/** The rows of x as rows p of a tensor that has `rows`. */
function put(x: Tensor, p: Tensor, rows: number): Tensor {
  const rule: Rule = {
    name: 'put',
    reads: [1],
    vjp: ([, p], [bar]) => [bar && pick(bar, p)],
    jvp: ([, p], [dot]) => [dot && put(dot, p, rows)],
  };
  return differentiable(rule, [x, p], () => move(x, p, rows, 'put'))[0];
}

function move(x: Tensor, p: Tensor, rows: number, name: 'pick' | 'put'): Tensor[] {
  const { type, device, shape } = x;
  const rest = shape.slice(1);
  const width = sizeOf(rest);
  const buffers = [input('x', type), input('p', 'u32'), output('y', type)];
  const plan = cached(`${name}:${type}:${width}`, name, buffers, (b, t) => {
    const far = farWord(b, t, width, name === 'pick' ? b.length(0, 1) : b.length(2, 1));
    if (name === 'pick') b.store(2, t, 1, 0, b.load(type, 0, far));
    else b.store(2, far, 1, 0, b.load(type, 0, t));
  });
  return run(plan, device, [x, p], [p.size * width, 1, 1], [[rows, ...rest]]);
}

/** Word t of the numbered side, in the other side's rows; out of range where the row's number is. */
function farWord(b: Builder, t: Value, width: number, words: Value): Value {
  if (width === 1) return b.load('u32', 1, t);
  const w = b.u32(width);
  const row = b.load('u32', 1, b.pure('div', [t, w]));
  const word = b.pure('add', [b.pure('mul', [row, w]), b.pure('rem', [t, w])]);
  return b.pure('select', [b.pure('lt', [row, b.pure('div', [words, w])]), word, b.u32(0xffffffff)]);
}
