// The order of a reverse loop's iterations: forward where they do not depend on each other, backward where they may.

import { expect, it } from 'vitest';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { print } from '../../../kernel/ir/print.ts';
import { adjoint } from '../../../kernel/transform/adjoint.ts';
import { agreement } from '../../util/derivative-check.ts';
import { lowered } from '../../util/lowered.ts';

const bodies: Readonly<Record<'forward' | 'backward', Readonly<Record<string, string>>>> = {
  forward: {
    'a sum over a list of its own length':
      'var s = x[i]; for (var k = 0u; k < n[i]; k++) { let d = x[n[k]] - x[i]; s += sin(d) * d; } y[i] = s;',
    'two sums, one in a branch': `var s = 0.0; var t = 1.0;
      for (var k = 0u; k < n[i]; k++) { if (x[k] > 0.1) { s += x[k] * x[i]; } t -= cos(x[k + 1u]); }
      y[i] = s * t;`,
  },
  backward: {
    'a sum that may end early':
      'var s = 0.0; for (var k = 0u; k < n[i]; k++) { if (x[k] > 0.8) { break; } s += x[k] * x[k]; } y[i] = s;',
    'a recurrence with a factor': 'var s = x[i]; for (var k = 0u; k < n[i]; k++) { s = 0.5 * s + x[k]; } y[i] = s;',
    'two sums that change places': `var s = x[i]; var t = 2.0;
      for (var k = 0u; k < n[i]; k++) { let old = s; s = t + x[k]; t = old; }
      y[i] = s - 2.0 * t;`,
    'a sum that starts anew': `var s = 0.0;
      for (var k = 0u; k < n[i]; k++) { if (k == 2u) { s = 0.0; } s += x[k]; }
      y[i] = s;`,
    'a local array': `var a: array<f32, 4>; a[0] = x[i];
      for (var k = 0u; k < n[i]; k++) { a[(k + 1u) % 4u] = 0.5 * a[k % 4u] + x[k]; }
      y[i] = a[n[i] % 4u];`,
  },
};

it.each(
  Object.entries(bodies).flatMap(([order, list]) => Object.entries(list).map(([name, body]) => [order, name, body])),
)('%s: %s', (order, _, body) => {
  const program = simplify(lowered(body));
  const words = { x: [0.3, 0.9, -0.4, 0.7, 0.2, 0.5], n: [5, 0, 3, 1, 4, 2], y: [0, 0, 0, 0, 0, 0] };
  const { dot, difference } = agreement(program, words, [6, 1, 1]);
  expect(dot).toBeLessThan(1e-12);
  expect(difference).toBeLessThan(1e-7);
  const text = print(simplify(adjoint(program, new Set(['x']), new Set(['y']))));
  const backward = /= gt\.u32 %\d+ 0u\n\s*while/.test(text);
  expect(backward).toBe(order === 'backward');
});
