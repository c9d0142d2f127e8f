/**
 * Activity: which values a derivative passes through.
 *
 *   varied   depends on a differentiated input through float ops that have a derivative
 *   useful   a seeded output depends on it in the same way
 *   active   both
 *
 * Flow-insensitive for local arrays (an array is varied if any value stored in it is). Loops are iterated to a fixpoint,
 * which is reached after at most as many rounds as a loop has carries.
 */

import { type Block, blocksOf, type Inst, type LocalArray, type Program, type Value } from '../ir/ir.ts';
import { ruleOf } from './derivatives.ts';

export interface Activity {
  readonly values: ReadonlySet<Value>;
  readonly arrays: ReadonlySet<LocalArray>;
}

interface Marks {
  readonly values: Set<Value>;
  readonly arrays: Set<LocalArray>;
}
const size = (m: Marks) => m.values.size + m.arrays.size;

/** Values that depend on the read buffers named in `inputs`. */
export function varied(program: Program, inputs: ReadonlySet<string>): Activity {
  const marks: Marks = { values: new Set(), arrays: new Set() };
  const source = program.buffers.map(b => b.type === 'f32' && inputs.has(b.name));
  let before: number;
  do {
    before = size(marks);
    markVaried(program.body, source, marks);
  } while (size(marks) > before);
  return marks;
}

function markVaried(block: Block, source: readonly boolean[], { values, arrays }: Marks): void {
  const pass = (from: readonly Value[], to: readonly Value[]) => {
    from.forEach((v, k) => {
      if (values.has(v)) values.add(to[k]);
    });
  };
  for (const inst of block.body) {
    switch (inst.kind) {
      case 'load':
        if (source[inst.buffer]) values.add(inst.result);
        break;
      case 'pure':
        if (inst.args.some((a, k) => values.has(a) && ruleOf(inst.op, k, inst.args, inst.result)))
          values.add(inst.result);
        break;
      case 'arrayLoad':
        if (arrays.has(inst.array)) values.add(inst.result);
        break;
      case 'arrayStore':
      case 'arrayFill':
        if (values.has(inst.value)) arrays.add(inst.array);
        break;
      case 'arrayCopy':
        if (arrays.has(inst.source)) arrays.add(inst.target);
        break;
      case 'if':
        for (const arm of [inst.then, inst.else]) {
          markVaried(arm, source, { values, arrays });
          pass(arm.yields, inst.results);
        }
        break;
      case 'while': {
        pass(inst.init, inst.params);
        markVaried(inst.body, source, { values, arrays });
        pass(inst.body.yields, inst.params);
        pass(inst.params, inst.results);
        break;
      }
    }
  }
}

/** Values that the write buffers named in `outputs` depend on. */
function useful(program: Program, outputs: ReadonlySet<string>): Activity {
  const marks: Marks = { values: new Set(), arrays: new Set() };
  const sink = program.buffers.map(b => b.type === 'f32' && outputs.has(b.name));
  let before: number;
  do {
    before = size(marks);
    markUseful(program.body, sink, marks);
  } while (size(marks) > before);
  return marks;
}

function markUseful(block: Block, sink: readonly boolean[], { values, arrays }: Marks): void {
  const pull = (from: readonly Value[], to: readonly Value[]) => {
    from.forEach((v, k) => {
      if (values.has(v)) values.add(to[k]);
    });
  };
  for (let k = block.body.length - 1; k >= 0; k--) {
    const inst: Inst = block.body[k];
    switch (inst.kind) {
      case 'store':
      case 'scatterAdd':
        if (sink[inst.buffer]) values.add(inst.value);
        break;
      case 'pure':
        if (values.has(inst.result))
          inst.args.forEach((a, j) => {
            if (ruleOf(inst.op, j, inst.args, inst.result)) values.add(a);
          });
        break;
      case 'arrayLoad':
        if (values.has(inst.result)) arrays.add(inst.array);
        break;
      case 'arrayStore':
      case 'arrayFill':
        if (arrays.has(inst.array)) values.add(inst.value);
        break;
      case 'arrayCopy':
        if (arrays.has(inst.target)) arrays.add(inst.source);
        break;
      case 'if':
        for (const arm of blocksOf(inst)) {
          pull(inst.results, arm.yields);
          markUseful(arm, sink, { values, arrays });
        }
        break;
      case 'while':
        pull(inst.results, inst.params);
        pull(inst.params, inst.body.yields);
        markUseful(inst.body, sink, { values, arrays });
        pull(inst.params, inst.body.yields);
        pull(inst.params, inst.init);
        break;
    }
  }
}

/** What lies on a float path from an input to an output. */
export function active(program: Program, inputs: ReadonlySet<string>, outputs: ReadonlySet<string>): Activity {
  const from = varied(program, inputs);
  const to = useful(program, outputs);
  return {
    values: new Set([...from.values].filter(v => to.values.has(v))),
    arrays: new Set([...from.arrays].filter(a => to.arrays.has(a))),
  };
}
