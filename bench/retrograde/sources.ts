/** The kernels whose compilation is timed: those of the cases, and one of about 200 operations in a straight line. */

import * as small from './small.ts';
import * as sparse from './sparse.ts';
import * as springs from './springs.ts';
import * as wave from './wave.ts';

/** Name of the one whose way to full speed is timed too. */
export const straight = '200 operations';

const line = Array.from({ length: 66 }, (_, k) => `v = (v * ${(k + 1) / 67} + 1.0) * v - 0.5;`).join('\n    ');
const operations = /* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn straight(@builtin(global_invocation_id) id: vec3u) {
    var v = x[id.x];
    ${line}
    y[id.x] = v;
  }`;

export const sources: Readonly<Record<string, string>> = {
  [straight]: operations,
  ...wave.sources,
  ...springs.sources,
  ...small.sources,
  ...sparse.sources,
};
