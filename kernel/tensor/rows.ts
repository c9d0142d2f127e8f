/** Rows of the first axis, all at once, and their transpose: rows put together, zeros where one is missing. */

import { adopt } from '../device/scope.ts';
import { makeTensor } from './construct.ts';
import type { Cotangents, Rule } from './graph.ts';
import { differentiable, sizeOf } from './launch.ts';
import type { Tensor } from './tensor.ts';

/** x[0], x[1], …, each of the shape that is left. */
export function rows(x: Tensor): readonly Tensor[] {
  const [count, ...shape] = x.shape;
  const rule: Rule = {
    name: 'rows',
    reads: [],
    vjp: (_, bars) => [
      fromRows(
        Array.from({ length: count }, (_, i) => bars[i]),
        x,
        shape,
      ),
    ],
    jvp: (_, [dot]) => (dot ? rows(dot) : []),
  };
  return differentiable(rule, [x], () => Array.from({ length: count }, (_, i) => row(x, i, shape)));
}

function row(x: Tensor, i: number, shape: readonly number[]): Tensor {
  const { device, type } = x;
  const size = sizeOf(shape);
  const memory = device.allocate(type, size, false);
  device.flush();
  device.backend.copy(x.memory.storage, memory.storage, size, i * size, 0);
  const made = makeTensor(memory, type, shape);
  adopt(made);
  return made;
}

function fromRows(parts: Cotangents, { device, type }: Tensor, shape: readonly number[]): Tensor {
  const size = sizeOf(shape);
  const at = parts.flatMap((part, i) => (part ? [i] : []));
  const given = at.map(i => parts[i] as Tensor);
  const rule: Rule = {
    name: 'rows together',
    reads: [],
    vjp: (_, [bar]) => {
      const all = bar ? rows(bar) : [];
      return at.map(i => all[i]);
    },
    jvp: (_, dots) => [
      fromRows(
        parts.map((_, i) => dots[at.indexOf(i)]),
        given[0],
        shape,
      ),
    ],
  };
  const forward = (): Tensor[] => {
    const memory = device.allocate(type, parts.length * size);
    device.flush();
    given.forEach((part, k) => {
      device.backend.copy(part.memory.storage, memory.storage, size, 0, at[k] * size);
    });
    const made = makeTensor(memory, type, [parts.length, ...shape]);
    adopt(made);
    return [made];
  };
  return differentiable(rule, given, forward)[0];
}
