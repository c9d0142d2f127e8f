// Thirty-one kernels that are easy to differentiate wrongly: values and gradients on every device, and the refusals.

import { grad, hvp } from 'retrograde/adjoint';
import { type Device, KernelError, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { type Case, cases } from '../fixtures/kernel-ad-cases.ts';
import { devices } from '../util/devices.ts';

const bare = (name: string) => name.split(':')[0];
const wordOf = (name: string) =>
  (name.endsWith(':u') ? 'u32' : name.endsWith(':i') ? 'i32' : 'f32') as 'f32' | 'i32' | 'u32';

function sourceOf(c: Case): string {
  const reads = Object.keys(c.ins).map(name => `var<storage, read> ${bare(name)}: array<${wordOf(name)}>;`);
  const uniforms = Object.keys(c.uni ?? {}).map(name => `var<uniform> ${name}: f32;`);
  const writes = Object.keys(c.outs).map(name => `var<storage, read_write> ${name}: array<f32>;`);
  return `${[...reads, ...uniforms, ...writes].join('\n')}
${c.pre ?? ''}
const N = ${c.N}u;
@compute @workgroup_size(64) fn case_(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  ${c.body}
}`;
}

type Tree = Record<string, Tensor>;
type Launch = (args: Tree, options: object) => Tree;

function build(c: Case, device: Device) {
  const launch = kernel(sourceOf(c)) as unknown as Launch;
  const all = Object.entries({
    ...c.ins,
    ...Object.fromEntries(Object.entries(c.uni ?? {}).map(([k, v]) => [k, [v]])),
  });
  const args: Tree = Object.fromEntries(
    all.map(([name, data]) => [bare(name), tensor(data as number[], undefined, { type: wordOf(name), device })]),
  );
  const run = (inputs: Tree) => launch({ ...args, ...inputs }, { count: c.N, out: c.outs });
  const wanted = Object.keys(c.want ?? {});
  const params: Tree = Object.fromEntries(wanted.map(name => [name, args[name]]));
  const seeds: Tree = Object.fromEntries(
    Object.entries(c.g ?? {}).map(([name, g]) => [name, tensor(g, undefined, { device })]),
  );
  const loss = (p: Tree): Tensor =>
    Object.entries(run(p))
      .map(([name, y]) => y.mul(seeds[name]).sum())
      .reduce((a, b) => a.add(b));
  return { run, loss, params };
}

function expectClose(got: ArrayLike<number>, want: readonly number[], tolerance: number): void {
  expect(got.length).toBe(want.length);
  for (const [k, w] of want.entries())
    expect(Math.abs(got[k] - w), `[${k}]: ${got[k]}, not ${w}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(w)),
    );
}

for (const device of devices) {
  const exact = device.precision === 'f64' ? 1e-9 : 1e-5;
  describe(device.description, () => {
    for (const c of cases.filter(c => c.kind !== 'error')) {
      it(`${c.id}: value`, async () => {
        const { run } = build(c, device);
        const inputs = Object.fromEntries(Object.entries(c.ins).map(([name, data]) => [bare(name), data]));
        const uniforms = Object.fromEntries(Object.entries(c.uni ?? {}).map(([name, v]) => [name, [v]]));
        const want = c.js?.({ ...inputs, ...uniforms }) as Record<string, number[]>;
        for (const [name, y] of Object.entries(run({}))) expectClose(await y.read(), want[name], exact);
      });

      it(`${c.id}: gradient`, async () => {
        const { loss, params } = build(c, device);
        const gradient = grad(loss)(params);
        for (const [name, want] of Object.entries(c.want ?? {}))
          if (want) expectClose(await gradient[name].read(), want, Math.max(exact, c.tol ?? 2e-6));
      });

      if (c.hvp)
        it(`${c.id}: Hessian-vector product`, async () => {
          const { loss, params } = build(c, device);
          const { v, want } = c.hvp as { v: number[]; want: number[] };
          const Hv = hvp(loss)(params, { x: tensor(v, undefined, { device }) });
          expectClose(await (Hv as unknown as Tree).x.read(), want, exact);
        });
    }
  });
}

describe('refused', () => {
  it.each(cases.filter(c => c.kind === 'error').map(c => [c.id, c] as const))('%s', (_, c) => {
    expect(() => kernel(sourceOf(c))).toThrow(KernelError);
  });
});
