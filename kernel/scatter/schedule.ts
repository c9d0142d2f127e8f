/**
 * How the sums of a program run (kernel-ad rules G1–G5): a list of passes, each a program of its own, decided launch by launch
 * from what is known on the host and kept for launches like it.
 *
 *   owned            each word belongs to one invocation: summed in place
 *   gathered         affine indices: one invocation per element of the target (gather.ts)
 *   shared           anything else: the backend's own way (f64 accumulators on the CPU, 64-bit fixed point on WebGPU)
 *
 * Derivatives are taken of the original program, never of its passes.
 */

import { scatterOwnership } from '../ir/affine.ts';
import { IndexForms } from '../ir/index-form.ts';
import type { Buffer, Program } from '../ir/ir.ts';
import { visit } from '../ir/traverse.ts';
import { Plan } from '../plan.ts';
import { dropBuffers } from '../transform/buffers.ts';
import { countBuffers, gatherProgram, type Target } from './gather.ts';
import { fits, type Stencil, sitesOf, stencilsOf } from './inverse.ts';
import { atomValues, type Launch, LaunchNumbers, type Source } from './numbers.ts';
import { buffersWith, costOf, isEffect, slice } from './slice.ts';

/** Where a pass finds a buffer: a buffer of the program, or a count of its launch. */
export type Binding = { readonly buffer: number } | { readonly axis: number };

export interface Pass {
  readonly plan: Plan;
  readonly bindings: readonly Binding[];
  /** Invocations: as many as the program's, or as this buffer has elements. */
  readonly over: 'launch' | { readonly buffer: number; readonly stride: number };
}

/** A buffer whose sums can be turned around. */
interface Candidate {
  readonly buffer: number;
  readonly stride: number;
  readonly owned: boolean;
  readonly stencils: readonly { readonly stencil: Stencil; readonly part: Program }[];
}
interface Chosen {
  readonly elements: number;
  readonly stride: number;
  readonly target: Target;
}

/** The strategies open to a program, worked out at its first launch. */
export class Strategies {
  private readonly source: Source;
  private readonly candidates: readonly Candidate[];
  private readonly schedules = new Map<string, readonly Pass[]>();

  constructor(program: Program) {
    const forms = new IndexForms(program);
    this.candidates = isPlain(program) ? candidatesOf(program, forms) : [];
    this.source = { program, forms, atoms: this.candidates.length > 0 ? atomValues(program, forms) : new Map() };
  }

  /** The passes of a launch; undefined where the program runs as it is. */
  schedule(launch: Launch): readonly Pass[] | undefined {
    if (this.candidates.every(c => c.owned)) return undefined;
    const chosen = this.choose(launch);
    if (chosen.length === 0) return undefined;
    const key = chosen
      .map(({ elements, target: t }) => [elements, t.buffer, ...t.stencils.map(s => Number(s.covered))].join())
      .join(';');
    let passes = this.schedules.get(key);
    if (!passes) {
      passes = this.build(chosen);
      this.schedules.set(key, passes);
    }
    return passes;
  }

  private choose(launch: Launch): Chosen[] {
    const { count } = launch;
    const invocations = count[0] * count[1] * count[2];
    const numbers = new LaunchNumbers(this.source, launch);
    const able = this.candidates.flatMap(({ buffer, stride, owned, stencils }) => {
      const elements = Math.floor(launch.length(buffer) / stride);
      const fitted = stencils.map(s => ({ ...s, fit: fits(s.stencil, elements, count, numbers) }));
      if (elements === 0 || elements > mostElements(invocations) || !fitted.every(s => s.fit)) return [];
      const gathered = fitted.map(({ stencil, part, fit }) => ({ stencil, part, covered: fit?.covered ?? false }));
      return [{ owned, elements, stride, target: { buffer, stencils: gathered } }];
    });
    // Owned sums come along where a pass of as many elements runs anyway.
    const needed = new Set(able.filter(c => !c.owned).map(c => c.elements));
    return able.filter(c => needed.has(c.elements));
  }

  private build(chosen: readonly Chosen[]): readonly Pass[] {
    const { program } = this.source;
    const gathered = new Set(chosen.map(c => c.target.buffer));
    const rest = slice(program, inst => inst.kind !== 'scatterAdd' || !gathered.has(inst.buffer));
    const passes: Pass[] = [];
    if (hasEffects(rest))
      passes.push(
        passOf(
          dropBuffers(rest, (_, used) => used),
          program.buffers,
          'launch',
        ),
      );
    const all = [...program.buffers, ...countBuffers];
    for (const elements of new Set(chosen.map(c => c.elements))) {
      const own = chosen.filter(c => c.elements === elements);
      const [{ stride, target }] = own;
      const body = gatherProgram(
        this.source,
        own.map(c => c.target),
      );
      passes.push(passOf(body, all, { buffer: target.buffer, stride }));
    }
    return passes;
  }
}

/** More elements than this are not visited for the sake of so few sums. */
const mostElements = (invocations: number): number => 4 * invocations + 1024;

/** all: the program's buffers, and after them countBuffers. */
function passOf(program: Program, all: readonly Buffer[], over: Pass['over']): Pass {
  const own = all.length - countBuffers.length;
  const bindings = program.buffers.map((b): Binding => {
    const k = all.indexOf(b);
    return countBuffers.includes(b) ? { axis: k - own } : { buffer: k };
  });
  return { plan: new Plan(program), bindings, over };
}

function hasEffects(program: Program): boolean {
  let found = false;
  visit(program.body, inst => {
    if (isEffect(inst)) found = true;
  });
  return found;
}

/** Whether invocations know of each other only through their sums. */
function isPlain(program: Program): boolean {
  let plain = program.arrays.every(a => a.space === 'function');
  visit(program.body, inst => {
    if (inst.kind === 'atomic' || inst.kind === 'barrier') plain = false;
  });
  return plain;
}

/** Whether other invocations can run the part as well: it reads inputs only, and asks for nothing but its ids and counts. */
function isMovable(part: Program): boolean {
  let movable = true;
  visit(part.body, inst => {
    if (inst.kind === 'load' && part.buffers[inst.buffer].access === 'write') movable = false;
    if (inst.kind === 'builtin' && !/^(global|count)/.test(inst.name)) movable = false;
  });
  return movable;
}

function candidatesOf(program: Program, forms: IndexForms): Candidate[] {
  const ownership = scatterOwnership(program);
  const sites = sitesOf(program, forms);
  const busy = new Set([...buffersWith(program, 'store'), ...buffersWith(program, 'load')]);
  const found: Candidate[] = [];
  for (const buffer of new Set(sites.map(s => s.sum.buffer))) {
    const own = sites.filter(s => s.sum.buffer === buffer);
    const [{ sum }] = own;
    const stencils =
      !busy.has(buffer) && own.every(s => s.sum.stride === sum.stride) ? stencilsOf(own, forms) : undefined;
    if (!stencils) continue;
    const owned = own.every(s => ownership.get(s.sum) === 'owned');
    const parts = stencils.map(stencil => ({
      stencil,
      part: slice(program, inst => inst.kind === 'scatterAdd' && stencil.sums.includes(inst)),
    }));
    const cost = parts.reduce((c, { stencil, part }) => c + copies(stencil) * costOf(part.body), 0);
    if (parts.every(p => isMovable(p.part)) && cost <= mostCost)
      found.push({ buffer, stride: sum.stride, owned, stencils: parts });
  }
  return found;
}

/** Times the part of a stencil is written out. */
const copies = (stencil: Stencil): number => stencil.leaves.reduce((n, leaf) => n * leaf.pieces.length, 1);
const mostCost = 2000;
