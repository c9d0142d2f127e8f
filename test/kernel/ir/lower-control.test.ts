// Jumps become structure: random control flow, written in WGSL and in JavaScript, takes the same path.

import { describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { congruential } from '../../util/random.ts';

/** A program in both languages. In JavaScript every jump names its target. */
class Writer {
  readonly wgsl: string[] = [];
  readonly js: string[] = [];
  private readonly random: () => number;
  private names = 0;
  private statements = 0;
  constructor(seed: number) {
    this.random = congruential(seed);
  }

  private below(n: number): number {
    return Math.floor(this.random() * n);
  }
  private both(wgsl: string, js = wgsl): void {
    this.wgsl.push(wgsl);
    this.js.push(js);
  }
  private cond(): string {
    const [a, b] = ['i', 'a', 'b', 'a + b', 'a * 3'].sort(() => this.below(3) - 1);
    const test = `((${a}) & ${1 + this.below(7)}) ${['==', '!=', '<', '>'][this.below(4)]} ${this.below(4)}`;
    return this.below(4) ? test : `${test} ${this.below(2) ? '&&' : '||'} (${b}) > ${this.below(20)}`;
  }
  private assignment(): void {
    const update = ['a += b + 1', 'b = a ^ 5', 'a = a * 3 + i', 'b += i', 'a -= 7'][this.below(5)];
    this.both(`${update}; a &= 1023; b &= 255;`);
  }

  /** Statements; `loop` and `breaks` are the labels that continue and break go to. */
  block(depth: number, loop: string | undefined, breaks: string | undefined): void {
    for (let n = 1 + this.below(3); n > 0; n--) {
      if (this.statements++ > 60) return;
      const kind = this.below(depth > 3 ? 4 : 9);
      if (kind < 2) this.assignment();
      else if (kind === 2) this.guarded(() => this.jump(loop, breaks), depth);
      else if (kind === 3) {
        if (this.below(4) === 0) {
          this.jump(loop, breaks);
          return;
        }
        this.assignment();
      } else if (kind < 6) this.guarded(() => this.block(depth + 1, loop, breaks), depth, loop, breaks);
      else if (kind === 6) this.switch(depth, loop);
      else this.loop(depth);
    }
  }
  private guarded(then: () => void, depth: number, loop?: string, breaks?: string): void {
    this.both(`if (${this.cond()}) {`);
    then();
    if (loop !== undefined && this.below(2)) {
      this.both('} else {');
      this.block(depth + 1, loop, breaks);
    }
    this.both('}');
  }
  private jump(loop: string | undefined, breaks: string | undefined): void {
    const kind = this.below(4);
    if (kind < 2 && loop) this.both('continue;', `break C${loop};`);
    else if (kind === 2 && breaks) this.both('break;', `break ${breaks};`);
    else this.both('return a * 1000 + b;');
  }
  private switch(depth: number, loop: string | undefined): void {
    const label = `S${this.names++}`;
    const selector = ['a', 'b', 'i'][this.below(3)];
    this.both(`switch (${selector} & 3) {`, `${label}: switch (${selector} & 3) {`);
    for (const [wgsl, js] of [
      ['case 0, 2: {', 'case 0: case 2: {'],
      ['case 1: {', 'case 1: {'],
      ['default: {', 'default: {'],
    ]) {
      this.both(wgsl, js);
      this.block(depth + 1, loop, label);
      this.both('}', '} break;');
    }
    this.both('}');
  }
  private loop(depth: number): void {
    const n = this.names++;
    const k = `k${n}`;
    const label = `L${n}`;
    const limit = 1 + this.below(5);
    const body = (): void => {
      this.js.push(`C${label}: {`);
      this.block(depth + 1, label, label);
      this.js.push('}');
    };
    const kind = this.below(3);
    if (kind === 0) {
      this.both(
        `for (var ${k} = 0; ${k} < ${limit}; ${k}++) {`,
        `${label}: for (let ${k} = 0; ${k} < ${limit}; ${k}++) {`,
      );
      body();
      this.both('}');
    } else if (kind === 1) {
      this.both(
        `var ${k} = 0; while (${k} < ${limit}) { ${k}++;`,
        `let ${k} = 0; ${label}: while (${k} < ${limit}) { ${k}++;`,
      );
      body();
      this.both('}');
    } else {
      this.both(
        `var ${k} = 0; loop { if (${k} > 7) { break; }`,
        `let ${k} = 0; ${label}: for (;;) { if (${k} > 7) break ${label};`,
      );
      body();
      this.both(
        `continuing { ${k}++; a += 1; break if ${k} >= ${limit}; } }`,
        `${k}++; a += 1; if (${k} >= ${limit}) break ${label}; }`,
      );
    }
  }
}

function program(seed: number): { wgsl: string; run: (i: number) => number } {
  const w = new Writer(seed);
  w.block(0, undefined, undefined);
  const wgsl = `var<storage, read_write> y: array<i32>;
fn path(i: i32) -> i32 { var a = i; var b = 1; ${w.wgsl.join('\n')} return a * 1000 + b; }
@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = path(i32(id.x)); }`;
  const run = new Function('i', `let a = i, b = 1; ${w.js.join('\n')} return a * 1000 + b;`);
  return { wgsl, run: i => run(i) | 0 };
}

describe('random control flow', () => {
  for (let batch = 0; batch < 10; batch++) {
    it(`is followed, seeds ${batch * 40} to ${batch * 40 + 39}`, () => {
      for (let seed = batch * 40; seed < batch * 40 + 40; seed++) {
        const { wgsl, run } = program(seed);
        const lowered = lower(parse(wgsl));
        verify(lowered);
        const [y] = interpret(lowered, [16], [16, 1, 1], 'f64');
        expect(Array.from(y), wgsl).toEqual(Array.from({ length: 16 }, (_, i) => run(i)));
      }
    });
  }
});
