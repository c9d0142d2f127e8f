/**
 * Elementwise arithmetic on tensors, one generated kernel per operation.
 *
 * Derivatives come from the kernels themselves (transform/derivatives.ts has the rule of each operation), so conventions at
 * kinks are those of kernels. A broadcast operand that is tracked is expanded first, so that its adjoint is a sum in fixed order.
 */

import type { Builder } from '../ir/builder.ts';
import type { PureOp, Value } from '../ir/ir.ts';
import type { Plan } from '../plan.ts';
import { cached, input, output } from '../program.ts';
import type { WordType } from '../words.ts';
import { checkTensor, makeTensor } from './construct.ts';
import { isTracked } from './graph.ts';
import { commonDevice, launch, sizeOf } from './launch.ts';
import { expand } from './reduce.ts';
import { broadcastShape, checkType, sameShape } from './shape.ts';
import type { Operand, Tensor } from './tensor.ts';

export type UnaryName = 'neg' | 'abs' | 'sqrt' | 'exp' | 'log' | 'sin' | 'cos' | 'tanh' | 'square';
export type BinaryName = 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'max' | 'min';

const integerUnary = new Set<UnaryName>(['neg', 'abs', 'square']);

/** Which operand, if any, is one number for all elements. */
type Scalar = 'none' | 'left' | 'right';

const emitUnary = (b: Builder, name: UnaryName, x: Value): Value =>
  name === 'square' ? b.pure('mul', [x, x]) : b.pure(name as PureOp, [x]);

function unaryPlan(name: UnaryName, type: WordType): Plan {
  return cached(`${name}:${type}`, name, [input('x', type), output('y', type)], (b, i) => {
    b.store(1, i, 1, 0, emitUnary(b, name, b.load(type, 0, i)));
  });
}

function binaryPlan(name: BinaryName, type: WordType, scalar: Scalar): Plan {
  return cached(`${name}:${type}:${scalar}`, name, [input('a', type), input('b', type), output('y', type)], (b, i) => {
    const zero = b.u32(0);
    const left = b.load(type, 0, scalar === 'left' ? zero : i);
    const right = b.load(type, 1, scalar === 'right' ? zero : i);
    b.store(2, i, 1, 0, b.pure(name, [left, right]));
  });
}

export function unary(name: UnaryName, x: Tensor): Tensor {
  if (x.type !== 'f32' && !integerUnary.has(name))
    throw new TypeError(`${name}: the tensor holds ${x.type}; ${name} takes f32.`);
  return launch(unaryPlan(name, x.type), x.device, [x], [x.size, 1, 1], [x.shape])[0];
}

/** The same values in another type, as WGSL converts them. */
export function convert(x: Tensor, type: WordType): Tensor {
  checkType('convert', type);
  if (x.type === type) return x;
  const plan = cached(`convert:${x.type}:${type}`, 'convert', [input('x', x.type), output('y', type)], (b, i) => {
    b.store(1, i, 1, 0, b.pure('convert', [b.load(x.type, 0, i)], type));
  });
  return launch(plan, x.device, [x], [x.size, 1, 1], [x.shape])[0];
}

/** Whether the operand may stay one number beside a larger one: then its adjoint is never asked for. */
export const isConstantScalar = (x: Tensor, shape: readonly number[]): boolean =>
  x.size === 1 && !sameShape(x.shape, shape) && !isTracked(x);

export function binary(name: BinaryName, left: Tensor, right: Operand): Tensor {
  if (typeof right === 'number') {
    if (left.type !== 'f32' && !Number.isInteger(right))
      throw new RangeError(`${name}: the tensor holds ${left.type} and the number is ${right}; give a whole one.`);
    const number = makeTensor(left.device.scalar(left.type, right), left.type, []);
    try {
      return binary(name, left, number);
    } finally {
      number.dispose();
    }
  }
  checkTensor(name, right, ' or a number');
  if (left.type !== right.type)
    throw new TypeError(`${name}: one tensor holds ${left.type} and the other ${right.type}; both must hold the same.`);
  if (left.type !== 'f32' && name === 'pow') throw new TypeError(`pow: the tensors hold ${left.type}; pow takes f32.`);
  const device = commonDevice(name, [left, right]);
  const shape = broadcastShape(name, left.shape, right.shape);
  const scalar: Scalar = isConstantScalar(right, shape) ? 'right' : isConstantScalar(left, shape) ? 'left' : 'none';
  const a = scalar === 'left' ? left : expand(left, shape);
  const b = scalar === 'right' ? right : expand(right, shape);
  const count = [sizeOf(shape), 1, 1] as const;
  const [result] = launch(binaryPlan(name, left.type, scalar), device, [a, b], count, [shape]);
  // What nobody holds is not stored.
  if (a !== left) a.dispose();
  if (b !== right) b.dispose();
  return result;
}

/** x^y. Small whole exponents are products, so that a negative x is no special case and rounding is that of multiplication. */
export function power(x: Tensor, y: Operand): Tensor {
  if (typeof y !== 'number' || !Number.isInteger(y) || Math.abs(y) > 8 || y === 0) return binary('pow', x, y);
  const plan = cached(`pow:${y}`, 'pow', [input('x'), output('y')], (b, i) => {
    const base = b.load('f32', 0, i);
    let result = base;
    for (let k = 1; k < Math.abs(y); k++) result = b.pure('mul', [result, base]);
    b.store(1, i, 1, 0, y < 0 ? b.pure('div', [b.float(1), result]) : result);
  });
  if (x.type !== 'f32') throw new TypeError(`pow: the tensor holds ${x.type}; pow takes f32.`);
  return launch(plan, x.device, [x], [x.size, 1, 1], [x.shape])[0];
}
