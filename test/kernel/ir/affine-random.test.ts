// Soundness of the store check: what it accepts, within the limits it names, never collides. Random indices, all invocations tried.

import { describe, expect, it } from 'vitest';
import {
  type CountLimit,
  checkStores,
  countLimits,
  scatterOwnership,
  storeLimits,
} from '../../../kernel/ir/analysis/affine.ts';
import type { Program } from '../../../kernel/ir/ir.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { congruential } from '../../util/random.ts';

/** Expressions are u32 in WGSL; the JavaScript beside them wraps alike. */
interface Text {
  readonly wgsl: string;
  readonly js: string;
}

class Writer {
  private readonly random: () => number;
  constructor(seed: number) {
    this.random = congruential(Math.imul(seed, 2654435761));
  }
  below(n: number): number {
    return Math.floor(this.random() * n);
  }
  private atom(): string {
    return ['i', 'i', 'i', 'j', 'k'][this.below(5)];
  }
  private term(): Text {
    const a = this.atom();
    const c = [1, 2, 3, 4, 6, 8, 12][this.below(7)];
    const digit = [
      a,
      a,
      `${a} / ${1 + this.below(4)}u`,
      `${a} % ${2 + this.below(3)}u`,
      `(${a} / 2u) % 3u`,
      `${a} & 3u`,
      `${a} >> 1u`,
      `min(${a}, 3u)`,
    ][this.below(8)];
    const js = digit
      .replaceAll('u', '')
      .replace(/^(.*) \/ (\d)$/, 'Math.floor($1 / $2)')
      .replace('(i / 2)', '(i >> 1)');
    return {
      wgsl: `(${digit}) * ${c}u`,
      js: `(${js.replace('(j / 2)', '(j >> 1)').replace('(k / 2)', '(k >> 1)').replace('min', 'Math.min')}) * ${c}`,
    };
  }
  index(): Text {
    const terms = Array.from({ length: 1 + this.below(3) }, () => this.term());
    const signs = terms.map((_, n) => (n && this.below(6) === 0 ? '-' : '+'));
    const sum = (part: keyof Text): string =>
      terms
        .map((t, n) => `${signs[n]} ${t[part]}`)
        .join(' ')
        .slice(2);
    const constant = this.below(3);
    return { wgsl: `${sum('wgsl')} + ${constant}u`, js: `${sum('js')} + ${constant}` };
  }
  condition(): Text {
    const a = this.atom();
    const n = this.below(6);
    const test = [`${a} < ${n + 1}u`, `${a} == ${n}u`, `${a} % 2u == 0u`, `${a} <= ${n}u && i >= 1u`, `${a} != ${n}u`][
      this.below(5)
    ];
    return { wgsl: test, js: test.replaceAll('u', '') };
  }
}

interface Case {
  readonly wgsl: (op: string) => string;
  /** Words an invocation writes, iteration by iteration. */
  readonly words: (i: number, j: number) => readonly number[];
}

function caseOf(seed: number): Case {
  const w = new Writer(seed);
  const stores = Array.from({ length: 1 + w.below(2) }, () => ({
    index: w.index(),
    cond: w.below(2) ? w.condition() : { wgsl: 'true', js: 'true' },
  }));
  const trips = [1, 2, 3, 40][w.below(4)]; // the last is a loop still when the others are written out
  const body = (op: string) => stores.map(s => `if (${s.cond.wgsl}) { y[${s.index.wgsl}] ${op} 1; }`).join('\n');
  const js = stores.map(s => `if (${s.cond.js}) words.push((${s.index.js}) >>> 0);`).join('\n');
  const run = new Function('i', 'j', `const words = []; for (let k = 0; k < ${trips}; k++) { ${js} } return words;`);
  return {
    wgsl: op => `var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(8) fn main(@builtin(global_invocation_id) id: vec3u) { let i = id.x; let j = id.y;
      for (var k = 0u; k < ${trips}u; k++) { ${body(op)} } }`,
    words: run as Case['words'],
  };
}

function accepts(program: Program): boolean {
  try {
    checkStores(program);
    return true;
  } catch {
    return false;
  }
}

/** Whether two invocations of a launch of x by y write one word. */
function collides({ words }: Case, x: number, y: number): boolean {
  const owner = new Map<number, string>();
  for (let i = 0; i < x; i++) {
    for (let j = 0; j < y; j++) {
      for (const word of words(i, j)) {
        const other = owner.get(word);
        if (other !== undefined && other !== `${i} ${j}`) return true;
        owner.set(word, `${i} ${j}`);
      }
    }
  }
  return false;
}

/** The largest launch tried that keeps to the limits. */
function launchOf(limits: readonly CountLimit[]): [number, number] {
  const along = (axis: string): number => Math.min(13, limits.find(l => l.axis === axis)?.limit ?? 13);
  return [along('x'), along('y')];
}

describe('random indices', () => {
  it('that are accepted never collide', () => {
    let accepted = 0;
    for (let seed = 0; seed < 1000; seed++) {
      const c = caseOf(seed);
      const program = simplify(lower(parse(c.wgsl('='))));
      if (!accepts(program)) continue;
      accepted++;
      expect(collides(c, ...launchOf(storeLimits(program))), c.wgsl('=')).toBe(false);
    }
    expect(accepted).toBeGreaterThan(100);
  });
  it('that are owned never collide in a sum', () => {
    let owned = 0;
    for (let seed = 1000; seed < 2000; seed++) {
      const c = caseOf(seed);
      const program = simplify(lower(parse(c.wgsl('+='))));
      const verdicts = [...scatterOwnership(program).values()];
      if (!verdicts.length || verdicts.includes('shared')) continue;
      owned++;
      expect(collides(c, ...launchOf(countLimits(program))), c.wgsl('+=')).toBe(false);
    }
    expect(owned).toBeGreaterThan(50);
  });
});
