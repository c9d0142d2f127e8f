// Specification: any text at all is either a kernel or refused with a KernelError, at once, with its positions inside the text.

import { KernelError, kernel } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { shaders as micro } from '../../fixtures/wgsl/micro.ts';
import { shaders } from '../../fixtures/wgsl/shaders.ts';
import { congruential } from '../../util/random.ts';

const tokensOf = (source: string): string[] => source.match(/\s+|[\p{L}_][\p{L}\p{N}_]*|[\d.]+[a-z]*|./gu) ?? [];

/** The text with a few tokens dropped, doubled, swapped or replaced by others of it, or cut off. */
function mangle(source: string, seed: number): string {
  const next = congruential(seed);
  const random = (n: number) => Math.floor(next() * n);
  const tokens = tokensOf(source);
  for (let k = 1 + random(3); k > 0; k--) {
    const [i, j] = [random(tokens.length), random(tokens.length)];
    const kind = random(5);
    if (kind === 0) tokens.splice(i, 1);
    else if (kind === 1) tokens.splice(i, 0, tokens[i] ?? '');
    else if (kind === 2) [tokens[i], tokens[j]] = [tokens[j] ?? '', tokens[i] ?? ''];
    else if (kind === 3) tokens[i] = tokens[j] ?? '';
    else tokens.length = Math.max(1, i);
  }
  return tokens.join('');
}

describe.each(Object.entries({ ...shaders, ...micro }))('%s', (name, source) => {
  it('mangled in twelve ways is compiled or refused, and never anything else', () => {
    for (let k = 0; k < 12; k++) {
      const text = mangle(source, 1000 * name.length + k);
      try {
        kernel(text);
      } catch (error) {
        expect(error, text).toBeInstanceOf(KernelError);
        const { diagnostics } = error as KernelError;
        expect(diagnostics.length).toBeGreaterThan(0);
        for (const { message, at } of diagnostics) {
          expect(message).toMatch(/\S/);
          if (at !== undefined) expect(at >= 0 && at <= text.length, `${at}: ${message}\n${text}`).toBe(true);
        }
      }
    }
  });
});

it.each([
  '',
  ' ',
  '}',
  '@',
  '/*',
  '//',
  '\0',
  '🙂',
  'fn',
  'var<storage',
  '@compute',
  '0x',
  "'",
  '('.repeat(5000),
  '{'.repeat(5000),
])('a text of hardly anything is refused: %j', text => {
  expect(() => kernel(text)).toThrow(KernelError);
});
