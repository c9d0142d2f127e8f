// Holds the adjoint, the tangent and central differences of a program together, in f64, through the interpreter.

import { interpret } from '../../kernel/ir/interpret.ts';
import { adjointName, type Program, tangentName } from '../../kernel/ir/ir.ts';
import { verify } from '../../kernel/ir/verify.ts';
import { adjoint } from '../../kernel/transform/adjoint.ts';
import { tangent } from '../../kernel/transform/tangent.ts';
import { mulberry32 } from './random.ts';

export type Data = Readonly<Record<string, readonly number[]>>;
type Count = readonly [number, number, number];

/** Runs a program; `data` gives the inputs by name and the lengths of the outputs (as arrays of that length). */
export function run(program: Program, data: Data, count: Count): Record<string, number[]> {
  const words = program.buffers.map(b => {
    const given = data[b.name];
    if (!given) throw new Error(`run: no data for '${b.name}'.`);
    return b.access === 'read' ? given : given.length;
  });
  const results = interpret(program, words, count, 'f64');
  const named: Record<string, number[]> = {};
  program.buffers.forEach((b, k) => {
    if (b.access === 'write') named[b.name] = [...results[k]];
  });
  return named;
}

const prefixed = (data: Data, name: (n: string) => string): Data =>
  Object.fromEntries(Object.entries(data).map(([n, x]) => [name(n), x]));

/** x̄ for output seeds ȳ. */
export function adjointOf(program: Program, data: Data, seeds: Data, count: Count): Record<string, number[]> {
  const inputs = floats(program, 'read');
  const derived = adjoint(program, new Set(inputs), new Set(Object.keys(seeds)));
  verify(derived);
  const bars = run(derived, { ...prefixed(data, adjointName), ...data, ...prefixed(seeds, adjointName) }, count);
  return Object.fromEntries(inputs.map(n => [n, bars[adjointName(n)]]));
}

/** ẏ for input tangents ẋ. */
export function tangentOf(program: Program, data: Data, dots: Data, count: Count): Record<string, number[]> {
  const derived = tangent(program, new Set(Object.keys(dots)));
  verify(derived);
  const out = run(derived, { ...prefixed(data, tangentName), ...data, ...prefixed(dots, tangentName) }, count);
  return Object.fromEntries(floats(program, 'write').map(n => [n, out[tangentName(n)]]));
}

const floats = (program: Program, access: 'read' | 'write') =>
  program.buffers.filter(b => b.type === 'f32' && b.access === access).map(b => b.name);

export interface Agreement {
  /** |⟨u, Jv⟩ − ⟨Jᵀu, v⟩| / Σ|uᵢ (Jv)ᵢ|. */
  readonly dot: number;
  /** |Jv − central difference| / |Jv|, the best over a ladder of steps. */
  readonly difference: number;
  /** How well the differences of neighbouring steps agree with each other: what they can tell at all. */
  readonly resolution: number;
}

/** Both tests for one random direction and one random seed. */
export function agreement(program: Program, data: Data, count: Count, seed = 1): Agreement {
  const random = mulberry32(seed);
  const like = (names: readonly string[]) =>
    Object.fromEntries(names.map(n => [n, data[n].map(() => 2 * random() - 1)]));
  const v = like(floats(program, 'read'));
  const u = like(floats(program, 'write'));
  const Jv = tangentOf(program, data, v, count);
  const JTu = adjointOf(program, data, u, count);
  const terms = Object.keys(u).flatMap(n => u[n].map((x, k) => x * Jv[n][k]));
  const right = Object.keys(v).flatMap(n => v[n].map((x, k) => x * JTu[n][k]));
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
  const scale = sum(terms.map(Math.abs)) || sum(right.map(Math.abs)) || 1;
  const norm = (list: readonly number[]) => Math.sqrt(sum(list.map(x => x * x)));
  const exact = Object.keys(u).flatMap(n => Jv[n]);
  const differences = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7].map(h => {
    const at = (s: number) => {
      const moved = Object.keys(v).map(n => [n, data[n].map((x, k) => x + s * v[n][k])] as const);
      return run(program, { ...data, ...Object.fromEntries(moved) }, count);
    };
    const [plus, minus] = [at(h), at(-h)];
    return Object.keys(u).flatMap(n => plus[n].map((x, k) => (x - minus[n][k]) / (2 * h)));
  });
  const apart = (a: readonly number[], b: readonly number[]) => norm(a.map((x, k) => x - b[k])) / (norm(exact) || 1);
  const errors = differences.map(d => apart(d, exact));
  const resolutions = differences.slice(1).map((d, k) => apart(d, differences[k]));
  return {
    dot: Math.abs(sum(terms) - sum(right)) / scale,
    difference: Math.min(...errors),
    resolution: Math.min(...resolutions),
  };
}
