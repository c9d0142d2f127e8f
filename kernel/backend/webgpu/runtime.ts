/** What launches on a GPU work with. */

import type { BindGroups } from './bind-groups.ts';
import type { Commands } from './commands.ts';
import type { CompiledPass } from './compile.ts';
import type { Gpu } from './device.ts';
import type { Memory } from './memory.ts';

export interface Runtime {
  readonly gpu: Gpu;
  readonly commands: Commands;
  readonly memory: Memory;
  readonly groups: BindGroups;
  /** The pipeline that turns fixed-point sums into words, made when first needed. */
  resolve(): Pick<CompiledPass, 'pipeline' | 'bindGroupLayout'>;
}
