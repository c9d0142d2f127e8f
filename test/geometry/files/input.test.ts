// Readers and writers that are given something else say so.

import * as geometry from 'retrograde/geometry';
import { expect, it } from 'vitest';

const functions = Object.entries(geometry).filter(([name]) => /^(read|write)/.test(name)) as [
  string,
  (given: unknown) => unknown,
][];

it.each(functions)('%s names itself and what it was given', async (name, run) => {
  for (const given of [undefined, null, 5, { other: 1 }, new Float64Array(2)]) {
    const error = await (async () => run(given))().then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.message).toMatch(new RegExp(`^${name}: `));
  }
});
