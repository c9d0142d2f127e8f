/**
 * A program as text, for tests and for people. Values are numbered in the order of their definition, constants stand where they
 * are used (1.0 f32, 1i i32, 1u u32), ops on anything but f32 show the operand type, and `x[%0*3+1]` is word 1 of element %0.
 *
 *     kernel scale
 *     read x: f32
 *     write y: f32
 *     %0 = globalX
 *     %1 = load x[%0]
 *     %2 = mul %1 2.0
 *     store y[%0] %2
 */

import type { Address, Block, Inst, LocalArray, Program, Value } from './ir.ts';
import { visit } from './traverse.ts';

function literal(type: Value['type'], value: number): string {
  if (type === 'bool') return value ? 'true' : 'false';
  if (type !== 'f32') return `${value}${type[0]}`;
  if (Object.is(value, -0)) return '-0.0';
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : `${value}`;
}

export function print(program: Program): string {
  const names = new Map<Value, string>();
  let next = 0;
  visit(program.body, inst => {
    if (inst.kind === 'const') names.set(inst.result, literal(inst.result.type, inst.value));
  });
  const define = (v: Value): string => {
    const name = `%${next++}`;
    names.set(v, name);
    return name;
  };
  const use = (v: Value): string => names.get(v) ?? `%?${v.id}`;
  const list = (values: readonly Value[]): string => values.map(use).join(', ');
  const arrayName = (a: LocalArray): string =>
    program.arrays.some(b => b !== a && b.name === a.name) ? `${a.name}#${a.id}` : a.name;
  const address = ({ buffer, index, stride, offset }: Address): string => {
    const name = program.buffers[buffer]?.name ?? `?${buffer}`;
    return `${name}[${use(index)}${stride > 1 ? `*${stride}` : ''}${offset > 0 ? `+${offset}` : ''}]`;
  };
  const defining = (values: readonly Value[]): string =>
    values.length > 0 ? `${values.map(define).join(', ')} = ` : '';

  function printBlock(block: Block, indent: string, last = 'yield'): string[] {
    const lines = block.body.flatMap(inst => printInst(inst, indent));
    if (block.yields.length > 0) lines.push(`${indent}${last} ${list(block.yields)}`);
    return lines;
  }
  /** The text right of `=`; operands are read before results are named, so that numbers grow down the page. */
  function expression(inst: Inst): string {
    switch (inst.kind) {
      case 'builtin':
        return inst.name;
      case 'pure': {
        const type =
          inst.op === 'convert' || inst.op === 'bitcast'
            ? inst.result.type
            : inst.args[inst.op === 'select' ? 1 : 0].type;
        const suffix = type === 'f32' && inst.op !== 'convert' && inst.op !== 'bitcast' ? '' : `.${type}`;
        return `${inst.op}${suffix} ${inst.args.map(use).join(' ')}`;
      }
      case 'load':
        return `load ${address(inst)}`;
      case 'length':
        return `length ${program.buffers[inst.buffer]?.name}${inst.stride > 1 ? `/${inst.stride}` : ''}`;
      case 'arrayLoad':
        return `load ${arrayName(inst.array)}[${use(inst.index)}]`;
      case 'atomic': {
        const { target } = inst;
        const place = 'array' in target ? `${arrayName(target.array)}[${use(target.index)}]` : address(target);
        return ['atomic', inst.op, place, ...inst.operands.map(use)].join(' ');
      }
      case 'store':
      case 'scatterAdd':
        return `${inst.kind} ${address(inst)} ${use(inst.value)}`;
      case 'arrayStore':
        return `store ${arrayName(inst.array)}[${use(inst.index)}] ${use(inst.value)}`;
      case 'arrayFill':
        return `fill ${arrayName(inst.array)} ${use(inst.value)}`;
      case 'arrayCopy': {
        const target = `${arrayName(inst.target)}[${use(inst.targetStart)}]`;
        return `copy ${target} ${arrayName(inst.source)}[${use(inst.sourceStart)}] ${inst.length}`;
      }
      default:
        return inst.kind;
    }
  }
  function printInst(inst: Inst, indent: string): string[] {
    const inner = `${indent}  `;
    switch (inst.kind) {
      case 'const':
        return [];
      case 'if': {
        const head = `if ${use(inst.cond)} {`;
        const then = printBlock(inst.then, inner);
        const otherwise = printBlock(inst.else, inner);
        const middle = otherwise.length > 0 ? [`${indent}} else {`, ...otherwise] : [];
        return [`${indent}${defining(inst.results)}${head}`, ...then, ...middle, `${indent}}`];
      }
      case 'while': {
        const init = inst.init.map(use);
        const head = inst.params.map((p, k) => `${define(p)} = ${init[k]}`).join(', ');
        const cond = printBlock(inst.cond, inner, 'while');
        const body = printBlock(inst.body, inner, 'next');
        return [`${indent}${defining(inst.results)}loop (${head}) {`, ...cond, ...body, `${indent}}`];
      }
      default: {
        const text = expression(inst);
        return [`${indent}${'result' in inst ? defining([inst.result]) : ''}${text}`];
      }
    }
  }

  const size = program.workgroupSize.join(', ') === '1, 1, 1' ? '' : ` (${program.workgroupSize.join(', ')})`;
  return [
    `kernel ${program.name}${size}`,
    ...program.buffers.map(b => {
      const words = b.shape.length > 0 ? `[${b.shape.join(', ')}]` : '';
      const marks = `${b.count === undefined ? '' : ` × ${b.count}`}${b.uniform ? ' uniform' : ''}${b.unique ? ' unique' : ''}`;
      return `${b.access} ${b.name}: ${b.type}${words}${marks}`;
    }),
    ...program.arrays.map(
      a => `${a.space === 'workgroup' ? 'workgroup ' : ''}array ${arrayName(a)}: ${a.type}[${a.length}]`,
    ),
    ...printBlock(program.body, ''),
  ].join('\n');
}
