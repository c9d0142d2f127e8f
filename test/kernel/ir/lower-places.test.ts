// Places, copies and pointers: random programs on nested aggregates do in WGSL what they do on JavaScript objects.

import { describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { congruential } from '../../util/random.ts';

type Shape = 'i32' | 'vec3i' | 'T' | 'row' | 'grid' | 'S';

/** T is { p: vec3i, q: i32 }, row array<T, rows>, grid array<vec3i, cells>, S { t: row, g: grid, k: i32 }. */
class Writer {
  readonly wgsl: string[] = [];
  readonly js: string[] = [];
  readonly rows: number;
  readonly cells: number;
  private readonly random: () => number;
  private names = 0;
  private readonly pointers: { name: string; shape: Shape }[] = [];
  private readonly values: { name: string; shape: Shape }[] = [];

  constructor(seed: number) {
    this.random = congruential(seed);
    this.rows = [2, 3, 12][this.below(3)];
    this.cells = [2, 5, 20][this.below(3)];
  }
  below(n: number): number {
    return Math.floor(this.random() * n);
  }
  private one<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** An index below n: constant, or depending on the invocation, or on memory. */
  private index(n: number): string {
    const kind = this.below(4);
    if (kind === 0) return `${this.below(n)}`;
    return kind === 1 ? `((i + ${this.below(9)}) % ${n})` : `((s.k + i * ${this.below(4)}) % ${n})`;
  }
  private parts(base: string, shape: Shape): { text: string; shape: Shape }[] {
    switch (shape) {
      case 'S':
        return [
          { text: `${base}.t`, shape: 'row' },
          { text: `${base}.g`, shape: 'grid' },
        ];
      case 'row':
        return [{ text: `${base}[${this.index(this.rows)}]`, shape: 'T' }];
      case 'grid':
        return [{ text: `${base}[${this.index(this.cells)}]`, shape: 'vec3i' }];
      case 'T':
        return [
          { text: `${base}.p`, shape: 'vec3i' },
          { text: `${base}.q`, shape: 'i32' },
        ];
      case 'vec3i':
        return [{ text: `${base}[${this.index(3)}]`, shape: 'i32' }];
      default:
        return [];
    }
  }
  /** A place or value of a shape, in WGSL; the same text indexes the JavaScript objects. */
  private path(shape: Shape, readable: boolean): { wgsl: string; js: string } | undefined {
    for (let tries = 0; tries < 40; tries++) {
      const pointer = this.pointers.length && this.below(3) === 0 ? this.one(this.pointers) : undefined;
      const value = readable && this.values.length && this.below(3) === 0 ? this.one(this.values) : undefined;
      const root = pointer ?? value ?? { name: this.below(3) ? 's' : 'r', shape: 'S' as Shape };
      const inner: { text: string; shape: Shape }[] = [{ text: '', shape: root.shape }];
      while (inner[0].shape !== shape) {
        const next = this.parts(inner[0].text, inner[0].shape);
        if (next.length === 0) break;
        inner[0] = this.one(next);
      }
      if (inner[0].shape !== shape) continue;
      const [{ text }] = inner;
      return {
        wgsl: pointer ? `(*${root.name})${text}` : `${root.name}${text}`,
        js: pointer ? `${root.name}()${text}` : `${root.name}${text}`,
      };
    }
    return undefined;
  }
  private scalar(): { wgsl: string; js: string } {
    const a = this.path('i32', true) ?? { wgsl: 'i', js: 'i' };
    const n = this.below(50);
    return { wgsl: `(${a.wgsl} + ${n} + i)`, js: `(${a.js} + ${n} + i)` };
  }

  statement(): void {
    const shape = this.one(['i32', 'i32', 'vec3i', 'T', 'row', 'grid', 'S'] as const);
    const target = this.path(shape, false);
    const source = this.path(shape, true);
    const kind = this.below(6);
    const name = `n${this.names++}`;
    if (!target || !source) return;
    if (kind === 0) {
      this.wgsl.push(`let ${name} = ${source.wgsl};`);
      this.js.push(`const ${name} = copy(${source.js});`);
      this.values.push({ name, shape });
    } else if (kind === 1 && shape !== 'i32') {
      // In JavaScript a pointer is a path whose indices have been evaluated; those in target.js are kept by value.
      const fixed: string[] = [];
      const frozen = freeze(target.js, fixed, name);
      this.wgsl.push(`let ${name} = &${target.wgsl};`);
      this.js.push(...fixed, `const ${name} = () => ${frozen};`);
      this.pointers.push({ name, shape });
    } else if (kind === 2) {
      const t = this.path('T', false);
      if (!t) return;
      const by = this.scalar();
      this.wgsl.push(`s.k = (s.k + bump(&${t.wgsl}, ${by.wgsl})) & 255;`);
      this.js.push(`{ const k = s.k; s.k = (k + bump(${t.js}, ${by.js})) & 255; }`);
    } else if (shape === 'i32') {
      const by = this.scalar();
      this.wgsl.push(`${target.wgsl} = ${by.wgsl} & 255;`);
      this.js.push(`${target.js} = ${by.js} & 255;`);
    } else {
      this.wgsl.push(`${target.wgsl} = ${source.wgsl};`);
      this.js.push(`assign(${target.js}, ${source.js});`);
    }
  }
}

/** Evaluates the outermost indices of a path to constants first. */
function freeze(path: string, fixed: string[], name: string): string {
  let result = '';
  for (let k = 0; k < path.length; k++) {
    result += path[k];
    if (path[k] !== '[') continue;
    let depth = 1;
    const from = ++k;
    while (depth > 0) depth += path[k] === '[' ? 1 : path[k++] === ']' ? -1 : 0;
    fixed.push(`const ${name}_${fixed.length} = ${path.slice(from, k - 1)};`);
    result += `${name}_${fixed.length - 1}]`;
    k--;
  }
  return result;
}

const runtime = `
const copy = v => structuredClone(v);
const assign = (to, from) => { const c = copy(from); for (const k of Object.keys(c)) typeof c[k] === 'object' ? assign(to[k], c[k]) : (to[k] = c[k]); };
const bump = (t, by) => { const o = t.q; t.q = (o + by) & 255; t.p[o % 3] = by & 127; return o; };
const make = () => ({ t: Array.from({ length: ROWS }, () => ({ p: [0, 0, 0], q: 0 })), g: Array.from({ length: CELLS }, () => [0, 0, 0]), k: 0 });
const s = make(), r = make();
`;
const sums = `
var h = s.k + r.k;
for (var a = 0; a < ROWS; a++) { for (var c = 0; c < 3; c++) { h = h * 31 + s.t[a].p[c] + 7 * r.t[a].p[c]; } h = h * 31 + s.t[a].q - r.t[a].q; }
for (var a = 0; a < CELLS; a++) { for (var c = 0; c < 3; c++) { h = h * 31 + s.g[a][c] - 3 * r.g[a][c]; } }
`;

function program(seed: number): { wgsl: string; run: (i: number) => number } {
  const w = new Writer(seed);
  for (let n = 0; n < 14; n++) w.statement();
  const sized = (text: string) => text.replaceAll('ROWS', `${w.rows}`).replaceAll('CELLS', `${w.cells}`);
  const wgsl = sized(`struct T { p: vec3i, q: i32 } struct S { t: array<T, ROWS>, g: array<vec3i, CELLS>, k: i32 }
var<storage, read_write> y: array<i32>;
fn bump(t: ptr<function, T>, by: i32) -> i32 { let o = (*t).q; t.q = (o + by) & 255; t.p[o % 3] = by & 127; return o; }
@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) { let i = i32(id.x); var s: S; var r: S;
${w.wgsl.join('\n')}
${sums} y[i] = h; }`);
  const body = sized(
    `${runtime} ${w.js.join('\n')}; ${sums.replaceAll('h * 31', 'Math.imul(h, 31)').replaceAll('var h', 'let h')} return h | 0;`,
  );
  return { wgsl, run: new Function('i', body) as (i: number) => number };
}

describe('random aggregates', () => {
  for (let batch = 0; batch < 4; batch++) {
    it(`are stored, copied and pointed to alike, seeds ${batch * 40} to ${batch * 40 + 39}`, () => {
      for (let seed = batch * 40; seed < batch * 40 + 40; seed++) {
        const { wgsl, run } = program(seed);
        const lowered = lower(parse(wgsl));
        verify(lowered);
        const [y] = interpret(lowered, [5], [5, 1, 1], 'f64');
        expect(Array.from(y), wgsl).toEqual([0, 1, 2, 3, 4].map(run));
      }
    });
  }
});
