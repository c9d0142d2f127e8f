/**
 * Formulas on tensors, element by element: one launch, whatever they hold.
 *
 * A number, or a tensor of one element that no derivative is asked of, is read from one word by all invocations; other
 * operands are broadcast first, so that their adjoint is a sum in fixed order (as in arithmetic.ts).
 */

import { type Device, defaultDevice } from '../device/device.ts';
import { inWords } from '../error.ts';
import { largestId, type Program, type Value } from '../ir/ir.ts';
import { simplify } from '../ir/passes/simplify.ts';
import { Plan } from '../plan.ts';
import { isConstantScalar } from '../tensor/arithmetic.ts';
import { makeTensor } from '../tensor/construct.ts';
import { commonDevice, launch, sizeOf } from '../tensor/launch.ts';
import { expand } from '../tensor/reduce.ts';
import { broadcastShape } from '../tensor/shape.ts';
import { type Operand, Tensor } from '../tensor/tensor.ts';
import { dropBuffers } from '../transform/buffers.ts';
import type { Formulas } from './formulas.ts';

export type Apply = (args: Readonly<Record<string, Operand>>) => Tensor[];

/** @returns a function from the inputs by name to the outputs in order. */
export function applied(of: Formulas): Apply {
  const { name, inputs, outputs } = of;
  const plans = new Map<string, Plan>();
  const planFor = (single: readonly boolean[]): Plan => {
    const key = single.map(Number).join('');
    let plan = plans.get(key);
    if (!plan) {
      plan = new Plan(withSingles(of.program, single));
      plans.set(key, plan);
    }
    return plan;
  };
  return args => {
    check(name, inputs, args);
    const values = inputs.map(input => args[input]);
    const tensors = values.filter(value => value instanceof Tensor);
    const device = tensors.length > 0 ? deviceOf(name, inputs, values) : defaultDevice();
    const shape = tensors.reduce<readonly number[]>((joint, x) => broadcastShape(name, joint, x.shape), []);
    const single = values.map(x => !(x instanceof Tensor) || isConstantScalar(x, shape));
    const plan = planFor(single);
    const made: Tensor[] = [];
    try {
      const given = plan.reads.map(buffer => {
        const k = inputs.indexOf(buffer.name);
        const operand = broadcast(values[k], single[k], shape, device);
        if (operand !== values[k]) made.push(operand);
        return operand;
      });
      const count = sizeOf(shape);
      return launch(
        plan,
        device,
        given,
        [count, 1, 1],
        outputs.map(() => shape),
      );
    } finally {
      for (const tensor of made) tensor.dispose();
    }
  };
}

function broadcast(x: Operand, single: boolean, shape: readonly number[], device: Device): Tensor {
  if (!(x instanceof Tensor)) return makeTensor(device.scalar('f32', x), 'f32', []);
  return single ? x : expand(x, shape);
}

/** The program in which some inputs are one word for all, without those it does not read. */
function withSingles(program: Program, single: readonly boolean[]): Program {
  const zero: Value = { id: largestId(program.body) + 1, type: 'u32' };
  const body = program.body.body.map(inst =>
    inst.kind === 'load' && single[inst.buffer] ? { ...inst, index: zero } : inst,
  );
  const first = { kind: 'const', result: zero, value: 0 } as const;
  const whole = { ...program, body: { ...program.body, body: [first, ...body] } };
  return simplify(dropBuffers(whole, (buffer, used) => used || buffer.access === 'write'));
}

function deviceOf(name: string, inputs: readonly string[], values: readonly Operand[]): Device {
  const given = inputs.flatMap((input, k) => {
    const x = values[k];
    return x instanceof Tensor ? [{ input, x }] : [];
  });
  return commonDevice(
    name,
    given.map(({ x }) => x),
    given.map(({ input }) => input),
  );
}

function check(name: string, inputs: readonly string[], args: Readonly<Record<string, Operand>>): void {
  const all = inputs.map(input => `'${input}'`).join(', ');
  if (typeof args !== 'object' || args === null || args instanceof Tensor)
    throw new TypeError(`${name}: is given ${inWords(args)}; pass the inputs by name, { ${inputs.join(', ')} }.`);
  for (const key of Object.keys(args))
    if (!inputs.includes(key)) throw new TypeError(`${name}: there is no input '${key}'; the inputs are ${all}.`);
  for (const input of inputs) {
    const x = args[input];
    if (x === undefined) throw new TypeError(`${name}: '${input}' is missing; the inputs are ${all}.`);
    if (typeof x !== 'number' && !(x instanceof Tensor))
      throw new TypeError(`${name}: '${input}' is ${inWords(x)}; give a tensor or a number.`);
    if (x instanceof Tensor && x.type !== 'f32')
      throw new TypeError(`${name}: '${input}' holds ${x.type}; expressions take f32: use ${input}.convert('f32').`);
  }
}
