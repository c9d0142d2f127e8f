/**
 * Formulas as text: a WGSL function, for kernels, and an expression, for people and for `expr` itself.
 *
 *   let t1 = sigma / r;                t1 = sigma / r;
 *   return 4 * eps * t1 * t1;          4 * eps * t1 * t1
 *
 * A value that is used once stands where it is used; others get a name. Constants are written with all their digits.
 */

import type { Block, If, Inst, Program, Value } from '../ir/ir.ts';
import { useCounts } from '../ir/traverse.ts';
import { atom, type Language, operation, type Piece, sign } from './languages.ts';

/** Lines that name values, and the text of each output. */
export interface Printed {
  readonly lines: readonly string[];
  readonly results: readonly string[];
}

/** @param names of the inputs. */
export function print({ buffers, body }: Program, names: readonly string[], language: Language): Printed {
  const uses = useCounts(body);
  const pieces = new Map<Value, Piece>();
  const results = new Map<number, string>();
  const lines: string[] = [];
  let made = 0;
  const fresh = (): string => {
    do made++;
    while (names.includes(`t${made}`));
    return `t${made}`;
  };
  const piece = (v: Value): Piece => pieces.get(v)!;

  function define(v: Value, value: Piece, indent: string): void {
    const once = (uses.get(v) ?? 0) <= 1 && value.text.length < 400;
    if (once || (value.level === atom && /^[\w.]+$/u.test(value.text))) {
      pieces.set(v, value);
      return;
    }
    const name = fresh();
    lines.push(indent + language.name(name, value.text));
    pieces.set(v, { text: name, level: atom });
  }

  function write(inst: Inst, indent: string): void {
    switch (inst.kind) {
      case 'const': {
        const isBool = inst.result.type === 'bool';
        const text = isBool ? String(inst.value === 1) : language.number(inst.value);
        pieces.set(inst.result, { text, level: text.startsWith('-') ? sign : atom });
        return;
      }
      case 'load':
        pieces.set(inst.result, { text: names[inst.buffer], level: atom });
        return;
      case 'pure':
        define(inst.result, operation(inst.op, inst.args.map(piece), language), indent);
        return;
      case 'store':
        results.set(inst.buffer, piece(inst.value).text);
        return;
      case 'if':
        if (language.branches) branch(inst, indent);
        else choose(inst, indent);
    }
  }

  function choose(inst: If, indent: string): void {
    for (const block of [inst.then, inst.else]) for (const inner of block.body) write(inner, indent);
    inst.results.forEach((v, k) => {
      define(v, language.select(piece(inst.cond), piece(inst.then.yields[k]), piece(inst.else.yields[k])), indent);
    });
  }

  function branch(inst: If, indent: string): void {
    const targets = inst.results.map(v => {
      const name = fresh();
      lines.push(`${indent}var ${name}: ${v.type};`);
      return name;
    });
    const arm = (block: Block): void => {
      for (const inner of block.body) write(inner, `${indent}  `);
      block.yields.forEach((v, k) => {
        lines.push(`${indent}  ${targets[k]} = ${piece(v).text};`);
      });
    };
    lines.push(`${indent}if (${piece(inst.cond).text}) {`);
    arm(inst.then);
    lines.push(`${indent}} else {`);
    arm(inst.else);
    lines.push(`${indent}}`);
    inst.results.forEach((v, k) => {
      pieces.set(v, { text: targets[k], level: atom });
    });
  }

  for (const inst of body.body) write(inst, language.branches ? '  ' : '');
  return { lines, results: buffers.flatMap((_, k) => results.get(k) ?? []) };
}
