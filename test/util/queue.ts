// What tests of the queue share: launches held back or not, words compared by their bits, launches counted.

import type { Device, Tensor, Words } from 'retrograde/kernel';
import { expect, onTestFinished, vi } from 'vitest';
import { gpu } from './devices.ts';

/** Makes the queue run. */
export const now = <T extends Tensor>(x: T): T => {
  expect(x.memory.storage.length).toBe(x.size);
  return x;
};
export const later = <T>(x: T): T => x;

/** A GPU's compiler is free in the sign of zero. */
export function sameBits(got: Words, want: Words, on?: Device): void {
  const differs = got.findIndex((x, k) => !Object.is(x, want[k]) && !(on === gpu && x === want[k]));
  if (differs >= 0 || got.length !== want.length)
    expect.fail(`word ${differs} is ${got[differs]}, one by one it is ${want[differs]}`);
}

/** Counts what reaches the backend, until the test is over. */
export function counter(on: Device): () => number {
  on.flush();
  const spy = vi.spyOn(on, 'dispatch');
  onTestFinished(() => spy.mockRestore());
  return () => {
    on.flush();
    const { length } = spy.mock.calls;
    spy.mockClear();
    return length;
  };
}
