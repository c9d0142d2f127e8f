/**
 * A dispatch of which all is known but the buffers: its launch record and bind groups are made once, and a bind group is asked for
 * only when a buffer is another. The last two are at hand, since loops alternate between two buffers.
 */

import type { BindGroups, Span } from './bind-groups.ts';
import type { Bound, Commands } from './commands.ts';
import type { CompiledPass } from './compile.ts';
import type { GpuStorage } from './memory.ts';

export interface DispatchForm extends Pick<CompiledPass, 'pipeline' | 'bindGroupLayout'> {
  readonly record: readonly number[];
  readonly plane: readonly [number, number];
  /** What is bound of the buffers, where that is not each from its beginning. */
  readonly spans?: readonly Span[] | undefined;
  /** Called before buffers are bound together that were not lately. */
  readonly check?: (storages: readonly GpuStorage[]) => void;
}

interface Group extends Bound {
  readonly group: GPUBindGroup;
}

const isFor = (group: Group | undefined, buffers: readonly GPUBuffer[]): boolean => {
  if (!group) return false;
  for (let k = 0; k < buffers.length; k++) if (group.buffers[k] !== buffers[k]) return false;
  return true;
};

export class Dispatch {
  private readonly commands: Commands;
  private readonly groups: BindGroups;
  private readonly form: DispatchForm;
  private readonly record: Uint32Array;
  private last: Group | undefined;
  private other: Group | undefined;

  constructor(commands: Commands, groups: BindGroups, form: DispatchForm) {
    this.commands = commands;
    this.groups = groups;
    this.form = form;
    this.record = Uint32Array.from(form.record);
  }

  run(buffers: readonly GPUBuffer[], storages: readonly GpuStorage[]): void {
    let group = this.last;
    if (!isFor(group, buffers)) {
      group = isFor(this.other, buffers) ? this.other : this.bind(buffers, storages);
      this.other = this.last;
      this.last = group;
    }
    const { pipeline, plane } = this.form;
    this.commands.dispatch(pipeline, (group as Group).group, this.record, plane, group as Group);
  }

  private bind(buffers: readonly GPUBuffer[], storages: readonly GpuStorage[]): Group {
    const { bindGroupLayout, spans, check } = this.form;
    check?.(storages);
    const group = this.groups.get(bindGroupLayout, buffers, this.record.byteLength, spans);
    return { group, buffers: [...buffers], batch: -1 };
  }
}
