// Programs that break the grammar of the IR, each in one way.

import { expect, it } from 'vitest';
import type { Builder } from '../../../kernel/ir/builder.ts';
import type { Value } from '../../../kernel/ir/ir.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import { programOf } from '../../util/program.ts';

const bad: Record<string, [message: string, (b: Builder) => void]> = {
  'uses a value before its definition': [
    'neg %1: %0 is used before its definition here.',
    b => {
      const v = b.value('f32');
      b.pure('neg', [v]);
      b.push({ kind: 'const', result: v, value: 1 });
    },
  ],
  'uses a value outside of its block': [
    'neg %3: %1 is out of scope here.',
    b => {
      let inner: Value | undefined;
      b.if(
        b.bool(true),
        () => {
          inner = b.float(1);
          return [];
        },
        () => [],
      );
      b.value('f32');
      if (inner) b.pure('neg', [inner]);
    },
  ],
  'uses a value of a loop condition in the body': [
    'while %4: %2 is out of scope here.',
    b => {
      let inner: Value | undefined;
      b.while(
        [b.float(0)],
        ([p]) => {
          inner = b.pure('neg', [p]);
          return b.pure('lt', [inner, p]);
        },
        ([p]) => [inner ?? p],
      );
    },
  ],
  'defines a value twice': [
    'const %0: %0 is defined twice.',
    b => {
      const v = b.float(1);
      b.push({ kind: 'const', result: v, value: 1 });
    },
  ],
  'adds a float and an integer': [
    'add %2: no such op from (f32, u32) to f32.',
    b => b.pure('add', [b.float(1), b.u32(1)]),
  ],
  'has a bool constant of 2': ['const %0: 2 is no bool.', b => b.const('bool', 2)],
  'shifts by a signed amount': [
    'shl %2: no such op from (i32, i32) to i32.',
    b => b.pure('shl', [b.const('i32', 1), b.const('i32', 1)]),
  ],
  'stores to an input': ['store: buffer x is read only.', b => b.store(0, b.u32(0), 1, 0, b.float(1))],
  'has an offset beyond the stride': [
    'load %1: stride 2, offset 2 is no address.',
    b => b.load('f32', 0, b.u32(0), 2, 2),
  ],
  'loads an integer from a float buffer': ['load %1: result %1 is i32, not f32.', b => b.load('i32', 0, b.u32(0))],
  'yields too little': [
    'if %0: yields of the second block have types (), not (f32).',
    b => {
      const results = [b.value('f32')];
      const cond = b.bool(true);
      const then = b.block(() => [b.float(1)]);
      b.push({ kind: 'if', cond, then, else: { body: [], yields: [] }, results });
    },
  ],
  'stores in a loop condition': [
    'while: its condition has a store.',
    b => {
      b.while(
        [],
        () => {
          b.store(2, b.u32(0), 1, 0, b.float(1));
          return b.bool(false);
        },
        () => [],
      );
    },
  ],
};

it.each(Object.entries(bad))('rejects a program that %s', (_, [message, build]) => {
  expect(() => verify(programOf(b => void build(b)))).toThrow(`verify: test: ${message}`);
});
