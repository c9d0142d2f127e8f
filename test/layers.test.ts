/** The architecture, as a test: which folder may import which and how, no import cycles, and how a file begins and ends. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Each folder, and the others that it may import. */
const layers: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  adjoint: ['kernel'],
  sparse: ['kernel', 'adjoint'],
  solvers: ['kernel', 'adjoint', 'sparse'],
  geometry: ['kernel', 'adjoint'],
  events: ['kernel', 'adjoint', 'sparse', 'solvers', 'geometry'],
  physics: ['kernel', 'adjoint', 'sparse', 'solvers', 'geometry', 'events'],
  render: ['kernel', 'adjoint', 'sparse', 'solvers', 'geometry'], // neither physics nor events: only a scene joins them
  scenes: ['kernel', 'adjoint', 'sparse', 'solvers', 'geometry', 'events', 'physics', 'render'],
};
/** The same within kernel: from the ground up, each may import those before it. */
const kernelFloors = [
  ['error.ts', 'words.ts', 'gpu-types.ts', 'bytes.ts'],
  ['wgsl'],
  ['ir'],
  ['transform', 'backend'],
  ['plan.ts'],
  ['program.ts'],
  ['scatter'],
  ['device'],
  ['tensor'],
  ['blocks', 'replay', 'expression', 'explain.ts', 'arguments.ts', 'bindings.ts'],
  ['kernel.ts'],
  ['kernels-by-key.ts'],
  ['index.ts'],
  ['public.ts'],
];
const maxLines = 400;

const root = fileURLToPath(new URL('..', import.meta.url));
const files = Object.keys(layers)
  .filter(layer => statSync(root + layer, { throwIfNoEntry: false }))
  .flatMap(layer => readdirSync(root + layer, { recursive: true }).map(name => `${layer}/${name}`))
  .map(file => file.replaceAll('\\', '/'))
  .filter(file => file.endsWith('.ts') && !file.includes('/node_modules/'))
  .sort();
const text = new Map(files.map(file => [file, readFileSync(root + file, 'utf8')]));

interface Import {
  readonly path: string;
  /** The file it names within the project, or undefined if it is somebody else's package. */
  readonly target: string | undefined;
  /** Gone after compilation, so it cannot make a cycle at run time. */
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const code = text.get(file)!.replace(/^\s*(\*|\/\/|\/\*\*).*$/gm, ''); // examples in comments are not imports
  const statements = code.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'"`;]*?from\s+)?['"]([^'"]+)['"]/gm);
  const dynamic = code.matchAll(/\bimport\(\s*()['"]([^'"]+)['"]/g);
  return [...statements, ...dynamic].map(([, type, path]) => {
    const own = /^retrograde\/(\w+)$/.exec(path!)?.[1];
    const target = path!.startsWith('.') ? posix.join(posix.dirname(file), path!) : own && `${own}/index.ts`;
    return { path: path!, target: target || undefined, typeOnly: Boolean(type) };
  });
}

const folderOf = (file: string): string => file.split('/')[0]!;

describe.each(files)('%s', file => {
  it('imports only lower layers, by their index.ts', () => {
    const own = folderOf(file);
    for (const { path, target } of importsOf(file)) {
      const other = target && folderOf(target);
      if (!other || other === own || !(other in layers)) continue;
      expect(layers[own], `${file} imports ${path}`).toContain(other);
      expect(target, `${file} imports ${path}: other folders are imported by their index.ts`).toBe(`${other}/index.ts`);
    }
  });

  it(`is at most ${maxLines} lines, and begins by saying what it is`, () => {
    const source = text.get(file)!;
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(maxLines);
    if (!file.endsWith('index.ts')) expect(source).toMatch(/^(#!.*\n)?\/[/*]/);
  });
});

it('there are no import cycles', () => {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, trail: readonly string[]): void => {
    if (state.get(file) === 'done' || !text.has(file)) return;
    if (state.get(file) === 'open') expect.fail([...trail.slice(trail.indexOf(file)), file].join(' → '));
    state.set(file, 'open');
    for (const { target, typeOnly } of importsOf(file)) if (target && !typeOnly) visit(target, [...trail, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
});

/** Files that import each other, by way of others too, types included: each group's files in order. */
function circles(): string[][] {
  let left = new Map(files.map(file => [file, importsOf(file).map(({ target }) => target ?? '')]));
  for (let before = 0; before !== left.size; ) {
    before = left.size;
    const imported = new Set([...left.values()].flat());
    left = new Map([...left].filter(([file, targets]) => imported.has(file) && targets.some(t => left.has(t))));
  }
  const reached = (from: string, seen = new Set<string>()): Set<string> => {
    for (const target of left.get(from) ?? [])
      if (left.has(target) && !seen.has(target)) reached(target, seen.add(target));
    return seen;
  };
  const ahead = new Map([...left.keys()].map(file => [file, reached(file)]));
  const groups = [...left.keys()].map(file =>
    [...ahead.get(file)!].filter(other => ahead.get(other)!.has(file)).sort(),
  );
  return [...new Map(groups.filter(group => group.length > 1).map(group => [group.join(), group])).values()];
}

it('no files import each other, types included, but a tensor with its methods, and memory with its device', () => {
  const found = circles();
  for (const group of found) expect(group.filter(file => !/^kernel\/(device|tensor)\//.test(file))).toEqual([]);
  const centres = ['kernel/device/memory.ts', 'kernel/tensor/tensor.ts'];
  expect(found.map(group => group.filter(file => centres.includes(file))).sort()).toEqual(centres.map(c => [c]));
});

it('folders of kernel stand on those below', () => {
  const floorOf = (file: string): number => kernelFloors.findIndex(names => names.includes(file.split('/')[1]!));
  for (const file of files.filter(name => name.startsWith('kernel/'))) {
    expect(floorOf(file), `${file} is on no floor`).toBeGreaterThanOrEqual(0);
    for (const { target } of importsOf(file)) {
      if (!target?.startsWith('kernel/') || target.split('/')[1] === file.split('/')[1]) continue;
      expect(floorOf(target), `${file} imports ${target}`).toBeLessThan(floorOf(file));
    }
  }
});

it('mathjs is loaded with expressions alone, which nothing else in the kernel layer imports', () => {
  for (const file of files.filter(name => name.startsWith('kernel/') && !name.startsWith('kernel/expression/')))
    for (const { path, target } of importsOf(file)) {
      expect(path.startsWith('mathjs'), `${file} imports ${path}`).toBe(false);
      expect(target?.startsWith('kernel/expression/') ?? false, `${file} imports ${path}`).toBe(false);
    }
});
