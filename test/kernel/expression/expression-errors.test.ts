// What expressions refuse, and how they say so.

import { expr } from 'retrograde/expression';
import { KernelError, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';

const made = (text: string) => expr(text, { vars: ['x', 'y'], params: ['k'], name: 'f' });
const message = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing is thrown');
};
const operators = '  Operators are +, -, *, /, ^, %, comparisons, and, or, xor, not.';
const declared =
  "  Declared are 'x', 'y', 'k'; constants are 'pi', 'tau', 'e', 'LN2', 'LN10', 'SQRT2'. Add 'z' to vars or params.";

describe('a text is refused', () => {
  const cases: Record<string, [text: string, lines: string[]]> = {
    'with an unknown name': [
      '2*x + z',
      ["f:1:7: 'z' is not declared.", '    1 | 2*x + z', '      |       ^', declared],
    ],
    'that ends too early': [
      'sin(x',
      [
        'f:1:6: cannot be read: parenthesis ) expected.',
        '    1 | sin(x',
        '      |      ^',
        '  Expressions are written as in 4*eps*((sigma/r)^12 - (sigma/r)^6), x > 0 ? x : 0, or d = r - 1; d^2.',
      ],
    ],
    'that multiplies by calling': [
      'x(2)',
      ["f:1:1: 'x' is a number, not a function.", '    1 | x(2)', '      | ^', '  For a product write x*(…).'],
    ],
    'with a function as a number': [
      'x + sin',
      ["f:1:5: 'sin' is a function.", '    1 | x + sin', '      |     ^', '  Give it arguments: sin(…).'],
    ],
    'with too many arguments': [
      'atan2(x)',
      ['f:1:1: atan2 is given 1 argument.', '    1 | atan2(x)', '      | ^', '  It takes 2.'],
    ],
    'with an operator of other worlds': ['x!', ["f: there is no operator '!' in 'x!'.", operators]],
    'with a truth for a number': [
      '2*(x > 0)',
      [
        "f: '(x > 0)' is true or false, where a number is needed.",
        '  Choose the numbers it stands for, for example x > 0 ? 1 : 0.',
      ],
    ],
    'with a number for a truth': [
      'x ? 1 : 2',
      ["f: 'x' is a number, where true or false is needed.", '  Compare it, for example with x != 0.'],
    ],
    'with unlike sides': [
      'x > 0 ? y : x < 1',
      [
        "f: '(x > 0) ? y : (x < 1)' is a number on one side and true or false on the other.",
        '  Both sides must be alike.',
      ],
    ],
    'that divides by nothing': [
      'x + 1/0',
      ["f: '1 / 0' is not a finite number.", '  What constants make must be finite, and real.'],
    ],
    'with a root of a negative constant': [
      'x*sqrt(-1)',
      ["f: 'sqrt(-1)' is not a finite number.", '  What constants make must be finite, and real.'],
    ],
    'that raises a negative constant to any power': [
      '(-2)^x',
      [
        "f: in '(-2) ^ x' the base is -2.",
        '  Powers other than whole ones, and halves of whole ones, need a positive base.',
      ],
    ],
    'with a list': [
      '[x, y]',
      [
        "f: '[x, y]' is not arithmetic.",
        '  An expression is made of numbers, declared names, operators, functions and c ? a : b.',
      ],
    ],
    'with text': [
      'x + "abc"',
      [
        "f:1:6: 'abc' is not a finite number.",
        '    1 | x + "abc"',
        '      |      ^',
        '  Constants are finite numbers, true and false.',
      ],
    ],
    'that is empty': ['', ['f: a value is missing.', '  Write an expression, such as k*x^2/2.']],
    'that drops a value': [
      'x; y',
      ["f: 'x' is computed and then dropped.", '  Name it, as in d = r - 1; d^2, or leave it out.'],
    ],
    'that assigns a name twice': [
      'k = 2; k*x',
      [
        "f:1:1: 'k' has a meaning already and cannot be assigned.",
        '    1 | k = 2; k*x',
        '      | ^',
        '  Use a new name.',
      ],
    ],
    'that nests too deeply': [
      `${'sin('.repeat(20000)}x${')'.repeat(20000)}`,
      ['f: the expression nests too deeply.', '  Name its parts, as in d = r - 1; d^2.'],
    ],
  };
  it.each(Object.entries(cases))('%s', (_, [text, lines]) => {
    expect(() => made(text)).toThrow(KernelError);
    expect(message(() => made(text))).toBe(lines.join('\n'));
  });

  it('with names that only JavaScript knows', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'process', 'import', 'evaluate', 'hasOwnProperty'])
      for (const text of [name, `${name}(x)`, `x.${name}`, `${name}.constructor("return 1")()`])
        expect(() => made(text), text).toThrow(KernelError);
  });

  it('with everything that is wrong, at once', () => {
    const error = message(() => made('z + w*foo(x)'));
    expect(error).toContain("f:1:1: 'z' is not declared.");
    expect(error).toContain("f:1:5: 'w' is not declared.");
    expect(error).toContain(
      "f:1:7: there is no function 'foo'.\n    1 | z + w*foo(x)\n      |       ^\n  Functions are abs, ",
    );
  });

  it('without repeating what follows from it', () => {
    const error = message(() => made('z and x > 0 ? 1 : 2'));
    expect(error.split('\n')[0]).toBe("f:1:1: 'z' is not declared.");
    expect(error).not.toContain('true or false');
  });

  it('by the name of the output it is for', () => {
    expect(message(() => expr({ u: 'x', v: 'q' }, { vars: ['x'], name: 'rate' }))).toContain(
      "rate.v:1:1: 'q' is not declared.",
    );
  });
});

describe('names are refused', () => {
  const cases: [make: () => unknown, text: string][] = [
    [() => expr('x', { vars: ['x', 'x'] }), "expr: 'x' is declared twice; names must differ."],
    [() => expr('x', { vars: ['sin'] }), "expr: 'sin' is a function and cannot be declared; use another name."],
    [
      () => expr('x', { vars: ['2x'] }),
      "expr: '2x' cannot be a name; names are letters, digits and _, and no operators of mathjs.",
    ],
    [
      () => expr('x', { vars: ['mod'] }),
      "expr: 'mod' cannot be a name; names are letters, digits and _, and no operators of mathjs.",
    ],
    [
      () => expr('x', { vars: 'x' as unknown as string[] }),
      "expr: vars and params are arrays of names, { vars: ['x'], params: ['k'] }.",
    ],
    [
      () => expr('x', undefined as unknown as { vars: ['x'] }),
      "expr: vars and params are arrays of names, { vars: ['x'], params: ['k'] }.",
    ],
    [
      () => expr('x', { vars: ['x'], parameters: ['k'] } as { vars: ['x'] }),
      "expr: there is no option 'parameters'; the options are 'vars', 'params', 'name'.",
    ],
    [
      () => expr(3 as unknown as string, { vars: ['x'] }),
      "expr: the expression is 3; give its text, or several by name, { u: '…', v: '…' }.",
    ],
    [() => made('x').wgsl('loop'), "f: 'loop' cannot name a WGSL function; use letters, digits and _, and no keyword."],
    [
      () => made('x').derivative('z' as 'x'),
      "f: there is no input 'z' to differentiate by; the inputs are 'x', 'y', 'k'.",
    ],
    [() => made('x').withDerivatives('x', 1.5), 'f: derivatives up to order 1.5; give a whole number from 0 to 8.'],
  ];
  it.each(cases.map(([make, text]) => [text, make] as const))('%s', (text, make) => {
    expect(message(make)).toBe(text);
  });
});

describe('arguments are refused', () => {
  const f = made('x*y*k');
  const x = tensor([1, 2], [2], { device: cpu32 });
  const whole = tensor([1, 2], [2], { device: cpu32, type: 'u32' });
  const cases: [args: unknown, text: string][] = [
    [{ x, y: 1 }, "f: 'k' is missing; the inputs are 'x', 'y', 'k'."],
    [{ x, y: 1, k: 1, z: 2 }, "f: there is no input 'z'; the inputs are 'x', 'y', 'k'."],
    [{ x, y: [1, 2], k: 1 }, "f: 'y' is [1, 2]; give a tensor or a number."],
    [{ x: whole, y: 1, k: 1 }, "f: 'x' holds u32; expressions take f32: use x.convert('f32')."],
    [x, 'f: is given a tensor of shape [2]; pass the inputs by name, { x, y, k }.'],
    [
      { x, y: tensor([1, 2, 3], [3], { device: cpu32 }), k: 1 },
      'f: shapes [2] and [3] do not broadcast; counted from the last axis, lengths must be equal or 1.',
    ],
    [
      { x, y: tensor([1, 2], [2], { device: cpu64 }), k: 1 },
      "f: 'x' is on the CPU (f32) and 'y' on the CPU (f64); all must be on one device. Move one: await x.to(device).",
    ],
  ];
  it.each(cases.map(([args, text]) => [text, args] as const))('%s', (text, args) => {
    expect(message(() => f(args as Parameters<typeof f>[0]))).toBe(text);
  });
});
