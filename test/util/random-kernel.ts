// Random WGSL kernels for property tests: loops with carries, nested loops, breaks and continues, branches, local arrays
// with run-time indices, functions that write through pointers. Values stay of order one, so derivatives are meaningful.

import { mulberry32 } from './random.ts';

export interface RandomKernel {
  readonly source: string;
  readonly data: Readonly<Record<string, readonly number[]>>;
  readonly count: readonly [number, number, number];
}

const inputs = 12;
const invocations = 3;

/** The kernel of a seed: inputs x, p (f32) and n (u32, trip counts), output y with one element per invocation. */
export function randomKernel(seed: number): RandomKernel {
  const random = mulberry32(seed);
  const body = new Writer(random);
  const source = `var<storage, read> x: array<f32>;
var<storage, read> p: array<f32>;
var<storage, read> n: array<u32>;
var<storage, read_write> y: array<f32>;
fn mixed(a: f32, b: f32) -> f32 { if (a > b) { return sin(a) * b; } return a / (2.0 + b * b); }
fn shift(q: ptr<function, f32>, r: ptr<function, f32>, k: f32) -> f32 { let old = *q; *q = tanh(*r + k); *r = old * 0.5 + k; return old * k; }
fn smear(q: ptr<function, array<f32, 20>>, k: u32) { for (var j = 1u; j < 4u; j++) { (*q)[(k + j) % 20u] = 0.5 * (*q)[k % 20u] + sin((*q)[(k + j) % 20u]); } }
@compute @workgroup_size(64) fn randomKernel(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  var a = x[i]; var b = p[i + 1u] ; var c = x[(i * 5u + 2u) % ${inputs}u]; var d = 0.3;
  var m: array<f32, 20>;
${body.statements(4 + Math.floor(random() * 4), 0)}
  y[i] = a + 0.5 * b - c * d + m[n[0] % 20u];
}`;
  const numbers = (count: number) => Array.from({ length: count }, () => 2 * random() - 1);
  const trips = Array.from({ length: 4 }, () => Math.floor(random() * 9));
  const data = { x: numbers(inputs), p: numbers(inputs), n: trips, y: new Array<number>(invocations).fill(0) };
  return { source, data, count: [invocations, 1, 1] };
}

class Writer {
  private readonly random: () => number;
  private loops: string[] = [];
  private fresh = 0;

  constructor(random: () => number) {
    this.random = random;
  }

  private below(n: number): number {
    return Math.floor(this.random() * n);
  }
  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
  private place(): string {
    return this.pick(['a', 'b', 'c', 'd']);
  }
  private index(): string {
    return this.loops.length > 0 && this.random() < 0.7
      ? this.pick(this.loops)
      : this.pick(['i', 'n[1]', '2u', 'n[2] + i']);
  }

  private atom(): string {
    const index = this.index();
    return this.pick([
      this.place(),
      this.place(),
      `x[(${index}) % ${inputs}u]`,
      `p[(${index}) % ${inputs}u]`,
      `m[(${index}) % 20u]`,
      (this.random() * 2 - 1).toFixed(3),
    ]);
  }

  private expression(depth = 2): string {
    if (depth === 0) return this.atom();
    const [e, f] = [this.expression(depth - 1), this.expression(depth - 1)];
    return this.pick([
      `sin(${e} + ${f})`, `tanh((${e}) * (${f}))`, `0.7 * (${e}) * cos(${f})`, `(${e} - (${f})) * 0.5`, `(${e}) / (1.5 + (${f}) * (${f}))`,
      `max(${e}, ${f})`, `select(${e}, ${f} * 0.5, ${this.atom()} > ${this.atom()})`, `mixed(${e}, ${f})`, `exp(-abs(${e}))`, `(sqrt(1.0 + (${e}) * (${e})) - 1.0)`,
    ]); // biome-ignore format: a table
  }

  /** Keeps values of order one. */
  private bounded(): string {
    return this.pick([`sin(${this.expression()})`, `tanh(${this.expression()})`]);
  }

  statements(count: number, depth: number): string {
    return Array.from({ length: count }, () => `${'  '.repeat(depth + 1)}${this.statement(depth)}`).join('\n');
  }

  private statement(depth: number): string {
    const kinds = depth < 3 ? 9 : 4;
    switch (this.below(kinds)) {
      case 0:
        return `${this.place()} = ${this.bounded()};`;
      case 1:
        return `m[(${this.index()}) % 20u] = ${this.bounded()};`;
      case 2: {
        const [q, r] = this.pick([
          ['a', 'b'],
          ['c', 'd'],
          ['b', 'c'],
        ]);
        return `d = sin(d + shift(&${q}, &${r}, ${this.atom()}));`;
      }
      case 3:
        return `smear(&m, ${this.index()});`;
      case 4:
        return `if (${this.atom()} > ${this.atom()}) {\n${this.statements(2, depth + 1)}\n${'  '.repeat(depth + 1)}} else {\n${this.statements(1, depth + 1)}\n${'  '.repeat(depth + 1)}}`;
      case 5:
      case 6:
        return this.loop(depth, k => `for (var ${k} = 0u; ${k} < ${this.trips()}; ${k}++)`, '');
      case 7: {
        const jump = this.pick(['break', 'continue']);
        return this.loop(
          depth,
          k => `for (var ${k} = 0u; ${k} < ${this.trips()}; ${k}++)`,
          `if (${this.atom()} > 0.6) { ${jump}; }`,
        );
      }
      default: {
        const k = `k${this.fresh++}`;
        this.loops.push(k);
        const body = this.statements(2, depth + 1);
        this.loops.pop();
        return `var ${k} = 0u; loop { if (${k} >= ${this.trips()}) { break; }\n${body}\n${'  '.repeat(depth + 1)}continuing { ${k}++; } }`;
      }
    }
  }

  private trips(): string {
    return this.pick(['n[0]', 'n[1]', 'n[3] + i', '3u']);
  }

  private loop(depth: number, head: (k: string) => string, jump: string): string {
    const k = `k${this.fresh++}`;
    const start = head(k);
    this.loops.push(k);
    const body = this.statements(2, depth + 1);
    this.loops.pop();
    const pad = '  '.repeat(depth + 1);
    return `${start} {\n${body}\n${pad}  ${jump}\n${pad}  a = 0.9 * a + 0.1 * sin(b);\n${pad}}`;
  }
}
