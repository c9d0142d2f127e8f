/** Built-ins on memory: atomics, barriers, arrayLength. */

import type { BuiltinCall } from '../../wgsl/ast.ts';
import type { AtomicOp } from '../ir.ts';
import { pointee } from './access.ts';
import { leavesOf } from './layout.ts';
import { atomicTarget, bufferOf, load } from './places.ts';
import { fail, type Lowering, only, type Rvalue } from './values.ts';

const atomics: Readonly<Record<string, AtomicOp>> = {
  atomicLoad: 'load',
  atomicStore: 'store',
  atomicAdd: 'add',
  atomicSub: 'sub',
  atomicMax: 'max',
  atomicMin: 'min',
  atomicAnd: 'and',
  atomicOr: 'or',
  atomicXor: 'xor',
  atomicExchange: 'exchange',
  atomicCompareExchangeWeak: 'compareExchange',
};

export function memoryBuiltin(lo: Lowering, e: BuiltinCall): Rvalue | undefined {
  const { emit } = lo;
  switch (e.name) {
    case 'workgroupBarrier':
    case 'storageBarrier':
    case 'textureBarrier':
      emit.push({ kind: 'barrier' });
      return [];
    case 'workgroupUniformLoad': {
      const place = pointee(lo, e.args[0]);
      emit.push({ kind: 'barrier' });
      const value = place.type.kind === 'atomic' ? atomic(lo, e, 'load') : load(lo, place);
      emit.push({ kind: 'barrier' });
      return value;
    }
    case 'arrayLength': {
      const { position, stride } = bufferOf(pointee(lo, e.args[0]));
      return [[emit.length(position, stride)]];
    }
    default:
      return e.name in atomics ? atomic(lo, e, atomics[e.name]) : undefined;
  }
}

function atomic(lo: Lowering, e: BuiltinCall, op: AtomicOp): Rvalue {
  const { emit } = lo;
  const place = pointee(lo, e.args[0]);
  if (place.type.kind !== 'atomic') return fail(lo, e.start, `${e.name} needs a pointer to an atomic`);
  const operands = e.args.slice(1).map(arg => only(emit, lo.expression(arg)));
  const old = emit.atomic(op, atomicTarget(emit, place), operands, leavesOf(place.type)[0].type);
  return op === 'compareExchange' ? [[old], [emit.pure('eq', [old, operands[0]])]] : [[old]];
}
